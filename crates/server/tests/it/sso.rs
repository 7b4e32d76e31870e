//! Single sign-on: who gets in by a provider, as whom, and which lies keep everybody out.

use crate::api::{Answer, Api};
use crate::app::{TestApp, eventually};
use crate::auth::{log_in, person};
use crate::provider::{Algorithm, CLIENT_ID, Lie, Provider, SECRET, now_s};
use dregs_server::clock::Clock;
use dregs_server::config::{NotifyOptions, RunOptions};
use dregs_server::sso::options::SsoOptions;
use dregs_store::{Role, User};
use hyper::Method;
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both!(
    without_a_provider_there_are_passwords_alone,
    an_account_is_found_by_its_verified_address_once_and_bound,
    what_comes_back_is_good_in_the_browser_that_left_and_once,
    no_token_that_lies_lets_anybody_in,
    tokens_may_be_signed_by_curves,
    keys_that_changed_are_read_once_more_and_not_for_everybody,
    a_provider_that_misbehaves_is_told_of_and_tried_again,
    whom_the_provider_does_not_vouch_for_is_refused_and_why_is_in_the_audit_log,
    somebody_unknown_stays_out_unless_the_operator_lets_them_in,
    an_invitation_is_accepted_by_signing_in,
    groups_give_roles_at_every_sign_in,
    the_last_administrator_stays_one_whatever_the_groups,
    what_the_token_leaves_out_is_asked_for,
    a_server_may_take_no_passwords,
    the_cookie_is_for_https_where_the_server_is,
);

fn options(provider: &Provider) -> SsoOptions {
    SsoOptions {
        sso_issuer: Some(provider.issuer()),
        sso_client_id: Some(CLIENT_ID.into()),
        sso_client_secret: Some(SECRET.into()),
        ..SsoOptions::default()
    }
}

async fn with_options(app: &mut TestApp, sso: SsoOptions) {
    app.restart(RunOptions { sso, ..RunOptions::default() }).await;
}

/// A provider, a server that trusts it, and Ann, who is a user with a password.
async fn set_up(app: &mut TestApp) -> Provider {
    let provider = Provider::start().await;
    with_options(app, options(&provider)).await;
    add_person(app, "ann@example.org", Role::User).await;
    provider
}

async fn add_person(app: &TestApp, email: &str, role: Role) {
    let user = User {
        id: format!("user-{email}"),
        email: email.into(),
        name: "Ann".into(),
        password_hash: dregs_server::secrets::hash_password("correct horse").unwrap(),
        disabled: false,
        created_ms: 1,
    };
    app.store.add_user(&user, &app.team.id, role).await.unwrap();
}

/// A browser that has been at the provider.
struct Returned {
    cookie: String,
    query: BTreeMap<String, String>,
}

async fn travel(app: &TestApp) -> Returned {
    let started = app.nobody().post("/auth/sso/start", &json!({})).await;
    let cookie = started.header("set-cookie").unwrap_or_default().split(';').next().unwrap_or_default().to_owned();
    let url = started.expect(200)["url"].as_str().unwrap().to_owned();
    let answer = Api::new(&url, None).get("").await;
    assert_eq!(answer.status, 302, "{}", answer.text);
    let back = Url::parse(answer.header("location").unwrap()).unwrap();
    assert_eq!(back.path(), "/sign-in");
    Returned { cookie, query: back.query_pairs().into_owned().collect() }
}

impl Returned {
    async fn finish(&self, app: &TestApp) -> Answer {
        self.finish_with(app, json!({})).await
    }

    async fn finish_with(&self, app: &TestApp, more: Value) -> Answer {
        let mut body = json!(self.query);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let headers = [("cookie", self.cookie.as_str()), ("content-type", "application/json")];
        app.nobody().send(Method::POST, "/auth/sso", &headers, body.to_string()).await
    }
}

async fn sign_in(app: &TestApp) -> Answer {
    travel(app).await.finish(app).await
}

