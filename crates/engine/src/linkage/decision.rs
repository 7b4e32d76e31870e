//! What analysts decided about a pair. A decision overrules the evidence, for as long as it stands.

use super::{Link, LinkType};
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};
use std::cmp::Ordering;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Both are one person.
    Same,
    /// They are two people: no link, no effect on scores, and never one ring.
    Different,
}

impl Verdict {
    pub fn code(self) -> &'static str {
        match self {
            Verdict::Same => "SAME",
            Verdict::Different => "DIFFERENT",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        [Verdict::Same, Verdict::Different].into_iter().find(|verdict| verdict.code() == code)
    }
}

/// What was decided about an identity and another, by whom and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub other_id: String,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub decided_by: String,
    pub decided_ms: i64,
}

impl Decision {
    /// The link that a decision for one person makes.
    pub fn link(&self) -> Link {
        let mut metadata = Map::new();
        metadata.insert("decidedBy".into(), json!(self.decided_by));
        metadata.insert("decidedAt".into(), json!(crate::event::format_time_ms(self.decided_ms)));
        metadata.extend(self.note.as_ref().map(|note| ("note".to_owned(), json!(note))));
        Link {
            target_id: self.other_id.clone(),
            link_type: LinkType::SamePerson,
            value: 1.0,
            confidence: 1.0,
            probability: 1.0,
            explanation: format!("{} decided that both are the same person.", self.decided_by),
            metadata,
        }
    }
}

/// The links that are left once decisions have had their say, most probable first.
pub fn overrule(mut links: Vec<Link>, decisions: &[Decision]) -> Vec<Link> {
    if decisions.is_empty() {
        return links;
    }
    let verdicts: BTreeMap<&str, Verdict> =
        decisions.iter().map(|decision| (decision.other_id.as_str(), decision.verdict)).collect();
    links.retain(|link| verdicts.get(link.target_id.as_str()) != Some(&Verdict::Different));
    for link in &mut links {
        if verdicts.get(link.target_id.as_str()) == Some(&Verdict::Same) {
            link.probability = 1.0;
        }
    }
    links.extend(decisions.iter().filter(|decision| decision.verdict == Verdict::Same).map(Decision::link));
    links.sort_by(most_probable_first);
    links
}

pub(super) fn most_probable_first(a: &Link, b: &Link) -> Ordering {
    let order = b.probability.total_cmp(&a.probability).then(b.value.total_cmp(&a.value));
    order.then_with(|| (&a.target_id, a.link_type).cmp(&(&b.target_id, b.link_type)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(target: &str, probability: f64) -> Link {
        Link {
            probability,
            target_id: target.into(),
            link_type: LinkType::SameDevice,
            ..decided("", Verdict::Same).link()
        }
    }

    fn decided(other: &str, verdict: Verdict) -> Decision {
        Decision { other_id: other.into(), verdict, note: None, decided_by: "ana@example.com".into(), decided_ms: 0 }
    }

    #[test]
    fn a_decision_overrules_the_evidence_of_its_pair_and_of_no_other() {
        let links = vec![link("a", 0.95), link("b", 0.8), link("c", 0.4)];
        let decisions = [decided("a", Verdict::Different), decided("c", Verdict::Same), decided("d", Verdict::Same)];
        let left: Vec<(String, f64, LinkType)> = overrule(links.clone(), &decisions)
            .into_iter()
            .map(|link| (link.target_id, link.probability, link.link_type))
            .collect();
        let expected = [
            ("c", 1.0, LinkType::SameDevice),
            ("c", 1.0, LinkType::SamePerson),
            ("d", 1.0, LinkType::SamePerson),
            ("b", 0.8, LinkType::SameDevice),
        ];
        assert_eq!(left, expected.map(|(id, probability, kind)| (id.to_owned(), probability, kind)));
        assert_eq!(overrule(links.clone(), &[]), links);
    }
}
