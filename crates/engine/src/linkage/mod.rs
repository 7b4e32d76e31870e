//! Which identities belong to one person, and why we think so.
//!
//! Each artefact an identity leaves (device, session, address, mailbox, name …) is a *blocking key*: identities that hold
//! the same key are candidates, and only they are compared. Every comparison gives evidence in bits, for or against,
//! weighed down by how many others hold the same thing: one office address is not a ring, one rare fingerprint is. The
//! bits add up to the probability that both are one person, after Fellegi and Sunter (1969) with the frequency
//! adjustment of Winkler (1988): agreement on a rare value counts for more.
//!
//! One kind of evidence a file; this is the sum.

mod apart;
mod behavior;
mod burst;
mod caps;
pub mod card;
mod company;
mod contact;
pub mod decision;
mod device;
mod domain;
mod email;
pub mod graph;
mod ip;
pub mod keys;
mod letters;
mod name;
mod place;
mod referral;
mod rhythm;
pub mod ring;
mod session;
mod street;
mod timing;
pub mod trace;
mod turns;
mod uniform;
mod visit;

pub use card::{Card, Face};
pub use company::has_company;
pub use keys::{Key, KeyKind, keys};
use place::Places;
pub use trace::Trace;
pub use visit::Visit;

use crate::profile::Seen;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The relation as the API names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkType {
    SameDevice,
    SharedIp,
    SharedSession,
    SimilarName,
    SimilarEmail,
    SimilarBehavior,
    /// An analyst decided so.
    SamePerson,
}

impl LinkType {
    pub const ALL: [LinkType; 7] = [
        LinkType::SameDevice,
        LinkType::SharedIp,
        LinkType::SharedSession,
        LinkType::SimilarName,
        LinkType::SimilarEmail,
        LinkType::SimilarBehavior,
        LinkType::SamePerson,
    ];

    pub fn code(self) -> &'static str {
        match self {
            LinkType::SameDevice => "SAME_DEVICE",
            LinkType::SharedIp => "SHARED_IP",
            LinkType::SharedSession => "SHARED_SESSION",
            LinkType::SimilarName => "SIMILAR_NAME",
            LinkType::SimilarEmail => "SIMILAR_EMAIL",
            LinkType::SimilarBehavior => "SIMILAR_BEHAVIOR",
            LinkType::SamePerson => "SAME_PERSON",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        LinkType::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// An artefact that others hold too.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SharedKey {
    pub kind: KeyKind,
    pub key: String,
    /// Identities that hold it, this one included; disregarded ones are not counted.
    pub holders: u64,
    pub seen: Seen,
    /// Some of the others, at most [`KeyKind::candidates_max`].
    pub peers: Vec<Peer>,
    /// The team says that many people hold it: sharing it tells nobody apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
}

impl SharedKey {
    /// Whether so many hold it that only some of them are candidates.
    pub fn is_popular(&self) -> bool {
        self.holders > self.kind.candidates_max() as u64
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Peer {
    pub identity_id: String,
    pub seen: Seen,
}

/// One reason to believe that two identities belong together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub target_id: String,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    /// How strongly this evidence alone links them, 0 to 1.
    pub value: f64,
    /// How much the evidence can be relied on, 0 to 1.
    pub confidence: f64,
    /// Probability by all evidence, for and against, that both are one person; the same on every link of a pair.
    #[serde(default)]
    pub probability: f64,
    pub explanation: String,
    pub metadata: Map<String, Value>,
}

/// One comparison's outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Evidence {
    /// What was compared, as the waterfall names it.
    pub what: &'static str,
    /// The link it makes when it speaks for one person; none when it only weighs in.
    pub link_type: Option<LinkType>,
    /// Positive for one person, negative against.
    pub bits: f64,
    pub confidence: f64,
    pub explanation: String,
    pub metadata: Map<String, Value>,
}

impl Evidence {
    pub(crate) fn new(
        what: &'static str,
        link_type: Option<LinkType>,
        bits: f64,
        explanation: impl Into<String>,
    ) -> Self {
        Evidence { what, link_type, bits, confidence: 0.8, explanation: explanation.into(), metadata: Map::new() }
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    pub(crate) fn sure(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }
}

/// Two identities side by side, with everything they share. From [`link`] they come in the order of their ids: each side
/// has to come to the same conclusion, or it would undo the other's for ever.
pub(crate) struct Pair<'a> {
    pub me: &'a Card,
    pub peer: &'a Card,
    /// What both hold, each with the sightings of the two; whose are whose is not told.
    pub shared: Vec<(&'a SharedKey, &'a Peer)>,
    /// What goes on at the places of the one who is linked.
    pub places: &'a Places<'a>,
}

impl Pair<'_> {
    /// What both hold of a kind, but for what the team says is many people's.
    pub(crate) fn of_kind(&self, kind: KeyKind) -> impl Iterator<Item = &(&SharedKey, &Peer)> {
        self.shared.iter().filter(move |(key, _)| key.kind == kind && !key.public)
    }