fn session(app: &TestApp, answer: Answer) -> Api {
    app.with(answer.expect(200)["token"].as_str().unwrap())
}

/// The actions in the audit log that are about signing in.
async fn noted(app: &TestApp) -> Vec<String> {
    let log = app.api.get("/audit-log?pageSize=100").await.expect(200);
    let lines = log["content"].as_array().unwrap().iter().filter(|line| line["path"] == "/auth/sso");
    lines.map(|line| line["action"].as_str().unwrap().to_owned()).collect()
}

async fn without_a_provider_there_are_passwords_alone(app: &mut TestApp) {
    let methods = app.nobody().get("/auth/methods").await.expect(200);
    assert_eq!(methods, json!({"password": true, "singleSignOn": null}));
    app.nobody().post("/auth/sso/start", &json!({})).await.error(404);
    app.nobody().post("/auth/sso", &json!({"code": "x", "state": "y"})).await.error(404);
}

async fn an_account_is_found_by_its_verified_address_once_and_bound(app: &mut TestApp) {
    let provider = set_up(app).await;
    let methods = app.nobody().get("/auth/methods").await.expect(200);
    assert_eq!(
        methods,
        json!({"password": true, "singleSignOn": {"button": "Log in with single sign-on", "logoutUrl": null}})
    );
    provider.says("email", json!("Ann@Example.ORG"));
    let ann = session(app, sign_in(app).await);
    let me = ann.get("/auth/me").await.expect(200);
    assert_eq!((&me["email"], &me["role"], &me["name"]), (&json!("ann@example.org"), &json!("USER"), &json!("Ann")));
    let account = ann.get("/account").await.expect(200);
    assert_eq!((&account["hasPassword"], account["singleSignOnSince"].is_string()), (&json!(true), true));
    assert_eq!(noted(app).await, ["login"]);
    let methods = app.nobody().get("/auth/methods").await.expect(200);
    assert!(methods["singleSignOn"]["logoutUrl"].as_str().unwrap().contains("/end?client_id=dregs"), "{methods}");

    provider.says("email", json!("ann@elsewhere.example"));
    provider.says("email_verified", json!(false));
    let again = session(app, sign_in(app).await);
    assert_eq!(again.get("/auth/me").await.expect(200)["email"], "ann@example.org", "bound by subject");
    again.post("/auth/logout", &json!({})).await.expect(204);
    again.get("/auth/me").await.error(401);
    let by_password = log_in(app, "ann@example.org", "correct horse").await;
    by_password.get("/auth/me").await.expect(200);

    assert!(app.store.unbind_user("user-ann@example.org").await.unwrap());
    sign_in(app).await.error(403);
}

async fn what_comes_back_is_good_in_the_browser_that_left_and_once(app: &mut TestApp) {
    let provider = set_up(app).await;
    let clock = Clock::manual(now_s() * 1_000);
    let run = RunOptions { sso: options(&provider), ..RunOptions::default() };
    app.restart_at(run, clock.clone()).await;
    let (mine, theirs) = (travel(app).await, travel(app).await);
    let mixed = Returned { cookie: theirs.cookie.clone(), query: mine.query.clone() };
    assert!(mixed.finish(app).await.error(401).contains("this browser"));
    let none = Returned { cookie: "other=1".into(), query: mine.query.clone() };
    assert!(none.finish(app).await.error(401).contains("this browser"));
    let swapped = mine.finish_with(app, json!({"code": theirs.query["code"]})).await;
    assert!(swapped.error(401).contains("did not confirm"), "the code was not given to this trip (PKCE)");
    assert!(mine.finish_with(app, json!({"iss": "https://id.example"})).await.error(401).contains("another provider"));
    mine.finish_with(app, json!({"code": ""})).await.error(401);
    mine.finish_with(app, json!({"code": "x".repeat(5_000)})).await.error(401);
    assert!(mine.finish_with(app, json!({"state": 7})).await.error(400).contains("state"));

    let done = mine.finish(app).await;
    let cleared = done.header("set-cookie").unwrap();
    assert!(cleared.starts_with("dregs-sso=;") && cleared.contains("Max-Age=0"), "{cleared}");
    assert_eq!(done.header("cache-control"), Some("no-store"));
    done.expect(200);
    assert!(mine.finish(app).await.error(401).contains("used already"));

    let late = travel(app).await;
    clock.set(app.app().clock.now_ms() + 10 * 60_000 + 1);
    assert!(late.finish(app).await.error(401).contains("ten minutes"));
    assert_eq!(noted(app).await, ["login"]);
}

