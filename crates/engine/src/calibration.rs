//! How far scores agree with labels: whether 80 means that four of five are legitimate, whether bad ones rank below good
//! ones, and what each edge of the bands gets right.

use crate::labels::LabelKind;
use crate::score::Category;
use crate::statistics::Share;

/// With fewer labels than this, or fewer of one side, a report says that nothing can be concluded: the interval of a share
/// of 50 is still a quarter wide.
pub const LABELS_MIN: u64 = 50;
pub const SIDE_MIN: u64 = 10;
/// Lowest scores of the bands above the critical one.
pub const EDGES: [u8; 3] = [25, 50, 75];
/// Bins of the reliability curve: 0 to 9, 10 to 19, … 90 to 100.
pub const BINS: usize = 10;
const SCORES: usize = 101;

/// How many labelled identities had each score: all that the report is made of, however many there are.
#[derive(Debug, Clone)]
pub struct Counted {
    legitimate: [u64; SCORES],
    abuse: [u64; SCORES],
}

impl Default for Counted {
    fn default() -> Self {
        Counted { legitimate: [0; SCORES], abuse: [0; SCORES] }
    }
}

/// Counts of the four scores, and of the lowest of the four.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub categories: [Counted; 4],
    /// The lowest score of each identity, against whether it was abuse of any kind.
    pub overall: Counted,
}

/// A bin of the reliability curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// The lowest and the highest score in it.
    pub from: u8,
    pub to: u8,
    pub labelled: u64,
    pub legitimate: u64,
    /// None when it is empty.
    pub share: Option<Share>,
}

/// What taking everything below an edge for bad gets right and wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confusion {
    pub edge: u8,
    pub abuse_below: u64,
    pub legitimate_below: u64,
    pub abuse_from: u64,
    pub legitimate_from: u64,
}

impl Confusion {
    /// Of those below, how many are abuse.
    pub fn precision(&self) -> Option<Share> {
        Share::of(self.abuse_below, self.abuse_below + self.legitimate_below)
    }

    /// Of the abuse, how much is below.
    pub fn recall(&self) -> Option<Share> {
        Share::of(self.abuse_below, self.abuse_below + self.abuse_from)
    }

    /// Of the legitimate, how many are below.
    pub fn false_positives(&self) -> Option<Share> {
        Share::of(self.legitimate_below, self.legitimate_below + self.legitimate_from)
    }
}

impl Report {
    /// Takes in one labelled identity with the scores it had then.
    pub fn add(&mut self, kind: LabelKind, scores: [Option<u8>; 4]) {
        for category in Category::ALL {
            let (Some(score), Some(good)) = (scores[category as usize], kind.verdict_on(category)) else { continue };
            self.categories[category as usize].add(score, good);
        }
        if let Some(lowest) = scores.into_iter().flatten().min() {
            self.overall.add(lowest, kind.is_legitimate());
        }
    }
}

impl Counted {
    fn add(&mut self, score: u8, good: bool) {
        let side = if good { &mut self.legitimate } else { &mut self.abuse };
        side[usize::from(score).min(SCORES - 1)] += 1;
    }

    pub fn legitimate(&self) -> u64 {
        self.legitimate.iter().sum()
    }

    pub fn abuse(&self) -> u64 {
        self.abuse.iter().sum()
    }

    /// Whether there are enough labels of both sides to conclude anything.
    pub fn is_conclusive(&self) -> bool {
        let (legitimate, abuse) = (self.legitimate(), self.abuse());
        legitimate + abuse >= LABELS_MIN && legitimate.min(abuse) >= SIDE_MIN
    }

    pub fn bins(&self) -> [Bin; BINS] {
        std::array::from_fn(|place| {
            let from = place * BINS;
            let to = if place + 1 == BINS { SCORES - 1 } else { from + BINS - 1 };
            let legitimate = self.legitimate[from..=to].iter().sum();
            let labelled = legitimate + self.abuse[from..=to].iter().sum::<u64>();
            Bin { from: from as u8, to: to as u8, labelled, legitimate, share: Share::of(legitimate, labelled) }
        })
    }

    /// Mean squared distance of the score, as a probability of being legitimate, from what was found (Brier, 1950); 0 is
    /// perfect, 0.25 is what saying 50 of everyone gets.
    pub fn brier(&self) -> Option<f64> {
        let total = self.legitimate() + self.abuse();
        let off = |score: usize, found: f64| (score as f64 / 100.0 - found).powi(2);
        let sum: f64 = (0..SCORES)
            .map(|score| self.legitimate[score] as f64 * off(score, 1.0) + self.abuse[score] as f64 * off(score, 0.0))
            .sum();
        (total > 0).then(|| sum / total as f64)
    }

