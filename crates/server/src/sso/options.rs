//! What the operator says of the provider at which people sign in.

use clap::Args;
use dregs_store::Role;
use reqwest::Url;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

const SCOPES: [&str; 3] = ["openid", "email", "profile"];
const BUTTON: &str = "Log in with single sign-on";
const ROLE_CLAIM: &str = "groups";
/// A person waits for up to three answers.
const TIMEOUT_S: u64 = 8;
/// What fits on a button.
const BUTTON_CHARS_MAX: usize = 60;

/// The OpenID Connect provider at which people sign in. Without one they log in with passwords alone.
#[derive(Debug, Clone, Args)]
pub struct SsoOptions {
    /// Issuer of the OpenID Connect provider at which people sign in, such as https://accounts.example.com; none by default
    #[arg(long, env = "DREGS_SSO_ISSUER", value_parser = issuer, requires = "sso_client_id")]
    pub sso_issuer: Option<String>,

    /// What this server is called there
    #[arg(long, env = "DREGS_SSO_CLIENT_ID", requires = "sso_issuer")]
    pub sso_client_id: Option<String>,

    /// By what it proves that
    #[arg(
        long,
        env = "DREGS_SSO_CLIENT_SECRET",
        hide_env_values = true,
        requires = "sso_issuer",
        conflicts_with = "sso_client_secret_file"
    )]
    pub sso_client_secret: Option<String>,

    /// File with that secret
    #[arg(long, env = "DREGS_SSO_CLIENT_SECRET_FILE", requires = "sso_issuer")]
    pub sso_client_secret_file: Option<PathBuf>,

    /// Scopes that are asked for
    #[arg(long, env = "DREGS_SSO_SCOPES", value_delimiter = ',', default_values_t = SCOPES.map(String::from))]
    pub sso_scopes: Vec<String>,

    /// Text of the button
    #[arg(long, env = "DREGS_SSO_BUTTON", default_value = BUTTON, value_parser = button)]
    pub sso_button: String,

    /// Domains that e-mail addresses must have, such as example.com; any by default
    #[arg(long, env = "DREGS_SSO_EMAIL_DOMAINS", value_delimiter = ',', value_parser = domain, requires = "sso_issuer")]
    pub sso_email_domains: Vec<String>,

    /// Id of the team that somebody unknown joins, and in which the provider's groups give roles; by default only people who
    /// have an account or an invitation get in
    #[arg(long, env = "DREGS_SSO_TEAM", requires = "sso_issuer")]
    pub sso_team: Option<String>,

    /// Role of somebody unknown who joins: VIEWER, USER or ADMIN
    #[arg(long, env = "DREGS_SSO_ROLE", value_parser = role, requires = "sso_team")]
    pub sso_role: Option<Role>,

    /// Claim that names somebody's groups; dots lead into it, as in realm_access.roles
    #[arg(long, env = "DREGS_SSO_ROLE_CLAIM", default_value = ROLE_CLAIM)]
    pub sso_role_claim: String,

    /// Which group has which role in the team, such as dregs-admins=ADMIN,analysts=USER
    #[arg(long, env = "DREGS_SSO_ROLES", value_delimiter = ',', requires = "sso_team")]
    pub sso_roles: Vec<RoleOfGroup>,

    /// Seconds that one answer of the provider may take
    #[arg(long, env = "DREGS_SSO_TIMEOUT", default_value_t = TIMEOUT_S, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub sso_timeout: u64,

    /// Take no passwords at all
    #[arg(long, env = "DREGS_SSO_ONLY", requires = "sso_issuer")]
    pub sso_only: bool,
}

impl Default for SsoOptions {
    fn default() -> Self {
        SsoOptions {
            sso_issuer: None,
            sso_client_id: None,
            sso_client_secret: None,
            sso_client_secret_file: None,
            sso_scopes: SCOPES.map(String::from).into(),
            sso_button: BUTTON.into(),
            sso_email_domains: Vec::new(),
            sso_team: None,
            sso_role: None,
            sso_role_claim: ROLE_CLAIM.into(),
            sso_roles: Vec::new(),
            sso_timeout: TIMEOUT_S,
            sso_only: false,
        }
    }
}

