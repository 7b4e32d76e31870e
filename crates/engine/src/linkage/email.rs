//! Similar e-mail addresses: numbered series, the same pattern at one provider, a local part carried to another, a typing
//! error.

use super::card::Mail;
use super::{Evidence, KeyKind, LinkType, Pair, popularity};
use crate::intelligence::email::Disposable;
use crate::intelligence::names::name_rank;

/// Bits for a series (`anna01@`, `anna02@`) of a local part that is nobody's common name.
const SERIES: f64 = 6.0;
/// Bits for the same local part at two providers, and those lost when it is no more than the name they both have.
const CARRIED: f64 = 4.5;
const NAMED: f64 = 2.0;
/// Bits for the same digits behind it, two of them or more.
const SAME_DIGITS: f64 = 1.5;
/// Bits for two local parts that differ by a keystroke or two, and for whole addresses that do so where few have one.
const TYPO: f64 = 2.5;
const MANGLED: f64 = 7.0;
/// A domain with so many people at most is their own.
const FEW_AT_HOME: u64 = 32;
/// Bits for the same disposable domain: few people use any.
const DISPOSABLE: f64 = 1.5;
/// Bits against, when two addresses have nothing in common.
const UNLIKE: f64 = -1.0;
/// A local part of at least this many characters is rarely two people's by chance.
const LONG_LOCAL: usize = 8;
/// A whole address may have a typing error for every so many characters, and so many in all.
const ADDRESS_CHARS_PER_ERROR: usize = 7;
const ERRORS_MAX: usize = 3;

pub(super) fn compare(pair: &Pair<'_>) -> Option<Evidence> {
    let (mine, theirs) = (pair.me.face.mail.as_ref()?, pair.peer.face.mail.as_ref()?);
    let valid = mine.valid && theirs.valid;
    if valid && mine.canonical == theirs.canonical {
        // The same mailbox is contact evidence; it is not told twice.
        return None;
    }
    let similar = |bits: f64, text: &str| {
        Some(Evidence::new("e-mail", Some(LinkType::SimilarEmail), bits, text).with("kind", "similar"))
    };
    let throw_away = |mail: &Mail| mail.disposable >= Disposable::Weak;
    let same_letters = valid && mine.letters.len() >= 3 && mine.letters == theirs.letters;
    match () {
        () if valid && mine.provider() == theirs.provider() && (same_letters || mine.local == theirs.local) => similar(
            series(pair, mine),
            "Their e-mail addresses are one pattern at one provider, with other digits or separators.",
        ),
        () if is_mangled(mine, theirs) => similar(MANGLED, "Their e-mail addresses differ by a keystroke or two."),
        () if same_letters => {
            similar(carried(mine, theirs), "Their e-mail addresses have the same name before the @ at two providers.")
        }
        () if valid && is_close(mine, theirs) => {
            let bits = TYPO * rarity(&mine.letters) + same_digits(mine, theirs);
            similar(bits, "Their e-mail addresses differ by a keystroke or two.")
        }
        () if mine.registrable == theirs.registrable && throw_away(mine) => {
            similar(DISPOSABLE, "Both use the same provider of throw-away addresses.")
        }
        // What a domain of their own says is told by itself.
        () if pair.of_kind(KeyKind::EmailDomain).any(|(key, _)| key.holders <= FEW_AT_HOME) => None,
        // Throw-away addresses differ because they are free, not because their owners do.
        () if !valid || throw_away(mine) || throw_away(theirs) => None,
        () => Some(Evidence::new("e-mail", None, UNLIKE, "Their e-mail addresses have nothing in common.")),
    }
}

fn series(pair: &Pair<'_>, mine: &Mail) -> f64 {
    let holders = pair.of_kind(KeyKind::EmailSkeleton).map(|(key, _)| key.holders).min().unwrap_or(2);
    // A long series is rather a machine's than chance: popularity costs less than elsewhere.
    (SERIES * rarity(&mine.letters) - popularity(holders, 0.5)).max(0.0)
}

fn carried(mine: &Mail, theirs: &Mail) -> f64 {
    let named = if mine.spells_name && theirs.spells_name { NAMED } else { 0.0 };
    CARRIED * rarity(&mine.letters) - named + same_digits(mine, theirs)
}

fn same_digits(mine: &Mail, theirs: &Mail) -> f64 {
    if mine.digits().count() >= 2 && mine.digits().eq(theirs.digits()) { SAME_DIGITS } else { 0.0 }
}

