//! The false-positive budget of a rule on the wire.

use crate::http::error::{ApiError, ApiResult};
use dregs_engine::rules::Budget;

/// The budget as a change of the rule leaves it: `share` is set, or taken away by null; `paused` false resumes the rule.
pub fn changed(mut budget: Budget, share: Option<Option<f64>>, paused: Option<bool>, now_ms: i64) -> ApiResult<Budget> {
    if let Some(share) = share {
        budget.share = share;
    }
    match paused {
        Some(true) => Err(ApiError::BadRequest(
            "paused can only be set to false: to stop a rule by hand, set enabled to false".into(),
        )),
        Some(false) => {
            budget.resume(now_ms);
            Ok(budget)
        }
        None => Ok(budget),
    }
}
