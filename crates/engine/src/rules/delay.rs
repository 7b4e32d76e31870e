//! A state that follows its conditions only after they have held for a while.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delayed {
    pub on: bool,
    /// Since when the conditions have said otherwise.
    pub turning_ms: Option<i64>,
}

impl Delayed {
    /// The state after the conditions were looked at, and when time alone will change it. `off_after_ms` none: never off.
    pub fn settle(
        self,
        hold: bool,
        on_after_ms: i64,
        off_after_ms: Option<i64>,
        now_ms: i64,
    ) -> (Delayed, Option<i64>) {
        if hold == self.on {
            return (Delayed { on: self.on, turning_ms: None }, None);
        }
        let since_ms = self.turning_ms.unwrap_or(now_ms).min(now_ms);
        let after_ms = if hold { Some(on_after_ms) } else { off_after_ms };
        match after_ms.map(|after_ms| since_ms.saturating_add(after_ms)) {
            Some(at_ms) if at_ms <= now_ms => (Delayed { on: hold, turning_ms: None }, None),
            at_ms => (Delayed { on: self.on, turning_ms: Some(since_ms) }, at_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: Delayed = Delayed { on: false, turning_ms: None };
    const ON: Delayed = Delayed { on: true, turning_ms: None };

    #[test]
    fn without_a_delay_it_follows_at_once() {
        assert_eq!(OFF.settle(true, 0, Some(0), 5), (ON, None));
        assert_eq!(ON.settle(false, 0, Some(0), 5), (OFF, None));
    }

    #[test]
    fn it_waits_until_the_conditions_have_held_long_enough() {
        let (waiting, next) = OFF.settle(true, 100, Some(50), 1000);
        assert_eq!((waiting.on, waiting.turning_ms, next), (false, Some(1000), Some(1100)));
        assert_eq!(waiting.settle(true, 100, Some(50), 1099).0, waiting);
        assert_eq!(waiting.settle(true, 100, Some(50), 1100), (ON, None));
        assert_eq!(waiting.settle(false, 100, Some(50), 1050), (OFF, None), "an interruption begins anew");
    }

    #[test]
    fn never_off_is_never_off() {
        let (held, next) = ON.settle(false, 0, None, 7);
        assert_eq!((held.on, held.turning_ms, next), (true, Some(7), None));
        assert!(held.settle(false, 0, None, i64::MAX).0.on);
    }
}
