//! Different people with the same phone: one fingerprint, nothing else in common.

use super::settle;
use crate::device::Device;
use crate::journey::Place;
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let country = Person::any(rng).country;
    let phone = Device::phone(country, rng);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(4, 10) {
        let person = Person::of(country, rng);
        let places = vec![
            Place::new(phone.clone(), person.home.clone(), 0.5),
            Place::new(phone.clone(), person.mobile.clone(), 0.5),
        ];
        accounts.push(settle(ledger, &person, "same_model", places, rng));
    }
    ledger.hard_chain(&accounts, "same_model");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fingerprint_for_all() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        let prints: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.body["device"]["fingerprint"].as_str()).collect();
        assert_eq!(prints.len(), 1);
    }
}
