//! People who browse through a commercial tunnel, some always, some at times.

use super::settle;
use crate::journey::{Place, usual_places};
use crate::ledger::Ledger;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let person = Person::any(rng);
    let tunnel = Line::vpn(rng);
    let mut places: Vec<Place> =
        person.devices.iter().map(|device| Place::new(device.clone(), tunnel.clone(), 1.5)).collect();
    if rng.chance(0.6) {
        places.extend(usual_places(&person));
    }
    settle(ledger, &person, "vpn", places, rng);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_tunnels_are_honest() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        assert!(ledger.into_world().identities.iter().all(|label| !label.abuser));
    }
}
