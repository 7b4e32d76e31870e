//! Rate limits: for each secret key, and for each address with a public key; and how any of them is taken from.

use crate::config::RunOptions;
use crate::http::auth::Principal;
use crate::http::error::{ApiError, ApiResult};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;

/// A limiter's idle keys are dropped when it holds this many.
const KEYS_MAX: usize = 50_000;
/// A burst may be this many seconds' worth.
const BURST_SECONDS: u32 = 2;

pub type Limiter = DefaultKeyedRateLimiter<String>;

pub struct RateLimits {
    servers: Option<Limiter>,
    pages: Option<Limiter>,
}

fn limiter(per_second: u32) -> Option<Limiter> {
    let per_second = NonZeroU32::new(per_second)?;
    let burst = per_second.saturating_mul(NonZeroU32::new(BURST_SECONDS)?);
    Some(RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst)))
}

impl RateLimits {
    pub fn new(options: &RunOptions) -> Self {
        RateLimits { servers: limiter(options.rate_limit), pages: limiter(options.public_rate_limit) }
    }

    /// Takes `events` from what the sender may send now.
    pub fn take(&self, principal: &Principal, ip: Option<IpAddr>, events: usize) -> ApiResult<()> {
        let limiter = match principal {
            Principal::Page(_) => &self.pages,
            Principal::Server(_) | Principal::Person { .. } | Principal::Agent { .. } => &self.servers,
        };
        let (Some(limiter), Some(events)) = (limiter, NonZeroU32::new(events as u32)) else { return Ok(()) };
        let key = match principal {
            Principal::Page(credential) => {
                format!("{}|{}", credential.id, ip.map(|ip| ip.to_string()).unwrap_or_default())
            }
            Principal::Server(credential) => credential.id.clone(),
            Principal::Person { user_id, .. } | Principal::Agent { user_id, .. } => user_id.clone(),
        };
        take_from(limiter, &key, events)
    }
}

/// Takes `count` from what `key` may use now, or says when to come back.
pub fn take_from(limiter: &Limiter, key: &String, count: NonZeroU32) -> ApiResult<()> {
    if limiter.len() > KEYS_MAX {
        limiter.retain_recent();
    }
    match limiter.check_key_n(key, count) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(wait)) => {
            let wait = wait.wait_time_from(DefaultClock::default().now());
            Err(ApiError::RateLimited(wait.as_secs_f64().ceil().max(1.0) as u64))
        }
        Err(burst) => Err(ApiError::TooLarge(format!(
            "a batch of {count} events can never pass: the rate limit allows {} at once",
            burst.0
        ))),
    }
}