impl SsoOptions {
    /// The client's secret, from wherever it was given. Without one the client is public and PKCE alone protects the code.
    pub fn secret(&self) -> Result<Option<String>, String> {
        let text = match &self.sso_client_secret_file {
            None => self.sso_client_secret.clone(),
            Some(path) => Some(
                std::fs::read_to_string(path)
                    .map_err(|error| format!("--sso-client-secret-file: {} cannot be read: {error}", path.display()))?,
            ),
        };
        Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The mightiest role that groups give, or the one that everybody gets.
    pub fn role_of(&self, groups: &[String]) -> Option<Role> {
        let given = self.sso_roles.iter().filter(|held| groups.contains(&held.group)).map(|held| held.role);
        given.max().or(self.sso_role)
    }

    /// Whether an address has one of the domains that are asked for.
    pub fn admits(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        self.sso_email_domains.is_empty() || domain.is_some_and(|domain| self.sso_email_domains.contains(&domain))
    }
}

/// A group at the provider, and the role it has here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOfGroup {
    pub group: String,
    pub role: Role,
}

impl FromStr for RoleOfGroup {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (group, code) = text.rsplit_once('=').ok_or("must be a group and its role, such as analysts=USER")?;
        match group.trim() {
            "" => Err("the group before = is missing".into()),
            group => Ok(RoleOfGroup { group: group.into(), role: role(code)? }),
        }
    }
}

fn role(text: &str) -> Result<Role, String> {
    match text.trim() {
        "ADMIN" => Ok(Role::Admin),
        "USER" => Ok(Role::User),
        "VIEWER" => Ok(Role::Viewer),
        _ => Err("must be VIEWER, USER or ADMIN".into()),
    }
}

fn button(text: &str) -> Result<String, String> {
    match (1..=BUTTON_CHARS_MAX).contains(&text.trim().chars().count()) {
        true => Ok(text.trim().into()),
        false => Err(format!("must have 1 to {BUTTON_CHARS_MAX} characters")),
    }
}

fn domain(text: &str) -> Result<String, String> {
    let domain = text.trim().trim_start_matches('@').to_lowercase();
    match domain.is_empty() || domain.contains(['@', '/', '*', ' ']) {
        true => Err("must be a domain such as example.com".into()),
        false => Ok(domain),
    }
}

/// An issuer is compared letter by letter: it stays as it was given.
fn issuer(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim()).map_err(|error| error.to_string())?;
    if !is_protected(&url) {
        return Err("must begin with https:// (http:// is for this machine alone)".into());
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user name, query or fragment".into());
    }
    Ok(text.trim().into())
}

/// Whether nobody on the way can read or change what goes there. What comes from the provider decides who somebody is.
pub fn is_protected(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    match url.scheme() {
        "https" => true,
        "http" => host == "localhost" || address.is_ok_and(|address| address.is_loopback()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for fine in ["https://id.example/realms/one", "http://127.0.0.1:9000", "http://localhost", "http://[::1]:1/"] {
            assert_eq!(issuer(fine).unwrap(), fine);
        }
        for wrong in [
            "http://id.example",
            "ftp://x",
            "id.example",
            "https://u:p@x.example",
            "https://x.example/?a=b",
            "http://127.0.0.1.example",
        ] {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_mightiest_of_somebodys_groups_counts() {
        let roles = ["viewers=VIEWER", "a=b=ADMIN", "analysts=USER"].map(|text| text.parse().unwrap()).into();
        let options = SsoOptions { sso_roles: roles, ..SsoOptions::default() };
        let of = |groups: &[&str]| options.role_of(&groups.iter().map(|group| group.to_string()).collect::<Vec<_>>());
        assert_eq!(of(&["viewers", "analysts"]), Some(Role::User));
        assert_eq!(of(&["a=b", "viewers"]), Some(Role::Admin));
        assert_eq!((of(&["Analysts"]), of(&[])), (None, None));
        let everybody = SsoOptions { sso_role: Some(Role::Viewer), ..options };
        assert_eq!(everybody.role_of(&[]), Some(Role::Viewer));
        for wrong in ["analysts", "=USER", "analysts=OWNER"] {
            assert!(wrong.parse::<RoleOfGroup>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_domain_is_the_whole_of_what_follows_the_at() {
        let options = SsoOptions { sso_email_domains: vec![domain("@Example.com").unwrap()], ..SsoOptions::default() };
        assert!(options.admits("ann@EXAMPLE.com"));
        for wrong in
            ["ann@evil-example.com", "ann@sub.example.com", "ann@example.com.evil", "example.com", "a@example.com@b"]
        {
            assert!(!options.admits(wrong), "{wrong}");
        }
        assert!(domain("*.example.com").is_err() && domain("").is_err());
    }
}