async fn no_token_that_lies_lets_anybody_in(app: &mut TestApp) {
    let provider = set_up(app).await;
    let lies = [
        Lie::Nonce,
        Lie::NoNonce,
        Lie::Audience,
        Lie::FurtherAudience,
        Lie::AuthorizedParty,
        Lie::Expired,
        Lie::Old,
        Lie::Future,
        Lie::Issuer,
        Lie::Unsigned,
        Lie::SignedWithPublicKey,
        Lie::SignedWithSecret,
        Lie::StrangersKey,
        Lie::UnknownKey,
        Lie::Subject,
    ];
    for lie in lies {
        provider.lies(lie);
        let answer = sign_in(app).await;
        assert_eq!(answer.status, 401, "{lie:?}: {}", answer.text);
        assert!(answer.error(401).contains("could not be verified"), "{lie:?}");
    }
    provider.lies(None);
    sign_in(app).await.expect(200);
    assert_eq!(noted(app).await, ["login"]);
}

async fn tokens_may_be_signed_by_curves(app: &mut TestApp) {
    let provider = set_up(app).await;
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        provider.inner().algorithm = algorithm;
        let answer = sign_in(app).await;
        assert_eq!(answer.status, 200, "{algorithm:?}: {}", answer.text);
    }
}

async fn keys_that_changed_are_read_once_more_and_not_for_everybody(app: &mut TestApp) {
    let provider = set_up(app).await;
    let start_ms = now_s() * 1_000;
    let clock = Clock::manual(start_ms);
    let run = RunOptions { sso: options(&provider), ..RunOptions::default() };
    app.restart_at(run, clock.clone()).await;
    sign_in(app).await.expect(200);
    sign_in(app).await.expect(200);
    assert_eq!(provider.inner().keys_read, 1, "they are remembered");
    clock.set(start_ms + 11_000);
    provider.inner().key = 1;
    sign_in(app).await.expect(200);
    assert_eq!(provider.inner().keys_read, 2);
    provider.lies(Lie::UnknownKey);
    for _ in 0..3 {
        sign_in(app).await.error(401);
    }
    assert_eq!(provider.inner().keys_read, 2, "tokens of unknown keys do not make it ask at will");
    clock.set(start_ms + 30_000);
    sign_in(app).await.error(401);
    assert_eq!(provider.inner().keys_read, 3);
}

