//! How well a ranking, a set of pairs or a grouping agrees with the truth.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that was ranked: how suspicious it was found, and whether it is bad.
pub type Ranked = (f64, bool);

/// Chance that a bad one is found more suspicious than a good one, a tie counting half (Mann and Whitney, 1947). None when
/// all are alike.
pub fn auc(ranked: &[Ranked]) -> Option<f64> {
    let mut sorted = ranked.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bad = sorted.iter().filter(|(_, bad)| *bad).count() as f64;
    let good = sorted.len() as f64 - bad;
    if bad == 0.0 || good == 0.0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut below = 0.0;
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let rank = below + (tied.len() as f64 + 1.0) / 2.0;
        rank_sum += rank * tied.iter().filter(|(_, bad)| *bad).count() as f64;
        below += tied.len() as f64;
    }
    Some((rank_sum - bad * (bad + 1.0) / 2.0) / (bad * good))
}

/// Area under precision over recall, by steps; `bad_total` counts those that were never ranked too.
pub fn average_precision(ranked: &[Ranked], bad_total: usize) -> Option<f64> {
    if bad_total == 0 {
        return None;
    }
    let steps = steps(ranked).into_iter();
    let (area, _) =
        steps.fold((0.0, 0.0), |(area, before), (_, hits, taken)| (area + (hits - before) * hits / taken, hits));
    Some(area / bad_total as f64)
}

/// For every distinct suspicion from the highest: it, the bad ones down to it, and all down to it.
fn steps(ranked: &[Ranked]) -> Vec<(f64, f64, f64)> {
    let mut sorted = ranked.to_vec();
    sorted.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut steps = Vec::new();
    let (mut hits, mut taken) = (0.0, 0.0);
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        hits += tied.iter().filter(|(_, bad)| *bad).count() as f64;
        taken += tied.len() as f64;
        steps.push((tied[0].0, hits, taken));
    }
    steps
}

/// What was caught of what should have been, and what was caught by mistake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    pub threshold: f64,
    /// None when nothing was caught.
    pub precision: Option<f64>,
    /// None when there was nothing to catch.
    pub recall: Option<f64>,
    pub f1: Option<f64>,
    pub caught: usize,
}

/// Quality when everything at `threshold` or above counts as caught.
pub fn quality(ranked: &[Ranked], bad_total: usize, threshold: f64) -> Quality {
    let caught: Vec<bool> = ranked.iter().filter(|(value, _)| *value >= threshold).map(|(_, bad)| *bad).collect();
    of_counts(threshold, caught.iter().filter(|bad| **bad).count() as f64, caught.len() as f64, bad_total as f64)
}

/// The threshold with the highest F1.
pub fn best(ranked: &[Ranked], bad_total: usize) -> Quality {
    let all = steps(ranked).into_iter().map(|(value, hits, taken)| of_counts(value, hits, taken, bad_total as f64));
    all.max_by(|a, b| a.f1.unwrap_or(0.0).total_cmp(&b.f1.unwrap_or(0.0))).unwrap_or_default()
}

fn of_counts(threshold: f64, hits: f64, taken: f64, bad: f64) -> Quality {
    let precision = (taken > 0.0).then(|| hits / taken);
    let recall = (bad > 0.0).then(|| hits / bad);
    let f1 = (bad > 0.0).then(|| 2.0 * hits / (taken + bad));
    Quality { threshold, precision, recall, f1, caught: taken as usize }
}

/// B³ (Bagga and Baldwin, 1998): for each member, how much of its group is its own, and how much of its own is in its group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BCubed {
    pub members: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// Compares a grouping with the true one over `members`; who is in no group is alone.
pub fn b_cubed(members: &BTreeSet<&str>, found: &BTreeMap<&str, usize>, truth: &BTreeMap<&str, usize>) -> BCubed {
    let alone = found.len() + truth.len();
    let places: Vec<(usize, usize)> = members
        .iter()
        .enumerate()
        .map(|(number, member)| {
            let place = |groups: &BTreeMap<&str, usize>| groups.get(member).copied().unwrap_or(alone + number);
            (place(found), place(truth))
        })
        .collect();
    let found_sizes = sizes(places.iter().map(|(found, _)| *found));
    let true_sizes = sizes(places.iter().map(|(_, truth)| *truth));
    // Each member of an overlap shares it with all of the overlap, itself included.
    let (precision, recall) =
        sizes(places.into_iter()).into_iter().fold((0.0, 0.0), |(precision, recall), ((found, truth), size)| {
            let squared = (size * size) as f64;
            (precision + squared / found_sizes[&found] as f64, recall + squared / true_sizes[&truth] as f64)
        });
    let count = members.len().max(1) as f64;
    let (precision, recall) = (precision / count, recall / count);
    let f1 = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    BCubed { members: members.len(), precision, recall, f1 }
}

