//! Rings: the accounts that strong links hold together, and what a ring looks like from outside.
//!
//! A ring is a connected component over pairs that are rather one person than not. Where an analyst has decided that
//! two are different people the component is divided between them, by single linkage under constraints: pairs join in
//! the order of their probability, and one that would put the two into one ring joins nothing. So the same pairs and
//! decisions give the same rings, in whatever order they came. A ring is a view of links: it merges nobody, and it is
//! gone when its links are.

use crate::limits::RING_MEMBERS_MAX;
use crate::text::hash32;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Probability from which a pair holds a ring together. A ring passes a mistake on to everyone in it, so it asks for
/// more than a link does; asking for certainty tears crews apart that are held together by many likely pairs.
pub const RING_PROBABILITY_MIN: f64 = 0.6;
/// Members from which a ring is more than a household, and is told to its members' scores.
pub const RING_TOLD_MIN: usize = 5;

pub fn is_strong(probability: f64) -> bool {
    probability >= RING_PROBABILITY_MIN
}

/// Two identities, lower id first, and the probability that both are one person.
#[derive(Debug, Clone, PartialEq)]
pub struct StrongPair {
    pub a: String,
    pub b: String,
    pub probability: f64,
}

/// What strong pairs hold together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ring {
    /// In the order of their ids.
    pub members: Vec<String>,
    /// Strong pairs within.
    pub pairs: usize,
    /// More belongs to it than a ring may hold.
    pub truncated: bool,
}

/// Share of all possible pairs that are strong.
pub fn density(size: usize, pairs: usize) -> f64 {
    let possible = size * size.saturating_sub(1) / 2;
    if possible == 0 { 0.0 } else { (pairs as f64 / possible as f64).min(1.0) }
}

/// The rings of two or more that `pairs` make, largest first. No two of `different`, in either order, are in one ring,
/// and none has more than `members_max`.
pub fn rings(pairs: &[StrongPair], different: &BTreeSet<(String, String)>, members_max: usize) -> Vec<Ring> {
    let places = places(pairs);
    let place = |id: &String| places.get(id).copied();
    let opposed: Vec<(usize, usize)> = different.iter().filter_map(|(a, b)| Some((place(a)?, place(b)?))).collect();
    let mut forest = Forest::new(places.len());
    let mut truncated = BTreeSet::new();
    let ordered = strongest_first(pairs);
    for pair in &ordered {
        let (Some(a), Some(b)) = (place(&pair.a), place(&pair.b)) else { continue };
        let (a, b) = (forest.root(a), forest.root(b));
        if a == b || opposed.iter().any(|&(x, y)| forest.lie_in(x, y, a, b)) {
            continue;
        }
        if forest.sizes[a] + forest.sizes[b] > members_max {
            truncated.extend([a, b]);
            continue;
        }
        forest.join(a, b);
    }
    let truncated: BTreeSet<usize> = truncated.into_iter().map(|place| forest.root(place)).collect();
    let mut found: BTreeMap<usize, Ring> = BTreeMap::new();
    for (id, &place) in &places {
        let root = forest.root(place);
        let ring = found.entry(root).or_default();
        ring.members.push(id.clone());
        ring.truncated = truncated.contains(&root);
    }
    for pair in &ordered {
        let (Some(a), Some(b)) = (place(&pair.a), place(&pair.b)) else { continue };
        let root = forest.root(a);
        if root == forest.root(b) {
            found.entry(root).or_default().pairs += 1;
        }
    }
    let mut rings: Vec<Ring> = found.into_values().filter(|ring| ring.members.len() > 1).collect();
    rings.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then_with(|| a.members.cmp(&b.members)));
    rings
}

/// Where a ring would come apart first.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    /// The weakest pair of the strongest chain that holds all members together.
    pub pair: StrongPair,
    /// The members on either side of it, the side of the lower id first.
    pub parts: [Vec<String>; 2],
}

