//! Who somebody that the provider vouches for is here, and where they may work.
//!
//! An account is found by issuer and subject. Only the first time it is found by its e-mail address, which the provider must
//! have verified; from then on it is bound. Whoever was taken out of a team stays out until they are invited.

use super::Claimed;
use super::options::SsoOptions;
use crate::app::App;
use crate::http::error::{ApiError, ApiResult};
use crate::http::names::{email, name};
use crate::secrets::{random_key, token_hash};
use dregs_store::{
    Invitation, Joined, Joining, Membership, MembershipChange, MembershipOutcome, StoreError, Subject, TeamId, User,
};

/// Why somebody does not get in, though it is sure who they are at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    Domain,
    NoEmail,
    NotVerified,
    OtherSubject,
    Unknown,
    NoRole,
    Disabled,
    NoTeam,
    Full,
    OtherInvitation,
}

impl Refusal {
    /// What the audit log calls it.
    pub fn action(self) -> &'static str {
        match self {
            Refusal::Domain => "ssoRefused:domain",
            Refusal::NoEmail => "ssoRefused:noEmail",
            Refusal::NotVerified => "ssoRefused:emailNotVerified",
            Refusal::OtherSubject => "ssoRefused:otherSubject",
            Refusal::Unknown => "ssoRefused:unknown",
            Refusal::NoRole => "ssoRefused:noRole",
            Refusal::Disabled => "ssoRefused:disabled",
            Refusal::NoTeam => "ssoRefused:noTeam",
            Refusal::Full => "ssoRefused:teamFull",
            Refusal::OtherInvitation => "ssoRefused:otherInvitation",
        }
    }

    pub fn message(self) -> &'static str {
        match self {
            Refusal::Domain => "your e-mail address is not of a domain that may sign in here",
            Refusal::NoEmail => "the provider does not tell your e-mail address, by which your account here is found",
            Refusal::NotVerified => {
                "the provider has not verified your e-mail address: verify it there, then sign in again"
            }
            Refusal::OtherSubject => {
                "the account with your e-mail address belongs to somebody else at the provider: ask the operator"
            }
            Refusal::Unknown => "nobody here has your e-mail address: ask an administrator for an invitation",
            Refusal::NoRole => "none of your groups at the provider has a role here: ask an administrator",
            Refusal::Disabled => "your account is disabled: ask an administrator",
            Refusal::NoTeam => "you belong to no team: ask an administrator for an invitation",
            Refusal::Full => "the team has as many members as it may have, or you as many teams: ask an administrator",
            Refusal::OtherInvitation => {
                "this invitation is used, withdrawn, has run out, or is for another e-mail address than yours"
            }
        }
    }
}

/// Somebody who gets in.
pub struct Admitted {
    pub user: User,
    pub held: Membership,
}

/// Why not: a reason to tell, about an account where it is known which.
pub enum Turned {
    Away(Refusal, Option<Box<User>>),
    Failed(ApiError),
}

impl From<ApiError> for Turned {
    fn from(error: ApiError) -> Self {
        Turned::Failed(error)
    }
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Turned::Failed(error.into())
    }
}

impl Turned {
    fn away(refusal: Refusal) -> Self {
        Turned::Away(refusal, None)
    }

    fn known(refusal: Refusal, user: &User) -> Self {
        Turned::Away(refusal, Some(Box::new(user.clone())))
    }
}

/// Finds somebody's account, or makes it where that is allowed, and where they work. `invitation` is the token of one that
/// they want to accept by this.
pub async fn admit(app: &App, claimed: &Claimed, invitation: Option<&str>) -> Result<Admitted, Turned> {
    let options = &app.options.sso;
    let subject = Subject { issuer: claimed.issuer.clone(), subject: claimed.subject.clone() };
    let invitation = match invitation {
        Some(token) => Some(invited(app, claimed, token).await?),
        None => None,
    };
    let user = match app.store.bound_user(&subject).await? {
        Some(user) => user,
        None => first_time(app, claimed, &subject, invitation.as_ref()).await?,
    };
    if user.disabled {
        return Err(Turned::known(Refusal::Disabled, &user));
    }
    check_domain(options, claimed).map_err(|refusal| Turned::known(refusal, &user))?;
    if let Some(invitation) = invitation {
        accept_again(app, &user, &invitation).await?;
    }
    follow_groups(app, claimed, &user).await?;
    let held = workplace(app, claimed, &user).await?;
    Ok(Admitted { user, held })
}

/// The address that the provider has verified.
fn verified(claimed: &Claimed) -> Result<String, Refusal> {
    let given = claimed.email.as_deref().ok_or(Refusal::NoEmail)?;
    let given = email("email", given).map_err(|_| Refusal::NoEmail)?;
    claimed.is_verified.then_some(given).ok_or(Refusal::NotVerified)
}

/// An address that nobody verified has no domain to rely on.
fn check_domain(options: &SsoOptions, claimed: &Claimed) -> Result<(), Refusal> {
    match options.sso_email_domains.is_empty() || options.admits(&verified(claimed)?) {
        true => Ok(()),
        false => Err(Refusal::Domain),
    }
}

/// Finds the account by the address and binds it, or makes one.
async fn first_time(
    app: &App,
    claimed: &Claimed,
    subject: &Subject,
    invitation: Option<&Invitation>,
) -> Result<User, Turned> {
    check_domain(&app.options.sso, claimed).map_err(Turned::away)?;
    let address = verified(claimed);
    let known = match claimed.email.as_deref().map(|given| email("email", given)) {
        Some(Ok(given)) => app.store.user_by_email(&given).await?,
        _ => None,
    };
    let address = address.map_err(|refusal| Turned::Away(refusal, known.clone().map(Box::new)))?;
    let user = match known {
        Some(user) if user.disabled => return Err(Turned::known(Refusal::Disabled, &user)),
        Some(user) => user,
        None => return newcomer(app, claimed, subject, &address, invitation).await,
    };
    match app.store.bind_user(&user.id, subject, app.clock.now_ms()).await? {
        true => Ok(user),
        false => Err(Turned::known(Refusal::OtherSubject, &user)),
    }
}

