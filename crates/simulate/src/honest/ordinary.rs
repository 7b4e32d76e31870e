//! One person, own devices, own home: most of the world.

use super::settle;
use crate::device::Device;
use crate::journey::{Place, usual_places};
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;

const NEW_DEVICE_SHARE: f64 = 0.06;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let person = Person::any(rng);
    let mut places = usual_places(&person);
    if rng.chance(NEW_DEVICE_SHARE) {
        places = with_new_device(&person, places, ledger.some_moment(rng), rng);
    }
    settle(ledger, &person, "ordinary", places, rng);
}

/// From some day on everything happens on a new device: what a takeover looks like, and is not.
fn with_new_device(person: &Person, places: Vec<Place>, bought_ms: i64, rng: &mut Random) -> Vec<Place> {
    let mut successor = person.clone();
    successor.devices = person.devices.iter().map(|old| Device::of_class(old.class, person.country, rng)).collect();
    let before = places.into_iter().map(|place| place.during(i64::MIN, bought_ms));
    let after = usual_places(&successor).into_iter().map(|place| place.during(bought_ms, i64::MAX));
    before.chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_one_honest_identity() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(1, 0));
        let world = ledger.into_world();
        assert_eq!(world.identities.len(), 1);
        assert!(!world.identities[0].abuser && world.pairs.is_empty());
    }
}
