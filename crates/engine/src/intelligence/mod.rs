//! What is known about e-mail domains, names, user agents and networks: pure look-ups over data compiled into the program.
//!
//! The data lies under `data/`, made by `tools/datapack` from pinned packages; `data/SOURCES.toml` tells each file's
//! origin. It is stored sorted and searched where it lies, so that it costs no start-up time and no heap, and only the
//! pages looked at take memory. Every function is total: any text of any length and script gets an answer, and texts
//! beyond a limit are read up to it.

pub(crate) mod crawlers;
pub mod email;
pub mod fold;
mod gibberish;
mod keyboard;
pub mod latin;
pub(crate) mod lines;
pub mod names;
mod network_table;
pub mod networks;
mod script;
pub mod sound;
pub mod user_agent;

use serde::{Deserialize, Serialize};

const PACK: &str = include_str!("../../../../data/pack.tsv");

/// Which data the program carries. Dates are `YYYY-MM-DD`.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct PackInfo {
    pub version: String,
    pub date: String,
    pub sets: Vec<SetInfo>,
}

/// One file of the pack: how many rows it has and the day its content was collected.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct SetInfo {
    pub name: String,
    pub rows: u64,
    pub date: String,
}

/// The pack compiled into this program.
pub fn pack() -> PackInfo {
    let mut rows = PACK.lines().filter_map(|line| {
        let mut fields = line.split('\t');
        Some((fields.next()?, fields.next()?, fields.next()?))
    });
    let (_, version, date) = rows.next().unwrap_or_default();
    let set = |(name, rows, date): (&str, &str, &str)| SetInfo {
        name: name.to_owned(),
        rows: rows.parse().unwrap_or_default(),
        date: date.to_owned(),
    };
    PackInfo { version: version.to_owned(), date: date.to_owned(), sets: rows.map(set).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_gets_an_answer(text in any::<String>(), ascii in "[ -~]{0,80}", address in any::<std::net::IpAddr>()) {
            for text in [&text, &ascii] {
                let name = names::name_facts(text);
                prop_assert!((0.0..=1.0).contains(&name.gibberish) && name.known_tokens <= name.tokens);
                prop_assert!(names::nicknames_of(text).count() < 100);
                let mail = email::email_facts(text);
                prop_assert_eq!(email::email_facts(&mail.canonical).valid, mail.valid);
                let _ = (names::name_rank(text), user_agent::user_agent_facts(text), networks::NetworkTable::parse(text));
            }
            let found = networks::network_facts(address);
            prop_assert!(found.country.as_deref().is_none_or(|code| networks::country_name(code).is_some()), "{:?}", found);
        }
    }

    #[test]
    fn the_pack_names_its_sets() {
        let pack = pack();
        assert_eq!(pack.date.len(), 10);
        let rows = |name: &str| pack.sets.iter().find(|set| set.name == name).map(|set| set.rows);
        assert!(rows("disposable-domains") > Some(100_000));
        assert!(rows("names") > Some(50_000));
        assert!(pack.sets.iter().all(|set| set.rows > 0 && set.date.len() == 10), "{pack:?}");
    }
}
