//! Honest segments, one file each.

mod carrier_nat;
mod classroom;
mod family;
mod flatmates;
mod library;
mod office;
mod ordinary;
mod privacy;
mod referral;
mod same_model;
mod second_account;
mod traveller;
mod vpn;

use crate::account::Account;
use crate::journey::{Life, Place};
use crate::ledger::Ledger;
use crate::person::Person;
use crate::plan::Segment;
use crate::random::Random;

pub(crate) const ALL: &[Segment] = &[
    Segment { name: "ordinary", weight: 40.0, play: ordinary::play },
    Segment { name: "family", weight: 8.0, play: family::play },
    Segment { name: "flatmates", weight: 4.0, play: flatmates::play },
    Segment { name: "office", weight: 10.0, play: office::play },
    Segment { name: "classroom", weight: 5.0, play: classroom::play },
    Segment { name: "library", weight: 3.0, play: library::play },
    Segment { name: "carrier_nat", weight: 5.0, play: carrier_nat::play },
    Segment { name: "same_model", weight: 5.0, play: same_model::play },
    Segment { name: "second_account", weight: 4.0, play: second_account::play },
    Segment { name: "referral", weight: 4.0, play: referral::play },
    Segment { name: "traveller", weight: 4.0, play: traveller::play },
    Segment { name: "vpn", weight: 4.0, play: vpn::play },
    Segment { name: "privacy", weight: 4.0, play: privacy::play },
];

/// An honest account with its label, not lived yet.
fn open(ledger: &mut Ledger, person: &Person, class: &str, rng: &mut Random) -> Account {
    let email = person.email(rng);
    let account = ledger.open(person, email, rng);
    ledger.label_honest(&account, class);
    account
}

/// One person with one account who lives at the given places.
fn settle(ledger: &mut Ledger, person: &Person, class: &str, places: Vec<Place>, rng: &mut Random) -> Account {
    let account = open(ledger, person, class, rng);
    Life::new(person, &account, ledger, rng).with_places(places).live(ledger, rng);
    account
}