/// Makes the account of somebody who is invited, or whom the operator lets in.
async fn newcomer(
    app: &App,
    claimed: &Claimed,
    subject: &Subject,
    address: &str,
    invitation: Option<&Invitation>,
) -> Result<User, Turned> {
    let now_ms = app.clock.now_ms();
    let user = User {
        id: random_key("user_"),
        email: address.to_owned(),
        name: display_name(claimed, address),
        // There is none, and none is right.
        password_hash: String::new(),
        disabled: false,
        created_ms: now_ms,
    };
    let waiting = match invitation {
        Some(invitation) => Some(invitation.clone()),
        None => app.store.newest_invitation(address, now_ms).await?,
    };
    if let Some(invitation) = waiting {
        joined(app.store.accept_invitation(&invitation, &Joining::Newcomer(user.clone()), now_ms).await?)?;
        return match app.store.bind_user(&user.id, subject, now_ms).await? {
            true => Ok(user),
            false => Err(Turned::known(Refusal::OtherSubject, &user)),
        };
    }
    let options = &app.options.sso;
    let Some(team) = own_team(app).await? else { return Err(Turned::away(Refusal::Unknown)) };
    let Some(role) = options.role_of(&claimed.groups) else {
        let refusal = if options.sso_roles.is_empty() { Refusal::Unknown } else { Refusal::NoRole };
        return Err(Turned::away(refusal));
    };
    joined(app.store.join_bound(&team, &user, role, subject, now_ms).await?)?;
    Ok(user)
}

fn joined(outcome: Joined) -> Result<(), Turned> {
    match outcome {
        Joined::Done(_) => Ok(()),
        Joined::Gone => Err(Turned::away(Refusal::OtherInvitation)),
        Joined::TeamFull | Joined::TooManyTeams => Err(Turned::away(Refusal::Full)),
    }
}

fn display_name(claimed: &Claimed, address: &str) -> String {
    let given = claimed.name.as_deref().and_then(|given| name("name", given).ok());
    given.unwrap_or_else(|| address.split('@').next().unwrap_or(address).to_owned())
}

/// The team of which the operator said so, if there is such a team.
async fn own_team(app: &App) -> ApiResult<Option<TeamId>> {
    let Some(id) = &app.options.sso.sso_team else { return Ok(None) };
    let team = app.store.team(&TeamId::new(id.clone())).await?;
    if team.is_none() {
        tracing::warn!("there is no team of the id that --sso-team gives");
    }
    Ok(team.map(|team| team.id))
}

/// The invitation that is to be accepted by signing in: the provider vouches for the address that it went to.
async fn invited(app: &App, claimed: &Claimed, token: &str) -> Result<Invitation, Turned> {
    let address = verified(claimed).map_err(Turned::away)?;
    let found = app.store.invitation_by_token(&token_hash(token), app.clock.now_ms()).await?;
    found.filter(|found| found.email == address).ok_or(Turned::away(Refusal::OtherInvitation))
}

/// Accepts an invitation for somebody who has an account, unless making the account has done so.
async fn accept_again(app: &App, user: &User, invitation: &Invitation) -> Result<(), Turned> {
    let held = app.store.memberships(&user.id).await?;
    if held.iter().any(|held| held.team == invitation.team) {
        return Ok(());
    }
    joined(app.store.accept_invitation(invitation, &Joining::Known(user.id.clone()), app.clock.now_ms()).await?)
}

/// Gives a member of the provider's team the role that their groups have.
async fn follow_groups(app: &App, claimed: &Claimed, user: &User) -> Result<(), Turned> {
    let options = &app.options.sso;
    if options.sso_roles.is_empty() {
        return Ok(());
    }
    let Some(team) = own_team(app).await? else { return Ok(()) };
    let held = app.store.memberships(&user.id).await?.into_iter().find(|held| held.team == team);
    let Some(held) = held else { return Ok(()) };
    let role = options.role_of(&claimed.groups).ok_or_else(|| Turned::known(Refusal::NoRole, user))?;
    if role == held.role {
        return Ok(());
    }
    let change = MembershipChange { role: Some(role), disabled: None };
    if app.store.change_membership(&team, &user.id, change).await? == MembershipOutcome::LastAdmin {
        tracing::warn!("somebody's groups would take the last administrator from a team: they stay one");
    }
    Ok(())
}

/// The team somebody works in: the one of the last log-in. Who belongs to none joins by an invitation that waits.
async fn workplace(app: &App, claimed: &Claimed, user: &User) -> Result<Membership, Turned> {
    if let Some(held) = app.store.memberships(&user.id).await?.into_iter().next() {
        return Ok(held);
    }
    // Somebody who is kept out of a team is told so.
    if app.store.first_team_of(&user.id).await?.is_some() {
        return Err(Turned::known(Refusal::Disabled, user));
    }
    let waiting = match verified(claimed) {
        Ok(address) => app.store.newest_invitation(&address, app.clock.now_ms()).await?,
        Err(_) => None,
    };
    let Some(invitation) = waiting else { return Err(Turned::known(Refusal::NoTeam, user)) };
    joined(app.store.accept_invitation(&invitation, &Joining::Known(user.id.clone()), app.clock.now_ms()).await?)?;
    Ok(Membership { team: invitation.team, user_id: user.id.clone(), role: invitation.role })
}
