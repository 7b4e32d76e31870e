//! Single sign-on: people sign in at an OpenID Connect provider that the operator named, and get a session here.
//!
//! The provider says who somebody is there (`provider.rs`), `people.rs` who that is here. The dashboard carries the code
//! from the provider's answer to `POST /api/auth/sso`, together with the cookie of its trip (`trip.rs`).

pub mod options;
pub mod people;
#[cfg(feature = "sso")]
mod provider;
#[cfg(not(feature = "sso"))]
#[path = "absent.rs"]
mod provider;
pub mod trip;

use crate::http::error::{ApiError, ApiResult};
use options::SsoOptions;
pub use provider::Provider;

/// The page of the dashboard that the provider sends people back to.
pub const RETURN_PAGE: &str = "sign-in";

/// What a provider says of somebody, once it is sure that the provider said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub issuer: String,
    /// Who it is there, for ever.
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider made sure that the address is theirs.
    pub is_verified: bool,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

/// Why it is not known who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// What the browser brought, or what the provider said of it, does not hold.
    Rejected(&'static str),
    /// The provider does not answer as it should, whoever asks.
    Elsewhere(&'static str),
    /// Too many are being looked at.
    Busy,
}

impl From<Trouble> for ApiError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Rejected(why) => ApiError::Unauthorized(why),
            Trouble::Elsewhere(why) => ApiError::Elsewhere(why),
            Trouble::Busy => ApiError::Unavailable(crate::http::error::RETRY_AFTER_S),
        }
    }
}

/// The provider, if there is one, and what else may be used to get in.
pub struct Sso {
    provider: Option<Provider>,
    /// Whether browsers reach this server by HTTPS.
    pub is_https: bool,
    takes_passwords: bool,
}

impl Sso {
    pub fn new(options: &SsoOptions, public_url: &str) -> Result<Self, String> {
        let provider = match options.sso_issuer {
            None => None,
            Some(_) => Some(Provider::new(options, public_url)?),
        };
        Ok(Sso { provider, is_https: public_url.starts_with("https://"), takes_passwords: !options.sso_only })
    }

    pub fn takes_passwords(&self) -> bool {
        self.takes_passwords
    }

    pub fn check_passwords_are_taken(&self) -> ApiResult<()> {
        match self.takes_passwords {
            true => Ok(()),
            false => Err(ApiError::Forbidden("this server takes no passwords: use single sign-on")),
        }
    }

    /// The provider, if there is one.
    pub fn offered(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    pub fn provider(&self) -> ApiResult<&Provider> {
        let none = || ApiError::NotFound("single sign-on is not set up on this server".into());
        self.provider.as_ref().ok_or_else(none)
    }
}
