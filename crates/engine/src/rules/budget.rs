//! The false-positive budget: how many of those a rule fires on may turn out to be legitimate before it is paused.

use crate::statistics::Share;
use serde::{Deserialize, Serialize};

/// Fewer labelled identities than this pause nothing, whatever they say.
pub const LABELS_MIN: u64 = 10;
/// How far back a rule's firings count.
pub const WINDOW_MS: i64 = 30 * 24 * 3600 * 1000;

/// What a rule may get wrong, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Budget {
    /// Share of legitimate ones among the labelled ones it fired on; none: it is never paused.
    pub share: Option<f64>,
    pub paused: Option<Pause>,
    /// Only what it fires on, and what is labelled, since then counts.
    pub counted_from_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    pub at_ms: i64,
    pub reason: String,
}

impl Budget {
    pub fn check(&self) -> Result<(), String> {
        match self.share {
            Some(share) if !(0.0..=1.0).contains(&share) => Err("falsePositiveBudget must be 0 to 1".into()),
            _ => Ok(()),
        }
    }

    pub fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// From when on firings count.
    pub fn fired_from_ms(&self, now_ms: i64) -> i64 {
        self.counted_from_ms.max(now_ms.saturating_sub(WINDOW_MS))
    }

    /// Why the rule is to be paused, if it is: so many of those it fired on are labelled, and so many of them legitimate.
    /// The lower end of the interval has to be above the budget: one unlucky label pauses no good rule.
    pub fn overspent(&self, legitimate: u64, labelled: u64) -> Option<String> {
        let allowed = self.share.filter(|_| !self.is_paused() && labelled >= LABELS_MIN)?;
        let found = Share::of(legitimate, labelled).filter(|found| found.low > allowed)?;
        let percent = |share: f64| (share * 1000.0).round() / 10.0;
        Some(format!(
            "{legitimate} of {labelled} labelled identities it fired on are legitimate: at least {}%, and {}% are allowed",
            percent(found.low),
            percent(allowed)
        ))
    }

    pub fn pause(&mut self, reason: String, now_ms: i64) {
        self.paused = Some(Pause { at_ms: now_ms, reason });
    }

    /// Lets the rule work again, and begins to count anew.
    pub fn resume(&mut self, now_ms: i64) {
        if self.paused.take().is_some() {
            self.counted_from_ms = now_ms;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_paused_when_it_is_surely_wrong_too_often() {
        let budget = Budget { share: Some(0.2), ..Budget::default() };
        assert_eq!(budget.overspent(9, 9), None, "too few labels");
        assert_eq!(budget.overspent(3, 10), None, "30% of ten may be bad luck");
        let reason = budget.overspent(6, 10).unwrap();
        assert!(reason.contains("6 of 10") && reason.contains("20%"), "{reason}");
        assert_eq!(Budget::default().overspent(100, 100), None, "without a budget nothing is overspent");
        assert_eq!(Budget { share: Some(1.0), ..Budget::default() }.overspent(100, 100), None);
    }

    #[test]
    fn resuming_counts_anew_and_a_paused_rule_is_not_paused_again() {
        let mut budget = Budget { share: Some(0.0), ..Budget::default() };
        assert_eq!(budget.fired_from_ms(WINDOW_MS + 7), 7);
        budget.pause("why".into(), 5);
        assert!(budget.is_paused() && budget.overspent(10, 10).is_none());
        budget.resume(WINDOW_MS);
        assert_eq!((budget.is_paused(), budget.fired_from_ms(WINDOW_MS + 7)), (false, WINDOW_MS));
        budget.resume(WINDOW_MS * 9);
        assert_eq!(budget.counted_from_ms, WINDOW_MS, "what is not paused goes on counting");
    }

    #[test]
    fn a_share_is_between_nothing_and_all() {
        for wrong in [-0.1, 1.1, f64::NAN] {
            assert!(Budget { share: Some(wrong), ..Budget::default() }.check().is_err());
        }
        assert_eq!(serde_json::from_str::<Budget>("{}").unwrap(), Budget::default());
    }
}
