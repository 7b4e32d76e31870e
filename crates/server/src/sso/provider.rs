//! The OpenID Connect provider: what it publishes of itself, and what its tokens are worth.
//!
//! The operator named it: it may stand in their own network. Redirects are not followed, answers are bounded in size and time,
//! and nothing goes over a connection that others could read.

use super::options::{SsoOptions, is_protected};
use super::trip::Trip;
use super::{Claimed, RETURN_PAGE, Trouble};
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AdditionalClaims, AsyncHttpClient, AuthType, AuthorizationCode, ClaimsVerificationError, Client,
    ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndUserEmail, EndUserName, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdToken, IdTokenClaims, IdTokenFields, IdTokenVerifier,
    IssuerUrl, LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadataWithLogout, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
};
use reqwest::{Url, redirect};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Mutex, Semaphore};

/// How much of an answer is read: keys and tokens are some kilobytes.
const ANSWER_BYTES_MAX: usize = 512 * 1024;
/// How long what the provider publishes is taken as it was; when it does not answer then, what is known goes on.
const PUBLISHED_MS: i64 = 3_600_000;
/// It is asked anew no sooner than this, whoever brings tokens of unknown keys or however it fails.
const ASK_APART_MS: i64 = 10_000;
/// People whose codes are being exchanged at once.
const EXCHANGES_MAX: usize = 32;
/// How far the provider's clock may be from ours.
const CLOCKS_DIFFER_MS: i64 = 60_000;
/// How old a token may be: it was made for the code that has just come.
const TOKEN_AGE_MS: i64 = 10 * 60_000;
/// What a subject may be long (OpenID Connect Core, 2).
const SUBJECT_CHARS_MAX: usize = 255;
/// Groups looked at; nobody is in more.
const GROUPS_MAX: usize = 1_000;

/// Algorithms by which tokens may be signed: the provider's private key makes them, its public one checks them. What uses a
/// secret that both know is not among them, nor is none.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 5] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

const UNREACHABLE: Trouble = Trouble::Elsewhere(
    "the provider of single sign-on does not answer as it should: try again, and tell the operator if that goes on",
);
const MISCONFIGURED: Trouble =
    Trouble::Elsewhere("the provider of single sign-on does not accept this server: tell the operator");
const UNUSABLE_CODE: Trouble =
    Trouble::Rejected("the provider did not confirm this sign-in, or it was used already: begin again");
const UNUSABLE_TOKEN: Trouble = Trouble::Rejected("what the provider said of you could not be verified: begin again");

/// Every claim that is not a standard one.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for OtherClaims {}

type Token = IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;
type Fields = IdTokenFields<
    OtherClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Answer = StandardTokenResponse<Fields, CoreTokenType>;
type OidcClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Answer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the provider publishes of itself.
struct Published {
    client: OidcClient,
    keys: CoreJsonWebKeySet,
    logout_url: Option<String>,
    asked_ms: i64,
}

pub struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<ClientSecret>,
    redirect: RedirectUrl,
    scopes: Vec<String>,
    /// The claim that names groups, where they matter.
    role_claim: Option<String>,
    http: Http,
    published: RwLock<Option<Arc<Published>>>,
    /// When it was last asked in vain; held while it is asked.
    failed_ms: Mutex<Option<i64>>,
    exchanges: Semaphore,
}

