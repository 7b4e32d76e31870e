//! Strangers one after the other on a public computer.

use super::settle;
use crate::device::Device;
use crate::journey::Place;
use crate::ledger::Ledger;
use crate::network::{Kind, Line};
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let country = Person::any(rng).country;
    let line = Line::fixed(country.code, Kind::Education, rng);
    let computers: Vec<Device> = (0..2).map(|_| Device::desktop(country, rng)).collect();
    let mut accounts = Vec::new();
    for _ in 0..rng.between(5, 14) {
        let person = Person::of(country, rng);
        let mut places: Vec<Place> =
            computers.iter().map(|computer| Place::new(computer.clone(), line.clone(), 1.0)).collect();
        if rng.chance(0.4) {
            places.push(Place::new(person.devices[0].clone(), person.home.clone(), 2.0));
        }
        accounts.push(settle(ledger, &person, "library", places, rng));
    }
    ledger.hard_chain(&accounts, "library");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_share_two_computers() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        assert!(ledger.into_world().identities.len() >= 5);
    }
}
