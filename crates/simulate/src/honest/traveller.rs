//! Somebody on a journey: the same devices, another country for some days, hotel and roaming addresses.

use super::settle;
use crate::journey::{Place, usual_places};
use crate::ledger::Ledger;
use crate::network::{Kind, Line};
use crate::person::Person;
use crate::place;
use crate::random::Random;
use crate::time::DAY;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let mut person = Person::any(rng);
    person.rate = person.rate.max(0.4);
    let mut places = Vec::new();
    let mut from = i64::MIN;
    for _ in 0..rng.between(1, 3) {
        let leave = ledger.some_moment(rng).max(from.saturating_add(DAY));
        let back = leave + rng.between(2, 12) * DAY;
        let abroad = place::other_than(person.country, rng);
        places.extend(usual_places(&person).into_iter().map(|place| place.during(from, leave)));
        for line in [Line::fixed(abroad.code, Kind::Business, rng), Line::mobile(abroad.code, rng)] {
            for device in &person.devices {
                places.push(Place::new(device.travelling_to(abroad), line.clone(), 1.0).during(leave, back));
            }
        }
        from = back;
    }
    places.extend(usual_places(&person).into_iter().map(|place| place.during(from, i64::MAX)));
    settle(ledger, &person, "traveller", places, rng);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travellers_are_honest() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        assert!(ledger.into_world().identities.iter().all(|label| !label.abuser));
    }
}
