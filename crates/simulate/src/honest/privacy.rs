//! A hardened browser: few signals, and another fingerprint on each visit.

use super::settle;
use crate::device::Device;
use crate::journey::Place;
use crate::ledger::Ledger;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let person = Person::any(rng);
    let device = Device::private(person.country, rng);
    let mut places = vec![Place::new(device.clone(), person.home.clone(), 1.0).rotating()];
    if rng.chance(0.4) {
        let tunnel = if rng.chance(0.3) { Line::tor(rng) } else { Line::vpn(rng) };
        places.push(Place::new(device, tunnel, 1.0).rotating());
    }
    settle(ledger, &person, "privacy", places, rng);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_rotate() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        (0..20).for_each(|i| play(&mut ledger, &mut Random::new(i, 0)));
        let world = ledger.into_world();
        let prints: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.body["device"]["fingerprint"].as_str()).collect();
        assert!(prints.len() > world.identities.len());
    }
}
