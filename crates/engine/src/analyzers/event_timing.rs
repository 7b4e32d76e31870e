//! Whether events come at a machine's pace: too regular, or faster than hands.

use super::Analyzer;
use super::evidence::{HOUR_MS, MINUTE_MS, SECOND_MS, acts, gap_ms, grown, join, share, span};
use crate::mapping::EventType;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "humanity.event-timing",
    label: "Event timing",
    category: Category::Humanity,
    group: "timing",
    weight: 1.0,
    analyze,
};

/// Events closer than this are one act: a sign-up that also starts a trial and confirms an address.
const MOMENT_MS: i64 = SECOND_MS;
/// Longer gaps are the time between visits.
const GAP_MAX_MS: i64 = 2 * HOUR_MS;
const GAPS_MIN: usize = 6;
/// Acts of one kind closer together than this are not made by hand; equal times are a batch and say nothing.
const HAND_MS: std::ops::RangeInclusive<i64> = 5..=150;
const FAST_MIN: u64 = 3;
/// How far from the median a gap may lie to count as the same.
const TOLERANCE: f64 = 0.05;

struct Rhythm {
    gaps: usize,
    median_ms: i64,
    /// Standard deviation over mean.
    variation: f64,
    /// Gaps within [`TOLERANCE`] of the median.
    same: u64,
    /// Times are whole seconds, so that equal gaps are partly rounding.
    coarse: bool,
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let acts = acts(snapshot);
    let rhythm = rhythm(&acts);
    let fast = fast(snapshot, &acts);
    if rhythm.is_none() && fast < FAST_MIN {
        return None;
    }
    let hurried = (fast >= FAST_MIN).then(|| 0.3 - 0.24 * grown(1.0, fast as f64 - 2.0, 3.0));
    let value = join(hurried.into_iter().chain(rhythm.as_ref().map(judge)));
    let gaps = rhythm.as_ref().map_or(0, |rhythm| rhythm.gaps);
    let confidence = grown(0.9, (gaps as f64).max(3.0 * fast as f64), 8.0) * if coarse(&rhythm) { 0.75 } else { 1.0 };
    let mut text = rhythm.as_ref().map(explain).unwrap_or_default();
    if fast >= FAST_MIN {
        text.push_str(&format!("{fast} acts followed one of the same kind within 150 ms, faster than hands. "));
    }
    let finding = Finding::new(value, confidence, text.trim_end()).with("gaps", gaps).with("fastPairs", fast);
    Some(match rhythm {
        Some(rhythm) => finding
            .with("medianGapMillis", rhythm.median_ms)
            .with("sameGaps", rhythm.same)
            .with("variation", (rhythm.variation * 1000.0).round() / 1000.0),
        None => finding,
    })
}

fn coarse(rhythm: &Option<Rhythm>) -> bool {
    rhythm.as_ref().is_some_and(|rhythm| rhythm.coarse)
}

fn rhythm(acts: &[&Note]) -> Option<Rhythm> {
    let mut moments: Vec<i64> = Vec::new();
    for note in acts {
        if moments.last().is_none_or(|last| gap_ms(*last, note.at_ms) >= MOMENT_MS) {
            moments.push(note.at_ms);
        }
    }
    // Times rounded to the minute are a ledger's, and have no rhythm of their own.
    if moments.iter().all(|at_ms| at_ms % MINUTE_MS == 0) {
        return None;
    }
    let mut gaps: Vec<i64> =
        moments.windows(2).map(|pair| gap_ms(pair[0], pair[1])).filter(|gap| *gap <= GAP_MAX_MS).collect();
    if gaps.len() < GAPS_MIN {
        return None;
    }
    gaps.sort_unstable();
    let median_ms = gaps[gaps.len() / 2];
    let near = |gap: &&i64| (**gap - median_ms).abs() as f64 <= median_ms as f64 * TOLERANCE;
    let coarse = moments.iter().all(|at_ms| at_ms % SECOND_MS == 0);
    let same = gaps.iter().filter(near).count() as u64;
    Some(Rhythm { gaps: gaps.len(), median_ms, variation: variation(&gaps), same, coarse })
}

fn variation(gaps: &[i64]) -> f64 {
    let n = gaps.len() as f64;
    let mean = gaps.iter().map(|gap| *gap as f64).sum::<f64>() / n;
    let squares: f64 = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum();
    if mean > 0.0 { (squares / n).sqrt() / mean } else { 0.0 }
}

