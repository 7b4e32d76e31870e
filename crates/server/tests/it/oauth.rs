//! OAuth for agents: how a client gets a person's leave, and what it does not get by other ways.

use crate::agents::{Agent, HEADERS};
use crate::api::{Answer, Api};
use crate::app::TestApp;
use crate::auth::person;
use crate::tokens::admin;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dregs_server::secrets::token_hash;
use dregs_store::{AgentGrant, GrantKind, Role};
use hyper::Method;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

on_both!(
    a_client_finds_its_way_from_the_refusal_to_the_tools,
    a_grant_is_seen_and_ended_by_its_person,
    a_client_may_be_let_in_to_read_only,
    only_redirects_that_are_safe_are_registered,
    the_page_asks_plainly_and_cannot_be_abused,
    what_a_client_asks_wrongly_is_told_where_it_is_safe,
    a_code_is_worth_nothing_to_anybody_else,
    a_code_that_comes_twice_takes_everything_back,
    a_refresh_token_that_comes_twice_ends_the_grant,
    what_has_expired_is_worth_nothing,
    a_client_gives_its_tokens_back,
);

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const REDIRECT: &str = "https://client.example/callback?x=1";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn encoded(fields: &[(&str, &str)]) -> String {
    let mut url = Url::parse("http://x/").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

/// A client that knows nothing but the address of `/mcp`.
struct Client<'a> {
    app: &'a TestApp,
    root: Api,
    id: String,
    redirect: String,
    resource: String,
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

async fn register(app: &TestApp, body: Value) -> Answer {
    app.root().json(Method::POST, "/oauth/register", &body).await
}

impl<'a> Client<'a> {
    async fn new(app: &'a TestApp) -> Self {
        Client::named(app, "Claude", REDIRECT).await
    }

    async fn named(app: &'a TestApp, name: &str, redirect: &str) -> Self {
        let registered = register(app, json!({"client_name": name, "redirect_uris": [redirect]})).await.expect(201);
        let (root, id) = (app.root(), registered["client_id"].as_str().unwrap().to_owned());
        let resource = format!("{}/mcp", root.base);
        Client { app, root, id, redirect: redirect.to_owned(), resource }
    }

    /// What it asks, with some of it put otherwise; empty: left out.
    fn asked(&self, otherwise: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut fields = BTreeMap::from([
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "s t&te"),
            ("resource", &self.resource),
        ]);
        fields.extend(otherwise.iter().copied());
        encoded(&fields.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>())
    }

    async fn ask(&self, otherwise: &[(&str, &str)]) -> Answer {
        self.root.get(&format!("/oauth/authorize?{}", self.asked(otherwise))).await
    }

    /// What the page sends when a person decides.
    async fn decide(&self, otherwise: &[(&str, &str)]) -> Answer {
        let keys = &self.app.team.keys;
        let mut fields = vec![("email", keys.email.as_str()), ("password", &keys.password), ("decision", "allow")];
        fields.extend(otherwise);
        self.root.send(Method::POST, "/oauth/authorize", &[FORM], self.asked(&fields)).await
    }

    async fn code(&self) -> String {
        answered(&self.decide(&[]).await)["code"].clone()
    }

    async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.root.send(Method::POST, path, &[FORM], encoded(fields)).await
    }

    async fn exchange(&self, code: &str, otherwise: &[(&str, &str)]) -> Answer {
        let mut fields = BTreeMap::from([
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("code_verifier", VERIFIER),
            ("resource", &self.resource),
        ]);
        fields.extend(otherwise.iter().copied());
        self.form("/oauth/token", &fields.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>()).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("client_id", &self.id), ("refresh_token", token)];
        self.form("/oauth/token", &fields).await
    }

    async fn works(&self, token: &str) -> bool {
        Api::new(&self.root.base, Some(token)).send(Method::GET, "/mcp", &HEADERS, "").await.status != 401
    }
}

/// The parameters with which a browser is sent back to the client.
#[track_caller]
fn answered(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let url = Url::parse(answer.header("location").unwrap()).unwrap();
    url.query_pairs().into_owned().collect()
}

#[track_caller]
fn error(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json["error"].as_str()), (status, Some(code)), "{}", answer.text);
    assert!(answer.json["error_description"].is_string() && answer.header("cache-control") == Some("no-store"));
}

fn text<'a>(answer: &'a Value, field: &str) -> &'a str {
    answer[field].as_str().unwrap()
}

