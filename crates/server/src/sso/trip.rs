//! One way to the provider and back. A browser keeps its secret in a cookie; what has to be the same at the end is derived
//! from that, so that the server keeps nothing of trips that never end.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secrets::random_key;

/// How long a trip may take: finding one's password and one's telephone.
const TRIP_MS: i64 = 10 * 60_000;
const COOKIE_NAME: &str = "dregs-sso";
/// The longest cookie that is looked at; ours have some fifty characters.
const COOKIE_CHARS_MAX: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trip {
    /// When it began, and a secret.
    value: String,
}

impl Trip {
    pub fn begin(now_ms: i64) -> Self {
        Trip { value: format!("{now_ms}.{}", random_key("")) }
    }

    /// The trip that a browser is on.
    pub fn of(headers: &HeaderMap, is_https: bool) -> Option<Self> {
        let name = cookie_name(is_https);
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, value) = pairs.find(|(held, _)| *held == name)?;
        (value.len() <= COOKIE_CHARS_MAX).then(|| Trip { value: value.to_owned() })
    }

    pub fn is_over(&self, now_ms: i64) -> bool {
        let began_ms = self.value.split_once('.').and_then(|(began, _)| began.parse::<i64>().ok());
        began_ms.is_none_or(|began_ms| !(0..=TRIP_MS).contains(&now_ms.saturating_sub(began_ms)))
    }

    /// What the provider sends back with the browser.
    pub fn state(&self) -> String {
        self.derived("state")
    }

    /// What stands in the token, so that no token of another trip will do.
    pub fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What proves that the code was given to this trip (PKCE).
    pub fn verifier(&self) -> String {
        self.derived("verifier")
    }

    fn derived(&self, what: &str) -> String {
        // HMAC takes keys of every length.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.value.as_bytes()).expect("a key of any length");
        mac.update(what.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    pub fn set_cookie(&self, is_https: bool) -> HeaderValue {
        cookie(&self.value, TRIP_MS / 1000, is_https)
    }

    pub fn end_cookie(is_https: bool) -> HeaderValue {
        cookie("", 0, is_https)
    }
}

/// With the prefix no other host, subdomain or plain connection can set it.
fn cookie_name(is_https: bool) -> String {
    format!("{}{COOKIE_NAME}", if is_https { "__Host-" } else { "" })
}

/// It goes with requests of our own pages alone, and no script sees it.
fn cookie(value: &str, lasts_s: i64, is_https: bool) -> HeaderValue {
    let secure = if is_https { "; Secure" } else { "" };
    let name = cookie_name(is_https);
    let text = format!("{name}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}");
    // Digits, letters and marks that headers may have.
    HeaderValue::from_str(&text).expect("plain characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browser(cookies: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookies).unwrap())])
    }

    #[test]
    fn what_is_derived_tells_trips_apart_and_nothing_of_the_secret() {
        let (one, two) = (Trip::begin(0), Trip::begin(0));
        let of = |trip: &Trip| [trip.state(), trip.nonce(), trip.verifier()];
        let all: std::collections::BTreeSet<String> = of(&one).into_iter().chain(of(&two)).collect();
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|text| text.len() == 43 && !text.contains(&one.value)));
        assert_eq!(of(&one), of(&one.clone()));
    }

    #[test]
    fn a_browser_has_the_trip_that_it_was_given() {
        let trip = Trip::begin(7);
        for is_https in [true, false] {
            let set = trip.set_cookie(is_https).to_str().unwrap().to_owned();
            let pair = set.split(';').next().unwrap();
            assert_eq!(Trip::of(&browser(&format!("a=b; {pair}; c=d")), is_https), Some(trip.clone()));
            assert_eq!(Trip::of(&browser(pair), !is_https), None, "the name says how it came");
            assert_eq!((set.contains("__Host-"), set.contains("Secure")), (is_https, is_https));
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/;"));
        }
        assert_eq!(Trip::of(&browser(&format!("dregs-sso={}", "x".repeat(101))), false), None);
    }

    #[test]
    fn a_trip_takes_ten_minutes_at_most() {
        let trip = Trip::begin(1_000);
        assert!(!trip.is_over(1_000) && !trip.is_over(601_000) && trip.is_over(601_001) && trip.is_over(999));
        for odd in ["", ".", "x.y", "99999999999999999999.x"] {
            assert!(Trip { value: odd.into() }.is_over(0), "{odd}");
        }
    }
}
