//! Whether others come from the identity's addresses: weak alone, as offices, carriers and VPNs share theirs.

use super::basis::from_addresses;
use super::evidence::{TOLD_ELSEWHERE, grown, same_person, unshared};
use super::{Analyzer, counted};
use crate::linkage::{KeyKind, LinkType};
use crate::profile::Note;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.shared-ip",
    label: "Shared IP address",
    category: Category::Uniqueness,
    group: "links-ip",
    weight: 0.7,
    analyze,
};

const OWN: f64 = 0.65;
/// A shared address alone neither proves nor disproves a second account.
const SHARED_MAX: f64 = 0.55;
/// From here on an address is an office's, a carrier's or a VPN's.
const CROWD: u64 = 6;

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let ips = snapshot.profile.ips.len() as u64;
    let shared = || snapshot.shared.iter().filter(|key| key.kind == KeyKind::Ip);
    let holders = shared().filter(|key| !key.public).map(|key| key.holders).max().unwrap_or(0);
    let links = snapshot.links.iter().filter(|link| link.link_type == LinkType::SharedIp);
    let finding = match same_person(links) {
        Some((probability, others)) => linked(probability, others, holders),
        None if ips == 0 => return None,
        None if holders > 1 => crowd(holders),
        None if shared().any(|key| key.public) => public(),
        None => own(snapshot, ips),
    };
    Some(finding.with("addresses", ips).with("holders", holders))
}

fn linked(probability: f64, others: u64, holders: u64) -> Finding {
    let crowd = if holders >= CROWD {
        format!(" One address has {holders} users, likely an office or a carrier.")
    } else {
        String::new()
    };
    let text = format!(
        "{} from the same IP address; the closest is the same person with {:.0} %, by all evidence.{crowd}",
        counted(others, "other identity came", "other identities came"),
        probability * 100.0
    );
    Finding::new((1.0 - probability) * SHARED_MAX, TOLD_ELSEWHERE, text)
        .with("others", others)
        .with("probability", probability)
}

fn crowd(holders: u64) -> Finding {
    let text = format!(
        "{holders} identities came from one IP address: likely an office, a carrier or a VPN, which says nothing."
    );
    Finding::new(0.52, 0.3, text)
}

fn public() -> Finding {
    let text =
        "Others came from the same IP address, which is many people's by your list of networks: that says nothing.";
    Finding::new(0.52, 0.3, text)
}

fn own(snapshot: &Snapshot, ips: u64) -> Finding {
    let sightings: u64 = snapshot.profile.ips.iter().map(|held| u64::from(held.seen.count)).sum();
    let text = match ips {
        1 => format!("No other identity came from the one IP address, seen {}.", counted(sightings, "time", "times")),
        _ => format!("No other identity came from any of {ips} IP addresses, seen {sightings} times."),
    };
    Finding::new(OWN, unshared(snapshot, grown(0.7, sightings as f64, 3.0)), text)
}

/// What came from the addresses that others came from too.
pub(super) fn basis(snapshot: &Snapshot) -> Vec<&Note> {
    let shared = || snapshot.shared.iter().filter(|held| held.kind == KeyKind::Ip && held.holders > 1);
    from_addresses(snapshot, |held| shared().any(|key| key.key == held.ip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story() -> Story {
        Story::new().ip("203.0.113.9").event(0, "signup").event(60, "login").event(99, "purchase")
    }

    #[test]
    fn one_other_is_a_weak_hint_and_a_crowd_is_none() {
        check(&ANALYZER, &story().shared(KeyKind::Ip, "203.0.113.9", 2, &["b"]), 0.3..=0.55);
        let office = check(&ANALYZER, &story().shared(KeyKind::Ip, "203.0.113.9", 200, &["b", "c", "d"]), 0.5..=0.55);
        assert!(office.explanation.contains("office"));
    }

    #[test]
    fn an_own_address_is_mildly_good_and_none_says_nothing() {
        check(&ANALYZER, &story(), 0.6..=0.7);
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}