/// The weakest pair of the maximum spanning tree, and the two parts the ring would be without it.
pub fn weakest_joint(pairs: &[StrongPair]) -> Option<Joint> {
    let places = places(pairs);
    let mut forest = Forest::new(places.len());
    let ordered = strongest_first(pairs);
    let tree: Vec<&&StrongPair> = ordered.iter().filter(|pair| forest.join(places[&pair.a], places[&pair.b])).collect();
    let (weakest, rest) = tree.split_last()?;
    let mut forest = Forest::new(places.len());
    for pair in rest {
        forest.join(places[&pair.a], places[&pair.b]);
    }
    let side = forest.root(places[&weakest.a]);
    let (near, far) = places.iter().partition::<Vec<_>, _>(|(_, place)| forest.root(**place) == side);
    let ids = |part: Vec<(&String, &usize)>| part.into_iter().map(|(id, _)| id.clone()).collect();
    Some(Joint { pair: (**weakest).clone(), parts: [ids(near), ids(far)] })
}

fn places(pairs: &[StrongPair]) -> BTreeMap<String, usize> {
    let ids: BTreeSet<&String> = pairs.iter().flat_map(|pair| [&pair.a, &pair.b]).collect();
    ids.into_iter().enumerate().map(|(place, id)| (id.clone(), place)).collect()
}

fn strongest_first(pairs: &[StrongPair]) -> Vec<&StrongPair> {
    let mut ordered: Vec<&StrongPair> = pairs.iter().collect();
    ordered.sort_by(|x, y| y.probability.total_cmp(&x.probability).then_with(|| (&x.a, &x.b).cmp(&(&y.a, &y.b))));
    ordered
}

/// Disjoint sets of places, by size and with path halving. Source: Tarjan (1975).
struct Forest {
    parents: Vec<usize>,
    sizes: Vec<usize>,
}

impl Forest {
    fn new(places: usize) -> Self {
        Forest { parents: (0..places).collect(), sizes: vec![1; places] }
    }

    fn root(&mut self, mut place: usize) -> usize {
        while self.parents[place] != place {
            self.parents[place] = self.parents[self.parents[place]];
            place = self.parents[place];
        }
        place
    }

    /// Whether one of `x` and `y` is in the set of `a` and the other in that of `b`.
    fn lie_in(&mut self, x: usize, y: usize, a: usize, b: usize) -> bool {
        let (x, y) = (self.root(x), self.root(y));
        (x, y) == (a, b) || (x, y) == (b, a)
    }

    /// Returns whether they were apart.
    fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        let (large, small) = if self.sizes[a] >= self.sizes[b] { (a, b) } else { (b, a) };
        self.parents[small] = large;
        self.sizes[large] += self.sizes[small];
        true
    }
}

/// The id of a ring that begins with `member`; the same ring that comes back has the same.
pub fn ring_id(member: &str) -> String {
    format!("{:08x}{:08x}", hash32(member), hash32(&format!("ring of {member}")))
}

/// Whether an account of a ring that was of one size and is of another is worth scoring again: when it becomes more than
/// a household, and with every doubling from there. So a ring that grows one by one costs each member a few cycles.
pub fn is_felt(size_before: usize, size: usize) -> bool {
    let doublings = |size: usize| (size / RING_TOLD_MIN).checked_ilog2().map_or(0, |doublings| doublings + 1);
    doublings(size_before.min(RING_MEMBERS_MAX)) != doublings(size.min(RING_MEMBERS_MAX))
}

/// What an assessment sees of the identity's ring.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RingFacts {
    pub id: String,
    pub size: u64,
    /// Strong pairs within.
    pub pairs: u64,
    /// How long its oldest strong link has stood, in milliseconds.
    pub age_ms: i64,
    /// When its first and its last account was made.
    pub first_ms: i64,
    pub last_ms: i64,
    /// Members that were used only briefly.
    pub brief: u64,
    /// Most members that came with one referral code.
    pub referral: u64,
    /// An analyst has named this identity the ring's main account.
    pub is_main: bool,
}