async fn a_provider_that_misbehaves_is_told_of_and_tried_again(app: &mut TestApp) {
    let provider = set_up(app).await;
    let start_ms = now_s() * 1_000;
    let clock = Clock::manual(start_ms);
    let sso = SsoOptions { sso_timeout: 1, ..options(&provider) };
    app.restart_at(RunOptions { sso, ..RunOptions::default() }, clock.clone()).await;
    for (n, lie) in [Lie::Huge, Lie::Fails, Lie::Redirects, Lie::OtherIssuer, Lie::Slow].into_iter().enumerate() {
        clock.set(start_ms + n as i64 * 11_000);
        provider.lies(lie);
        let answer = app.nobody().post("/auth/sso/start", &json!({})).await;
        assert!(answer.error(503).contains("does not answer"), "{lie:?}: {}", answer.text);
        assert!(answer.header("retry-after").is_some());
    }
    provider.lies(None);
    app.nobody().post("/auth/sso/start", &json!({})).await.error(503);
    assert_eq!(provider.inner().keys_read, 0, "a provider that fails is left alone for a while");
    clock.set(start_ms + 60_000);
    for lie in [Lie::Huge, Lie::Fails, Lie::Redirects, Lie::Slow] {
        let returned = travel(app).await;
        provider.lies(lie);
        let answer = returned.finish(app).await;
        assert!(answer.error(503).contains("does not answer"), "{lie:?}: {}", answer.text);
        provider.lies(None);
    }
    for lie in [Lie::RefusesClient, Lie::NoToken] {
        let returned = travel(app).await;
        provider.lies(lie);
        let answer = returned.finish(app).await;
        assert!(answer.error(503).contains("does not accept this server"), "{lie:?}: {}", answer.text);
        provider.lies(None);
    }
    sign_in(app).await.expect(200);
    // What it publishes is an hour old, and it is away: people still get where it was.
    clock.set(start_ms + 2 * 3_600_000);
    provider.lies(Lie::Fails);
    app.nobody().post("/auth/sso/start", &json!({})).await.expect(200);
    provider.lies(Lie::PlainTokenEndpoint);
    clock.set(start_ms + 3 * 3_600_000);
    let answer = travel(app).await.finish(app).await;
    assert!(answer.error(503).contains("does not answer"), "codes go over no plain connection");
}

async fn whom_the_provider_does_not_vouch_for_is_refused_and_why_is_in_the_audit_log(app: &mut TestApp) {
    let provider = set_up(app).await;
    for unverified in [json!(false), json!(null), json!("false")] {
        provider.says("email_verified", unverified);
        assert!(sign_in(app).await.error(403).contains("has not verified"));
    }
    provider.says("email_verified", json!("true"));
    sign_in(app).await.expect(200);
    provider.says("sub", json!("somebody-else"));
    assert!(sign_in(app).await.error(403).contains("belongs to somebody else"));
    provider.says("sub", json!("ann-1"));
    app.api.patch("/team/members/user-ann@example.org", &json!({"disabled": true})).await.expect(200);
    assert!(sign_in(app).await.error(403).contains("disabled"));
    let lines = ["ssoRefused:disabled", "ssoRefused:otherSubject", "login"];
    let unverified = ["ssoRefused:emailNotVerified"; 3];
    assert_eq!(noted(app).await, [&lines[..], &unverified[..]].concat());
    let refused =
        async || app.api.get("/audit-log?action=ssoRefused:disabled").await.json["content"][0]["status"] == 403;
    eventually("its outcome is noted", refused).await;
    provider.inner().person = json!({"sub": "nobody"});
    assert!(sign_in(app).await.error(403).contains("does not tell your e-mail address"));
    provider.inner().person = json!({"sub": "b", "email": "not an address", "email_verified": true});
    sign_in(app).await.error(403);

    app.api.patch("/team/members/user-ann@example.org", &json!({"disabled": false})).await.expect(200);
    let sso = SsoOptions { sso_email_domains: vec!["example.com".into()], ..options(&provider) };
    with_options(app, sso).await;
    provider.inner().person = json!({"sub": "ann-1", "email": "ann@example.org", "email_verified": true});
    assert!(sign_in(app).await.error(403).contains("domain"));
    provider.says("email", json!("ann@example.com"));
    provider.says("email_verified", json!(false));
    sign_in(app).await.error(403);
    provider.says("email_verified", json!(true));
    sign_in(app).await.expect(200);
}

