//! A class whose teacher says: now everybody signs up. One address, alike machines, minutes apart.

use super::open;
use crate::device::Device;
use crate::journey::{Life, Place, at_office_hour, within};
use crate::ledger::Ledger;
use crate::network::{Kind, Line};
use crate::person::Person;
use crate::random::Random;
use crate::time::{MINUTE, SECOND};

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let teacher = Person::any(rng);
    let line = Line::fixed(teacher.country.code, Kind::Education, rng);
    let machines: Vec<Device> = (0..3).map(|_| Device::desktop(teacher.country, rng)).collect();
    let bell_ms = within(at_office_hour(ledger.some_moment(rng), &teacher, rng), ledger);
    let school_mail = rng.chance(0.5).then(|| format!("school{}.example.edu", rng.between(1, 900)));
    let mut accounts = Vec::new();
    for _ in 0..rng.between(12, 28) {
        let mut person = Person::of(teacher.country, rng);
        person.rate = person.rate.min(0.5);
        let mut account = open(ledger, &person, "classroom", rng);
        if let Some(domain) = &school_mail {
            account.email = format!("{}.{}{}@{domain}", person.given.latin, person.family.latin, rng.between(1, 99));
        }
        let seat = machines[rng.head_heavy(machines.len())].clone();
        let places =
            vec![Place::new(seat, line.clone(), 0.6), Place::new(person.devices[0].clone(), person.home.clone(), 0.4)];
        let moment = bell_ms + rng.between(0, 9 * MINUTE) + rng.between(0, 59 * SECOND);
        let mut life = Life::new(&person, &account, ledger, rng).with_places(places.clone()).starting(moment, ledger);
        // The first hour is in the classroom whatever the later habits are.
        life.places.truncate(1);
        life.until_ms = life.first_ms + 1;
        life.live(ledger, rng);
        let mut later = Life::new(&person, &account, ledger, rng).with_places(places);
        later.existing = true;
        if rng.chance(0.7) && later.first_ms > moment + 60 * MINUTE {
            later.live(ledger, rng);
        }
        accounts.push(account);
    }
    ledger.hard_chain(&accounts, "classroom");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sign_up_within_a_lesson() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        let times: Vec<i64> = world
            .events
            .iter()
            .filter(|event| matches!(event.body["type"].as_str(), Some("signup" | "user_registered" | "user.signup")))
            .map(|event| event.at_ms)
            .collect();
        assert_eq!(times.len(), world.identities.len());
        assert!(times[times.len() - 1] - times[0] < 45 * MINUTE);
    }
}
