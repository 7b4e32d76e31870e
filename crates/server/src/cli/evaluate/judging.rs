//! The verdicts beside the labels.

use super::gathering::{Bond, Grounds, Verdicts};
use super::labels::{Label, Labels, Pair};
use super::measures::{
    BCubed, Quality, Ranked, auc, average_precision, b_cubed, best, components, median, quality, sizes,
};
use dregs_engine::score::Category;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A score below the first calls for a look, below the second for an answer.
const SCORE_THRESHOLDS: [u8; 2] = [50, 25];
/// What a category without evidence counts as: a score sits in the middle until something is known.
const UNKNOWN_SCORE: u8 = 50;
const PAIR_THRESHOLDS: [f64; 2] = [0.5, 0.9];
/// Identities, reasons and kinds of links named for one segment.
const WORST_MAX: usize = 5;
const REASONS_MAX: usize = 3;

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// Identities with a label, and how many of them the stream never mentioned.
    pub labelled: usize,
    pub unseen: usize,
    pub dimensions: Vec<Dimension>,
    pub abuse: Vec<AbuseClass>,
    pub honest: Vec<HonestSegment>,
    pub pairs: Option<PairsJudged>,
    pub hard_pairs: Vec<HardKind>,
    pub rings: Vec<RingsJudged>,
}

