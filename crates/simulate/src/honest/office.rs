//! Colleagues behind one address, with managed laptops from one order: two in five are alike to the last component.

use super::open;
use crate::device::Device;
use crate::journey::{Life, Place};
use crate::ledger::Ledger;
use crate::names::plain;
use crate::network::{Kind, Line};
use crate::person::{Person, WORDS};
use crate::random::Random;
use crate::time::DAY;

const SAME_IMAGE_SHARE: f64 = 0.4;
const TRADES: &[&str] =
    &["Logistics", "Consulting", "Software", "Media", "Trading", "Engineering", "Health", "Foods", "Systems", "Design"];

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let boss = Person::any(rng);
    let line = Line::fixed(boss.country.code, Kind::Business, rng);
    let image = Device::desktop(boss.country, rng);
    let name = format!("{} {}", crate::names::capitalized(WORDS[rng.below(WORDS.len())]), rng.pick(TRADES));
    let domain = format!("{}{}.example.com", plain(&name), rng.between(1, 999));
    let group_id = format!("org_{}", rng.hex(8));
    let rollout_ms = ledger.some_moment(rng);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(6, 28) {
        let mut person = Person::of(boss.country, rng);
        person.rate = person.rate.max(0.2);
        let laptop = if rng.chance(SAME_IMAGE_SHARE) { image.clone() } else { Device::desktop(person.country, rng) };
        let mut account = open(ledger, &person, "office", rng);
        account.email = format!("{}.{}{}@{domain}", person.given.latin, person.family.latin, suffix(accounts.len()));
        account.join(&group_id, &name);
        let places =
            vec![Place::new(laptop.clone(), line.clone(), 0.85), Place::new(laptop, person.home.clone(), 0.15)];
        let moment = rollout_ms + (rng.exponential(6.0) * DAY as f64) as i64;
        let mut life = Life::new(&person, &account, ledger, rng).with_places(places).at_work();
        if !life.existing {
            life = life.starting(crate::journey::at_office_hour(moment, &person, rng), ledger);
        }
        life.live(ledger, rng);
        accounts.push(account);
    }
    ledger.hard_chain(&accounts, "office");
}

/// Namesakes in one company get a number; the first does not.
fn suffix(position: usize) -> String {
    if position % 11 == 10 { (position / 11 + 1).to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laptops_repeat() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        let mut prints: Vec<&str> =
            world.events.iter().filter_map(|event| event.body["device"]["fingerprint"].as_str()).collect();
        prints.sort_unstable();
        prints.dedup();
        assert!(prints.len() < world.identities.len());
    }
}