    /// Whether both hold something of a kind that the team says is many people's.
    pub(crate) fn shares_public(&self, kind: KeyKind) -> bool {
        self.shared.iter().any(|(key, _)| key.kind == kind && key.public)
    }

    pub(crate) fn shares(&self, kind: KeyKind) -> bool {
        self.of_kind(kind).next().is_some()
    }

    /// Whether it is by what they are called that they came together, by their names or as their addresses spell these.
    fn are_namesakes(&self) -> bool {
        let spells_name = |card: &Card| card.face.mail.as_ref().is_none_or(|mail| mail.spells_name);
        let spelt = !self.shares(KeyKind::EmailSkeleton) || spells_name(self.me) && spells_name(self.peer);
        spelt && self.shared.iter().any(|(key, _)| key.kind.is_of_name())
    }

    /// How many there are where the two have met; none where nothing says that they have.
    fn met_among(&self) -> Option<u64> {
        let met = self.shared.iter().filter(|(key, _)| key.kind.is_common_ground() && !key.public);
        met.map(|(key, _)| key.holders).min()
    }

    /// Whether both are mostly at one address that is too popular to be listed: an office, a carrier, a school.
    pub(crate) fn in_one_crowd(&self) -> bool {
        let (mine, theirs) = (self.me.trace.place, self.peer.trace.place);
        mine != 0 && mine == theirs && !self.shares(KeyKind::Ip)
    }

    /// Whether they take the same steps.
    pub(crate) fn is_alike(&self) -> bool {
        self.me.trace.likeness(&self.peer.trace) >= ALIKE_MIN
    }

    /// Whether both have done enough to tell, and each for something else.
    pub(crate) fn live_apart(&self) -> bool {
        self.me.trace.acts.min(self.peer.trace.acts) >= LIFE_ACTS_MIN && !self.is_alike()
    }

    /// Whether both do the same, without a look at a page, and nobody told them to do it together.
    pub(crate) fn is_scripted(&self) -> bool {
        let (mine, theirs) = (&self.me.trace, &self.peer.trace);
        let alike = mine.deeds.min(theirs.deeds) >= SCRIPTED_DEEDS_MIN && mine.likeness(theirs) >= SCRIPTED_MIN;
        alike && mine.pages + theirs.pages == 0 && (mine.first_ms - theirs.first_ms).abs() > LESSON_MS
    }
}

/// Acts from which what somebody does tells something, and the likeness of steps below which two do other things.
const LIFE_ACTS_MIN: u32 = 5;
const ALIKE_MIN: f64 = 0.6;
/// From this likeness on, with enough that is not looking at pages, two are worked by one script.
const SCRIPTED_MIN: f64 = 0.75;
const SCRIPTED_DEEDS_MIN: u32 = 3;
/// A class does alike within a lesson because it is told to.
const LESSON_MS: i64 = 2 * 3_600_000;