async fn somebody_unknown_stays_out_unless_the_operator_lets_them_in(app: &mut TestApp) {
    let provider = set_up(app).await;
    provider.inner().person = json!({"sub": "new", "email": "new@example.org", "email_verified": true, "name": "Zoë"});
    assert!(sign_in(app).await.error(403).contains("ask an administrator for an invitation"));
    assert!(app.store.user_by_email("new@example.org").await.unwrap().is_none());
    let team = app.team.id.as_str().to_owned();
    let wrong = SsoOptions { sso_team: Some("team_none".into()), sso_role: Some(Role::Admin), ..options(&provider) };
    with_options(app, wrong).await;
    sign_in(app).await.error(403);
    let sso = SsoOptions { sso_team: Some(team), sso_role: Some(Role::Viewer), ..options(&provider) };
    with_options(app, sso).await;
    let joined = session(app, sign_in(app).await);
    let me = joined.get("/auth/me").await.expect(200);
    assert_eq!((&me["role"], &me["name"]), (&json!("VIEWER"), &json!("Zoë")));
    assert_eq!(joined.get("/account").await.expect(200)["hasPassword"], false);
    for password in ["", "x"] {
        let body = json!({"email": "new@example.org", "password": password});
        app.nobody().post("/auth/login", &body).await.error(401);
    }
    let id = joined.get("/account").await.expect(200)["id"].as_str().unwrap().to_owned();
    app.api.patch(&format!("/team/members/{id}"), &json!({"role": "USER"})).await.expect(200);
    assert_eq!(
        session(app, sign_in(app).await).get("/auth/me").await.expect(200)["role"],
        "USER",
        "it is the first role"
    );
    app.api.delete(&format!("/team/members/{id}")).await.expect(204);
    assert!(sign_in(app).await.error(403).contains("no team"), "who was taken out stays out");
    app.api.post("/team/invitations", &json!({"email": "new@example.org", "role": "ADMIN"})).await.expect(201);
    assert_eq!(session(app, sign_in(app).await).get("/auth/me").await.expect(200)["role"], "ADMIN");
}

async fn an_invitation_is_accepted_by_signing_in(app: &mut TestApp) {
    let provider = set_up(app).await;
    let invite = async |api: &Api, email: &str| {
        let made = api.post("/team/invitations", &json!({"email": email, "role": "USER"})).await.expect(201);
        made["token"].as_str().unwrap().to_owned()
    };
    invite(&app.api, "new@example.org").await;
    provider.inner().person = json!({"sub": "new", "email": "new@example.org", "email_verified": false});
    sign_in(app).await.error(403);
    provider.says("email_verified", json!(true));
    let joined = session(app, sign_in(app).await).get("/auth/me").await.expect(200);
    assert_eq!((&joined["role"], &joined["name"]), (&json!("USER"), &json!("new")));
    assert_eq!(app.api.get("/team/invitations").await.expect(200), json!([]));

    let other = app.add_team("b").await;
    let theirs = app.with(&other.keys.secret_key);
    let (own, foreign) = (invite(&theirs, "new@example.org").await, invite(&theirs, "bob@example.org").await);
    let me = session(app, sign_in(app).await).get("/auth/me").await.expect(200);
    assert_eq!(me["teams"].as_array().unwrap().len(), 1, "who has an account accepts by the link");
    for wrong in [&foreign, "inv_none"] {
        let answer = travel(app).await.finish_with(app, json!({"invitation": wrong})).await;
        assert!(answer.error(403).contains("invitation"), "{}", answer.text);
    }
    let accepted = travel(app).await.finish_with(app, json!({"invitation": own})).await;
    let me = session(app, accepted).get("/auth/me").await.expect(200);
    assert_eq!(me["teams"].as_array().unwrap().len(), 2);
    let newcomer = json!({"sub": "bob", "email": "bob@example.org", "email_verified": true});
    provider.inner().person = newcomer;
    let accepted = travel(app).await.finish_with(app, json!({"invitation": foreign})).await;
    assert_eq!(session(app, accepted).get("/auth/me").await.expect(200)["teamName"], "b");
}

