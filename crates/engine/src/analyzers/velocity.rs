//! How many acts the identity packs into a minute, an hour, a day.

use super::Analyzer;
use super::evidence::{DAY_MS, HOUR_MS, MINUTE_MS, acts, gap_ms, grown, is_background, span};
use crate::mapping::EventType;
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::ops::RangeInclusive;

pub const ANALYZER: Analyzer = Analyzer {
    id: "behavior.velocity",
    label: "Event velocity",
    category: Category::Behavior,
    group: "pace",
    weight: 1.2,
    analyze,
};

/// Windows and the number of acts in them that a busy person still reaches; there the value is ½.
const LIMITS: [(i64, f64); 2] = [(MINUTE_MS, 20.0), (HOUR_MS, 120.0)];
const DAY_LIMIT: f64 = 1500.0;
/// Looking is cheap: one act is worth so many views.
const VIEW_WEIGHT: f64 = 0.25;
/// A calm pace is what most abusers show as well.
const CALM: f64 = 0.82;

struct Peak {
    ratio: f64,
    acts: f64,
    events: usize,
    window_ms: i64,
    /// From its first to its last act, where they are remembered.
    between_ms: Option<RangeInclusive<i64>>,
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let moments = moments(snapshot, &acts(snapshot));
    if moments.len() < 2 {
        return None;
    }
    let worst = worst(snapshot, &moments)?;
    let value = (1.0 / (1.0 + worst.ratio.powf(2.2))).clamp(0.01, CALM);
    let confidence = if value < 0.5 { 0.85 } else { grown(0.8, moments.len() as f64, 5.0) };
    let text = format!(
        "At most {} within {}, worth {:.0} acts when views count a quarter; a busy person reaches {:.0}.",
        super::counted(worst.events as u64, "event", "events"),
        span(worst.window_ms),
        worst.acts,
        worst.acts / worst.ratio.max(1e-9)
    );
    let finding = Finding::new(value, confidence, text).with("events", moments.len());
    Some(finding.with("peakEvents", worst.events).with("windowMillis", worst.window_ms))
}

/// Of all windows the fullest, for what it is.
fn worst(snapshot: &Snapshot, moments: &[(i64, f64)]) -> Option<Peak> {
    let windows = LIMITS.iter().map(|&(window_ms, limit)| peak(moments, window_ms, limit));
    windows.chain(lifetime(snapshot)).max_by(|a, b| a.ratio.total_cmp(&b.ratio))
}

/// Distinct moments and their weight. Events of one time are a batch or a back-fill: they count as one.
fn moments(snapshot: &Snapshot, acts: &[&Note]) -> Vec<(i64, f64)> {
    let mut moments: Vec<(i64, f64)> = Vec::new();
    for note in acts {
        let weight = weight(snapshot.meanings.get(&note.name));
        match moments.last_mut().filter(|(at_ms, _)| *at_ms == note.at_ms) {
            Some((_, held)) => *held = held.max(weight),
            None => moments.push((note.at_ms, weight)),
        }
    }
    moments
}

fn weight(meaning: Option<&EventType>) -> f64 {
    if meaning == Some(&EventType::PageView) { VIEW_WEIGHT } else { 1.0 }
}

fn peak(moments: &[(i64, f64)], window_ms: i64, limit: f64) -> Peak {
    let mut best = Peak { ratio: 0.0, acts: 0.0, events: 0, window_ms, between_ms: None };
    let (mut start, mut sum) = (0, 0.0);
    for (end, (at_ms, weight)) in moments.iter().enumerate() {
        sum += weight;
        while gap_ms(moments[start].0, *at_ms) >= window_ms {
            sum -= moments[start].1;
            start += 1;
        }
        if sum > best.acts {
            let between_ms = Some(moments[start].0..=*at_ms);
            best = Peak { ratio: sum / limit, acts: sum, events: end + 1 - start, window_ms, between_ms };
        }
    }
    best
}

/// The mean day over the whole life: the profile remembers only the latest events one by one, but counts all. A life
/// of less than two days is judged by its peaks, as it may be a back-fill.
fn lifetime(snapshot: &Snapshot) -> Option<Peak> {
    let profile = &snapshot.profile;
    let life_ms = gap_ms(profile.first_ms, profile.last_ms);
    if life_ms < 2 * DAY_MS {
        return None;
    }
    let days = life_ms as f64 / DAY_MS as f64;
    let counted = profile.names.iter().filter(|(name, _)| !is_background(name));
    let (events, acts) = counted.fold((0.0, 0.0), |(events, acts), (name, held)| {
        let n = held.count as f64;
        (events + n, acts + n * weight(snapshot.meanings.get(name)))
    });
    let (events, acts) = (events / days, acts / days);
    Some(Peak { ratio: acts / DAY_LIMIT, acts, events: events as usize, window_ms: DAY_MS, between_ms: None })
}

/// The acts of the fullest window, where the pace of a day is not fuller.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let acts = acts(snapshot);
    let worst = worst(snapshot, &moments(snapshot, &acts));
    let Some(between) = worst.filter(|worst| worst.events > 1).and_then(|worst| worst.between_ms) else {
        return Vec::new();
    };
    acts.into_iter().filter(|note| between.contains(&note.at_ms)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{START_MS, Story, check, check_silent};
    use serde_json::json;

    fn every_ms(step: i64, n: i64, name: &str) -> Story {
        (0..n).fold(Story::new(), |story, i| story.with("timestamp", json!(START_MS + i * step)).event(90_000, name))
    }

    #[test]
    fn a_person_is_calm() {
        check(&ANALYZER, &every_ms(45_000, 12, "purchase"), 0.8..=0.85);
        check(&ANALYZER, &every_ms(1_500, 30, "page_view"), 0.6..=0.85);
    }

    #[test]
    fn a_robot_is_not() {
        let finding = check(&ANALYZER, &every_ms(500, 100, "message_sent"), 0.0..=0.05);
        assert!(finding.explanation.contains("100 events"), "{}", finding.explanation);
        check(&ANALYZER, &every_ms(12_000, 200, "promo_redeem"), 0.0..=0.3);
    }

    #[test]
    fn a_back_fill_with_one_timestamp_does_not_explode() {
        let story = every_ms(0, 80, "purchase").with("timestamp", json!(START_MS + 86_400_000)).event(90_000, "login");
        check(&ANALYZER, &story, 0.8..=0.85);
    }

    #[test]
    fn one_event_or_heartbeats_say_nothing() {
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
        check_silent(&ANALYZER, &every_ms(100, 50, "heartbeat"));
    }
}
