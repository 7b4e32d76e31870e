//! What the data pack holds of a dataset, page by page. The pack is searched where it lies.

use super::Dataset;
use crate::intelligence::email::{self, Disposable};
use crate::intelligence::{crawlers, lines, names, networks};
use std::net::IpAddr;
use std::sync::OnceLock;

/// An entry of the data pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    pub key: String,
    pub value: &'static str,
    /// Where it comes from, or who runs it.
    pub note: Option<String>,
}

/// Entries whose key begins with `term` (for networks: that hold the address `term`, or whose operator's name has it), from
/// the one at `offset` on, at most `limit`; and how many there are in all.
pub fn bundled(dataset: Dataset, term: &str, offset: usize, limit: usize) -> (Vec<Bundled>, usize) {
    let term = term.trim().to_lowercase();
    match dataset {
        Dataset::DisposableEmailDomains => page(lines::beginning(email::DISPOSABLE, &term), offset, limit, disposable),
        Dataset::FreeEmailProviders => {
            page(lines::beginning(email::FREE, &term), offset, limit, |line| plain(line, "free"))
        }
        Dataset::PlaceholderNames => {
            page(lines::beginning(names::PLACEHOLDERS, &term), offset, limit, |line| plain(line, "placeholder"))
        }
        Dataset::BlockedWords => {
            page(lines::beginning(names::PROFANITY, &term), offset, limit, |line| plain(line, "blocked"))
        }
        Dataset::UserAgents => of_crawlers(&term, offset, limit),
        Dataset::Networks => of_networks(&term, offset, limit),
        Dataset::TrustedEmailDomains | Dataset::PublicCodes => (Vec::new(), 0),
    }
}

/// How many entries the data pack has.
pub fn bundled_count(dataset: Dataset) -> usize {
    static COUNTS: OnceLock<[usize; Dataset::ALL.len()]> = OnceLock::new();
    COUNTS.get_or_init(|| Dataset::ALL.map(|dataset| bundled(dataset, "", 0, 0).1))[dataset as usize]
}

fn page(text: &'static str, offset: usize, limit: usize, row: impl Fn(&str) -> Bundled) -> (Vec<Bundled>, usize) {
    (text.lines().skip(offset).take(limit).map(row).collect(), text.lines().count())
}

fn plain(line: &str, value: &'static str) -> Bundled {
    Bundled { key: line.to_owned(), value, note: None }
}

fn disposable(line: &str) -> Bundled {
    let (key, grade) = line.split_once('\t').unwrap_or((line, ""));
    let (grade, lists) = email::read_grade(grade);
    let value = match grade {
        Disposable::Strong => "disposable",
        Disposable::Relay => "relay",
        Disposable::Weak | Disposable::No => "weak",
    };
    let note = if lists == 1 { "on 1 list".to_owned() } else { format!("on {lists} lists") };
    Bundled { key: key.to_owned(), value, note: Some(note) }
}

fn of_crawlers(term: &str, offset: usize, limit: usize) -> (Vec<Bundled>, usize) {
    let found = || crawlers::marks().filter(|(mark, _)| mark.to_lowercase().contains(term));
    let row = |(mark, tag): (&str, &str)| Bundled { key: mark.to_owned(), value: "bot", note: Some(tag.to_owned()) };
    (found().skip(offset).take(limit).map(row).collect(), found().count())
}

fn of_networks(term: &str, offset: usize, limit: usize) -> (Vec<Bundled>, usize) {
    let address: Option<IpAddr> = term.split('/').next().and_then(|text| text.parse().ok());
    let holds = |range: &networks::Range| match address {
        Some(ip) => range.first <= ip && ip <= range.last && range.first.is_ipv4() == ip.is_ipv4(),
        None => range.label.to_lowercase().contains(term),
    };
    let found = || networks::ranges().filter(|range| term.is_empty() || holds(range));
    let row = |range: networks::Range| Bundled {
        key: range.text(),
        value: range.kind,
        note: Some(range.label.to_owned()).filter(|label| !label.is_empty()),
    };
    (found().skip(offset).take(limit).map(row).collect(), found().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dataset: Dataset, term: &str) -> Vec<(String, &'static str)> {
        bundled(dataset, term, 0, 50).0.into_iter().map(|row| (row.key, row.value)).collect()
    }

    #[test]
    fn every_dataset_that_has_a_bundled_part_lists_it() {
        let own_alone = [Dataset::TrustedEmailDomains, Dataset::PublicCodes];
        for dataset in Dataset::ALL {
            assert_eq!(bundled_count(dataset) == 0, own_alone.contains(&dataset), "{dataset:?}");
        }
        assert!(bundled_count(Dataset::DisposableEmailDomains) > 100_000);
    }

    #[test]
    fn entries_are_found_by_their_beginning_and_networks_by_an_address() {
        assert!(
            keys(Dataset::DisposableEmailDomains, "mailinator.c").contains(&("mailinator.com".into(), "disposable"))
        );
        assert_eq!(keys(Dataset::FreeEmailProviders, "gmail.com"), [("gmail.com".into(), "free")]);
        assert_eq!(keys(Dataset::DisposableEmailDomains, "no such domain"), []);
        let found = bundled(Dataset::Networks, "52.95.110.1", 0, 9).0;
        assert_eq!((found.len(), found[0].value, found[0].note.as_deref()), (1, "hosting", Some("Amazon AWS")));
        assert!(keys(Dataset::Networks, "hetzner").len() > 5);
        assert!(keys(Dataset::UserAgents, "googlebot").iter().all(|(_, value)| *value == "bot"));
    }

    #[test]
    fn pages_follow_one_another() {
        for dataset in [Dataset::DisposableEmailDomains, Dataset::Networks, Dataset::UserAgents] {
            let (first, total) = bundled(dataset, "", 0, 4);
            let (second, _) = bundled(dataset, "", 2, 2);
            assert_eq!(&first[2..], second, "{dataset:?}");
            assert_eq!(bundled(dataset, "", total, 9).0, []);
        }
    }
}
