//! Parents and children who share a computer, an address and mostly a family name, and have phones of their own.

use super::open;
use crate::device::Device;
use crate::journey::{Life, Place};
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let head = Person::any(rng);
    let computer = Device::desktop(head.country, rng);
    let card = rng.hex(16);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(2, 4) {
        let mut member = Person::of(head.country, rng);
        if rng.chance(0.85) {
            member = member.with_family(&head.family);
        }
        let phone = Device::phone(member.country, rng);
        let places = vec![
            Place::new(computer.clone(), head.home.clone(), 0.6),
            Place::new(phone.clone(), head.home.clone(), 0.25),
            Place::new(phone, member.mobile.clone(), 0.15),
        ];
        let mut account = open(ledger, &member, "family", rng);
        // Children pay with the card of their parents.
        if rng.chance(0.4) {
            account.card.clone_from(&card);
        }
        Life::new(&member, &account, ledger, rng).with_places(places).live(ledger, rng);
        accounts.push(account);
    }
    ledger.hard_chain(&accounts, "family");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_different_persons() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(1, 0));
        let world = ledger.into_world();
        assert!(world.identities.len() >= 2 && world.pairs.is_empty());
        assert!(world.hard.iter().all(|pair| pair.kind == "family") && !world.hard.is_empty());
    }
}
