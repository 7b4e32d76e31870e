//! What goes on at the devices and addresses that an identity shares: more than two tell it, so it is found out once for all
//! pairs.

use super::{Card, KeyKind, SharedKey, turns};
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Places<'a> {
    by_key: BTreeMap<&'a str, Place>,
    /// How many of the team begin in this way, 0 to 1; 1 where that is not known.
    pub openers: f64,
}

/// One device or address.
#[derive(Default)]
struct Place {
    passed_on: f64,
    alike: u64,
    row: u64,
}

impl<'a> Places<'a> {
    pub(super) fn of(me: &Card, shared: &'a [SharedKey], cards: &BTreeMap<String, Card>, people: u64) -> Self {
        let places = shared.iter().filter(|key| matches!(key.kind, KeyKind::Device | KeyKind::Ip) && !key.public);
        let place = |key: &'a SharedKey| {
            let mut users: Vec<&Card> =
                key.peers.iter().filter_map(|peer| cards.get(&peer.identity_id)).chain([me]).collect();
            users.sort_by(|a, b| (a.first_ms, &a.id).cmp(&(b.first_ms, &b.id)));
            let alike = users.iter().filter(|user| begins_alike(me, user)).count() as u64;
            (key.key.as_str(), Place { passed_on: passed_on(&users), alike, row: row(me, &users, key) })
        };
        Places { by_key: places.map(place).collect(), openers: openers(me, shared, people) }
    }

    /// How much a device is passed on from one brief account to the next, 0 to 1. On a farm's device nearly always; in a
    /// family, a library, a classroom or an office hardly ever.
    pub fn passed_on(&self, key: &str) -> f64 {
        self.by_key.get(key).map_or(0.0, |place| place.passed_on)
    }

    /// How many accounts at an address are one row that is worked in turn, `me` among them.
    pub fn row(&self, key: &str) -> u64 {
        self.by_key.get(key).map_or(0, |place| place.row)
    }

    /// How many at a place began in the same way and looked at no page, `me` among them.
    pub fn alike(&self, key: &str) -> u64 {
        self.by_key.get(key).map_or(0, |place| place.alike)
    }
}

/// The share of users that were there only briefly and were done before the next appeared.
fn passed_on(users: &[&Card]) -> f64 {
    let passed =
        users.windows(2).filter(|pair| pair[0].is_brief() && pair[1].is_brief() && pair[0].last_ms < pair[1].first_ms);
    passed.count() as f64 / users.len().saturating_sub(1).max(1) as f64
}

fn row(me: &Card, users: &[&Card], key: &SharedKey) -> u64 {
    match key.kind == KeyKind::Ip && key.holders <= turns::HOLDERS_MAX {
        true => turns::row(me, users),
        false => 0,
    }
}

fn begins_alike(me: &Card, user: &Card) -> bool {
    let (mine, theirs) = (&me.trace, &user.trace);
    mine.opening != 0 && mine.opening == theirs.opening && mine.pages + theirs.pages == 0
}

fn openers(me: &Card, shared: &[SharedKey], people: u64) -> f64 {
    let opening = format!("{:08x}", me.trace.opening);
    let held = shared.iter().find(|key| key.kind == KeyKind::Behavior && key.key == opening);
    held.map_or(1.0, |key| (key.holders as f64 / people.max(1) as f64).min(1.0))
}
