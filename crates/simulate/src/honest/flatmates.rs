//! Strangers who share a flat's connection, with devices of their own.

use super::settle;
use crate::journey::Place;
use crate::ledger::Ledger;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let country = Person::any(rng).country;
    let flat = Line::home(country.code, rng);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(2, 5) {
        let person = Person::of(country, rng);
        let mut places: Vec<Place> =
            person.devices.iter().map(|device| Place::new(device.clone(), flat.clone(), 1.0)).collect();
        places.push(Place::new(person.devices[0].clone(), person.mobile.clone(), 0.3));
        accounts.push(settle(ledger, &person, "flatmates", places, rng));
    }
    ledger.hard_chain(&accounts, "flatmates");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flatmates_share_an_address() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(3, 0));
        let world = ledger.into_world();
        assert!(world.identities.len() >= 2 && !world.hard.is_empty());
    }
}
