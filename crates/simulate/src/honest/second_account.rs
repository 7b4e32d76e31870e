//! One person with an account for work and one in private: the same person, and nothing wrong with it.

use super::open;
use crate::device::Device;
use crate::journey::{Life, Place, usual_places};
use crate::ledger::Ledger;
use crate::network::{Kind, Line};
use crate::person::{Person, WORDS};
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let person = Person::any(rng);
    let private = open(ledger, &person, "second_account", rng);
    Life::new(&person, &private, ledger, rng).live(ledger, rng);

    let mut work = open(ledger, &person, "second_account", rng);
    let company = format!("{}{}.example.com", rng.pick(WORDS), rng.pick(WORDS));
    work.email = format!("{}.{}@{company}", person.given.latin, person.family.latin);
    if rng.chance(0.4) {
        work.card.clone_from(&private.card);
    }
    work.phone = private.phone.clone();
    work.birth_date = private.birth_date.clone();
    let office = Line::fixed(person.country.code, Kind::Business, rng);
    let mut places = vec![Place::new(Device::desktop(person.country, rng), office, 0.6)];
    // Evenings and journeys: the own device serves both accounts.
    places.extend(usual_places(&person).into_iter().map(|mut place| {
        place.weight *= 0.4;
        place
    }));
    Life::new(&person, &work, ledger, rng).with_places(places).at_work().live(ledger, rng);
    ledger.same_person(&[private, work]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_pair_and_not_abuse() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        assert_eq!((world.identities.len(), world.pairs.len()), (2, 1));
        assert!(world.identities.iter().all(|label| !label.abuser && !label.uniqueness_bad));
    }
}