async fn groups_give_roles_at_every_sign_in(app: &mut TestApp) {
    let provider = set_up(app).await;
    let sso = SsoOptions {
        sso_team: Some(app.team.id.as_str().into()),
        sso_role_claim: "access.roles".into(),
        sso_roles: ["admins=ADMIN", "desk=USER"].map(|text| text.parse().unwrap()).into(),
        ..options(&provider)
    };
    with_options(app, sso.clone()).await;
    provider.inner().person = json!({"sub": "new", "email": "new@example.org", "email_verified": true});
    assert!(sign_in(app).await.error(403).contains("none of your groups"));
    let role = async |groups: Value| {
        provider.says("access", json!({"roles": groups}));
        let answer = sign_in(app).await;
        match answer.status {
            200 => session(app, answer).get("/auth/me").await.expect(200)["role"].as_str().unwrap().to_owned(),
            status => status.to_string(),
        }
    };
    assert_eq!(role(json!(["desk", "others"])).await, "USER");
    assert_eq!(role(json!(["desk", "admins"])).await, "ADMIN");
    assert_eq!(role(json!("desk")).await, "USER");
    assert_eq!(role(json!([])).await, "403");
    assert!(noted(app).await.contains(&"ssoRefused:noRole".to_owned()));
    with_options(app, SsoOptions { sso_role: Some(Role::Viewer), ..sso }).await;
    assert_eq!(session(app, sign_in(app).await).get("/auth/me").await.expect(200)["role"], "VIEWER");
}

async fn the_last_administrator_stays_one_whatever_the_groups(app: &mut TestApp) {
    let provider = Provider::start().await;
    let sso = SsoOptions {
        sso_team: Some(app.team.id.as_str().into()),
        sso_roles: vec!["desk=USER".parse().unwrap()],
        ..options(&provider)
    };
    with_options(app, sso).await;
    let email = app.team.keys.email.clone();
    provider.inner().person = json!({"sub": "root", "email": email, "email_verified": true, "groups": ["desk"]});
    assert_eq!(session(app, sign_in(app).await).get("/auth/me").await.expect(200)["role"], "ADMIN");
    person(app, &app.team, Role::Admin).await;
    assert_eq!(session(app, sign_in(app).await).get("/auth/me").await.expect(200)["role"], "USER");
}

async fn what_the_token_leaves_out_is_asked_for(app: &mut TestApp) {
    let provider = set_up(app).await;
    let told = json!({"sub": "ann-1", "email": "ann@example.org", "email_verified": true});
    provider.inner().person = json!({"sub": "ann-1"});
    provider.inner().user_info = Some(json!({"sub": "somebody", "email": "ann@example.org", "email_verified": true}));
    sign_in(app).await.error(503);
    provider.inner().user_info = Some(told);
    sign_in(app).await.expect(200);
}

async fn a_server_may_take_no_passwords(app: &mut TestApp) {
    let provider = set_up(app).await;
    let invited = json!({"email": "new@example.org", "role": "USER"});
    let token = app.api.post("/team/invitations", &invited).await.expect(201)["token"].clone();
    with_options(app, SsoOptions { sso_only: true, ..options(&provider) }).await;
    assert_eq!(app.nobody().get("/auth/methods").await.expect(200)["password"], false);
    let right = json!({"email": "ann@example.org", "password": "correct horse"});
    assert!(app.nobody().post("/auth/login", &right).await.error(403).contains("single sign-on"));
    let accept = json!({"token": token, "name": "New", "password": "long enough now"});
    app.nobody().post("/auth/invitations/accept", &accept).await.error(403);
    let ann = session(app, sign_in(app).await);
    let change = json!({"currentPassword": "correct horse", "newPassword": "long enough now"});
    ann.post("/auth/password", &change).await.error(403);
}

async fn the_cookie_is_for_https_where_the_server_is(app: &mut TestApp) {
    let provider = Provider::start().await;
    let notify = NotifyOptions { public_url: Some("https://dregs.example".into()), ..NotifyOptions::default() };
    app.restart(RunOptions { sso: options(&provider), notify, ..RunOptions::default() }).await;
    let started = app.nobody().post("/auth/sso/start", &json!({})).await;
    let cookie = started.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-dregs-sso=") && cookie.ends_with("; Secure"), "{cookie}");
    let url = Url::parse(started.expect(200)["url"].as_str().unwrap()).unwrap();
    let asked: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(asked["redirect_uri"], "https://dregs.example/sign-in");
    assert_eq!(asked["scope"], "openid email profile");
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(!url.as_str().contains(secret) && asked["state"] != asked["nonce"]);
}
