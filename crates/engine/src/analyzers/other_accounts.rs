//! The score's backbone: the probability that this is the only account of its person, from all evidence about all pairs.

use super::{Analyzer, counted};
use crate::linkage::{any_same_person, pairs};
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.other-accounts",
    label: "Other accounts of the same person",
    category: Category::Uniqueness,
    group: "links",
    weight: 1.0,
    analyze,
};

/// Pairs less probable than this are not mentioned.
const WORTH_SAYING: f64 = 0.2;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let pairs = pairs(&snapshot.links);
    let (strongest, _) = pairs.first().map(|(_, probability)| (*probability, ()))?;
    let any = any_same_person(&snapshot.links);
    let likely = pairs.iter().filter(|(_, probability)| *probability >= 0.5).count() as u64;
    let text = match () {
        () if likely > 0 => format!(
            "{} probably of the same person; the chance that at least one is: {:.0} %.",
            counted(likely, "other account is", "other accounts are"),
            any * 100.0
        ),
        () if strongest >= WORTH_SAYING => format!(
            "The closest of {} may be the same person with {:.0} %.",
            counted(pairs.len() as u64, "compared account", "compared accounts"),
            strongest * 100.0
        ),
        () => format!(
            "None of {} is likely the same person.",
            counted(pairs.len() as u64, "compared account", "compared accounts")
        ),
    };
    let finding = Finding::new(1.0 - any, 1.0, text);
    Some(
        finding
            .with("probability", (any * 10_000.0).round() / 10_000.0)
            .with("likely", likely)
            .with("compared", pairs.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::KeyKind;
    use crate::testkit::{Story, check, check_silent};

    #[test]
    fn a_shared_rare_device_is_bad_and_a_common_one_is_not() {
        let story = || Story::new().device("fp", "{}").event(0, "signup");
        check(&ANALYZER, &story().shared(KeyKind::Device, "fp", 2, &["b"]), 0.0..=0.5);
        check_silent(&ANALYZER, &story().shared(KeyKind::Device, "fp", 5000, &["b"]));
        check_silent(&ANALYZER, &story());
    }
}