/// The worse of two measures: variation misses a robot that pauses once, equal gaps miss one that adds noise.
fn judge(rhythm: &Rhythm) -> f64 {
    let alike = share(rhythm.same, rhythm.gaps as u64);
    let by_same = match alike {
        0.8.. => 0.04,
        // Rounded to seconds, short gaps are often equal by chance.
        _ if rhythm.coarse && rhythm.median_ms < 20 * SECOND_MS => 1.0,
        0.6.. => 0.12,
        0.4.. => 0.35,
        _ => 1.0,
    };
    let by_variation = match rhythm.variation {
        ..0.1 => 0.04,
        0.1..0.2 => 0.12,
        0.2..0.3 => 0.3,
        0.3..0.45 => 0.45,
        0.45..0.6 => 0.58,
        0.6..0.8 => 0.7,
        _ => 0.77,
    };
    f64::min(by_same, by_variation)
}

fn explain(rhythm: &Rhythm) -> String {
    let Rhythm { gaps, same, variation, .. } = rhythm;
    format!(
        "{same} of {gaps} gaps between events lie within 5 % of {}; gaps vary by {:.0} % of their mean. ",
        span(rhythm.median_ms),
        variation * 100.0
    )
}

/// Acts that a person performs one at a time; one request may well cause several of the others.
const SINGLE_ACTS: [EventType; 9] = [
    EventType::Login,
    EventType::LoginFailed,
    EventType::Registration,
    EventType::PasswordReset,
    EventType::Purchase,
    EventType::PaymentFailed,
    EventType::PromoRedeem,
    EventType::ContentCreated,
    EventType::MessageSent,
];

fn fast(snapshot: &Snapshot, acts: &[&Note]) -> u64 {
    fast_pairs(snapshot, acts).len() as u64
}

fn fast_pairs<'a>(snapshot: &Snapshot, acts: &[&'a Note]) -> Vec<[&'a Note; 2]> {
    let single = |note: &&&Note| snapshot.meanings.get(&note.name).is_some_and(|meaning| SINGLE_ACTS.contains(meaning));
    let singles: Vec<&'a Note> = acts.iter().filter(single).copied().collect();
    let pairs = singles.windows(2).filter(|pair| pair[0].name == pair[1].name);
    let quick = pairs.filter(|pair| HAND_MS.contains(&gap_ms(pair[0].at_ms, pair[1].at_ms)));
    quick.map(|pair| [pair[0], pair[1]]).collect()
}

/// The acts faster than hands, or else those that follow the one before at the common pace.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let acts = acts(snapshot);
    if fast(snapshot, &acts) >= FAST_MIN {
        return fast_pairs(snapshot, &acts).into_iter().flatten().collect();
    }
    let Some(rhythm) = rhythm(&acts).filter(|rhythm| judge(rhythm) < 0.5) else { return Vec::new() };
    let near = |gap: i64| (gap - rhythm.median_ms).abs() as f64 <= rhythm.median_ms as f64 * TOLERANCE;
    let steady = acts.windows(2).filter(|pair| near(gap_ms(pair[0].at_ms, pair[1].at_ms)));
    steady.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{START_MS, Story, check, check_silent};
    use serde_json::json;

    fn at_ms(times: &[i64], name: &str) -> Story {
        times.iter().fold(Story::new(), |story, ms| story.with("timestamp", json!(START_MS + ms)).event(9_000, name))
    }

    #[test]
    fn a_metronome_is_a_machine() {
        let times: Vec<i64> = (0..20).map(|n| n * 2000 + n % 3 * 20).collect();
        let finding = check(&ANALYZER, &at_ms(&times, "search"), 0.0..=0.06);
        assert!(finding.explanation.contains("19 of 19 gaps"), "{}", finding.explanation);
    }

    #[test]
    fn one_pause_does_not_hide_the_metronome() {
        let times: Vec<i64> = (0..20).map(|n| n * 2007 + if n > 9 { 600_000 } else { 0 }).collect();
        check(&ANALYZER, &at_ms(&times, "search"), 0.0..=0.06);
    }

    #[test]
    fn natural_pauses_are_human() {
        let times = [0, 3_120, 4_810, 21_377, 25_902, 90_311, 94_070, 99_814, 221_009, 240_555, 244_017];
        check(&ANALYZER, &at_ms(&times, "page_view"), 0.7..=0.85);
    }

    #[test]
    fn messages_faster_than_hands() {
        let times: Vec<i64> = (0..10).map(|n| n * 40).collect();
        check(&ANALYZER, &at_ms(&times, "message_sent"), 0.0..=0.2);
    }

    #[test]
    fn batches_ledgers_heartbeats_and_few_events_say_nothing() {
        check_silent(&ANALYZER, &at_ms(&[7; 40], "message_sent"));
        check_silent(&ANALYZER, &at_ms(&[1, 2000, 5000], "page_view"));
        let beats: Vec<i64> = (0..40).map(|n| n * 30_000).collect();
        check_silent(&ANALYZER, &at_ms(&beats, "interaction"));
        let minutes: Vec<i64> = (0..40).map(|n| 40_000 + n * 60_000).collect();
        check_silent(&ANALYZER, &at_ms(&minutes, "order_placed"));
    }
}
