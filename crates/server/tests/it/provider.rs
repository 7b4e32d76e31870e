//! An OpenID Connect provider that speaks the protocol over HTTP, and lies when it is told to.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use rsa::pkcs1v15::SigningKey;
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, rand_core::OsRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

pub const CLIENT_ID: &str = "dregs at work";
pub const SECRET: &str = "s3cret:with%odd characters";
const RSA_BITS: usize = 2_048;

/// The provider's key, one that it changes to, and a stranger's.
static KEYS: LazyLock<[RsaPrivateKey; 3]> =
    LazyLock::new(|| [(); 3].map(|()| RsaPrivateKey::new(&mut OsRng, RSA_BITS).unwrap()));
const STRANGERS_KEY: usize = 2;

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    Nonce,
    NoNonce,
    Audience,
    FurtherAudience,
    AuthorizedParty,
    Expired,
    Old,
    Future,
    Issuer,
    Unsigned,
    /// HS256 with the public key as the secret.
    SignedWithPublicKey,
    /// HS256 with the client's secret.
    SignedWithSecret,
    StrangersKey,
    UnknownKey,
    Subject,
    NoToken,
    /// Discovery names another issuer.
    OtherIssuer,
    PlainTokenEndpoint,
    RefusesClient,
    Fails,
    Slow,
    Huge,
    Redirects,
}

/// How it signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

struct Given {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

pub struct Inner {
    base: String,
    /// What its tokens say of who signs in, beside what every token says.
    pub person: Value,
    pub user_info: Option<Value>,
    pub lie: Option<Lie>,
    pub algorithm: Algorithm,
    /// Which of its keys signs, and is published.
    pub key: usize,
    /// How often its keys were read.
    pub keys_read: usize,
    codes: BTreeMap<String, Given>,
    curve: EcdsaKeyPair,
    edwards: Ed25519KeyPair,
}

#[derive(Clone)]
pub struct Provider {
    inner: Arc<Mutex<Inner>>,
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let random = SystemRandom::new();
        let curve = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let edwards = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let inner = Inner {
            base: format!("http://{}", listener.local_addr().unwrap()),
            person: json!({"sub": "ann-1", "email": "ann@example.org", "email_verified": true, "name": "Ann at Work"}),
            user_info: None,
            lie: None,
            algorithm: Algorithm::Rs256,
            key: 0,
            keys_read: 0,
            codes: BTreeMap::new(),
            curve: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, curve.as_ref(), &random).unwrap(),
            edwards: Ed25519KeyPair::from_pkcs8(edwards.as_ref()).unwrap(),
        };
        let provider = Provider { inner: Arc::new(Mutex::new(inner)) };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(user_info))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        provider
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn issuer(&self) -> String {
        self.inner().base.clone()
    }

    pub fn says(&self, claim: &str, value: Value) {
        self.inner().person[claim] = value;
    }

    pub fn lies(&self, lie: impl Into<Option<Lie>>) {
        self.inner().lie = lie.into();
    }

    /// What it does instead of answering.
    async fn misbehaves(&self) -> Option<Response> {
        let lie = self.inner().lie;
        match lie? {
            Lie::Slow => std::future::pending().await,
            Lie::Huge => Some("x".repeat(4 * 1024 * 1024).into_response()),
            Lie::Fails => Some(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            Lie::Redirects => {
                let elsewhere = format!("{}/token", self.issuer());
                Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, elsewhere)]).into_response())
            }
            _ => None,
        }
    }
}

async fn discovery(State(provider): State<Provider>) -> Response {
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let inner = provider.inner();
    let base = &inner.base;
    let issuer = if inner.lie == Some(Lie::OtherIssuer) { "https://id.example" } else { base };
    let token = match inner.lie {
        Some(Lie::PlainTokenEndpoint) => "http://token.example/token".into(),
        _ => format!("{base}/token"),
    };
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": token,
        "jwks_uri": format!("{base}/keys"),
        "end_session_endpoint": format!("{base}/end"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS256", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
    });
    if inner.user_info.is_some() {
        document["userinfo_endpoint"] = json!(format!("{base}/userinfo"));
    }
    Json(document).into_response()
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.inner();
    inner.keys_read += 1;
    let key = &KEYS[inner.key];
    let point = inner.curve.public_key().as_ref();
    Json(json!({"keys": [
        {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid(inner.key), "n": encoded(key.n().to_bytes_be()), "e": encoded(key.e().to_bytes_be())},
        {"kty": "EC", "use": "sig", "crv": "P-256", "kid": "curve", "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
        {"kty": "OKP", "use": "sig", "crv": "Ed25519", "kid": "edwards", "x": encoded(inner.edwards.public_key())},
        {"kty": "unheard of", "kid": "later"},
    ]}))
}

fn kid(key: usize) -> String {
    format!("key-{key}")
}

