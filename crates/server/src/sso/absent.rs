//! In the place of the provider in a build without single sign-on: there is none.

use super::options::SsoOptions;
use super::trip::Trip;
use super::{Claimed, Trouble};

/// Nobody has one.
pub enum Provider {}

impl Provider {
    pub fn new(_options: &SsoOptions, _public_url: &str) -> Result<Self, String> {
        Err("this dregs was built without single sign-on: leave --sso-issuer out, or build it with the feature sso"
            .into())
    }

    pub async fn authorize_url(&self, _trip: &Trip, _now_ms: i64) -> Result<String, Trouble> {
        match *self {}
    }

    pub async fn claimed(&self, _code: String, _trip: &Trip, _now_ms: i64) -> Result<Claimed, Trouble> {
        match *self {}
    }

    pub fn issuer(&self) -> &str {
        match *self {}
    }

    pub fn logout_url(&self) -> Option<String> {
        match *self {}
    }
}