/// How often each value occurs.
pub fn sizes<T: Ord>(values: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    values.fold(BTreeMap::new(), |mut sizes, value| {
        *sizes.entry(value).or_default() += 1;
        sizes
    })
}

/// The connected components that pairs make: each member with the number of its component.
pub fn components<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parents: Vec<usize> = Vec::new();
    for (a, b) in pairs {
        let [a, b] = [a, b].map(|member| {
            let number = *numbers.entry(member).or_insert_with(|| {
                parents.push(parents.len());
                parents.len() - 1
            });
            root(&mut parents, number)
        });
        parents[a] = b;
    }
    numbers.into_iter().map(|(member, number)| (member, root(&mut parents, number))).collect()
}

fn root(parents: &mut [usize], mut number: usize) -> usize {
    while parents[number] != number {
        parents[number] = parents[parents[number]];
        number = parents[number];
    }
    number
}

/// The middle value; of an even number the lower middle.
pub fn median<T: Copy + Ord>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        assert!(found.is_some_and(|found| (found - wanted).abs() < 1e-9), "{found:?} is not {wanted}");
    }

    #[test]
    fn auc_counts_a_tie_half() {
        near(auc(&[(0.9, true), (0.1, false)]), 1.0);
        near(auc(&[(0.1, true), (0.9, false)]), 0.0);
        near(auc(&[(0.5, true), (0.5, false), (0.5, false)]), 0.5);
        // Of four comparisons two are won and one is tied.
        near(auc(&[(0.8, true), (0.4, true), (0.4, false), (0.5, false)]), 2.5 / 4.0);
        assert_eq!(auc(&[(0.5, true)]), None);
        assert_eq!(auc(&[]), None);
    }

    #[test]
    fn average_precision_by_hand() {
        near(average_precision(&[(0.9, true), (0.8, false), (0.7, true), (0.6, false)], 2), (1.0 + 2.0 / 3.0) / 2.0);
        near(average_precision(&[(0.5, true), (0.5, false)], 1), 0.5);
        // One of two was never ranked.
        near(average_precision(&[(0.9, true)], 2), 0.5);
        assert_eq!(average_precision(&[(0.9, false)], 0), None);
    }

    #[test]
    fn quality_and_its_best_threshold() {
        let ranked = [(0.9, true), (0.8, false), (0.7, true), (0.2, false)];
        let found = quality(&ranked, 4, 0.7);
        near(found.precision, 2.0 / 3.0);
        near(found.recall, 0.5);
        near(found.f1, 4.0 / 7.0);
        assert_eq!(best(&ranked, 4).threshold, 0.7);
        assert_eq!(quality(&ranked, 4, 0.95).precision, None);
        assert_eq!(best(&[], 4).f1, None);
    }

    #[test]
    fn b_cubed_by_hand() {
        let truth = components([("a", "b"), ("b", "c"), ("d", "e")].into_iter());
        let members: BTreeSet<&str> = ["a", "b", "c", "d", "e"].into();
        let same = b_cubed(&members, &truth, &truth);
        assert_eq!((same.precision, same.recall, same.f1), (1.0, 1.0, 1.0));
        // Everything in one group: each of three finds 3 of 5 its own, each of two 2 of 5.
        let one = components([("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")].into_iter());
        let lumped = b_cubed(&members, &one, &truth);
        near(Some(lumped.precision), (3.0 * 0.6 + 2.0 * 0.4) / 5.0);
        near(Some(lumped.recall), 1.0);
        // Nobody in a group: each is alone with itself.
        let split = b_cubed(&members, &BTreeMap::new(), &truth);
        near(Some(split.precision), 1.0);
        near(Some(split.recall), (3.0 / 3.0 + 2.0 / 2.0) / 5.0);
    }

    #[test]
    fn components_join_whatever_the_order() {
        let found = components([("a", "b"), ("c", "d"), ("x", "y"), ("d", "a")].into_iter());
        assert!(["b", "c", "d"].iter().all(|member| found[member] == found["a"]));
        assert!(found["x"] == found["y"] && found["x"] != found["a"]);
    }

    #[test]
    fn the_middle() {
        assert_eq!(median(vec![3, 1, 2]), Some(2));
        assert_eq!(median(vec![4, 1, 2, 3]), Some(2));
        assert_eq!(median(Vec::<u8>::new()), None);
    }
}
