//! What the store holds when the replay is over: scores, links, and what the scores rest on.

use super::csv::cell;
use super::labels::Pair;
use crate::cli::terminal::progress;
use dregs_engine::score::{Category, Observation};
use dregs_store::{Store, StoredLink, TeamId};
use serde::Serialize;
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
#[derive(Debug, Clone, Default)]
pub struct Bond {
    /// Probability that both are one person.
    pub score: f64,
    /// The links it comes from, each with its strength and what it rests on.
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    pub link_type: String,
    /// Kind of what both hold, where the link names one.
    pub kind: Option<String>,
    pub value: f64,
    /// Identities that hold it.
    pub holders: Option<u64>,
}

/// Probability that two identities are one person, from their links: that not all of the evidence is coincidence.
pub fn one_person(values: impl Iterator<Item = f64>) -> f64 {
    1.0 - values.fold(1.0, |against, value| against * (1.0 - value.clamp(0.0, 1.0)))
}

/// Reads the scores and links of all identities.
pub async fn gather(store: &Store, team: &TeamId, identities: &BTreeSet<String>) -> dregs_store::Result<Verdicts> {
    let bar = progress(identities.len() as u64, "reading scores");
    let mut verdicts = Verdicts::default();
    for id in identities {
        let scores = store.scores(team, id).await?.unwrap_or_default();
        verdicts.scores.insert(id.clone(), scores);
        // Either side of a pair may have more links than are read: both are asked.
        for link in store.links(team, id).await? {
            let pair = super::labels::ordered(id, &link.target_id);
            let bond = verdicts.links.entry(pair).or_default();
            let part = part(&link);
            if !bond.parts.contains(&part) {
                bond.parts.push(part);
            }
        }
        bar.inc(1);
    }
    for bond in verdicts.links.values_mut() {
        bond.score = one_person(bond.parts.iter().map(|part| part.value));
        bond.parts.sort_by(|a, b| b.value.total_cmp(&a.value));
    }
    verdicts.links.retain(|_, bond| bond.score >= LINK_MIN);
    bar.finish_and_clear();
    Ok(verdicts)
}

fn part(link: &StoredLink) -> Part {
    Part {
        link_type: link.link_type.clone(),
        kind: link.metadata.get("kind").and_then(|kind| kind.as_str()).map(str::to_owned),
        value: link.value,
        holders: link.metadata.get("holders").and_then(|holders| holders.as_u64()),
    }
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
        let observations = scores.iter().filter(|score| score.category == category).flat_map(|score| &score.observations);
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
    fn evidence_of_several_kinds_adds_up() {
        assert_eq!(one_person([].into_iter()), 0.0);
        assert_eq!(one_person([0.4].into_iter()), 0.4);
        assert!((one_person([0.5, 0.5].into_iter()) - 0.75).abs() < 1e-12);
    }

    #[test]
    fn files_are_written_with_quotes_and_empty_cells() {
        let bond = Bond { score: 0.25, parts: Vec::new() };
        let verdicts = Verdicts {
            scores: [("a,\"1\"".to_owned(), [Some(1), None, Some(100), Some(0)])].into(),
            links: [(("a,\"1\"".to_owned(), "b\n".to_owned()), bond)].into(),
        };
        let text = |write: fn(&Verdicts, &mut Vec<u8>) -> io::Result<()>| {
            let mut out = Vec::new();
            write(&verdicts, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(write_scores), "identity,humanity,authenticity,uniqueness,behavior\n\"a,\"\"1\"\"\",1,,100,0\n");
        assert_eq!(text(write_links), "id_a,id_b,score\n\"a,\"\"1\"\"\",\"b\n\",0.250000\n");
    }
}