impl Provider {
    pub fn new(options: &SsoOptions, public_url: &str) -> Result<Self, String> {
        let id = options.sso_client_id.clone().filter(|id| !id.is_empty());
        let issuer = options.sso_issuer.clone().unwrap_or_default();
        let redirect = format!("{}/{RETURN_PAGE}", public_url.trim_end_matches('/'));
        Ok(Provider {
            issuer: IssuerUrl::new(issuer).map_err(|error| format!("--sso-issuer is not usable: {error}"))?,
            client_id: ClientId::new(id.ok_or("--sso-client-id is missing: it is what this server is called there")?),
            secret: options.secret()?.map(ClientSecret::new),
            redirect: RedirectUrl::new(redirect).map_err(|error| format!("--public-url is not usable: {error}"))?,
            scopes: options.sso_scopes.iter().filter(|scope| *scope != "openid").cloned().collect(),
            role_claim: (!options.sso_roles.is_empty()).then(|| options.sso_role_claim.clone()),
            http: Http::new(Duration::from_secs(options.sso_timeout))?,
            published: RwLock::new(None),
            failed_ms: Mutex::new(None),
            exchanges: Semaphore::new(EXCHANGES_MAX),
        })
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where people end their session at the provider, once that is known.
    pub fn logout_url(&self) -> Option<String> {
        self.known()?.logout_url.clone()
    }

    /// Where a browser goes to sign in.
    pub async fn authorize_url(&self, trip: &Trip, now_ms: i64) -> Result<String, Trouble> {
        let published = self.published(now_ms).await?;
        let (state, nonce) = (trip.state(), trip.nonce());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(trip.verifier()));
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = published.client.authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce));
        let request = request.add_scopes(self.scopes.iter().cloned().map(Scope::new)).set_pkce_challenge(challenge);
        Ok(request.url().0.to_string())
    }

    /// Who the provider says has brought this code.
    pub async fn claimed(&self, code: String, trip: &Trip, now_ms: i64) -> Result<Claimed, Trouble> {
        let _place = self.exchanges.try_acquire().map_err(|_| Trouble::Busy)?;
        let published = self.published(now_ms).await?;
        let answer = self.exchange(&published, code, trip).await?;
        let token = answer.id_token().ok_or_else(|| {
            tracing::warn!("the provider of single sign-on gives no ID token: is the scope openid allowed there?");
            MISCONFIGURED
        })?;
        let claims = self.verified(&published, token, &Nonce::new(trip.nonce()), now_ms).await?;
        let mut claimed = self.read(
            claims.additional_claims(),
            claims.subject(),
            claims.email(),
            claims.email_verified(),
            claims.name(),
        )?;
        if self.is_thin(&claimed) && published.client.user_info_url().is_some() {
            self.add_user_info(&published, answer.access_token().clone(), claims, &mut claimed).await?;
        }
        Ok(claimed)
    }

    async fn exchange(&self, published: &Published, code: String, trip: &Trip) -> Result<Answer, Trouble> {
        let request = published.client.exchange_code(AuthorizationCode::new(code)).map_err(|error| {
            tracing::warn!(%error, "the provider of single sign-on publishes no token endpoint");
            UNREACHABLE
        })?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(trip.verifier()));
        request.request_async(&self.http).await.map_err(|error| match &error {
            RequestTokenError::ServerResponse(said) => match said.error() {
                CoreErrorResponseType::InvalidGrant | CoreErrorResponseType::InvalidRequest => UNUSABLE_CODE,
                code => {
                    tracing::warn!(code = code.as_ref(), "the provider of single sign-on refuses this server");
                    MISCONFIGURED
                }
            },
            other => {
                tracing::warn!(cause = causes(other), "no token from the provider of single sign-on");
                UNREACHABLE
            }
        })
    }

    /// The claims of a token, if it is the provider's, for this server and this trip. Keys may have been changed since they
    /// were read: for a key that is not known they are read once more.
    async fn verified<'a>(
        &self,
        published: &Published,
        token: &'a Token,
        nonce: &Nonce,
        now_ms: i64,
    ) -> Result<&'a Claims, Trouble> {
        let unknown = ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey);
        let found = match self.verify(&published.keys, token, nonce, now_ms) {
            Err(error) if error == unknown => {
                let published = self.ask(now_ms, ASK_APART_MS).await?;
                self.verify(&published.keys, token, nonce, now_ms)
            }
            found => found,
        };
        found.map_err(|error| {
            tracing::warn!(cause = kind_of(&error), "a token of single sign-on is refused");
            UNUSABLE_TOKEN
        })
    }

    fn verify<'a>(
        &self,
        keys: &CoreJsonWebKeySet,
        token: &'a Token,
        nonce: &Nonce,
        now_ms: i64,
    ) -> Result<&'a Claims, ClaimsVerificationError> {
        let issued = now_ms - TOKEN_AGE_MS..=now_ms + CLOCKS_DIFFER_MS;
        let verifier = IdTokenVerifier::new_public_client(self.client_id.clone(), self.issuer.clone(), keys.clone())
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || at(now_ms - CLOCKS_DIFFER_MS))
            .set_issue_time_verifier_fn(move |issued_at| match issued.contains(&issued_at.timestamp_millis()) {
                true => Ok(()),
                false => Err("issued at another time".into()),
            });
        let claims = token.claims(&verifier, nonce)?;
        // The library leaves this to us.
        match claims.authorized_party() {
            Some(party) if *party != self.client_id => {
                Err(ClaimsVerificationError::InvalidAudience("azp names another client".into()))
            }
            _ => Ok(claims),
        }
    }

    fn read(
        &self,
        others: &OtherClaims,
        subject: &str,
        email: Option<&EndUserEmail>,
        is_verified: Option<bool>,
        name: Option<&LocalizedClaim<EndUserName>>,
    ) -> Result<Claimed, Trouble> {
        if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS_MAX || subject.contains('\0') {
            return Err(UNUSABLE_TOKEN);
        }
        Ok(Claimed {
            issuer: self.issuer.to_string(),
            subject: subject.to_owned(),
            email: email.map(|email| email.to_string()),
            is_verified: is_verified == Some(true),
            name: name.and_then(|names| names.get(None)).map(|name| name.to_string()),
            groups: self.role_claim.as_deref().map(|claim| groups(&others.all, claim)).unwrap_or_default(),
        })
    }

    /// Whether the token leaves out what some providers tell at their user info alone.
    fn is_thin(&self, claimed: &Claimed) -> bool {
        claimed.email.is_none() || (self.role_claim.is_some() && claimed.groups.is_empty())
    }

    /// Adds what the provider tells of the same person when it is asked.
    async fn add_user_info(
        &self,
        published: &Published,
        token: AccessToken,
        claims: &Claims,
        claimed: &mut Claimed,
    ) -> Result<(), Trouble> {
        let refused = |error: &dyn Error| {
            tracing::warn!(cause = causes(error), "the provider of single sign-on tells nothing more of somebody");
            UNREACHABLE
        };
        let request = published.client.user_info(token, Some(claims.subject().clone()));
        let request = request.map_err(|error| refused(&error))?;
        let told: UserInfoClaims<OtherClaims, CoreGenderClaim> =
            request.request_async(&self.http).await.map_err(|error| refused(&error))?;
        let who = told.standard_claims();
        let more = self.read(told.additional_claims(), who.subject(), who.email(), who.email_verified(), who.name())?;
        // An address and whether it is verified belong together.
        if claimed.email.is_none() {
            (claimed.email, claimed.is_verified) = (more.email, more.is_verified);
        }
        claimed.name = claimed.name.take().or(more.name);
        if claimed.groups.is_empty() {
            claimed.groups = more.groups;
        }
        Ok(())
    }

    fn known(&self) -> Option<Arc<Published>> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the provider publishes, at most an hour old where it answers.
    async fn published(&self, now_ms: i64) -> Result<Arc<Published>, Trouble> {
        match self.known() {
            Some(known) if is_fresh(&known, now_ms, PUBLISHED_MS) => Ok(known),
            Some(known) => Ok(self.ask(now_ms, PUBLISHED_MS).await.unwrap_or(known)),
            None => self.ask(now_ms, PUBLISHED_MS).await,
        }
    }

    /// Asks the provider what it publishes, unless somebody did within `apart_ms`, or did in vain a moment ago.
    async fn ask(&self, now_ms: i64, apart_ms: i64) -> Result<Arc<Published>, Trouble> {
        let mut failed_ms = self.failed_ms.lock().await;
        if let Some(known) = self.known().filter(|known| is_fresh(known, now_ms, apart_ms)) {
            return Ok(known);
        }
        if failed_ms.is_some_and(|at_ms| (0..ASK_APART_MS).contains(&(now_ms - at_ms))) {
            return Err(UNREACHABLE);
        }
        match self.discover(now_ms).await {
            Ok(published) => {
                let published = Arc::new(published);
                *self.published.write().unwrap_or_else(PoisonError::into_inner) = Some(published.clone());
                *failed_ms = None;
                Ok(published)
            }
            Err(cause) => {
                tracing::warn!(cause, "the provider of single sign-on cannot be used");
                *failed_ms = Some(now_ms);
                Err(UNREACHABLE)
            }
        }
    }

    async fn discover(&self, now_ms: i64) -> Result<Published, String> {
        let metadata = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), &self.http);
        let metadata = metadata.await.map_err(|error| causes(&error))?;
        let authorize = metadata.authorization_endpoint().url();
        if !is_protected(authorize) {
            return Err(format!("its authorization endpoint is not https: {authorize}"));
        }
        let logout = metadata.additional_metadata().end_session_endpoint.as_ref().map(|url| url.url().clone());
        let keys = metadata.jwks().clone();
        let auth_type = auth_type(metadata.token_endpoint_auth_methods_supported());
        let client = OidcClient::from_provider_metadata(metadata, self.client_id.clone(), self.secret.clone());
        Ok(Published {
            client: client.set_redirect_uri(self.redirect.clone()).set_auth_type(auth_type),
            keys,
            logout_url: logout.filter(is_protected).map(|mut url| {
                url.query_pairs_mut().append_pair("client_id", &self.client_id);
                url.into()
            }),
            asked_ms: now_ms,
        })
    }
}

