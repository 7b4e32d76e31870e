//! Attempts at passwords and tokens, bounded by account and network.
//!
//! Refusing costs one read; whoever is not refused first gets a turn to compute a hash, and only then is counted, so that a
//! flood has few writes at once. An address nobody has is counted like any other.

use crate::app::App;
use crate::http::error::{ApiError, ApiResult};
use crate::secrets::token_hash;
use dregs_store::{ACCOUNT, ADDRESS, INVITING, PAIR, TeamId, Throttle};
use std::net::IpAddr;

const FAILED_TOO_OFTEN: &str = "too many failed attempts";
const INVITED_TOO_MANY: &str = "the team has invited too many people";

/// Bits of an address that one customer of a network typically has to choose from are left away.
const V4_PREFIX_BITS: u32 = 24;
const V6_PREFIX_BITS: u32 = 64;

pub struct Attempt {
    throttles: Vec<Throttle>,
    /// The key under which it is remembered that somebody has logged in from this network.
    known: Option<String>,
    refusal: &'static str,
}

impl Attempt {
    /// At the password of an account; `email` as [`crate::http::names::folded`] makes it. The counts belong to the password,
    /// by its hash: whoever is given another one need not wait for what was tried at the old one.
    pub fn at_account(email: &str, password_hash: Option<&str>, ip: Option<IpAddr>) -> Self {
        let (network, password) = (network(ip), password_hash.unwrap_or_default());
        let pair = Throttle { key: key("pair", &[email, password, &network]), rule: &PAIR };
        let account = Throttle { key: key("account", &[email, password]), rule: &ACCOUNT };
        Attempt {
            throttles: vec![pair, account, at_network(&network)],
            known: Some(key("known", &[email, &network])),
            refusal: FAILED_TOO_OFTEN,
        }
    }

    /// At a token. Tokens are too long to be guessed, many at once or not: only what has failed is counted.
    pub fn at_token(ip: Option<IpAddr>) -> Self {
        Attempt { throttles: vec![at_network(&network(ip))], known: None, refusal: FAILED_TOO_OFTEN }
    }

    /// At inviting somebody, which never counts as a success.
    pub fn at_inviting(team: &TeamId) -> Self {
        let throttle = Throttle { key: key("inviting", &[team.as_str()]), rule: &INVITING };
        Attempt { throttles: vec![throttle], known: None, refusal: INVITED_TOO_MANY }
    }

    /// Refuses who has to wait, without counting anything.
    pub async fn check(&self, app: &App) -> ApiResult<()> {
        let now_ms = app.clock.now_ms();
        let until_ms = app.store.refused_until(&self.throttles, self.known.as_deref(), now_ms).await?;
        self.refused(until_ms, now_ms)
    }

    /// Counts the attempt as failed, until it succeeds.
    pub async fn take(&self, app: &App) -> ApiResult<()> {
        let now_ms = app.clock.now_ms();
        let until_ms = app.store.take_attempt(&self.throttles, self.known.as_deref(), now_ms).await?;
        self.refused(until_ms, now_ms)
    }

    /// Counts an attempt that has failed already. It waits for its turn like those that compute a hash.
    pub async fn failed(&self, app: &App) -> ApiResult<()> {
        let _turn = app.passwords.turn().await?;
        self.take(app).await
    }

    pub async fn succeeded(&self, app: &App) -> ApiResult<()> {
        Ok(app.store.forgive_attempt(&self.throttles, self.known.as_deref(), app.clock.now_ms()).await?)
    }

    fn refused(&self, until_ms: Option<i64>, now_ms: i64) -> ApiResult<()> {
        match until_ms {
            None => Ok(()),
            Some(until_ms) => Err(ApiError::TooSoon(((until_ms - now_ms).max(1) as u64).div_ceil(1000), self.refusal)),
        }
    }
}

fn at_network(network: &str) -> Throttle {
    Throttle { key: key("network", &[network]), rule: &ADDRESS }
}

fn key(kind: &str, of: &[&str]) -> String {
    token_hash(&format!("{kind}\n{}", of.join("\n")))
}

/// The network of an address: what one attacker can change at no cost.
pub fn network(ip: Option<IpAddr>) -> String {
    match ip {
        Some(IpAddr::V4(ip)) => format!("{:x}", ip.to_bits() >> (32 - V4_PREFIX_BITS)),
        Some(IpAddr::V6(ip)) => format!("v6 {:x}", ip.to_bits() >> (128 - V6_PREFIX_BITS)),
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_network() {
        let of = |ip: &str| network(Some(ip.parse().unwrap()));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1:2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("::1"), of("0.0.0.1"));
    }

    #[test]
    fn keys_tell_accounts_apart_and_name_none() {
        let keys =
            |email: &str| Attempt::at_account(email, Some("hash"), None).throttles.into_iter().map(|held| held.key);
        assert!(keys("ann@example.org").all(|key| key.len() == 64 && !key.contains("ann")));
        assert_eq!(keys("ann@example.org").zip(keys("bob@example.org")).filter(|(a, b)| a == b).count(), 1);
    }
}
