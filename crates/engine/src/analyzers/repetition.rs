//! The same act with the same content again and again.

use super::Analyzer;
use super::evidence::{DAY_MS, HOUR_MS, acts, gap_ms, grown, quoted, share, span};
use crate::mapping::EventType;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.repetition",
    label: "Repetition",
    category: Category::Behavior,
    group: "content",
    weight: 1.0,
    analyze,
};

/// Acts whose content people write or choose anew each time.
const WRITTEN: [EventType; 5] = [
    EventType::MessageSent,
    EventType::ContentCreated,
    EventType::PromoRedeem,
    EventType::Referral,
    EventType::InviteSent,
];
/// Acts that carry the same data every time: `{"method": "password"}`.
const ROUTINE: [EventType; 4] = [EventType::PageView, EventType::Login, EventType::Logout, EventType::FormSubmit];
/// Copies at which the value is ½: of what is written anew, and of anything else.
const WRITTEN_HALF: f64 = 5.0;
const OTHER_HALF: f64 = 25.0;
const FRESH: f64 = 0.7;
/// Acts with content before their freshness says anything.
const ACTS_MIN: usize = 4;

struct Copies<'a> {
    name: &'a str,
    n: usize,
    /// From the first to the last copy.
    span_ms: i64,
    written: bool,
    ratio: f64,
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let (groups, with_content) = groups(snapshot);
    let (worst, _) = worst(snapshot, groups)?;
    if with_content < ACTS_MIN {
        return None;
    }
    let value = (1.0 / (1.0 + worst.ratio.powf(1.6))).clamp(0.01, FRESH);
    let finding = Finding::new(value, confidence(&worst, value, with_content), explain(&worst, with_content));
    Some(finding.with("copies", worst.n).with("actsWithContent", with_content).with("spanMillis", worst.span_ms))
}

type Groups<'a> = BTreeMap<(&'a str, u32), Vec<&'a Note>>;

/// Acts with content by name and content, and how many there are.
fn groups(snapshot: &Snapshot) -> (Groups<'_>, usize) {
    let mut groups = Groups::new();
    let mut with_content = 0;
    for note in acts(snapshot).into_iter().filter(|note| note.data != 0 && !is_routine(snapshot, note)) {
        groups.entry((&note.name, note.data)).or_default().push(note);
        with_content += 1;
    }
    (groups, with_content)
}

fn is_routine(snapshot: &Snapshot, note: &Note) -> bool {
    snapshot.meanings.get(&note.name).is_some_and(|meaning| ROUTINE.contains(meaning))
}

fn copies<'a>(snapshot: &Snapshot, name: &'a str, notes: &[&Note]) -> Copies<'a> {
    let written = snapshot.meanings.get(name).is_some_and(|meaning| WRITTEN.contains(meaning));
    // Equal times are one request told several times, or a back-fill.
    let mut times: Vec<i64> = notes.iter().map(|note| note.at_ms).collect();
    times.dedup();
    let n = times.len();
    let span_ms = times.first().zip(times.last()).map_or(0, |(first, last)| gap_ms(*first, *last));
    // Once a day is a habit; what fills an hour is not.
    let days = (span_ms as f64 / DAY_MS as f64).max(1.0);
    let half = if written { WRITTEN_HALF } else { OTHER_HALF };
    let ratio = if n < 2 { 0.0 } else { n as f64 / days / half };
    Copies { name, n, span_ms, written, ratio }
}

/// The acts that repeat most, for what they are.
fn worst<'a>(snapshot: &Snapshot, groups: Groups<'a>) -> Option<(Copies<'a>, Vec<&'a Note>)> {
    let copies = groups.into_iter().map(|((name, _), notes)| (copies(snapshot, name, &notes), notes));
    copies.max_by(|(a, _), (b, _)| a.ratio.total_cmp(&b.ratio))
}

fn confidence(worst: &Copies, value: f64, with_content: usize) -> f64 {
    if value >= 0.5 {
        return grown(0.5, with_content as f64, 8.0);
    }
    // Without a written text in it, equal data may be all that the customer sends.
    let kind = if worst.written { 0.85 } else { 0.55 };
    let pace = if worst.span_ms <= HOUR_MS { 1.0 } else { 0.75 };
    kind * pace * (0.5 + 0.5 * share(worst.n as u64, with_content as u64))
}

fn explain(worst: &Copies, with_content: usize) -> String {
    if worst.n < 2 {
        return format!("{with_content} acts with content, no two alike.");
    }
    format!(
        "{} occurred {} times with exactly the same data within {}, among {with_content} acts with content.",
        quoted(worst.name),
        worst.n,
        span(worst.span_ms)
    )
}

/// The copies, where there are some.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let worst = worst(snapshot, groups(snapshot).0).filter(|(copies, _)| copies.ratio > 0.0);
    worst.map(|(_, notes)| notes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story(n: i64, step_s: i64, name: &str, data: impl Fn(i64) -> String) -> Story {
        (0..n).fold(Story::new(), |story, i| story.event_with(i * step_s, name, &data(i)))
    }

    #[test]
    fn the_same_message_thirty_times_is_spam() {
        let spam = story(30, 20, "message_sent", |_| r#"{"text":"cheap pills"}"#.into());
        let finding = check(&ANALYZER, &spam, 0.0..=0.1);
        assert!(finding.explanation.contains("30 times") && !finding.explanation.contains("pills"));
        assert!(finding.confidence > 0.8);
    }

    #[test]
    fn different_messages_are_fresh() {
        check(&ANALYZER, &story(30, 20, "message_sent", |i| format!(r#"{{"text":"{i}"}}"#)), 0.65..=0.75);
    }

    #[test]
    fn habits_and_routine_are_no_spam() {
        check(&ANALYZER, &story(30, 86_400, "export", |_| r#"{"format":"csv"}"#.into()), 0.6..=0.75);
        check_silent(&ANALYZER, &story(50, 5, "page_view", |_| r#"{"path":"/"}"#.into()));
        check_silent(&ANALYZER, &story(50, 5, "message_sent", |_| "{}".into()));
    }
}