/// A few keystrokes in the whole address, the domain among them: two domains that many use, or one that many share, are
/// no mistake.
fn is_mangled(a: &Mail, b: &Mail) -> bool {
    let (short, long) = if a.all.len() <= b.all.len() { (&a.all, &b.all) } else { (&b.all, &a.all) };
    let errors_max = short.len() / ADDRESS_CHARS_PER_ERROR;
    let told_max = errors_max.min(ERRORS_MAX);
    !(a.free && b.free)
        && a.provider() != b.provider()
        && errors_max > 0
        && long.len() - short.len() <= errors_max
        && a.all_letters.errors_min(b.all_letters) <= told_max
        && !only_initials_differ(a, b)
        && strsim::osa_distance(&a.all, &b.all) <= told_max
}

/// One or two typing errors in something long enough to tell.
fn is_close(a: &Mail, b: &Mail) -> bool {
    let length = a.local_letters.count().min(b.local_letters.count());
    let errors_max = 1 + length / 12;
    length >= LONG_LOCAL
        && a.local_letters.errors_min(b.local_letters) <= errors_max
        && !only_initials_differ(a, b)
        && strsim::osa_distance(&a.local, &b.local) <= errors_max
}

/// `a.virtanen@` and `m.virtanen@` are relatives or colleagues.
fn only_initials_differ(a: &Mail, b: &Mail) -> bool {
    a.local.chars().next() != b.local.chars().next() && a.local.chars().skip(1).eq(b.local.chars().skip(1))
}

/// 0.4 for a common first name, 1 for something long or unheard of.
fn rarity(local: &str) -> f64 {
    let length = (local.chars().count() as f64 / LONG_LOCAL as f64).min(1.0);
    let common = name_rank(local).is_some_and(|rank| rank < 2000);
    if common { 0.4 } else { 0.5 + 0.5 * length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{card, shared_with};

    fn bits(a: &str, b: &str) -> f64 {
        bits_of(("", a), ("", b), None)
    }

    fn bits_of(a: (&str, &str), b: (&str, &str), at_home: Option<u64>) -> f64 {
        let (me, peer) = (card("a", a.0, a.1), card("b", b.0, b.1));
        let key = shared_with("b", KeyKind::EmailDomain, "x", at_home.unwrap_or(2));
        let shared = if at_home.is_some() { vec![(&key, &key.peers[0])] } else { Vec::new() };
        compare(&Pair { me: &me, peer: &peer, shared, places: &Default::default() })
            .map_or(0.0, |evidence| evidence.bits)
    }

    #[test]
    fn series_and_carried_names_count_and_common_names_hardly() {
        assert!(bits("promo.hunter01@gmail.com", "promohunter77@gmail.com") > 5.0);
        assert!(bits("kvirtanen@gmail.com", "kvirtanen@outlook.com") > 3.5);
        assert!(
            bits("kvirtanen81@gmail.com", "kvirtanen81@outlook.com") > bits("kvirtanen7@gmail.com", "kvirtanen@gmx.de")
        );
        assert!(bits("maria1@gmail.com", "maria22@gmail.com") < 3.0);
        assert!(bits("anna.virtanen@example.com", "tomasz.k@example.com") < 0.0);
    }

    #[test]
    fn an_address_that_spells_the_name_says_less_than_one_that_does_not() {
        let name = "Anna Virtanen";
        let spelt = bits_of((name, "anna.virtanen@gmail.com"), (name, "avirtanen@gmx.de"), None);
        assert!(spelt < 0.0, "{spelt}");
        let spelt = bits_of((name, "anna.virtanen@gmail.com"), (name, "anna.virtanen@gmx.de"), None);
        let own = bits_of((name, "moonlightfox@gmail.com"), (name, "moonlightfox@gmx.de"), None);
        assert!(spelt + 1.5 < own, "{spelt} {own}");
    }

    #[test]
    fn a_mistyped_address_is_the_other_and_a_neighbour_in_spelling_is_not() {
        for (a, b) in [
            ("anna.virtanen@nordwind.example", "anna.virtanen@nordwnid.example"),
            ("kvirtanen81@gmail.com", "kvirtanen81@gmial.com"),
            ("kvirtanen81@nordwind.example", "kvirtanen81nordwind.example"),
        ] {
            assert!(bits(a, b) > 5.0, "{a}, {b}: {}", bits(a, b));
        }
        for (a, b) in [
            ("anna.meier@nordwind.example", "anna.maier@nordwind.example"),
            ("j.smith@nordwind.example", "l.smith@nordwind.example"),
            ("anna.schmidt@gmail.com", "hanna.schmidt@gmail.com"),
            ("kim@gmail.com", "kim@ymail.com"),
        ] {
            assert!(bits(a, b) < 3.0, "{a}, {b}: {}", bits(a, b));
        }
    }

    #[test]
    fn addresses_at_a_domain_of_their_own_are_not_unlike() {
        let (a, b) = (("", "anna@virtanen.example"), ("", "shop@virtanen.example"));
        assert_eq!(bits_of(a, b, Some(2)), 0.0);
        assert!(bits_of(a, b, Some(60)) < 0.0);
        assert!(bits_of(a, b, None) < 0.0);
    }
}
