//! Seen in the same browser session: one person changed accounts without closing the browser, or handed it over.

use super::{Evidence, KeyKind, LinkType, Pair, crowd, popularity};

const BITS: f64 = 9.0;
const PER_DOUBLING: f64 = 1.0;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (key, _) = pair.of_kind(KeyKind::Session).min_by_key(|(key, _)| key.holders)?;
    let sessions = pair.of_kind(KeyKind::Session).count();
    let bits = (BITS - popularity(key.holders, PER_DOUBLING)).max(0.0) + (sessions - 1).min(3) as f64;
    let what = if sessions > 1 {
        format!("Both appear in the same {sessions} browser sessions")
    } else {
        "Both appear in the same browser session".into()
    };
    let evidence =
        Evidence::new("session", Some(LinkType::SharedSession), bits, format!("{what}{}.", crowd(key.holders)));
    Some(evidence.sure(0.95).with("sessions", sessions).with("holders", key.holders))
}