async fn a_client_finds_its_way_from_the_refusal_to_the_tools(app: &mut TestApp) {
    app.track(json!({"type": "login", "identity": {"id": "u"}})).await;
    let root = app.root();
    let refused = root.send(Method::POST, "/mcp", &HEADERS, "{}").await;
    let wanted = refused.header("www-authenticate").unwrap();
    let metadata = wanted.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap();
    let resource = root.get(metadata.strip_prefix(&root.base).unwrap()).await.expect(200);
    assert_eq!(resource["resource"], format!("{}/mcp", root.base));
    assert_eq!(root.get("/.well-known/oauth-protected-resource").await.expect(200), resource);
    assert_eq!(resource["authorization_servers"], json!([root.base]));
    let server = root.get("/.well-known/oauth-authorization-server").await.expect(200);
    assert_eq!(server["issuer"], root.base);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    for (endpoint, path) in
        [("registration", "register"), ("authorization", "authorize"), ("token", "token"), ("revocation", "revoke")]
    {
        assert_eq!(server[format!("{endpoint}_endpoint")], format!("{}/oauth/{path}", root.base));
    }
    let client = Client::new(app).await;
    assert_eq!(client.ask(&[]).await.status, 200);
    let said = answered(&client.decide(&[]).await);
    assert_eq!((said["state"].as_str(), &said["iss"], said["x"].as_str()), ("s t&te", &root.base, "1"));
    let answer = client.exchange(&said["code"], &[]).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let granted = answer.expect(200);
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(granted["scope"], "read write");
    let agent = Agent::new(app, text(&granted, "access_token"));
    assert_eq!(agent.done("get_identity", json!({"id": "u"})).await["id"], "u");
    agent.done("analyze_identity", json!({"id": "u"})).await;
    app.with(text(&granted, "access_token")).get("/identities").await.error(401);
    let token = text(&granted, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("client_id", &client.id), ("refresh_token", token)];
    let next = client.form("/token", &fields).await.expect(200);
    Agent::new(app, text(&next, "access_token")).done("escalation_summary", json!({})).await;
    for (name, bytes) in app.database.files() {
        for secret in [&next["access_token"], &next["refresh_token"], &json!(said["code"])] {
            let secret = secret.as_str().unwrap().as_bytes();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "a secret is in {name}");
        }
    }
}

async fn a_grant_is_seen_and_ended_by_its_person(app: &mut TestApp) {
    let client = Client::new(app).await;
    let granted = client.exchange(&client.code().await, &[]).await.expect(200);
    let person = admin(app).await;
    let listed = person.get("/tokens").await.expect(200);
    assert_eq!((&listed[0]["kind"], &listed[0]["name"]), (&json!("OAUTH"), &json!("Claude")));
    person.delete(&format!("/tokens/{}", text(&listed[0], "id"))).await.expect(204);
    assert!(!client.works(text(&granted, "access_token")).await);
    error(&client.refresh(text(&granted, "refresh_token")).await, 400, "invalid_grant");
}

async fn a_client_may_be_let_in_to_read_only(app: &mut TestApp) {
    let client = Client::new(app).await;
    for otherwise in [("read_only", "1"), ("scope", "read")] {
        let code = answered(&client.decide(&[otherwise]).await)["code"].clone();
        let granted = client.exchange(&code, &[]).await.expect(200);
        assert_eq!(granted["scope"], "read");
        let agent = Agent::new(app, text(&granted, "access_token"));
        agent.done("list_identities", json!({})).await;
        assert!(agent.refused("delete_badge_rule", json!({"slug": "trusted"})).await.contains("write access"));
    }
}

async fn only_redirects_that_are_safe_are_registered(app: &mut TestApp) {
    for uri in ["http://client.example/cb", "https://a.example/#f", "javascript:alert(1)", "https://*.example/cb", ""] {
        error(&register(app, json!({"redirect_uris": [uri]})).await, 400, "invalid_redirect_uri");
    }
    let none: [&str; 0] = [];
    for wrong in [json!({}), json!({"redirect_uris": none}), json!({"redirect_uris": vec![REDIRECT; 11]})] {
        error(&register(app, wrong).await, 400, "invalid_redirect_uri");
    }
    for wrong in [
        json!({"redirect_uris": [REDIRECT], "client_name": "evil\u{202e}"}),
        json!({"redirect_uris": [REDIRECT], "client_name": "x".repeat(101)}),
        json!({"redirect_uris": [REDIRECT], "grant_types": ["password"]}),
        json!({"redirect_uris": "https://a.example/"}),
        json!([]),
    ] {
        error(&register(app, wrong).await, 400, "invalid_client_metadata");
    }
    let body = json!({"redirect_uris": [REDIRECT], "client_name": "N", "token_endpoint_auth_method": "client_secret_post", "scope": "x", "logo_uri": "https://a.example/x.png"});
    let made = register(app, body).await.expect(201);
    assert_eq!((&made["token_endpoint_auth_method"], &made["redirect_uris"]), (&json!("none"), &json!([REDIRECT])));
    assert!(made.get("client_secret").is_none());
}

