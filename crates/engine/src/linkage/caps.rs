//! What evidence may say in sum. Kinds that have one cause are not independent: a household explains a device and a line, an
//! employer an address and a domain; and names count for less where somebody typed them all.

use super::{Evidence, KeyKind, LinkType, Pair};

/// The most that being in the same place (device, session, address) may say: a household shares all three.
const PLACE_BITS_MAX: f64 = 12.0;

/// Tempers what was found about a pair.
pub(super) fn apply(pair: &Pair<'_>, found: &mut [Evidence]) {
    discount_masks(pair, found);
    cap_household(pair, found);
    cap_organization(pair, found);
    cap_place(found);
    cap_likeness(found);
    cap(found, CALENDAR_BITS_MAX, |evidence| matches!(evidence.what, "rhythm" | "turns"));
}

/// The most that being active on the same days and in turn may say together.
const CALENDAR_BITS_MAX: f64 = 9.0;

/// What looks alike about two accounts.
const LIKENESS: [&str; 3] = ["name", "e-mail", "domain"];
/// What looking alike may say in full of two who share no device, address or contact: namesakes exist. Of
/// what it says beyond that a share counts, up to a limit: a rare name and a rare address are two coincidences.
const LIKENESS_ALONE_BITS: f64 = 7.4;
const LIKENESS_ALONE_SHARE: f64 = 0.35;
const LIKENESS_ALONE_BITS_MAX: f64 = 10.0;

fn cap_likeness(found: &mut [Evidence]) {
    let is_likeness = |evidence: &Evidence| evidence.bits > 0.0 && LIKENESS.contains(&evidence.what);
    if found.iter().any(|evidence| evidence.bits > 0.0 && !is_likeness(evidence) && evidence.what != "place") {
        return;
    }
    let sum: f64 = found.iter().filter(|evidence| is_likeness(evidence)).map(|evidence| evidence.bits).sum();
    if sum > LIKENESS_ALONE_BITS {
        let beyond = LIKENESS_ALONE_SHARE * (sum - LIKENESS_ALONE_BITS);
        let scale = (LIKENESS_ALONE_BITS + beyond).min(LIKENESS_ALONE_BITS_MAX) / sum;
        found.iter_mut().filter(|evidence| is_likeness(evidence)).for_each(|evidence| evidence.bits *= scale);
    }
}

/// Evidence of one hand at work, which speaks whatever the accounts call themselves, and the bits at which it is sure.
const HANDS: [&str; 4] = ["behavior", "uniform", "burst", "turns"];
const HAND_BITS_SURE: f64 = 5.5;
/// What ties accounts that were made for one purpose together: a referral code and two more of these make one hand.
const TIES: [&str; 4] = ["referral", "domain", "ip", "device"];
const TIES_MIN: usize = 3;
const TIED: f64 = 0.7;
/// The most that is taken off what names and addresses say against one person.
const MASK_MAX: f64 = 0.85;

/// A name and an address are what somebody typed. Where accounts are worked like one, somebody typed them all: that they
/// differ says the less, the surer it is that one hand is at work.
fn discount_masks(pair: &Pair<'_>, found: &mut [Evidence]) {
    let strength = |what: &[&str]| {
        let of = found.iter().filter(|evidence| what.contains(&evidence.what) && evidence.bits > 0.0);
        of.map(|evidence| evidence.bits).collect::<Vec<_>>()
    };
    let worked = (strength(&HANDS).into_iter().fold(0.0, f64::max) / HAND_BITS_SURE).clamp(0.0, 1.0);
    let for_one_purpose = pair.me.trace.is_slight() && pair.peer.trace.is_slight();
    let referred = !strength(&["referral"]).is_empty();
    let tied = if for_one_purpose && referred && strength(&TIES).len() >= TIES_MIN { TIED } else { 0.0 };
    let taken_off = MASK_MAX * f64::max(worked, tied);
    let against = found.iter_mut().filter(|evidence| evidence.bits < 0.0);
    against
        .filter(|evidence| matches!(evidence.what, "name" | "e-mail" | "timing"))
        .for_each(|evidence| evidence.bits *= 1.0 - taken_off);
}

/// The most that everything a household shares may say of two whose names speak against one person, and of two without
/// names who each live a life of their own.
const HOUSEHOLD_BITS_MAX: f64 = 10.5;
const NAMELESS_BITS_MAX: f64 = 7.5;
/// Names that speak against it by this much are two people's.
const OTHER_NAME_BITS: f64 = -1.5;
/// What a household shares.
const AT_HOME: [&str; 6] = ["session", "device", "ip", "street", "payment", "phone"];
/// A device that so many use is a common one.
const COMMON_DEVICE_MIN: u64 = 4;

/// One roof explains one device, one line, one street and one card: where there are two people, it is told once.
fn cap_household(pair: &Pair<'_>, found: &mut [Evidence]) {
    let name = found.iter().find(|evidence| evidence.what == "name");
    let most = match name {
        Some(name) if name.bits <= OTHER_NAME_BITS => HOUSEHOLD_BITS_MAX,
        None if pair.live_apart() || share_a_common_device_alone(pair, found) => NAMELESS_BITS_MAX,
        _ => return,
    };
    cap(found, most, |evidence| AT_HOME.contains(&evidence.what));
}

/// Whether all that two share is a device that others use too, and where it stands.
fn share_a_common_device_alone(pair: &Pair<'_>, found: &[Evidence]) -> bool {
    let common = pair.of_kind(KeyKind::Device).any(|(key, _)| key.holders >= COMMON_DEVICE_MIN);
    common && found.iter().all(|evidence| evidence.bits <= 0.0 || AT_HOME.contains(&evidence.what))
}

/// The most that address, e-mail domain and machine may say together of two of one organization, and how many there are of
/// that address and that domain at least.
const ORGANIZATION_BITS_MAX: f64 = 6.0;
const ORGANIZATION_MIN: u64 = 8;

/// One employer or school explains one address, one domain and one model of laptop.
fn cap_organization(pair: &Pair<'_>, found: &mut [Evidence]) {
    let many = |kind| pair.shares_public(kind) || pair.of_kind(kind).any(|(key, _)| key.holders >= ORGANIZATION_MIN);
    if many(KeyKind::EmailDomain) && (many(KeyKind::Ip) || pair.in_one_crowd()) {
        cap(found, ORGANIZATION_BITS_MAX, |evidence| matches!(evidence.what, "session" | "device" | "ip" | "domain"));
    }
}

fn cap_place(found: &mut [Evidence]) {
    cap(found, PLACE_BITS_MAX, |evidence| {
        matches!(evidence.link_type, Some(LinkType::SameDevice | LinkType::SharedSession | LinkType::SharedIp))
    });
}

/// Scales what speaks for one person and is of a kind down to so many bits in all.
fn cap(found: &mut [Evidence], most: f64, is_of_kind: impl Fn(&Evidence) -> bool) {
    let counts = |evidence: &Evidence| evidence.bits > 0.0 && is_of_kind(evidence);
    let sum: f64 = found.iter().filter(|evidence| counts(evidence)).map(|evidence| evidence.bits).sum();
    if sum > most {
        found.iter_mut().filter(|evidence| counts(evidence)).for_each(|evidence| evidence.bits *= most / sum);
    }
}