fn is_fresh(published: &Published, now_ms: i64, lasts_ms: i64) -> bool {
    now_ms - published.asked_ms < lasts_ms
}

/// Basic is what every provider has to know, unless it says that it does not.
fn auth_type(supported: Option<&Vec<CoreClientAuthMethod>>) -> AuthType {
    let knows = |method| supported.is_none_or(|held| held.contains(&method));
    match !knows(CoreClientAuthMethod::ClientSecretBasic) && knows(CoreClientAuthMethod::ClientSecretPost) {
        true => AuthType::RequestBody,
        false => AuthType::BasicAuth,
    }
}

fn at(time_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(time_ms).unwrap_or_default()
}

/// What a claim names, as it is or along its dots.
fn groups(claims: &Map<String, Value>, claim: &str) -> Vec<String> {
    let within = || {
        let mut parts = claim.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    match claims.get(claim).or_else(within) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().take(GROUPS_MAX).filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with a token, without what stands in it.
fn kind_of(error: &ClaimsVerificationError) -> String {
    match error {
        ClaimsVerificationError::Expired(_) => "expired, or issued at another time".into(),
        ClaimsVerificationError::InvalidAudience(_) => "for another client".into(),
        ClaimsVerificationError::InvalidIssuer(_) => "of another issuer".into(),
        ClaimsVerificationError::InvalidNonce(_) => "of another trip".into(),
        ClaimsVerificationError::SignatureVerification(error) => format!("signature: {error}"),
        _ => "not understood".into(),
    }
}

/// An error with what it comes from.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// Why a request has no answer.
#[derive(Debug)]
struct Unanswered(String);

impl std::fmt::Display for Unanswered {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Unanswered {}

/// Asks the provider.
struct Http(reqwest::Client);

impl Http {
    fn new(timeout: Duration) -> Result<Self, String> {
        // Somebody else in this process may have done so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent("Dregs-Sso/1")
            .timeout(timeout)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| format!("client for single sign-on cannot be made: {error}"))?;
        Ok(Http(client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| Unanswered(error.to_string()))?;
        if !is_protected(&url) {
            return Err(Unanswered(format!("{url} is not https")));
        }
        let unanswered = |error: reqwest::Error| Unanswered(causes(&error.without_url()));
        let request = self.0.request(parts.method, url).headers(parts.headers).body(body);
        let mut answer = request.send().await.map_err(unanswered)?;
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unanswered)? {
            if read.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Unanswered(format!("the answer is larger than {ANSWER_BYTES_MAX} bytes")));
            }
            read.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(read);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_are_read_as_they_are_or_along_dots() {
        let claims = json!({
            "groups": ["a", 7, "b"], "one": "c", "realm_access": {"roles": ["d"]}, "https://x.example/groups": ["e"],
        });
        let of = |claim| groups(claims.as_object().unwrap(), claim);
        assert_eq!((of("groups"), of("one")), (vec!["a".into(), "b".into()], vec!["c".into()]));
        assert_eq!((of("realm_access.roles"), of("https://x.example/groups")), (vec!["d".into()], vec!["e".into()]));
        for none in ["none", "groups.a", "realm_access", "one.two", ""] {
            assert!(of(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn the_secret_goes_into_the_header_unless_the_provider_wants_it_in_the_body() {
        let (basic, post) = (CoreClientAuthMethod::ClientSecretBasic, CoreClientAuthMethod::ClientSecretPost);
        let in_body = |held: Option<Vec<_>>| matches!(auth_type(held.as_ref()), AuthType::RequestBody);
        assert!(in_body(Some(vec![post.clone()])));
        assert!(!in_body(None) && !in_body(Some(vec![basic.clone(), post])) && !in_body(Some(vec![basic])));
    }
}