async fn the_page_asks_plainly_and_cannot_be_abused(app: &mut TestApp) {
    let hostile = "<script>alert('x')</script>\"";
    let client = Client::named(app, hostile, REDIRECT).await;
    let page = client.ask(&[("state", hostile)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("https://client.example") && page.text.contains("&lt;script&gt;alert(&#39;x&#39;)"));
    assert!(!page.text.contains("<script"), "{}", page.text);
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self' https://client.example;"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && page.header("x-frame-options") == Some("DENY"));
    let wrong = client.decide(&[("password", "wrong")]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("e-mail or password is wrong") && !wrong.text.contains("value=\"wrong\""));
    assert_eq!(client.decide(&[("email", "no@one.test")]).await.status, 401);
    assert_eq!(client.decide(&[("team", "another")]).await.status, 403);
    let said = answered(&client.decide(&[("decision", "deny"), ("email", ""), ("password", "")]).await);
    assert_eq!((said["error"].as_str(), said["state"].as_str()), ("access_denied", "s t&te"));
    assert_eq!((said["iss"].as_str(), said["x"].as_str()), (client.root.base.as_str(), "1"));
    for origin in ["https://evil.example", "null"] {
        let fields = client.asked(&[
            ("email", &app.team.keys.email),
            ("password", &app.team.keys.password),
            ("decision", "allow"),
        ]);
        let sent = client.root.send(Method::POST, "/oauth/authorize", &[FORM, ("origin", origin)], fields).await;
        assert_eq!(sent.status, 403, "{origin}");
    }
    let twice = format!("/oauth/authorize?{}&client_id=x", client.asked(&[]));
    assert_eq!(client.root.get(&twice).await.status, 400);
}

async fn what_a_client_asks_wrongly_is_told_where_it_is_safe(app: &mut TestApp) {
    let client = Client::new(app).await;
    for unsafe_ in [
        ("client_id", "client_unknown"),
        ("client_id", ""),
        ("client_id", "a\u{0}b"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/callback?x=1"),
        ("redirect_uri", "https://client.example/callback"),
        ("redirect_uri", "https://client.example/callback?x=1#f"),
    ] {
        let answer = client.ask(&[unsafe_]).await;
        assert_eq!((answer.status, answer.header("location")), (400, None), "{unsafe_:?}");
        assert_eq!(client.decide(&[unsafe_]).await.status, 400, "{unsafe_:?}");
    }
    for (otherwise, code) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "unsupported_response_type"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("resource", "https://evil.example/mcp"), "invalid_target"),
    ] {
        for answer in [client.ask(&[otherwise]).await, client.decide(&[otherwise]).await] {
            let said = answered(&answer);
            assert_eq!((said["error"].as_str(), said["state"].as_str()), (code, "s t&te"), "{otherwise:?}");
            assert!(said["iss"] == client.root.base && !said.contains_key("code"));
        }
    }
    let native = Client::named(app, "Native", "http://127.0.0.1/cb").await;
    assert_eq!(native.ask(&[("redirect_uri", "http://127.0.0.1:54321/cb")]).await.status, 200);
    assert_eq!(native.ask(&[("redirect_uri", "http://127.0.0.1:54321/other")]).await.status, 400);
}

async fn a_code_is_worth_nothing_to_anybody_else(app: &mut TestApp) {
    let (client, thief) = (Client::new(app).await, Client::named(app, "Thief", REDIRECT).await);
    let code = client.code().await;
    error(&thief.exchange(&code, &[]).await, 400, "invalid_grant");
    for (otherwise, expected) in [
        (("code_verifier", "x".repeat(43)), "invalid_grant"),
        (("code_verifier", challenge()), "invalid_grant"),
        (("redirect_uri", "https://client.example/".into()), "invalid_grant"),
        (("code", "dmc_unknown".into()), "invalid_grant"),
        (("resource", "https://evil.example/mcp".into()), "invalid_target"),
        (("code_verifier", String::new()), "invalid_request"),
        (("redirect_uri", String::new()), "invalid_request"),
        (("client_id", String::new()), "invalid_request"),
        (("grant_type", "password".into()), "unsupported_grant_type"),
        (("grant_type", String::new()), "unsupported_grant_type"),
    ] {
        error(&client.exchange(&code, &[(otherwise.0, &otherwise.1)]).await, 400, expected);
    }
    let body = json!({"grant_type": "authorization_code", "code": code});
    error(&app.root().json(Method::POST, "/oauth/token", &body).await, 400, "invalid_request");
    client.exchange(&code, &[]).await.expect(200);
}

