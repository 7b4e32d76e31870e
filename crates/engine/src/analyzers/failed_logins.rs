//! Failed logins against successful ones, in runs and from several addresses.

use super::evidence::{HOUR_MS, gap_ms, grown, join, share};
use super::{Analyzer, counted};
use crate::mapping::EventType;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.failed-logins",
    label: "Failed logins",
    category: Category::Behavior,
    group: "credentials",
    weight: 1.1,
    analyze,
};

/// Wrong passwords in a row that are still typing.
const TYPOS: u64 = 3;
/// Addresses that failed logins come from before it is more than a person with a phone and a desk.
const PLACES: u64 = 3;

/// What the remembered logins look like.
#[derive(Default)]
struct Runs {
    longest: u64,
    /// A reset or a success followed the longest run within the hour.
    reset: bool,
    success: bool,
    places: u64,
    /// When the run's first and last failures were.
    from_ms: i64,
    to_ms: i64,
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let (failed, passed) = (snapshot.count(EventType::LoginFailed), snapshot.count(EventType::Login));
    if failed == 0 {
        let text = format!("{}, none failed.", counted(passed, "login", "logins"));
        return (passed > 0).then(|| {
            Finding::new(0.74, grown(0.6, passed as f64, 3.0), text).with("failed", 0).with("succeeded", passed)
        });
    }
    let runs = runs(snapshot);
    let value = judge(&runs, failed, passed);
    let confidence = 0.3 + grown(0.6, failed as f64, 4.0);
    let text = explain(&runs, failed, passed);
    Some(
        Finding::new(value, confidence, text)
            .with("failed", failed)
            .with("succeeded", passed)
            .with("longestRun", runs.longest)
            .with("addresses", runs.places),
    )
}

fn judge(runs: &Runs, failed: u64, passed: u64) -> f64 {
    let typing = runs.longest <= TYPOS && (runs.success || runs.reset || failed <= TYPOS);
    let by_run = match runs.longest {
        _ if typing && runs.success => 0.66,
        _ if typing => 0.52,
        ..=3 => 0.45,
        4..=5 => 0.36,
        6..=9 => 0.2,
        10..=19 => 0.1,
        _ => 0.04,
    };
    let rate = share(failed, failed.saturating_add(passed));
    let hints = [
        // Whoever forgot the password asks for a new one; whoever tries a list of them does not.
        (runs.reset && runs.longest < 10).then_some(0.68),
        (runs.places > PLACES && failed > TYPOS).then_some(0.25),
        (rate > 0.6 && failed >= 10).then_some(0.3),
        (rate < 0.15 && passed >= 10).then_some(0.68),
    ];
    join(hints.into_iter().flatten().chain([by_run]))
}

fn explain(runs: &Runs, failed: u64, passed: u64) -> String {
    let after = match (runs.success, runs.reset) {
        (true, true) => ", then a password reset and a success",
        (true, false) => ", then a success",
        (false, true) => ", then a password reset",
        (false, false) => "",
    };
    format!(
        "{} and {}; the longest run was {} in a row{after}; failures came from {}.",
        counted(failed, "failed login", "failed logins"),
        counted(passed, "successful one", "successful ones"),
        runs.longest,
        counted(runs.places, "known address", "known addresses")
    )
}

fn runs(snapshot: &Snapshot) -> Runs {
    let mut best = Runs::default();
    let mut current = Runs::default();
    let mut last_ms = i64::MIN;
    let mut places: BTreeSet<u32> = BTreeSet::new();
    for note in &snapshot.profile.recent {
        match snapshot.meanings.get(&note.name) {
            Some(EventType::LoginFailed) => {
                if current.success || gap_ms(last_ms, note.at_ms) > HOUR_MS {
                    current = Runs { from_ms: note.at_ms, ..Runs::default() };
                }
                current.longest += 1;
                current.to_ms = note.at_ms;
                last_ms = note.at_ms;
                places.insert(note.ip);
            }
            Some(EventType::Login) => current.success |= follows(&current, last_ms, note),
            Some(EventType::PasswordReset) => current.reset |= follows(&current, last_ms, note),
            _ => continue,
        }
        if current.longest >= best.longest {
            best = Runs { places: 0, ..current };
        }
    }
    places.remove(&0);
    Runs { places: places.len() as u64, ..best }
}

fn follows(run: &Runs, last_ms: i64, note: &Note) -> bool {
    run.longest > 0 && gap_ms(last_ms, note.at_ms) <= HOUR_MS
}

/// The longest run of failures; without any, the logins.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    if snapshot.count(EventType::LoginFailed) == 0 {
        return snapshot.notes(EventType::Login).collect();
    }
    let Runs { longest, from_ms, to_ms, .. } = runs(snapshot);
    let failed = snapshot.notes(EventType::LoginFailed);
    failed.filter(|note| longest > 0 && (from_ms..=to_ms).contains(&note.at_ms)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn fails(n: i64) -> Story {
        (0..n).fold(Story::new(), |story, i| story.event(i * 7, "login_failed"))
    }

    #[test]
    fn two_typos_before_success_are_normal() {
        check(&ANALYZER, &fails(2).event(20, "login"), 0.6..=0.75);
        check(&ANALYZER, &fails(1), 0.5..=0.6);
        check(&ANALYZER, &Story::new().event(0, "login").event(90_000, "login"), 0.7..=0.8);
    }

    #[test]
    fn a_list_of_passwords_is_not() {
        let finding = check(&ANALYZER, &fails(30).event(300, "login"), 0.0..=0.05);
        assert!(finding.explanation.contains("30 in a row, then a success"), "{}", finding.explanation);
        let spread =
            (0..8).fold(Story::new(), |story, i| story.ip(&format!("203.0.113.{i}")).event(i * 30, "login_failed"));
        check(&ANALYZER, &spread, 0.0..=0.12);
    }

    #[test]
    fn the_forgetful_reset_their_password() {
        check(&ANALYZER, &fails(5).event(60, "password_reset").event(200, "login"), 0.5..=0.7);
    }

    #[test]
    fn without_logins_it_says_nothing() {
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}