impl RingFacts {
    pub fn density(&self) -> f64 {
        density(self.size as usize, self.pairs as usize)
    }

    pub fn brief_share(&self) -> f64 {
        self.brief as f64 / self.size.max(1) as f64
    }

    pub fn referral_share(&self) -> f64 {
        self.referral as f64 / self.size.max(1) as f64
    }

    /// Between the making of its first account and that of its last.
    pub fn span_ms(&self) -> i64 {
        self.last_ms.saturating_sub(self.first_ms).max(0)
    }

    /// Whether it is larger than households are.
    pub fn is_told(&self) -> bool {
        self.size as usize >= RING_TOLD_MIN
    }

    /// How much it looks like abuse, 0 to 100: by its size above all, and more when its accounts are thrown away after
    /// use or collect one referral code's bonus. Two accounts of one person are no great risk.
    pub fn risk(&self) -> u8 {
        let others = self.size.saturating_sub(1) as f64;
        let large = others / (others + RISK_HALF);
        let manner = self.brief_share().max(self.referral_share());
        (100.0 * large * (RISK_OF_SIZE + (1.0 - RISK_OF_SIZE) * manner)).round().clamp(0.0, 100.0) as u8
    }

    /// The same ring with another number of members, its proportions kept: what a decision would make of it.
    pub fn resized(&self, size: u64) -> Self {
        let scaled = |count: u64| (count as f64 * size as f64 / self.size.max(1) as f64).round() as u64;
        RingFacts {
            size,
            pairs: scaled(self.pairs),
            brief: scaled(self.brief),
            referral: scaled(self.referral),
            ..self.clone()
        }
    }
}

