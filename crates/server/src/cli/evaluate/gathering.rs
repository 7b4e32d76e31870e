//! What the store holds when the replay is over: scores, links, and what the scores rest on.

use super::csv::cell;
use super::labels::Pair;
use crate::cli::terminal::progress;
use dregs_engine::score::{Category, Observation};
use dregs_store::{Store, StoredLink, TeamId};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Pairs less probable than this are not worth a row.
const LINK_MIN: f64 = 0.02;

#[derive(Debug, Default)]
pub struct Verdicts {
    /// In the order of `Category::ALL`; none where nothing could be said.
    pub scores: BTreeMap<String, [Option<u8>; 4]>,
    pub links: BTreeMap<Pair, Bond>,
}

/// What ties two identities together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bond {
    /// Probability that both are one person.
    pub score: f64,
    /// The kinds of evidence that speak for it, such as `device+ip`.
    pub evidence: String,
    /// Identities that hold what the strongest link rests on.
    pub holders: Option<u64>,
}

impl Bond {
    /// What the links of one pair say together: each carries the probability by all evidence.
    fn of(links: &[StoredLink]) -> Option<Bond> {
        let link =
            links.iter().max_by(|a, b| a.probability.total_cmp(&b.probability).then(a.value.total_cmp(&b.value)))?;
        let holders = link.metadata.get("holders").and_then(Value::as_u64);
        Some(Bond { score: link.probability, evidence: evidence(link), holders })
    }
}

/// Bits from which a kind of evidence is named.
const BITS_NAMED: f64 = 1.0;

/// The kinds of evidence for one person in a link's waterfall; the type of a link that has none.
fn evidence(link: &StoredLink) -> String {
    let steps = link.metadata.get("waterfall").and_then(Value::as_array).into_iter().flatten();
    let named = steps
        .filter(|step| step["evidence"] != "total" && step["bits"].as_f64().is_some_and(|bits| bits >= BITS_NAMED));
    let kinds: Vec<&str> = named.filter_map(|step| step["evidence"].as_str()).collect();
    if kinds.is_empty() { link.link_type.clone() } else { kinds.join("+") }
}

/// Reads the scores and links of all identities.
pub async fn gather(store: &Store, team: &TeamId, identities: &BTreeSet<String>) -> dregs_store::Result<Verdicts> {
    let bar = progress(identities.len() as u64, "reading scores");
    let mut verdicts = Verdicts::default();
    for id in identities {
        let scores = store.scores(team, id).await?.unwrap_or_default();
        verdicts.scores.insert(id.clone(), scores);
        let links = store.links(team, id).await?;
        for links in links.chunk_by(|a, b| a.target_id == b.target_id) {
            // Either side of a pair may have more links than are read: both are asked.
            let Some(bond) = Bond::of(links) else { continue };
            let held = verdicts.links.entry(super::labels::ordered(id, &links[0].target_id)).or_default();
            if bond.score > held.score {
                *held = bond;
            }
        }
        bar.inc(1);
    }
    verdicts.links.retain(|_, bond| bond.score >= LINK_MIN);
    bar.finish_and_clear();
    Ok(verdicts)
}

/// The observation that pulled a score down the most and the one that held it up the most.
#[derive(Debug, Clone, Default)]
pub struct Grounds {
    pub against: Option<Observation>,
    pub for_it: Option<Observation>,
}

/// Reads what the latest scores of an identity rest on, in the order of `Category::ALL`.
pub async fn grounds(store: &Store, team: &TeamId, id: &str) -> dregs_store::Result<[Grounds; 4]> {
    let evidence = store.cycle(team, id, None).await?.and_then(|cycle| cycle.evidence);
    let scores = evidence.map(|evidence| evidence.assessment.scores).unwrap_or_default();
    Ok(Category::ALL.map(|category| {
        let observations =
            scores.iter().filter(|score| score.category == category).flat_map(|score| &score.observations);
        let mut sorted: Vec<&Observation> = observations.collect();
        sorted.sort_by(|a, b| a.contribution.total_cmp(&b.contribution));
        Grounds {
            against: sorted.first().filter(|seen| seen.contribution < 0.0).map(|seen| (*seen).clone()),
            for_it: sorted.last().filter(|seen| seen.contribution > 0.0).map(|seen| (*seen).clone()),
        }
    }))
}

pub fn write_scores(verdicts: &Verdicts, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "identity,humanity,authenticity,uniqueness,behavior")?;
    for (id, scores) in &verdicts.scores {
        let scores = scores.map(|score| score.map(|score| score.to_string()).unwrap_or_default());
        writeln!(out, "{},{}", cell(id), scores.join(","))?;
    }
    out.flush()
}

pub fn write_links(verdicts: &Verdicts, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "id_a,id_b,score")?;
    for ((a, b), bond) in &verdicts.links {
        writeln!(out, "{},{},{:.6}", cell(a), cell(b), bond.score)?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bond_is_as_sure_as_all_its_evidence() {
        let link = |kind: &str, value: f64, probability: f64, metadata: Value| StoredLink {
            target_id: "b".into(),
            target_name: None,
            link_type: kind.into(),
            value,
            confidence: 1.0,
            probability,
            explanation: String::new(),
            metadata: metadata.as_object().cloned().unwrap_or_default(),
            created_ms: 0,
        };
        let waterfall = serde_json::json!({"holders": 2, "waterfall": [
            {"evidence": "prior", "bits": -8.0}, {"evidence": "device", "bits": 9.0}, {"evidence": "ip", "bits": 0.5},
            {"evidence": "name", "bits": 3.0}, {"evidence": "total", "bits": 4.5}]});
        let links = [link("SHARED_IP", 0.1, 0.8, Value::Null), link("SAME_DEVICE", 0.7, 0.8, waterfall)];
        let bond = Bond::of(&links).unwrap();
        assert_eq!(bond, Bond { score: 0.8, evidence: "device+name".into(), holders: Some(2) });
        assert_eq!(Bond::of(&links[..1]).unwrap().evidence, "SHARED_IP");
        assert_eq!(Bond::of(&[]), None);
    }

    #[test]
    fn files_are_written_with_quotes_and_empty_cells() {
        let bond = Bond { score: 0.25, ..Bond::default() };
        let verdicts = Verdicts {
            scores: [("a,\"1\"".to_owned(), [Some(1), None, Some(100), Some(0)])].into(),
            links: [(("a,\"1\"".to_owned(), "b\n".to_owned()), bond)].into(),
        };
        let text = |write: fn(&Verdicts, &mut Vec<u8>) -> io::Result<()>| {
            let mut out = Vec::new();
            write(&verdicts, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(write_scores),
            "identity,humanity,authenticity,uniqueness,behavior\n\"a,\"\"1\"\"\",1,,100,0\n"
        );
        assert_eq!(text(write_links), "id_a,id_b,score\n\"a,\"\"1\"\"\",\"b\n\",0.250000\n");
    }
}