    /// Chance that a legitimate one scores higher than a bad one, a tie counting half (Mann and Whitney, 1947). None when
    /// all are of one side.
    pub fn auc(&self) -> Option<f64> {
        let pairs = self.legitimate() as f64 * self.abuse() as f64;
        let (mut below, mut won) = (0.0, 0.0);
        for score in 0..SCORES {
            let tied = self.abuse[score] as f64;
            won += self.legitimate[score] as f64 * (below + tied / 2.0);
            below += tied;
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    pub fn confusion(&self, edge: u8) -> Confusion {
        let edge_at = usize::from(edge).min(SCORES);
        let split = |side: &[u64; SCORES]| (side[..edge_at].iter().sum(), side[edge_at..].iter().sum());
        let (legitimate_below, legitimate_from) = split(&self.legitimate);
        let (abuse_below, abuse_from) = split(&self.abuse);
        Confusion { edge, abuse_below, legitimate_below, abuse_from, legitimate_from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(labelled: &[(u8, bool)]) -> Counted {
        let mut counted = Counted::default();
        labelled.iter().for_each(|(score, good)| counted.add(*score, *good));
        counted
    }

    #[test]
    fn the_figures_by_hand() {
        let some = counted(&[(100, true), (95, true), (20, false), (60, false), (60, true)]);
        assert_eq!((some.legitimate(), some.abuse(), some.is_conclusive()), (3, 2, false));
        // Five of six pairs are won, one is tied.
        assert!((some.auc().unwrap() - 5.5 / 6.0).abs() < 1e-12);
        let brier = (0.0 + 0.05_f64.powi(2) + 0.2_f64.powi(2) + 0.6_f64.powi(2) + 0.4_f64.powi(2)) / 5.0;
        assert!((some.brier().unwrap() - brier).abs() < 1e-12);
        let bins = some.bins();
        assert_eq!((bins[9].from, bins[9].to, bins[9].labelled, bins[9].legitimate), (90, 100, 2, 2));
        assert_eq!((bins[6].from, bins[6].to, bins[6].labelled, bins[6].legitimate), (60, 69, 2, 1));
        assert_eq!((bins[0].labelled, bins[0].share), (0, None));
        let at_75 = some.confusion(75);
        assert_eq!((at_75.abuse_below, at_75.legitimate_below, at_75.abuse_from, at_75.legitimate_from), (2, 1, 0, 2));
        assert_eq!(at_75.recall().unwrap().value, 1.0);
        assert!((at_75.precision().unwrap().value - 2.0 / 3.0).abs() < 1e-12);
        assert!((at_75.false_positives().unwrap().value - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn one_side_alone_has_no_ranking_and_nothing_has_no_figures() {
        let good = counted(&[(90, true)]);
        assert_eq!(good.auc(), None);
        let none = Counted::default();
        assert_eq!((none.auc(), none.brier(), none.confusion(25).precision()), (None, None, None));
    }

    #[test]
    fn a_label_counts_where_it_says_something() {
        let mut report = Report::default();
        report.add(LabelKind::Bot, [Some(10), Some(80), None, Some(70)]);
        report.add(LabelKind::Legitimate, [Some(90), None, None, Some(70)]);
        let sides = report.categories.each_ref().map(|counted| (counted.legitimate(), counted.abuse()));
        assert_eq!(sides, [(1, 1), (0, 0), (0, 0), (1, 0)]);
        assert_eq!(report.overall.bins()[1].labelled, 1, "the lowest score of each counts overall");
        assert_eq!((report.overall.legitimate(), report.overall.abuse()), (1, 1));
        report.add(LabelKind::Spam, [None; 4]);
        assert_eq!(report.overall.abuse(), 1, "what was never scored cannot be judged");
    }

    #[test]
    fn enough_labels_of_both_sides_allow_a_conclusion() {
        let mut many: Vec<(u8, bool)> = vec![(80, true); 40];
        many.extend(vec![(20, false); 9]);
        assert!(!counted(&many).is_conclusive());
        many.push((20, false));
        assert!(counted(&many).is_conclusive());
        assert!(!counted(&vec![(80, true); 500]).is_conclusive());
    }
}