/// Further accounts at which a ring's size is half of what size can say.
const RISK_HALF: f64 = 4.0;
/// The part of the risk that size alone gives.
const RISK_OF_SIZE: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(a: &str, b: &str, probability: f64) -> StrongPair {
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        StrongPair { a: a.into(), b: b.into(), probability }
    }

    fn members(pairs: &[StrongPair], different: &[(&str, &str)]) -> Vec<String> {
        let different = different.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        rings(pairs, &different, RING_MEMBERS_MAX).iter().map(|ring| ring.members.join("")).collect()
    }

    #[test]
    fn a_chain_is_a_ring_and_without_a_link_it_is_two() {
        let chain = [pair("a", "b", 0.95), pair("b", "c", 0.92), pair("d", "c", 0.99), pair("x", "y", 1.0)];
        assert_eq!(members(&chain, &[]), ["abcd", "xy"]);
        assert_eq!(members(&[chain[0].clone(), chain[2].clone()], &[]), ["ab", "cd"]);
        assert_eq!(members(&[], &[]), [""; 0]);
    }

    #[test]
    fn different_people_are_kept_apart_and_others_go_with_whom_they_are_closest_to() {
        let pairs = [pair("a", "c", 0.95), pair("b", "c", 0.99), pair("b", "d", 0.91)];
        assert_eq!(members(&pairs, &[("b", "a")]), ["bcd"]);
        assert_eq!(members(&pairs, &[("c", "b")]), ["ac", "bd"]);
        assert_eq!(members(&pairs, &[("x", "y")]), ["abcd"]);
    }

    #[test]
    fn a_ring_comes_apart_at_its_weakest_joint() {
        let pairs = [
            pair("a", "b", 0.97),
            pair("b", "c", 0.96),
            pair("a", "c", 0.93),
            pair("c", "d", 0.94),
            pair("d", "e", 0.99),
        ];
        let ring = rings(&pairs, &BTreeSet::new(), RING_MEMBERS_MAX).remove(0);
        assert_eq!((ring.members.len(), ring.pairs, density(5, 5)), (5, 5, 0.5));
        let joint = weakest_joint(&pairs).unwrap();
        assert_eq!(joint.pair, pair("c", "d", 0.94), "a and c are held by b as well");
        assert_eq!(joint.parts, [vec!["a", "b", "c"], vec!["d", "e"]]);
        assert_eq!(weakest_joint(&[]), None);
    }

    #[test]
    fn a_ring_that_is_too_large_says_so() {
        let pairs: Vec<StrongPair> = (0..9).map(|n| pair(&format!("m{n}"), &format!("m{}", n + 1), 0.95)).collect();
        let found = rings(&pairs, &BTreeSet::new(), 4);
        assert!(found.iter().all(|ring| ring.members.len() <= 4 && ring.truncated), "{found:?}");
    }

    #[test]
    fn growing_is_felt_at_five_and_with_every_doubling() {
        let felt: Vec<usize> = (1..100).filter(|size| is_felt(*size, size + 1)).map(|size| size + 1).collect();
        assert_eq!(felt, [5, 10, 20, 40, 80]);
        assert!(!is_felt(3, 3) && is_felt(9, 2));
    }

    #[test]
    fn risk_grows_with_size_and_with_how_little_the_accounts_are_used() {
        let ring = |size, brief| RingFacts { size, brief, ..RingFacts::default() }.risk();
        assert!(ring(2, 0) < 15 && ring(30, 30) > 80 && ring(30, 0) > ring(5, 0) && ring(8, 8) > ring(8, 0));
    }

    fn any_pairs() -> impl Strategy<Value = Vec<StrongPair>> {
        let any_pair = (0u8..14, 0u8..14, 0u8..4).prop_filter("two ends", |(a, b, _)| a != b);
        prop::collection::vec(any_pair, 1..40).prop_map(|pairs| {
            let unique: BTreeMap<(u8, u8), u8> = pairs.into_iter().map(|(a, b, p)| ((a.min(b), a.max(b)), p)).collect();
            unique
                .into_iter()
                .map(|((a, b), p)| pair(&format!("m{a:02}"), &format!("m{b:02}"), 0.9 + f64::from(p) / 50.0))
                .collect()
        })
    }

    fn any_different() -> impl Strategy<Value = BTreeSet<(String, String)>> {
        prop::collection::btree_set((0u8..14, 0u8..14), 0..6).prop_map(|pairs| {
            pairs.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (format!("m{a:02}"), format!("m{b:02}"))).collect()
        })
    }

    proptest! {
        /// The order in which pairs come does not matter.
        #[test]
        fn shuffled_pairs_make_the_same_rings(pairs in any_pairs(), different in any_different(), seed in any::<u64>()) {
            let mut shuffled = pairs.clone();
            shuffled.sort_by_key(|pair| hash32(&format!("{seed}{}{}", pair.a, pair.b)));
            let found = rings(&pairs, &different, 8);
            prop_assert_eq!(&rings(&shuffled, &different, 8), &found);
            prop_assert_eq!(weakest_joint(&shuffled), weakest_joint(&pairs));
        }

        /// Rings are disjoint, bounded, connected within, and hold no two that are different people.
        #[test]
        fn rings_hold_what_they_promise(pairs in any_pairs(), different in any_different()) {
            let found = rings(&pairs, &different, 8);
            let all: Vec<&String> = found.iter().flat_map(|ring| &ring.members).collect();
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
            for ring in &found {
                prop_assert!((2..=8).contains(&ring.members.len()) && ring.pairs + 1 >= ring.members.len());
                let within = |id: &String| ring.members.contains(id);
                prop_assert!(!different.iter().any(|(a, b)| within(a) && within(b)));
                let own: Vec<StrongPair> = pairs.iter().filter(|pair| within(&pair.a) && within(&pair.b)).cloned().collect();
                let joint = weakest_joint(&own).unwrap();
                prop_assert_eq!(joint.parts[0].len() + joint.parts[1].len(), ring.members.len());
                let cut: Vec<StrongPair> = own.iter().filter(|pair| {
                    joint.parts[0].contains(&pair.a) == joint.parts[0].contains(&pair.b)
                }).cloned().collect();
                prop_assert!(rings(&cut, &BTreeSet::new(), 8).iter().all(|part| part.members.len() < ring.members.len()));
            }
        }
    }
}
