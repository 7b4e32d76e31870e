//! How fast a channel is attempted: a bucket of tokens, one an attempt. What finds none waits; nothing is dropped.
//!
//! A bucket is not stored. When the server starts, or takes over from another node, each counts as just emptied but for one
//! token: whoever is started again and again does not send faster for it.

use dregs_store::ChannelConfig;

/// Attempts a minute, where a channel says nothing else. Slack takes about one message a second and channel; a mail server
/// that gets more than a mail every two seconds takes it for a flood; programs are fast.
const SLACK_PER_MINUTE: i64 = 50;
const EMAIL_PER_MINUTE: i64 = 30;
const WEBHOOK_PER_MINUTE: i64 = 30_000;
/// The most that a channel can ask for: one a millisecond.
pub const PER_MINUTE_MAX: i64 = 60_000;
/// The part of a minute's attempts that may be made at once.
const BURST_SHARE: i64 = 10;
const MINUTE_MS: f64 = 60_000.0;

/// So many attempts in any minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    per_minute: i64,
}

impl Rate {
    pub fn of(config: &ChannelConfig, max_per_minute: Option<i64>) -> Self {
        let usual = match config {
            ChannelConfig::Email { .. } => EMAIL_PER_MINUTE,
            ChannelConfig::Slack { .. } => SLACK_PER_MINUTE,
            ChannelConfig::Webhook { .. } => WEBHOOK_PER_MINUTE,
        };
        Rate { per_minute: max_per_minute.unwrap_or(usual).clamp(1, PER_MINUTE_MAX) }
    }

    pub fn per_minute(self) -> i64 {
        self.per_minute
    }

    fn burst(self) -> i64 {
        (self.per_minute / BURST_SHARE).max(1)
    }

    /// Between two tokens. A burst and what is refilled after it are no more than a minute's attempts together.
    fn interval_ms(self) -> f64 {
        MINUTE_MS / (self.per_minute - self.burst() + 1) as f64
    }

    /// How long before it is full a bucket has a token to give.
    fn slack_ms(self) -> f64 {
        self.interval_ms() * (self.burst() - 1) as f64
    }
}

/// The bucket of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// When it is full.
    full_ms: f64,
}

impl Pace {
    /// With one token at this moment.
    pub fn emptied(rate: Rate, at_ms: i64) -> Self {
        Pace { full_ms: at_ms as f64 + rate.slack_ms() }
    }

    /// When it has a token.
    pub fn free_ms(&self, rate: Rate) -> i64 {
        (self.full_ms - rate.slack_ms()).ceil() as i64
    }

    pub fn take(&mut self, rate: Rate, now_ms: i64) {
        self.full_ms = self.full_ms.max(now_ms as f64) + rate.interval_ms();
    }

    /// Whether it is as good as one that nobody used.
    pub fn is_full(&self, now_ms: i64) -> bool {
        self.full_ms <= now_ms as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_minute: i64) -> Rate {
        Rate::of(&ChannelConfig::Webhook { url: String::new() }, Some(per_minute))
    }

    /// When so many attempts are made of somebody who always has one more.
    fn attempts(rate: Rate, mut pace: Pace, from_ms: i64, count: usize) -> Vec<i64> {
        let mut now_ms = from_ms;
        let mut at_ms = Vec::new();
        for _ in 0..count {
            now_ms = now_ms.max(pace.free_ms(rate));
            pace.take(rate, now_ms);
            at_ms.push(now_ms);
        }
        at_ms
    }

    #[test]
    fn no_minute_has_more_attempts_than_allowed_and_none_is_wasted() {
        for per_minute in [1, 2, 7, 50, 600, 7_000, PER_MINUTE_MAX] {
            let rate = rate(per_minute);
            let full = Pace { full_ms: 0.0 };
            let at_ms = attempts(rate, full, 1_000_000, 3 * per_minute as usize + 3);
            // One more attempt than allowed takes a minute at least, wherever it is counted from.
            let windows = at_ms.windows(per_minute as usize + 1);
            let shortest = windows.map(|window| window[per_minute as usize] - window[0]).min();
            assert!(shortest >= Some(60_000), "{per_minute}: {shortest:?}");
            let minutes = (at_ms[at_ms.len() - 1] - at_ms[0]) as f64 / MINUTE_MS;
            let fewest = at_ms.len() as f64 / per_minute as f64;
            assert!(minutes <= fewest * 1.2, "{per_minute}: {minutes}");
        }
    }

    #[test]
    fn a_burst_is_a_tenth_and_a_restart_gives_no_other() {
        let rate = rate(50);
        let burst = attempts(rate, Pace { full_ms: 0.0 }, 1_000, 7);
        assert_eq!(burst[..5], [1_000; 5]);
        assert!(burst[5] > 2_000 && burst[6] > 3_000, "{burst:?}");
        let begun = attempts(rate, Pace::emptied(rate, 1_000), 1_000, 3);
        assert!(begun[0] == 1_000 && begun[1] > 2_000 && begun[2] > 3_000, "{begun:?}");
        assert!(Pace::emptied(rate, 0).is_full(60_000) && !Pace::emptied(rate, 0).is_full(1));
    }

    #[test]
    fn types_have_their_usual_rates() {
        let slack = Rate::of(&ChannelConfig::Slack { url: String::new() }, None);
        let mail = Rate::of(&ChannelConfig::Email { to: Vec::new() }, None);
        assert_eq!((slack.per_minute(), mail.per_minute(), rate(0).per_minute()), (50, 30, 1));
    }
}
