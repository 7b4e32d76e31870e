//! What an assessment says, in a few sentences: for the analyst who has a minute. [`prompt`] puts the same evidence to
//! a language model, without the personal data in it ([`redaction`]).

pub mod prompt;
pub mod redaction;

use crate::linkage::pairs;
use crate::score::{Assessment, Observation, Score};
use crate::snapshot::Snapshot;

/// Observations told for a score, on either side.
const TOLD_MAX: usize = 3;
/// An observation that moves a score by less is not told, in points.
const POINTS_MIN: f64 = 1.0;
/// Below this a score calls for a reason; from the other on it is good.
const POOR_BELOW: u8 = 50;
const GOOD_FROM: u8 = 75;
const CRITICAL_BELOW: u8 = 25;
/// Events below which little is known.
const EVENTS_FEW: u64 = 5;
/// Another account is told of from this probability on.
const LIKELY: f64 = 0.5;

/// The summary of an assessment: what is wrong, on what evidence, what speaks for the account, and what is not known.
pub fn summarize(snapshot: &Snapshot, assessment: &Assessment) -> String {
    let mut scores: Vec<&Score> = assessment.scores.iter().collect();
    scores.sort_by_key(|score| score.value);
    let mut parts = vec![verdict(&scores)];
    parts.extend(scores.iter().filter(|score| score.value < POOR_BELOW).map(|score| charge(score)));
    parts.extend(company(snapshot));
    parts.extend(defence(&scores));
    parts.extend(doubts(snapshot, &scores));
    parts.join("\n\n")
}

fn name(score: &Score) -> String {
    score.category.code().to_lowercase()
}

fn band(value: u8) -> &'static str {
    match value {
        ..CRITICAL_BELOW => "critical",
        CRITICAL_BELOW..POOR_BELOW => "poor",
        POOR_BELOW..GOOD_FROM => "fair",
        _ => "good",
    }
}

fn verdict(scores: &[&Score]) -> String {
    let listed: Vec<String> =
        scores.iter().map(|score| format!("{} {} ({})", name(score), score.value, band(score.value))).collect();
    let judged = match scores.first().map(|score| score.value) {
        None => return "Nothing is known that any score could rest on.".into(),
        Some(..CRITICAL_BELOW) => "This account looks like abuse",
        Some(CRITICAL_BELOW..POOR_BELOW) => "This account is doubtful",
        Some(POOR_BELOW..GOOD_FROM) => "Nothing much speaks against this account",
        Some(_) => "This account looks genuine",
    };
    format!("{judged}: {}.", listed.join(", "))
}

/// Why a score is low.
fn charge(score: &Score) -> String {
    let told = told(&score.observations, |observation| -observation.contribution);
    format!("Against it on {}: {}", name(score), told.join(" "))
}

/// The observations that weigh most on one side, in words.
fn told(observations: &[Observation], weight: impl Fn(&Observation) -> f64) -> Vec<String> {
    let mut weighty: Vec<&Observation> =
        observations.iter().filter(|observation| weight(observation) >= POINTS_MIN).collect();
    weighty.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.id.cmp(&b.id)));
    let told = weighty.into_iter().take(TOLD_MAX);
    told.map(|observation| {
        format!("{} ({:+.0} points).", observation.explanation.trim_end_matches('.'), observation.contribution)
    })
    .collect()
}

/// Who else it probably is.
fn company(snapshot: &Snapshot) -> Option<String> {
    let likely: Vec<(&str, f64)> =
        pairs(&snapshot.links).into_iter().filter(|(_, probability)| *probability >= LIKELY).collect();
    let (closest, probability) = likely.first()?;
    let others = match likely.len() {
        1 => String::new(),
        count => format!(", and of {} more accounts", count - 1),
    };
    let ring = snapshot.ring.as_ref().map_or_else(String::new, |ring| format!(" Its ring has {} members.", ring.size));
    Some(format!(
        "It is probably the account of the same person as {closest} ({:.0} %){others}.{ring}",
        probability * 100.0
    ))
}

/// What speaks for it.
fn defence(scores: &[&Score]) -> Option<String> {
    let all: Vec<Observation> = scores.iter().flat_map(|score| score.observations.clone()).collect();
    let told = told(&all, |observation| observation.contribution);
    (!told.is_empty()).then(|| format!("For it: {}", told.join(" ")))
}

/// What the verdict does not know.
fn doubts(snapshot: &Snapshot, scores: &[&Score]) -> Option<String> {
    let mut doubts = Vec::new();
    if snapshot.profile.events < EVENTS_FEW {
        doubts.push(format!("only {} events are known", snapshot.profile.events));
    }
    if snapshot.profile.devices.is_empty() {
        doubts.push("no device was seen".to_owned());
    }
    let silent: Vec<&str> = crate::score::Category::ALL
        .into_iter()
        .filter(|category| scores.iter().all(|score| score.category != *category))
        .map(|category| category.code())
        .collect();
    if !silent.is_empty() {
        doubts.push(format!("there is no evidence on {}", silent.join(", ").to_lowercase()));
    }
    (!doubts.is_empty()).then(|| format!("To be taken with care: {}.", doubts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Category, assess};

    fn observation(id: &str, contribution: f64) -> Observation {
        Observation {
            category: Category::Humanity,
            id: id.into(),
            label: id.into(),
            explanation: format!("The {id} says so."),
            value: 0.5,
            confidence: 1.0,
            weight: 1.0,
            contribution,
            metadata: Default::default(),
        }
    }

    fn score(category: Category, value: u8, observations: Vec<Observation>) -> Score {
        Score { category, value, observations }
    }

    #[test]
    fn what_weighs_most_is_told_first_and_with_its_points() {
        let against = vec![
            observation("timing", -4.0),
            observation("agent", -31.4),
            observation("noise", -0.2),
            observation("canvas", 6.0),
        ];
        let scores = vec![score(Category::Authenticity, 80, vec![]), score(Category::Humanity, 12, against)];
        let text = summarize(&Snapshot::default(), &Assessment { scores });
        let lines: Vec<&str> = text.split("\n\n").collect();
        assert_eq!(lines[0], "This account looks like abuse: humanity 12 (critical), authenticity 80 (good).");
        assert_eq!(lines[1], "Against it on humanity: The agent says so (-31 points). The timing says so (-4 points).");
        assert_eq!(lines[2], "For it: The canvas says so (+6 points).");
        assert_eq!(
            lines[3],
            "To be taken with care: only 0 events are known; no device was seen; there is no evidence on uniqueness, behavior."
        );
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        let snapshot = Snapshot::default();
        let text = summarize(&snapshot, &assess(&snapshot));
        assert!(text.starts_with("Nothing is known"), "{text}");
    }
}
