//! Periods that figures are asked for.

use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::time_if_given;
use serde::Deserialize;
use utoipa::IntoParams;

pub const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;
const DEFAULT_MS: i64 = 7 * DAY_MS;
/// Longest period: counters of hours are kept a little longer.
const DAYS_MAX: i64 = 366;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// ISO-8601; seven days before `to` when absent.
    from: Option<String>,
    /// ISO-8601; now when absent. At most 366 days after `from`.
    to: Option<String>,
}

impl PeriodParams {
    /// Whether it names a beginning or an end.
    pub fn is_given(&self) -> bool {
        [&self.from, &self.to].into_iter().flatten().any(|text| !text.is_empty())
    }

    /// From and to, in epoch milliseconds.
    pub fn within(&self, now_ms: i64) -> ApiResult<(i64, i64)> {
        let to_ms = time_if_given("to", self.to.as_deref())?.unwrap_or(now_ms + 1);
        let from_ms = time_if_given("from", self.from.as_deref())?.unwrap_or(to_ms.saturating_sub(DEFAULT_MS));
        match () {
            () if from_ms >= to_ms => Err(ApiError::BadRequest("from must be before to".into())),
            () if to_ms.saturating_sub(from_ms) > DAYS_MAX * DAY_MS => {
                Err(ApiError::BadRequest(format!("to must be at most {DAYS_MAX} days after from")))
            }
            () => Ok((from_ms, to_ms)),
        }
    }
}

/// The period widened to whole steps of `step_ms`.
pub fn widened((from_ms, to_ms): (i64, i64), step_ms: i64) -> (i64, i64) {
    (from_ms - from_ms.rem_euclid(step_ms), to_ms + (-to_ms).rem_euclid(step_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_widened_to_whole_steps() {
        assert_eq!(widened((5, 11), 10), (0, 20));
        assert_eq!(widened((10, 20), 10), (10, 20));
    }

    #[test]
    fn the_last_seven_days_when_nothing_is_said() {
        let params = PeriodParams { from: None, to: Some(String::new()) };
        assert!(!params.is_given());
        assert_eq!(params.within(8 * DAY_MS).unwrap(), (DAY_MS + 1, 8 * DAY_MS + 1));
    }
}
