//! Whether others have the identity's mailbox, phone, payment instrument or document.

use super::evidence::{TOLD_ELSEWHERE, grown, same_person, unshared};
use super::{Analyzer, counted};
use crate::linkage::{KeyKind, Link, LinkType};
use crate::mapping::Field;
use crate::score::{Category, Finding};
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;

pub const ANALYZER: Analyzer = Analyzer {
    id: "uniqueness.shared-contact",
    label: "Shared contact data",
    category: Category::Uniqueness,
    group: "links-contact",
    weight: 1.4,
    analyze,
};

/// An e-mail address costs nothing, so that nobody else has it says less than for a device.
const OWN: f64 = 0.75;
const SHARED_MAX: f64 = 0.7;

fn words(kind: KeyKind) -> Option<&'static str> {
    match kind {
        KeyKind::Email => Some("mailbox"),
        KeyKind::Phone => Some("phone number"),
        KeyKind::Payment => Some("payment instrument"),
        KeyKind::Document => Some("document"),
        _ => None,
    }
}

fn analyze(snapshot: &Snapshot) -> Option<Finding> {
    let contacts = contacts(snapshot);
    let shared = snapshot.shared.iter().filter(|key| key.holders > 1);
    let kinds: BTreeSet<&str> = shared.clone().filter_map(|key| words(key.kind)).collect();
    let holders = shared.filter(|key| words(key.kind).is_some()).map(|key| key.holders).max().unwrap_or(0);
    let by_contact = |link: &&Link| {
        let kind = link.metadata.get("kind").and_then(|kind| kind.as_str()).and_then(KeyKind::from_code);
        link.link_type == LinkType::SimilarEmail && kind.is_some_and(|kind| words(kind).is_some())
    };
    let links = snapshot.links.iter().filter(by_contact);
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let what = if kinds.is_empty() { "contact data".to_owned() } else { kinds.join(", ") };
    if let Some((probability, others)) = same_person(links) {
        let text = format!(
            "{} the same {what}; the closest is the same person with {:.0} %, by all evidence.",
            counted(others, "other identity has", "other identities have"),
            probability * 100.0
        );
        let finding = Finding::new((1.0 - probability) * SHARED_MAX, TOLD_ELSEWHERE, text);
        return Some(finding.with("others", others).with("holders", holders).with("shared", kinds));
    }
    if contacts.is_empty() {
        return None;
    }
    let finding = if holders > 1 {
        let text = format!("{holders} identities have the same {what}: too many to be one person's.");
        Finding::new(0.5, 0.3, text)
    } else {
        let text = format!("No other identity has the same {}.", contacts.join(", "));
        Finding::new(OWN, unshared(snapshot, grown(0.8, weight(&contacts), 1.0)), text)
    };
    Some(finding.with("contacts", contacts).with("holders", holders))
}

/// What there is to share.
fn contacts(snapshot: &Snapshot) -> Vec<&'static str> {
    let has = |field| snapshot.fields.contains_key(&field);
    let valid_email = snapshot.email.as_ref().is_some_and(|email| email.valid);
    [
        valid_email.then_some("mailbox"),
        has(Field::Phone).then_some("phone number"),
        has(Field::PaymentFingerprint).then_some("payment instrument"),
        has(Field::DocumentHash).then_some("document"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A card or a document is harder to get again than a mailbox.
fn weight(contacts: &[&str]) -> f64 {
    contacts.iter().map(|what| if *what == "mailbox" { 1.5 } else { 2.0 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Story, check, check_silent};

    fn story() -> Story {
        Story::new().identity(r#"{"email":"ada@example.com","phone":"+4915112345678"}"#).event(0, "signup")
    }

    #[test]
    fn one_mailbox_or_card_for_two_accounts_is_bad() {
        check(&ANALYZER, &story().shared(KeyKind::Email, "ada@example.com", 2, &["b"]), 0.0..=0.05);
        let finding = check(&ANALYZER, &story().shared(KeyKind::Payment, "x", 3, &["b", "c"]), 0.0..=0.3);
        assert!(finding.explanation.contains("payment instrument"));
        assert!(!finding.explanation.contains("ada@"));
    }

    #[test]
    fn own_contacts_are_good_and_more_of_them_surer() {
        let two = check(&ANALYZER, &story(), 0.7..=0.8);
        let one = check(&ANALYZER, &Story::new().identity(r#"{"email":"ada@example.com"}"#).event(0, "x"), 0.7..=0.8);
        assert!(one.confidence < two.confidence);
    }

    #[test]
    fn without_contact_data_it_says_nothing() {
        check_silent(&ANALYZER, &Story::new().event(0, "signup"));
    }
}