/// Everybody who comes is who it says.
async fn authorize(State(provider): State<Provider>, Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    assert_eq!((of("response_type").as_str(), of("client_id").as_str()), ("code", CLIENT_ID));
    assert_eq!(of("code_challenge_method"), "S256");
    assert!(of("scope").split(' ').any(|scope| scope == "openid"), "{asked:?}");
    let mut inner = provider.inner();
    let code = format!("code-{}-of-{}", inner.codes.len(), of("state").len());
    let given = Given { nonce: of("nonce"), challenge: of("code_challenge"), redirect_uri: of("redirect_uri") };
    inner.codes.insert(code.clone(), given);
    let mut back = Url::parse(&of("redirect_uri")).unwrap();
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &of("state"))
        .append_pair("iss", &inner.base);
    (StatusCode::FOUND, [(header::LOCATION, back.to_string())]).into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({"error": code, "error_description": "no"}))).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(asked): Form<BTreeMap<String, String>>,
) -> Response {
    if let Some(answer) = provider.misbehaves().await {
        return answer;
    }
    let mut inner = provider.inner();
    let proof = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    if inner.lie == Some(Lie::RefusesClient) || proof != Some(basic()) {
        return refusal(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let Some(given) = inner.codes.remove(&of("code")) else {
        return refusal(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let proven = encoded(Sha256::digest(of("code_verifier"))) == given.challenge;
    if !proven || of("redirect_uri") != given.redirect_uri || of("grant_type") != "authorization_code" {
        return refusal(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let mut answer = json!({"access_token": "for the user info", "token_type": "Bearer", "expires_in": 60});
    if inner.lie != Some(Lie::NoToken) {
        answer["id_token"] = json!(inner.token(&given.nonce));
    }
    Json(answer).into_response()
}

/// By RFC 6749, 2.3.1, both are form-encoded first.
fn basic() -> String {
    let encoded = |text: &str| {
        let mut url = Url::parse("http://x/").unwrap();
        url.query_pairs_mut().append_pair("", text);
        url.query().unwrap().trim_start_matches('=').to_owned()
    };
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT_ID), encoded(SECRET))))
}

async fn user_info(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let inner = provider.inner();
    match headers.get(header::AUTHORIZATION).is_some_and(|value| value == "Bearer for the user info") {
        true => Json(inner.user_info.clone()).into_response(),
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

impl Inner {
    fn token(&self, nonce: &str) -> String {
        let mut claims = self.person.clone();
        let now_s = now_s();
        let minimum = json!({"iss": self.base, "aud": CLIENT_ID, "iat": now_s, "exp": now_s + 300, "nonce": nonce});
        claims.as_object_mut().unwrap().extend(minimum.as_object().unwrap().clone());
        match self.lie {
            Some(Lie::Nonce) => claims["nonce"] = json!("of another trip"),
            Some(Lie::NoNonce) => drop(claims.as_object_mut().unwrap().remove("nonce")),
            Some(Lie::Audience) => claims["aud"] = json!("another client"),
            Some(Lie::FurtherAudience) => claims["aud"] = json!([CLIENT_ID, "another client"]),
            Some(Lie::AuthorizedParty) => claims["azp"] = json!("another client"),
            Some(Lie::Expired) => claims["exp"] = json!(now_s - 120),
            Some(Lie::Old) => claims["iat"] = json!(now_s - 3_600),
            Some(Lie::Future) => claims["iat"] = json!(now_s + 3_600),
            Some(Lie::Issuer) => claims["iss"] = json!("https://id.example"),
            Some(Lie::Subject) => claims["sub"] = json!("x".repeat(256)),
            _ => {}
        }
        self.signed(&claims)
    }

    fn signed(&self, claims: &Value) -> String {
        let (algorithm, kid, key) = match (self.lie, self.algorithm) {
            (Some(Lie::Unsigned), _) => ("none", kid(self.key), self.key),
            (Some(Lie::SignedWithPublicKey | Lie::SignedWithSecret), _) => ("HS256", kid(self.key), self.key),
            (Some(Lie::StrangersKey), _) => ("RS256", kid(self.key), STRANGERS_KEY),
            (Some(Lie::UnknownKey), _) => ("RS256", kid(STRANGERS_KEY), STRANGERS_KEY),
            (_, Algorithm::Rs256) => ("RS256", kid(self.key), self.key),
            (_, Algorithm::Es256) => ("ES256", "curve".into(), 0),
            (_, Algorithm::EdDsa) => ("EdDSA", "edwards".into(), 0),
        };
        let head = json!({"alg": algorithm, "kid": kid, "typ": "JWT"});
        let text = format!("{}.{}", encoded(head.to_string()), encoded(claims.to_string()));
        let hmac = |secret: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let signature = match algorithm {
            "none" => Vec::new(),
            "HS256" if self.lie == Some(Lie::SignedWithSecret) => hmac(SECRET.as_bytes()),
            "HS256" => hmac(&KEYS[key].n().to_bytes_be()),
            "ES256" => self.curve.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec(),
            "EdDSA" => self.edwards.sign(text.as_bytes()).as_ref().to_vec(),
            _ => SigningKey::<rsa::sha2::Sha256>::new(KEYS[key].clone()).sign(text.as_bytes()).to_vec(),
        };
        format!("{text}.{}", encoded(signature))
    }
}