/// How one score tells good from bad; `any` is the lowest of the four against being an abuser.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dimension {
    pub name: String,
    pub bad: usize,
    pub auc: Option<f64>,
    pub average_precision: Option<f64>,
    /// At scores below 50 and below 25.
    pub below: Vec<Quality>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AbuseClass {
    pub class: String,
    /// `all` for the class as a whole.
    pub tier: String,
    pub count: usize,
    /// Share with a score below 50 in a dimension in which it is bad.
    pub recall_own: f64,
    /// Share with any score below 50.
    pub recall_any: f64,
    /// In the order of humanity, authenticity, uniqueness, behavior.
    pub median_scores: [Option<u8>; 4],
    /// What holds up the scores of those that were missed, most frequent first.
    pub held_up_by: Vec<Reason>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HonestSegment {
    pub class: String,
    pub count: usize,
    /// False positives: share below 50 and below 25, in each dimension in which the identity is not labelled bad.
    pub below_50: [f64; 4],
    pub below_25: [f64; 4],
    pub any_below_50: f64,
    pub any_below_25: f64,
    pub median_scores: [Option<u8>; 4],
    /// What pulls scores below 50, most frequent first.
    pub pulled_down_by: Vec<Reason>,
    pub worst: Vec<Worst>,
}

/// An analyzer and how often it was the main reason.
#[derive(Debug, PartialEq, Serialize)]
pub struct Reason {
    pub analyzer: String,
    pub count: usize,
}

#[derive(Debug, Serialize)]
pub struct Worst {
    pub identity: String,
    pub scores: [Option<u8>; 4],
    /// The main observation against its lowest score.
    pub because: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PairsJudged {
    pub labelled: usize,
    pub linked: usize,
    pub at: Vec<Quality>,
    pub best: Quality,
    pub average_precision: Option<f64>,
    /// What the false pairs at 0.5 and above rest on, most frequent first.
    pub false_by: Vec<LinkKind>,
    /// Classes of both sides of the false pairs.
    pub false_between: Vec<Reason>,
    /// Classes of labelled pairs that are not linked at 0.5.
    pub missed_in: Vec<Reason>,
}

/// Pairs that rest on the same kinds of evidence.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkKind {
    pub evidence: String,
    pub count: usize,
    pub median_score: f64,
    pub median_holders: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HardKind {
    pub kind: String,
    pub count: usize,
    pub false_at_50: f64,
    pub false_at_90: f64,
    pub false_by: Vec<LinkKind>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RingsJudged {
    pub threshold: f64,
    /// Over every labelled identity.
    pub everybody: BCubed,
    /// Over those alone who are in a ring, found or true.
    pub in_rings: BCubed,
    pub largest_found: usize,
    pub largest_true: usize,
}

/// Who needs its grounds read before [`judge`]: everyone labelled whose scores were seen.
pub fn questioned<'a>(labels: &'a Labels, verdicts: &'a Verdicts) -> impl Iterator<Item = &'a String> {
    labels.identities.iter().flatten().map(|(id, _)| id).filter(|id| verdicts.scores.contains_key(*id))
}

pub fn judge(labels: &Labels, verdicts: &Verdicts, grounds: &BTreeMap<String, [Grounds; 4]>) -> Judgement {
    let mut judgement = Judgement::default();
    if let Some(identities) = &labels.identities {
        let people: Vec<Person<'_>> = identities
            .iter()
            .filter_map(|(id, label)| {
                let scores = *verdicts.scores.get(id)?;
                Some(Person { id, label, scores, grounds: grounds.get(id) })
            })
            .collect();
        judgement.labelled = identities.len();
        judgement.unseen = identities.len() - people.len();
        judgement.dimensions = dimensions(&people);
        judgement.abuse = abuse(&people);
        judgement.honest = honest(&people);
    }
    if let Some(pairs) = &labels.pairs {
        judgement.pairs = Some(judge_pairs(labels, pairs, verdicts));
        judgement.rings =
            PAIR_THRESHOLDS.into_iter().rev().map(|least| rings(labels, pairs, verdicts, least)).collect();
    }
    if let Some(hard) = &labels.hard {
        judgement.hard_pairs = hard_kinds(hard, verdicts);
    }
    judgement
}

struct Person<'a> {
    id: &'a str,
    label: &'a Label,
    scores: [Option<u8>; 4],
    grounds: Option<&'a [Grounds; 4]>,
}

impl Person<'_> {
    fn lowest(&self) -> u8 {
        self.scores.iter().flatten().copied().min().unwrap_or(UNKNOWN_SCORE)
    }

    fn is_below(&self, place: usize, threshold: u8) -> bool {
        self.scores[place].is_some_and(|score| score < threshold)
    }

    /// Places of the dimensions in which the label says bad, or does not.
    fn places(&self, bad: bool) -> impl Iterator<Item = usize> {
        (0..4).filter(move |place| self.label.bad[*place] == bad)
    }

    fn grounds(&self, place: usize) -> Option<&Grounds> {
        self.grounds.map(|grounds| &grounds[place])
    }
}

fn share(people: &[&Person<'_>], is: impl Fn(&Person<'_>) -> bool) -> f64 {
    people.iter().filter(|person| is(person)).count() as f64 / people.len().max(1) as f64
}

fn medians(people: &[&Person<'_>]) -> [Option<u8>; 4] {
    [0, 1, 2, 3].map(|place| median(people.iter().filter_map(|person| person.scores[place]).collect()))
}

fn dimensions(people: &[Person<'_>]) -> Vec<Dimension> {
    let one = |name: &str, ranked: Vec<(Option<u8>, bool)>| {
        // A low score is a high suspicion.
        let suspicion = |score: u8| 100.0 - f64::from(score);
        let all: Vec<Ranked> =
            ranked.iter().map(|(score, bad)| (suspicion(score.unwrap_or(UNKNOWN_SCORE)), *bad)).collect();
        let bad = all.iter().filter(|(_, bad)| *bad).count();
        let below = SCORE_THRESHOLDS.map(|threshold| Quality {
            threshold: f64::from(threshold),
            ..quality(&all, bad, suspicion(threshold) + 0.5)
        });
        Dimension {
            name: name.into(),
            bad,
            auc: auc(&all),
            average_precision: average_precision(&all, bad),
            below: below.into(),
        }
    };
    let each = Category::ALL.into_iter().enumerate().map(|(place, category)| {
        let ranked = people.iter().map(|person| (person.scores[place], person.label.bad[place])).collect();
        one(&category.code().to_lowercase(), ranked)
    });
    let any = people.iter().map(|person| (Some(person.lowest()), person.label.abuser)).collect();
    each.chain([one("any", any)]).collect()
}

fn by_class<'a>(people: &'a [Person<'a>], abuser: bool) -> BTreeMap<&'a str, Vec<&'a Person<'a>>> {
    let mut classes: BTreeMap<&str, Vec<&Person<'_>>> = BTreeMap::new();
    for person in people.iter().filter(|person| person.label.abuser == abuser) {
        person.label.classes().for_each(|class| classes.entry(class).or_default().push(person));
    }
    classes
}

fn abuse(people: &[Person<'_>]) -> Vec<AbuseClass> {
    let mut found = Vec::new();
    for (class, members) in by_class(people, true) {
        found.push(abuse_class(class, "all", &members));
        let tiers: BTreeSet<&str> =
            members.iter().map(|person| person.label.tier.as_str()).filter(|tier| !tier.is_empty()).collect();
        for tier in tiers {
            let members: Vec<&Person<'_>> =
                members.iter().copied().filter(|person| person.label.tier == tier).collect();
            found.push(abuse_class(class, tier, &members));
        }
    }
    found
}

fn abuse_class(class: &str, tier: &str, members: &[&Person<'_>]) -> AbuseClass {
    let [least, _] = SCORE_THRESHOLDS;
    let caught_own = |person: &Person<'_>| person.places(true).any(|place| person.is_below(place, least));
    let missed = members.iter().filter(|person| !caught_own(person));
    let reasons = missed.flat_map(|person| {
        let grounds = person.places(true).filter_map(|place| person.grounds(place));
        grounds.map(|grounds| grounds.for_it.as_ref().map_or("(silence)", |seen| seen.id.as_str()))
    });
    AbuseClass {
        class: class.into(),
        tier: tier.into(),
        count: members.len(),
        recall_own: share(members, caught_own),
        recall_any: share(members, |person| (0..4).any(|place| person.is_below(place, least))),
        median_scores: medians(members),
        held_up_by: most_frequent(reasons),
    }
}

fn honest(people: &[Person<'_>]) -> Vec<HonestSegment> {
    by_class(people, false).into_iter().map(|(class, members)| honest_segment(class, members)).collect()
}

fn honest_segment(class: &str, mut members: Vec<&Person<'_>>) -> HonestSegment {
    let wrong = |person: &Person<'_>, place: usize, threshold: u8| {
        !person.label.bad[place] && person.is_below(place, threshold)
    };
    let each = |threshold: u8| [0, 1, 2, 3].map(|place| share(&members, |person| wrong(person, place, threshold)));
    let any = |threshold: u8| share(&members, |person| (0..4).any(|place| wrong(person, place, threshold)));
    let [below_50, below_25] = SCORE_THRESHOLDS.map(each);
    let [any_below_50, any_below_25] = SCORE_THRESHOLDS.map(any);
    let reasons = members.iter().flat_map(|person| {
        let places = (0..4).filter(|place| wrong(person, *place, SCORE_THRESHOLDS[0]));
        places.filter_map(|place| person.grounds(place)?.against.as_ref()).map(|seen| seen.id.as_str())
    });
    let pulled_down_by = most_frequent(reasons);
    let median_scores = medians(&members);
    let count = members.len();
    let rank =
        |person: &Person<'_>| person.places(false).filter_map(|place| Some((person.scores[place]?, place))).min();
    members.sort_by_key(|person| (rank(person).map_or(u8::MAX, |(score, _)| score), person.id));
    let worst = members.iter().take(WORST_MAX).map(|person| Worst {
        identity: person.id.to_owned(),
        scores: person.scores,
        because: rank(person).and_then(|(_, place)| {
            let seen = person.grounds(place)?.against.as_ref()?;
            Some(format!("{} {:.2} ({:+.0} points): {}", seen.id, seen.value, seen.contribution, seen.explanation))
        }),
    });
    let worst = worst.collect();
    HonestSegment {
        class: class.into(),
        count,
        below_50,
        below_25,
        any_below_50,
        any_below_25,
        median_scores,
        pulled_down_by,
        worst,
    }
}

fn most_frequent<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> =
        sizes(names).into_iter().map(|(analyzer, count)| Reason { analyzer: analyzer.to_owned(), count }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
    reasons.truncate(REASONS_MAX);
    reasons
}

fn judge_pairs(labels: &Labels, truth: &BTreeSet<Pair>, verdicts: &Verdicts) -> PairsJudged {
    let judged = |pair: &Pair| labels.knows(&pair.0) && labels.knows(&pair.1);
    let links = || verdicts.links.iter().filter(|(pair, _)| judged(pair));
    let ranked: Vec<Ranked> = links().map(|(pair, bond)| (bond.score, truth.contains(pair))).collect();
    let [least, _] = PAIR_THRESHOLDS;
    let wrong = || links().filter(|(pair, bond)| bond.score >= least && !truth.contains(*pair));
    let between: Vec<String> = wrong().map(|(pair, _)| classes_of(labels, pair)).collect();
    let missed = truth.iter().filter(|pair| verdicts.links.get(*pair).is_none_or(|bond| bond.score < least));
    let missed: Vec<String> = missed.map(|pair| classes_of(labels, pair)).collect();
    PairsJudged {
        labelled: truth.len(),
        linked: ranked.len(),
        at: PAIR_THRESHOLDS.map(|threshold| quality(&ranked, truth.len(), threshold)).into(),
        best: best(&ranked, truth.len()),
        average_precision: average_precision(&ranked, truth.len()),
        false_by: link_kinds(wrong().map(|(_, bond)| bond)),
        false_between: most_frequent(between.iter().map(String::as_str)),
        missed_in: most_frequent(missed.iter().map(String::as_str)),
    }
}

/// The classes of both sides, with the tier of an abuser.
fn classes_of(labels: &Labels, pair: &Pair) -> String {
    let side = |id: &str| {
        let label = labels.identities.as_ref().and_then(|labels| labels.get(id)).cloned().unwrap_or_default();
        let classes: Vec<&str> = label.classes().collect();
        let tier = if label.tier.is_empty() { String::new() } else { format!(" {}", label.tier) };
        format!("{}{tier}", classes.join("|"))
    };
    let (a, b) = (side(&pair.0), side(&pair.1));
    if a == b { a } else { format!("{} × {}", a.clone().min(b.clone()), a.max(b)) }
}

fn link_kinds<'a>(bonds: impl Iterator<Item = &'a Bond>) -> Vec<LinkKind> {
    let mut kinds: BTreeMap<&str, Vec<&Bond>> = BTreeMap::new();
    bonds.for_each(|bond| kinds.entry(&bond.evidence).or_default().push(bond));
    let mut found: Vec<LinkKind> = kinds
        .into_iter()
        .map(|(evidence, bonds)| LinkKind {
            evidence: evidence.to_owned(),
            count: bonds.len(),
            median_score: median(bonds.iter().map(|bond| (bond.score * 1e4).round() as u32).collect())
                .map_or(0.0, f64::from)
                / 1e4,
            median_holders: median(bonds.iter().filter_map(|bond| bond.holders).collect()),
        })
        .collect();
    found.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    found.truncate(REASONS_MAX);
    found
}

fn hard_kinds(hard: &BTreeMap<Pair, String>, verdicts: &Verdicts) -> Vec<HardKind> {
    let mut kinds: BTreeMap<&str, Vec<&Pair>> = BTreeMap::new();
    hard.iter().for_each(|(pair, kind)| kinds.entry(kind).or_default().push(pair));
    let [least, most] = PAIR_THRESHOLDS;
    let found = kinds.into_iter().map(|(kind, pairs)| {
        let linked = |least: f64| {
            pairs.iter().filter_map(move |pair| verdicts.links.get(*pair).filter(|bond| bond.score >= least))
        };
        let rate = |least: f64| linked(least).count() as f64 / pairs.len() as f64;
        HardKind {
            kind: kind.to_owned(),
            count: pairs.len(),
            false_at_50: rate(least),
            false_at_90: rate(most),
            false_by: link_kinds(linked(least)),
        }
    });
    found.collect()
}

fn rings(labels: &Labels, truth: &BTreeSet<Pair>, verdicts: &Verdicts, threshold: f64) -> RingsJudged {
    let known = |(a, b): &(&str, &str)| labels.knows(a) && labels.knows(b);
    let strong = verdicts.links.iter().filter(|(_, bond)| bond.score >= threshold);
    let found = components(strong.map(|((a, b), _)| (a.as_str(), b.as_str())).filter(known));
    let truth = components(truth.iter().map(|(a, b)| (a.as_str(), b.as_str())));
    let in_rings: BTreeSet<&str> = found.keys().chain(truth.keys()).copied().collect();
    let labelled = labels.identities.iter().flatten().map(|(id, _)| id.as_str());
    let everybody = in_rings.iter().copied().chain(labelled).collect();
    RingsJudged {
        threshold,
        everybody: b_cubed(&everybody, &found, &truth),
        in_rings: b_cubed(&in_rings, &found, &truth),
        largest_found: largest(&found),
        largest_true: largest(&truth),
    }
}

fn largest(components: &BTreeMap<&str, usize>) -> usize {
    sizes(components.values()).into_values().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::labels::ordered;
    use super::*;

    fn world() -> (Labels, Verdicts) {
        let label = |abuser: bool, class: &str, tier: &str, bad: [bool; 4]| Label {
            abuser,
            classes: class.split('|').filter(|class| !class.is_empty()).map(str::to_owned).collect(),
            tier: tier.into(),
            bad,
        };
        let unique = [false, false, true, false];
        let identities = BTreeMap::from([
            ("a".to_owned(), label(true, "farm", "naive", unique)),
            ("b".to_owned(), label(true, "farm", "expert", unique)),
            ("c".to_owned(), label(false, "", "", [false; 4])),
            ("d".to_owned(), label(false, "family", "", unique)),
            ("gone".to_owned(), label(false, "", "", [false; 4])),
        ]);
        let scores = [("a", Some(10)), ("b", Some(80)), ("c", Some(40)), ("d", Some(20)), ("unlabelled", Some(1))];
        let scores = scores.map(|(id, unique)| (id.to_owned(), [Some(90), None, unique, Some(50)])).into();
        let bond = |score: f64| Bond { score, evidence: "device".into(), holders: Some(3) };
        let links = [("a", "b", 0.95), ("c", "d", 0.6), ("a", "c", 0.1), ("a", "unlabelled", 0.99)];
        let links = links.map(|(a, b, score)| (ordered(a, b), bond(score))).into();
        let labels = Labels {
            identities: Some(identities),
            pairs: Some([ordered("a", "b"), ordered("b", "d")].into()),
            hard: Some([(ordered("c", "d"), "family".to_owned()), (ordered("a", "c"), "office".to_owned())].into()),
        };
        (labels, Verdicts { scores, links })
    }

    #[test]
    fn people_are_judged_by_their_labels() {
        let (labels, verdicts) = world();
        let judged = judge(&labels, &verdicts, &BTreeMap::new());
        assert_eq!((judged.labelled, judged.unseen), (5, 1));
        let uniqueness = &judged.dimensions[2];
        // Bad: 10, 80 and 20; good: 40.
        assert_eq!((uniqueness.bad, uniqueness.auc), (3, Some(2.0 / 3.0)));
        assert_eq!((uniqueness.below[0].recall, uniqueness.below[0].precision), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!((uniqueness.below[1].recall, uniqueness.below[1].precision), (Some(2.0 / 3.0), Some(1.0)));
        // A score of exactly 50 is not below 50.
        assert_eq!(judged.dimensions[3].below[0].caught, 0);
        let farm: Vec<_> =
            judged.abuse.iter().map(|found| (found.tier.as_str(), found.count, found.recall_own)).collect();
        assert_eq!(farm, [("all", 2, 0.5), ("expert", 1, 0.0), ("naive", 1, 1.0)]);
        assert_eq!(judged.abuse[0].median_scores, [Some(90), None, Some(10), Some(50)]);
        let honest: Vec<_> = judged.honest.iter().map(|found| (found.class.as_str(), found.any_below_50)).collect();
        // A second account is rightly not unique.
        assert_eq!(honest, [("family", 0.0), ("ordinary", 1.0)]);
        assert_eq!(judged.honest[1].worst[0].identity, "c");
    }

    #[test]
    fn pairs_and_rings_are_judged_among_the_labelled() {
        let (labels, verdicts) = world();
        let judged = judge(&labels, &verdicts, &BTreeMap::new());
        let pairs = judged.pairs.unwrap();
        assert_eq!((pairs.labelled, pairs.linked), (2, 3));
        assert_eq!((pairs.at[0].precision, pairs.at[0].recall), (Some(0.5), Some(0.5)));
        assert_eq!((pairs.at[1].precision, pairs.at[1].recall), (Some(1.0), Some(0.5)));
        assert_eq!(pairs.average_precision, Some(0.5));
        assert_eq!((pairs.false_by[0].evidence.as_str(), pairs.false_by[0].median_holders), ("device", Some(3)));
        let hard: Vec<_> =
            judged.hard_pairs.iter().map(|kind| (kind.kind.as_str(), kind.false_at_50, kind.false_at_90)).collect();
        assert_eq!(hard, [("family", 1.0, 0.0), ("office", 0.0, 0.0)]);
        // Truth is {a, b, d}; found at 0.9 is {a, b}.
        let rings = &judged.rings[0];
        assert_eq!((rings.threshold, rings.in_rings.members, rings.in_rings.precision), (0.9, 3, 1.0));
        assert!((rings.in_rings.recall - (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0) / 3.0).abs() < 1e-9);
        assert_eq!((rings.everybody.members, rings.largest_true), (5, 3));
    }

    #[test]
    fn without_labels_of_people_all_pairs_count() {
        let (labels, verdicts) = world();
        let judged = judge(&Labels { identities: None, hard: None, ..labels }, &verdicts, &BTreeMap::new());
        assert!(judged.dimensions.is_empty() && judged.hard_pairs.is_empty());
        assert_eq!(judged.pairs.unwrap().linked, 4);
    }
}
