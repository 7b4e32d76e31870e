//! A provider that puts dozens of households behind one address.

use super::settle;
use crate::journey::Place;
use crate::ledger::Ledger;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let country = Person::any(rng).country;
    let shared = Line::carrier(country.code, rng);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(12, 30) {
        let person = Person::of(country, rng);
        let places = person.devices.iter().map(|device| Place::new(device.clone(), shared.clone(), 1.0)).collect();
        accounts.push(settle(ledger, &person, "carrier_nat", places, rng));
    }
    ledger.hard_chain(&accounts, "carrier_nat");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_for_all() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        let ips: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.body["ip"].as_str()).collect();
        assert_eq!(ips.len(), 1);
    }
}