type Compare = fn(&Pair<'_>) -> Option<Evidence>;

/// Every comparison, in the order of the waterfall.
const ALL: &[Compare] = &[
    contact::compare,
    street::compare,
    session::compare,
    device::compare,
    ip::compare,
    apart::compare,
    company::compare,
    behavior::compare,
    uniform::compare,
    rhythm::compare,
    turns::compare,
    burst::compare,
    referral::compare,
    domain::compare,
    email::compare,
    name::compare,
    timing::compare,
];

/// Bits against two candidates being one person before anything is compared.
const PRIOR_BITS: f64 = -8.0;
/// People among whom that holds for namesakes as well (after Fellegi and Sunter, 1969). Among twice as many there are four
/// times as many pairs of namesakes and twice as many pairs that are one person, so that a pair is one person half as likely.
const PEOPLE_TYPICAL: u64 = 2_000;
/// Probabilities below this are not worth a link, nor would they be among few people.
const PROBABILITY_MIN: f64 = 0.1;

/// The links of an identity to those it shares keys with, most probable first, in a team of so many `people`.
pub fn link(me: &Card, shared: &[SharedKey], cards: &BTreeMap<String, Card>, people: u64) -> Vec<Link> {
    let mut together: BTreeMap<&str, Vec<(&SharedKey, &Peer)>> = BTreeMap::new();
    for key in shared {
        for peer in key.peers.iter().filter(|peer| peer.identity_id != me.id) {
            together.entry(&peer.identity_id).or_default().push((key, peer));
        }
    }
    let places = Places::of(me, shared, cards, people);
    let pair = |(id, mut shared): (&str, Vec<_>)| {
        let peer = cards.get(id)?;
        shared.sort_by(|(a, _): &(&SharedKey, &Peer), (b, _)| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
        let (lower, higher) = if me.id <= peer.id { (me, peer) } else { (peer, me) };
        Some(weigh(&peer.id, &Pair { me: lower, peer: higher, shared, places: &places }, people))
    };
    let mut links: Vec<Link> = together.into_iter().filter_map(pair).flatten().collect();
    links.sort_by(decision::most_probable_first);
    links
}

/// All evidence about a pair, as links to `target` with one common probability.
fn weigh(target: &str, pair: &Pair<'_>, people: u64) -> Vec<Link> {
    let prior = prior(pair, people);
    let mut found: Vec<Evidence> = ALL.iter().filter_map(|compare| compare(pair)).collect();
    caps::apply(pair, &mut found);
    let evidence = found.iter().map(|evidence| evidence.bits).sum::<f64>();
    if probability_of(PRIOR_BITS + evidence) < PROBABILITY_MIN {
        return Vec::new();
    }
    let total = prior + evidence;
    let probability = round4(probability_of(total));
    let waterfall = waterfall(prior, &found, total);
    strongest_of_each_type(found)
        .into_iter()
        .filter(|evidence| evidence.bits > 0.0)
        .filter_map(|evidence| {
            let mut metadata = evidence.metadata;
            metadata.insert("bits".into(), json!(round2(evidence.bits)));
            metadata.insert("probability".into(), json!(probability));
            metadata.insert("waterfall".into(), waterfall.clone());
            Some(Link {
                target_id: target.to_owned(),
                link_type: evidence.link_type?,
                value: round4(probability_of(prior + evidence.bits)),
                confidence: round4(evidence.confidence),
                probability,
                explanation: evidence.explanation,
                metadata,
            })
        })
        .collect()
}

/// Bits against a pair before anything is compared, in a team of so many `people`. Namesakes who have met are two of those who
/// are there. Whole bits, so that a team that grows does not change its links with every newcomer.
fn prior(pair: &Pair<'_>, people: u64) -> f64 {
    if !pair.are_namesakes() {
        return PRIOR_BITS;
    }
    let among = pair.met_among().map_or(people, |holders| holders.min(people));
    PRIOR_BITS - f64::from((among / PEOPLE_TYPICAL).max(1).ilog2())
}

/// A pair has one link of each type: two reasons of one type are one link, told by the stronger.
fn strongest_of_each_type(mut found: Vec<Evidence>) -> Vec<Evidence> {
    found.sort_by(|a, b| b.bits.total_cmp(&a.bits));
    let mut told: Vec<LinkType> = Vec::new();
    found.retain(|evidence| match evidence.link_type {
        Some(kind) if told.contains(&kind) => false,
        Some(kind) => {
            told.push(kind);
            true
        }
        None => false,
    });
    found
}

fn waterfall(prior: f64, found: &[Evidence], total: f64) -> Value {
    let mut steps = vec![json!({"evidence": "prior", "bits": prior})];
    steps.extend(found.iter().map(|evidence| {
        json!({"evidence": evidence.what, "bits": round2(evidence.bits), "explanation": evidence.explanation})
    }));
    steps.push(json!({"evidence": "total", "bits": round2(total)}));
    Value::Array(steps)
}

/// Log-odds in bits as a probability.
pub(crate) fn probability_of(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits * std::f64::consts::LN_2).exp())
}

