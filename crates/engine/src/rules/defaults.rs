//! The rules a team begins with: useful at once, and examples to change.

use super::condition::Which;
use super::{BadgeKind, BadgeRule, Budget, Condition, EscalationRule, Severity, slug_of};

/// The upper end of the critical band, and the lower of the good one.
const CRITICAL_BELOW: u8 = 25;
const GOOD_FROM: u8 = 75;
const WEEK_S: i64 = 7 * 24 * 3600;
/// A score that swings takes its badge off and on again only so often.
const REMOVE_DELAY_S: i64 = 600;
/// How long a score must be critical before somebody is called, and how long it must have been better to call it off.
const OPEN_AFTER_S: i64 = 60;
const CLOSE_AFTER_S: i64 = WEEK_S;

/// Without ids: whoever keeps them gives these.
pub fn badge_rules() -> Vec<BadgeRule> {
    let critical = |name: &str, category| {
        badge(name, BadgeKind::Bad, 50, vec![Condition::ScoreLt { category, threshold: CRITICAL_BELOW }])
    };
    let good = [Which::Humanity, Which::Authenticity, Which::Uniqueness, Which::Behavior];
    let mut trusted: Vec<Condition> =
        good.map(|category| Condition::ScoreGte { category, threshold: GOOD_FROM }).into();
    trusted.push(Condition::IdentityAgeGt { seconds: WEEK_S });
    vec![
        badge("Trusted", BadgeKind::Good, 10, trusted),
        critical("Likely Bot", Which::Humanity),
        critical("Fake Data", Which::Authenticity),
        critical("Multi-Account", Which::Uniqueness),
        critical("Suspicious", Which::Behavior),
    ]
}

fn badge(name: &str, kind: BadgeKind, priority: i32, conditions: Vec<Condition>) -> BadgeRule {
    BadgeRule {
        id: String::new(),
        slug: slug_of(name),
        name: name.into(),
        kind,
        priority,
        conditions,
        apply_delay_seconds: 0,
        remove_delay_seconds: REMOVE_DELAY_S,
        enabled: true,
        budget: Budget::default(),
    }
}

/// Without ids, effective from `now_ms` on.
pub fn escalation_rules(now_ms: i64) -> Vec<EscalationRule> {
    let critical = |name: &str, severity, category| EscalationRule {
        name: name.into(),
        severity,
        conditions: vec![Condition::ScoreLt { category, threshold: CRITICAL_BELOW }],
        effective_ms: now_ms,
        open_after_seconds: OPEN_AFTER_S,
        close_after_seconds: Some(CLOSE_AFTER_S),
        enabled: true,
        ..EscalationRule::default()
    };
    vec![
        critical("Critical behavior", Severity::Critical, Which::Behavior),
        critical("Critical humanity", Severity::Warning, Which::Humanity),
        critical("Critical authenticity", Severity::Warning, Which::Authenticity),
        critical("Critical uniqueness", Severity::Warning, Which::Uniqueness),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_default_rules_are_as_rules_must_be() {
        let badges = badge_rules();
        badges.iter().for_each(|rule| rule.check().unwrap());
        escalation_rules(0).iter().for_each(|rule| rule.check().unwrap());
        let slugs: BTreeSet<&str> = badges.iter().map(|rule| rule.slug.as_str()).collect();
        assert_eq!(slugs.len(), badges.len());
        assert!(slugs.contains("multi-account"));
    }
}
