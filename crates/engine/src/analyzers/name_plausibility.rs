//! Whether the name is one that people have.

use super::Analyzer;
use super::evidence::{join, quoted};
use crate::datasets::{Dataset, NOT};
use crate::intelligence::names::{NameFacts, gibberish};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "authenticity.name-plausibility",
    label: "Name plausibility",
    category: Category::Authenticity,
    group: "name",
    weight: 1.3,
    analyze,
};

const MASH: f64 = 0.85;
const ODD: f64 = 0.6;
/// Letters an e-mail local part needs before its pronounceability says anything.
const LOCAL_LETTERS_MIN: usize = 7;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let local = snapshot.email.as_ref().and_then(|email| mashed_local(&email.local));
    let name = snapshot.display_name().zip(snapshot.name.as_ref()).filter(|(_, facts)| facts.tokens > 0);
    let Some((name, facts)) = name else {
        return local.map(|score| {
            let text = "The e-mail address's local part reads like random letters; there is no name to compare.";
            Finding::new(0.3, 0.4, text).with("localGibberish", score)
        });
    };
    let (value, confidence, reason) = judge(facts);
    let reason = format!("{reason}{}", by_own_list(snapshot, facts));
    let mut finding = Finding::new(value, confidence, format!("The name {} {reason}.", quoted(&name)))
        .with("tokens", facts.tokens)
        .with("knownTokens", facts.known_tokens)
        .with("gibberish", two_decimals(facts.gibberish));
    if let Some(score) = local {
        finding.value = join([finding.value, 0.38]);
        finding.explanation.push_str(" The e-mail address's local part reads like random letters.");
        finding = finding.with("localGibberish", score);
    }
    Some(finding)
}

/// Says so where the team's own list is why a name is a placeholder or has a blocked word.
fn by_own_list(snapshot: &Snapshot, facts: &NameFacts) -> &'static str {
    let says = |dataset| snapshot.listed.iter().any(|hit| hit.dataset == dataset && hit.value != NOT);
    match () {
        () if facts.placeholder && says(Dataset::PlaceholderNames) => ", by your list",
        () if !facts.placeholder && facts.profane && says(Dataset::BlockedWords) => ", by your list",
        () => "",
    }
}

/// How random the letters of a local part look, if they do. A weak hint: initials and usernames look random too.
fn mashed_local(local: &str) -> Option<f64> {
    let letters: String = local.chars().filter(|c| c.is_alphabetic()).collect();
    if letters.chars().count() < LOCAL_LETTERS_MIN {
        return None;
    }
    let score = gibberish(&letters);
    (score >= MASH).then(|| two_decimals(score))
}

fn two_decimals(n: f64) -> f64 {
    (n * 100.0).round() / 100.0
}

/// Value, confidence, and what to say of the name. What is unlike Latin names is not judged by them.
fn judge(facts: &NameFacts) -> (f64, f64, String) {
    let latin = facts.script.is_empty() || facts.script.eq_ignore_ascii_case("latin");
    let known = f64::from(facts.known_tokens) / f64::from(facts.tokens.max(1));
    let (value, confidence, reason) = match () {
        () if facts.placeholder => (0.08, 0.85, "is a placeholder"),
        () if facts.keyboard_walk => (0.07, 0.85, "follows neighbouring keys on the keyboard"),
        () if facts.repetitive => (0.07, 0.85, "repeats the same letters or syllables"),
        () if facts.mixed_scripts => (0.2, 0.7, "mixes scripts inside a word"),
        () if facts.profane => (0.25, 0.6, "contains a profane or blocked word"),
        () if latin && facts.gibberish >= MASH && known == 0.0 => (0.06, 0.8, "reads like random letters"),
        () if latin && facts.gibberish >= ODD && known == 0.0 => (0.28, 0.55, "is hardly pronounceable"),
        () if latin && facts.gibberish >= MASH => {
            (0.36, 0.5, "has a known part and a part that reads like random letters")
        }
        () if facts.has_digits && known == 0.0 => (0.35, 0.5, "contains digits"),
        () => return plausible(facts, known, latin),
    };
    (value, confidence, reason.to_owned())
}

fn plausible(facts: &NameFacts, known: f64, latin: bool) -> (f64, f64, String) {
    let NameFacts { known_tokens, tokens, .. } = facts;
    match () {
        () if known >= 1.0 && *tokens > 1 => {
            (0.87, 0.7, format!("has only parts that people are called ({known_tokens} of {tokens})"))
        }
        () if known > 0.0 => (0.78, 0.6, format!("has parts that people are called ({known_tokens} of {tokens})")),
        () if !latin => {
            (0.7, 0.5, "shows nothing implausible; it is in a script we do not judge by Latin names".into())
        }
        () => (0.6, 0.4, "is in none of our lists and pronounceable".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story(name: &str) -> Story {
        Story::new().identity(&format!(r#"{{"name":"{name}"}}"#)).event(0, "signup")
    }

    #[test]
    fn known_names_are_plausible() {
        check(&ANALYZER, &story("Maria Garcia"), 0.75..=0.9);
        check(&ANALYZER, &story("John Smith"), 0.75..=0.9);
    }

    #[test]
    fn mash_and_walks_are_not() {
        check(&ANALYZER, &story("xkqzvbw pqrtzx"), 0.0..=0.1);
        check(&ANALYZER, &story("asdfgh qwerty"), 0.0..=0.1);
    }

    #[test]
    fn other_scripts_are_not_punished() {
        check(&ANALYZER, &story("山田 太郎"), 0.6..=0.9);
    }

    #[test]
    fn a_mashed_local_part_is_a_weak_hint() {
        let mash = Story::new().identity(r#"{"email":"xkqzvbwpqrtzx@gmail.com"}"#).event(0, "signup");
        check(&ANALYZER, &mash, 0.2..=0.4);
        let named =
            Story::new().identity(r#"{"name":"Maria Garcia","email":"xkqzvbwpqrtzx@gmail.com"}"#).event(0, "signup");
        check(&ANALYZER, &named, 0.65..=0.85);
    }

    #[test]
    fn no_name_says_nothing() {
        check_silent(&ANALYZER, &Story::new().identity(r#"{"email":"ada@example.com"}"#).event(0, "signup"));
    }
}