/// Probability of each linked identity being the same person, most probable first.
pub fn pairs(links: &[Link]) -> Vec<(&str, f64)> {
    let mut best: BTreeMap<&str, f64> = BTreeMap::new();
    for link in links {
        let held = best.entry(&link.target_id).or_default();
        *held = held.max(link.probability);
    }
    let mut pairs: Vec<(&str, f64)> = best.into_iter().collect();
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    pairs
}

/// The `max` most probable others.
pub fn closest(links: &[Link], max: usize) -> BTreeSet<&str> {
    pairs(links).into_iter().take(max).map(|(target, _)| target).collect()
}

/// Leaves the links to the `max` most probable others.
pub fn keep_closest(links: &mut Vec<Link>, max: usize) {
    let kept: BTreeSet<String> = closest(links, max).into_iter().map(str::to_owned).collect();
    links.retain(|link| kept.contains(&link.target_id));
}

/// Probability that at least one of the linked identities is the same person. The strongest counts in full, further ones
/// by their square: they share their evidence with it, and many weak coincidences are not one certainty.
pub fn any_same_person(links: &[Link]) -> f64 {
    let mut nobody = 1.0;
    for (place, (_, probability)) in pairs(links).into_iter().enumerate() {
        nobody *= 1.0 - if place == 0 { probability } else { probability * probability };
    }
    1.0 - nobody
}

/// Bits lost to a value's popularity: none when two hold it, `per_doubling` with every doubling of the others.
pub(crate) fn popularity(holders: u64, per_doubling: f64) -> f64 {
    per_doubling * ((holders.max(2) - 1) as f64).log2()
}

/// `; nobody else does`, `; so do 7 others`.
pub(crate) fn crowd(holders: u64) -> String {
    match holders.saturating_sub(2) {
        0 => "; nobody else does".into(),
        1 => "; so does one other".into(),
        others => format!("; so do {others} others, which weakens it"),
    }
}