async fn a_code_that_comes_twice_takes_everything_back(app: &mut TestApp) {
    let client = Client::new(app).await;
    let code = client.code().await;
    let granted = client.exchange(&code, &[]).await.expect(200);
    assert!(client.works(text(&granted, "access_token")).await);
    error(&client.exchange(&code, &[]).await, 400, "invalid_grant");
    assert!(!client.works(text(&granted, "access_token")).await);
    error(&client.refresh(text(&granted, "refresh_token")).await, 400, "invalid_grant");
}

async fn a_refresh_token_that_comes_twice_ends_the_grant(app: &mut TestApp) {
    let (client, thief) = (Client::new(app).await, Client::named(app, "Thief", REDIRECT).await);
    let first = client.exchange(&client.code().await, &[]).await.expect(200);
    error(&thief.refresh(text(&first, "refresh_token")).await, 400, "invalid_grant");
    let second = client.refresh(text(&first, "refresh_token")).await.expect(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert!(!client.works(text(&first, "access_token")).await && client.works(text(&second, "access_token")).await);
    error(&client.refresh(text(&first, "refresh_token")).await, 400, "invalid_grant");
    assert!(!client.works(text(&second, "access_token")).await);
    error(&client.refresh(text(&second, "refresh_token")).await, 400, "invalid_grant");
    for wrong in ["", "dmr_", "dmr_a.b", "nonsense"] {
        error(&client.refresh(wrong).await, 400, "invalid_grant");
    }
}

async fn what_has_expired_is_worth_nothing(app: &mut TestApp) {
    let client = Client::new(app).await;
    let user = app.store.user_by_email(&app.team.keys.email).await.unwrap().unwrap();
    let grant = AgentGrant {
        team: app.team.id.clone(),
        id: "late".into(),
        user_id: user.id,
        kind: GrantKind::Oauth,
        name: "late".into(),
        read_only: false,
        client_id: Some(client.id.clone()),
        created_ms: 1,
        expires_ms: Some(60_001),
        last_used_ms: None,
    };
    let bound = json!({"redirect_uri": client.redirect, "challenge": challenge()}).to_string();
    app.store.add_oauth_grant(&grant, &token_hash("dmc_late"), &bound, 9).await.unwrap();
    error(&client.exchange("dmc_late", &[]).await, 400, "invalid_grant");
    let now_ms = app.app().clock.now_ms();
    let late = dregs_store::IssuedTokens {
        token_hash: token_hash("dma_late"),
        token_expires_ms: now_ms - 1,
        family_hash: token_hash("family"),
        refresh_hash: token_hash("turn"),
        expires_ms: now_ms - 1,
    };
    assert!(app.store.redeem_agent_code(&app.team.id, "late", &late).await.unwrap());
    assert!(!client.works("dma_late").await);
    error(&client.refresh("dmr_family.turn").await, 400, "invalid_grant");
}

async fn a_client_gives_its_tokens_back(app: &mut TestApp) {
    let (client, thief) = (Client::new(app).await, Client::named(app, "Thief", REDIRECT).await);
    for which in ["access_token", "refresh_token"] {
        let granted = client.exchange(&client.code().await, &[]).await.expect(200);
        let token = text(&granted, which);
        for (other, fields) in
            [(&thief, vec![("token", token), ("client_id", &thief.id)]), (&client, vec![("token", token)])]
        {
            assert_eq!(other.form("/oauth/revoke", &fields).await.status, 200);
            assert!(client.works(text(&granted, "access_token")).await, "it is not theirs to give back");
        }
        assert_eq!(client.form("/oauth/revoke", &[("token", token), ("client_id", &client.id)]).await.status, 200);
        assert!(!client.works(text(&granted, "access_token")).await);
        assert_eq!(client.form("/oauth/revoke", &[("token", token), ("client_id", &client.id)]).await.status, 200);
    }
    error(&client.form("/oauth/revoke", &[]).await, 400, "invalid_request");
    let user = person(app, &app.team, Role::User).await;
    assert_eq!(user.get("/tokens").await.expect(200), json!([]));
}
