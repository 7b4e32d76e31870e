//! The same mailbox, phone, payment instrument or document: things that people rarely share.

use super::{Evidence, KeyKind, LinkType, Pair, crowd, popularity};

/// Bits when two identities alone hold it, and bits lost with every doubling of the others: a company card or a front
/// desk's phone serves many.
const KINDS: [(KeyKind, f64, f64, &str); 4] = [
    (KeyKind::Document, 15.0, 1.0, "Both showed the same document"),
    (KeyKind::Email, 14.0, 1.5, "Both have e-mail addresses that reach the same mailbox"),
    (KeyKind::Payment, 11.0, 0.5, "Both paid with the same instrument"),
    (KeyKind::Phone, 10.5, 1.0, "Both have the same phone number"),
];

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let strongest = KINDS.iter().filter_map(|(kind, alone, per_doubling, text)| {
        let (key, _) = pair.of_kind(*kind).min_by_key(|(key, _)| key.holders)?;
        let bits = (alone - popularity(key.holders, *per_doubling)).max(0.0);
        Some((bits, kind, key.holders, text))
    });
    let (bits, kind, holders, text) = strongest.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let evidence = Evidence::new(kind.code(), Some(LinkType::SimilarEmail), bits, format!("{text}{}.", crowd(holders)));
    Some(evidence.sure(0.95).with("kind", kind.code()).with("holders", holders))
}