pub(crate) fn round2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn round4(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{START_MS, card, shared_with};

    fn probability(a: &Card, b: &Card, shared: &[SharedKey]) -> f64 {
        let cards = BTreeMap::from([(b.id.clone(), b.clone())]);
        pairs(&link(a, shared, &cards, 1000)).first().map_or(0.0, |(_, probability)| *probability)
    }

    fn anna() -> Card {
        card("a", "Anna Virtanen", "anna.virtanen@example.com")
    }

    #[test]
    fn a_rare_device_links_and_an_office_address_does_not() {
        let (a, b) = (card("a", "", ""), card("b", "", ""));
        assert!(probability(&a, &b, &[shared_with("b", KeyKind::Device, "fp", 2)]) > 0.5);
        assert!(probability(&a, &b, &[shared_with("b", KeyKind::Ip, "198.51.100.7", 2)]) < 0.2);
        assert_eq!(probability(&a, &b, &[shared_with("b", KeyKind::Ip, "198.51.100.7", 60)]), 0.0);
        assert!(probability(&a, &b, &[shared_with("b", KeyKind::Device, "fp", 5000)]) < 0.02);
    }

    #[test]
    fn people_of_one_office_are_not_one_person() {
        let b = card("b", "Tomasz Kowalczyk", "t.kowalczyk@example.com");
        let shared = [shared_with("b", KeyKind::Device, "fp", 80), shared_with("b", KeyKind::Ip, "198.51.100.7", 200)];
        assert!(probability(&anna(), &b, &shared) < 0.05);
    }

    #[test]
    fn a_second_account_of_the_same_name_on_the_same_device_is() {
        let b = card("b", "Anna Virtanen", "avirtanen77@example.org");
        let shared = [
            shared_with("b", KeyKind::Device, "fp", 2),
            shared_with("b", KeyKind::Ip, "198.51.100.7", 2),
            shared_with("b", KeyKind::Name, "anna virtanen", 2),
        ];
        assert!(probability(&anna(), &b, &shared) > 0.95);
    }

    #[test]
    fn a_family_on_one_computer_is_in_doubt_not_in_disgrace() {
        let b = card("b", "Mikko Virtanen", "mikko.virtanen@example.com");
        let shared = [shared_with("b", KeyKind::Device, "fp", 4), shared_with("b", KeyKind::Ip, "198.51.100.7", 4)];
        assert!(probability(&anna(), &b, &shared) < 0.5);
    }

    #[test]
    fn likeness_alone_links_nobody_of_one_name_and_whoever_has_one_address_besides() {
        let likely = |a: (&str, &str), b: (&str, &str), kinds: &[KeyKind]| {
            let shared: Vec<SharedKey> = kinds.iter().map(|kind| shared_with("b", *kind, "x", 2)).collect();
            probability(&card("a", a.0, a.1), &card("b", b.0, b.1), &shared)
        };
        let names = [KeyKind::Name, KeyKind::NameSound];
        // Father and son, namesakes, colleagues, twins.
        for (a, b) in [
            (("Hans Meier", "hans.meier@gmx.de"), ("Hans Meier", "hans.meier@web.de")),
            (("Xochitl Zapotecatl", ""), ("Xochitl Zapotecatl", "")),
            (("Xochitl Zapotecatl", "xz@gmail.com"), ("Xochitl Zapotecatl", "zapotecatl.x@web.de")),
        ] {
            assert!(likely(a, b, &names) < 0.5, "{a:?}");
        }
        let domain = [KeyKind::NameSound, KeyKind::EmailDomain];
        for (a, b) in [
            (("Anna Meier", "anna.meier@nordwind.example"), ("Hanna Meier", "hanna.meier@nordwind.example")),
            (("Tim Berger", "tim@berger.example"), ("Tom Berger", "tom@berger.example")),
            (("Ana Maier", "ana.maier@nordwind.example"), ("Ina Mayer", "ina.mayer@nordwind.example")),
        ] {
            assert!(likely(a, b, &domain) < 0.1, "{a:?}");
        }
        let fox = (("Anna Virtanen", "moonlightfox81@gmail.com"), ("Anna Virtanen", "moonlightfox81@gmx.de"));
        assert!(likely(fox.0, fox.1, &names) > 0.5);
    }

    #[test]
    fn namesakes_are_the_more_the_more_people_there_are() {
        let likely = |people: u64, a: (&str, &str), b: (&str, &str), kinds: &[KeyKind]| {
            let shared: Vec<SharedKey> = kinds.iter().map(|kind| shared_with("b", *kind, "x", 2)).collect();
            let cards = BTreeMap::from([("b".to_owned(), card("b", b.0, b.1))]);
            link(&card("a", a.0, a.1), &shared, &cards, people).first().map_or(0.0, |link| link.probability)
        };
        let names = [KeyKind::Name, KeyKind::NameSound, KeyKind::EmailSkeleton];
        let meier = (("Hans Meier", "hans.meier1@gmx.de"), ("Hans Meier", "hans.meier2@gmx.de"));
        let of = |people, kinds: &[KeyKind]| likely(people, meier.0, meier.1, kinds);
        assert_eq!(of(10, &names), of(3_999, &names));
        assert!(of(64_000, &names) < of(2_000, &names) / 4.0);
        // Who has met is one person as likely as ever, and so is who has a word of their own in common.
        let met = [KeyKind::Name, KeyKind::Ip];
        assert_eq!(of(64_000, &met), of(2_000, &met));
        let keys = |holders| [shared_with("b", KeyKind::Name, "x", 2), shared_with("b", KeyKind::Ip, "x", holders)];
        let (a, b) = (card("a", "Hans Meier", ""), card("b", "Hans Meier", ""));
        let prior = |shared: &[SharedKey]| {
            let shared = shared.iter().map(|key| (key, &key.peers[0])).collect();
            super::prior(&Pair { me: &a, peer: &b, shared, places: &Default::default() }, 64_000)
        };
        assert_eq!(prior(&keys(60)), PRIOR_BITS);
        assert_eq!(prior(&keys(20_000)), PRIOR_BITS - 3.0, "a carrier's address is no place to meet");
        let public = SharedKey { public: true, ..shared_with("b", KeyKind::Ip, "x", 60) };
        assert_eq!(prior(&[shared_with("b", KeyKind::Name, "x", 2), public]), PRIOR_BITS - 5.0);
        let fox = (("Anna Virtanen", "moonlightfox81@gmail.com"), ("Anna Virtanen", "moonlightfox81@gmx.de"));
        assert_eq!(likely(64_000, fox.0, fox.1, &names), likely(2_000, fox.0, fox.1, &names));
    }

    #[test]
    fn a_pair_has_one_link_of_each_type() {
        let (a, b) = (card("a", "", "gael.tavaldo@example.com"), card("b", "", "gael.tavaldo@example.org"));
        let cards = BTreeMap::from([(b.id.clone(), b)]);
        let links = link(&a, &[shared_with("b", KeyKind::Phone, "4915112345678", 2)], &cards, 1000);
        let kinds: std::collections::BTreeSet<LinkType> = links.iter().map(|link| link.link_type).collect();
        assert_eq!(kinds.len(), links.len());
    }

    #[test]
    fn both_sides_see_the_same_probability() {
        let b = card("b", "A. Virtanen", "anna.virtanen2@example.com");
        let forth = [shared_with("b", KeyKind::Device, "fp", 3), shared_with("b", KeyKind::Ip, "192.0.2.1", 5)];
        let back = [shared_with("a", KeyKind::Device, "fp", 3), shared_with("a", KeyKind::Ip, "192.0.2.1", 5)];
        assert_eq!(probability(&anna(), &b, &forth), probability(&b, &anna(), &back));
    }

    fn scripted(id: &str, name: &str, email: &str) -> Card {
        let trace = Trace { acts: 6, deeds: 4, steps: 4, opening: 7, sketch: vec![1, 2, 3, 4], ..Trace::default() };
        Card { trace: Trace { country: "PL".into(), ..trace }, ..card(id, name, email) }
    }

    #[test]
    fn names_are_masks_where_one_script_is_at_work() {
        let a = scripted("a", "Anna Virtanen", "anna.virtanen@gmail.com");
        let b = scripted("b", "Tomasz Kowalczyk", "t.kowalczyk@outlook.com");
        let shared = [shared_with("b", KeyKind::Behavior, "7", 6)];
        assert!(probability(&a, &b, &shared) > 0.5);
        let others = Card { trace: Trace { sketch: vec![5, 6, 7, 8], ..b.trace.clone() }, ..b };
        assert!(probability(&a, &others, &shared) < 0.05);
    }

    #[test]
    fn a_household_is_told_once() {
        let b = card("b", "Mikko Virtanen", "mikko@example.com");
        let shared = [
            shared_with("b", KeyKind::Device, "fp", 2),
            shared_with("b", KeyKind::Ip, "198.51.100.7", 2),
            shared_with("b", KeyKind::Payment, "card", 2),
            shared_with("b", KeyKind::Street, "park lane 7|", 2),
        ];
        assert!(probability(&anna(), &b, &shared) < 0.5);
    }

    #[test]
    fn colleagues_on_one_model_of_laptop_and_visitors_of_a_public_computer_are_not_one_person() {
        let (a, b) = (card("a", "", "av@nordwind.example"), card("b", "", "tk@nordwind.example"));
        let device = |holders| shared_with("b", KeyKind::Device, "fp", holders);
        let (ip, domain) = (
            |holders| shared_with("b", KeyKind::Ip, "192.0.2.1", holders),
            |holders| shared_with("b", KeyKind::EmailDomain, "nordwind.example", holders),
        );
        assert!(probability(&a, &b, &[device(7), ip(23), domain(23)]) < 0.25);
        assert!(probability(&a, &b, &[device(3), ip(3), domain(3)]) > 0.5);
        assert!(probability(&a, &b, &[device(5), ip(7)]) < 0.5);
    }

    mod any {
        use super::*;
        use proptest::prelude::*;

        /// Names that are alike in every way: of the same few syllables, people's and nobody's.
        fn any_name() -> impl Strategy<Value = String> {
            let made_up = prop::collection::vec("ve(ha|ne){1,4}do", 2..3).prop_map(|words| words.join(" "));
            let real = vec!["Anna Virtanen", "Mikko Virtanen", "Anna Maria Virtanen", "Tomasz Kowalczyk", "李庭俊"];
            prop_oneof![made_up, prop::sample::select(real).prop_map(str::to_owned)]
        }

        fn any_card(id: &'static str) -> impl Strategy<Value = Card> {
            let life = (0i64..40, 0i64..40, 0u32..20, 0u32..5, prop::collection::btree_set(0u16..9, 0..7));
            let email = prop_oneof![any_name(), any_name().prop_map(|name| name.replace(' ', ".") + "7")];
            let host = prop::sample::select(vec!["gmail.com", "mailinator.com", "fox.example.net"]);
            let email = (email, host).prop_map(|(local, host)| format!("{local}@{host}"));
            (life, any_name(), prop_oneof![Just(String::new()), email], 0u32..3, any::<bool>()).prop_map(
                move |((first, days, acts, pages, sketch), name, email, devices, hidden)| {
                    let first_ms = START_MS + first * 3_600_000;
                    let last_ms = first_ms + days * 8_640_000;
                    let steps = sketch.len() as u32;
                    let trace = Trace {
                        first_ms,
                        last_ms,
                        acts,
                        pages,
                        steps,
                        deeds: steps,
                        devices,
                        hidden,
                        sketch: sketch.into_iter().collect(),
                        opening: steps % 3,
                        country: "PL".into(),
                        ..Trace::default()
                    };
                    Card { first_ms, last_ms, trace, ..card(id, &name, &email) }
                },
            )
        }

        /// What two hold, by how many, and when each was seen with it.
        fn any_held() -> impl Strategy<Value = BTreeMap<(usize, &'static str), (u64, [Seen; 2])>> {
            let seen = (0i64..9, 0i64..9, 1u32..9).prop_map(|(first, lasts, count)| {
                let first_ms = START_MS + first * 3_600_000;
                Seen { first_ms, last_ms: first_ms + lasts * 3_600_000, count }
            });
            let key = (0..KeyKind::ALL.len(), prop::sample::select(vec!["h1", "h2"]));
            prop::collection::btree_map(key, (2u64..70, [seen.clone(), seen]), 0..9)
        }

        proptest! {
            /// Whatever is known of two and whatever they share, each side comes to the same conclusion, in bounds, and
            /// its steps add up.
            #[test]
            fn both_sides_conclude_the_same(a in any_card("a"), b in any_card("b"), held in any_held()) {
                let keys = |peer: &str, mine: usize, theirs: usize| -> Vec<SharedKey> {
                    let of = |((kind, key), (holders, seen)): (&(usize, &str), &(u64, [Seen; 2]))| {
                        let peers = vec![Peer { identity_id: peer.into(), seen: seen[theirs] }];
                        SharedKey { kind: KeyKind::ALL[*kind], key: (*key).into(), holders: *holders, seen: seen[mine], peers, public: false }
                    };
                    held.iter().map(of).collect()
                };
                let forth = link(&a, &keys("b", 0, 1), &BTreeMap::from([(b.id.clone(), b.clone())]), 1000);
                let mut back_keys = keys("a", 1, 0);
                back_keys.reverse();
                let back = link(&b, &back_keys, &BTreeMap::from([(a.id.clone(), a.clone())]), 1000);
                prop_assert_eq!(forth.len(), back.len());
                for (mine, theirs) in forth.iter().zip(&back) {
                    prop_assert_eq!(&Link { target_id: theirs.target_id.clone(), ..mine.clone() }, theirs);
                    prop_assert!((PROBABILITY_MIN..=1.0).contains(&mine.probability));
                    let steps = mine.metadata["waterfall"].as_array().unwrap();
                    let bits = |step: &Value| step["bits"].as_f64().unwrap();
                    let sum: f64 = steps[..steps.len() - 1].iter().map(bits).sum();
                    prop_assert!((sum - bits(&steps[steps.len() - 1])).abs() < 0.1, "{:?}", steps);
                }
            }
        }
    }
}
