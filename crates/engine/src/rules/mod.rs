//! Rules: what follows from scores. A rule has conditions and delays; what it knows of an identity and the facts of one
//! assessment go in, what changes comes out. Time alone can change the outcome, so each also says when to look again.

pub mod backtest;
pub mod badge;
pub mod budget;
pub mod condition;
pub mod defaults;
mod delay;
pub mod escalation;

pub use badge::{BadgeKind, BadgeRule};
pub use budget::Budget;
pub use condition::{Condition, Facts};
pub use delay::Delayed;
pub use escalation::{EscalationRule, Severity, Status};

/// Most conditions of one rule, and rules of either kind that a team may have.
pub const CONDITIONS_MAX: usize = 10;
pub const RULES_MAX: usize = 100;
/// Longest delay or age in a rule: ten years.
pub const SECONDS_MAX: i64 = 10 * 366 * 24 * 3600;

/// All rules of a team as they are at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleBook {
    /// Higher priority first.
    pub badges: Vec<BadgeRule>,
    pub escalations: Vec<EscalationRule>,
}

impl RuleBook {
    /// Whether a rule is silent: it is about a badge that nothing gives any more, or whose rule is paused. Else one that
    /// asks for the badge's absence would suddenly hold for everyone.
    pub fn is_silenced(&self, rule: &EscalationRule) -> bool {
        let is_paused = |badge: &str| self.badges.iter().any(|rule| rule.slug == badge && rule.budget.is_paused());
        rule.conditions.iter().filter_map(Condition::badge).any(|badge| !self.gives(badge) || is_paused(badge))
    }

    /// Whether a rule of the team or an analyzer gives this badge.
    pub fn gives(&self, slug: &str) -> bool {
        self.badges.iter().any(|rule| rule.slug == slug) || badge::of_analyzers().any(|held| held == slug)
    }
}

/// The slug of a name: its letters and digits, in lower case, joined by hyphens; empty when it has none.
pub fn slug_of(name: &str) -> String {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Whether conditions are as many as a rule may have, and within bounds.
pub fn check_conditions(conditions: &[Condition]) -> Result<(), String> {
    if !(1..=CONDITIONS_MAX).contains(&conditions.len()) {
        return Err(format!("conditions must be 1 to {CONDITIONS_MAX}"));
    }
    conditions.iter().enumerate().try_for_each(|(place, condition)| {
        condition.check().map_err(|problem| format!("conditions[{place}]: {problem}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_of_letters_and_digits() {
        assert_eq!(slug_of("Likely Bot"), "likely-bot");
        assert_eq!(slug_of("  Überprüft! (2) "), "überprüft-2");
        assert_eq!(slug_of("???"), "");
    }

    #[test]
    fn a_rule_about_a_badge_that_nothing_gives_is_silenced() {
        let [rule, other] = ["likely-bot", "behavior.account-takeover-signal"].map(|badge| EscalationRule {
            conditions: vec![Condition::BadgeNotExists { badge: badge.into() }],
            ..EscalationRule::default()
        });
        let mut book = RuleBook { badges: defaults::badge_rules(), escalations: vec![] };
        assert!(!book.is_silenced(&rule) && !book.is_silenced(&other));
        let likely_bot = book.badges.iter_mut().find(|badge| badge.slug == "likely-bot").unwrap();
        likely_bot.budget.pause("wrong too often".into(), 1);
        assert!(book.is_silenced(&rule) && !book.is_silenced(&other));
        book.badges.clear();
        assert!(book.is_silenced(&rule) && !book.is_silenced(&other));
    }

    #[test]
    fn a_rule_needs_conditions_within_bounds() {
        assert!(check_conditions(&[]).unwrap_err().contains("1 to 10"));
        let far = Condition::IdentityAgeGt { seconds: i64::MAX };
        assert!(
            check_conditions(&[Condition::IdentityAgeGt { seconds: 1 }, far]).unwrap_err().contains("conditions[1]")
        );
    }
}
