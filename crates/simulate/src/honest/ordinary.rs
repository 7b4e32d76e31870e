//! One person, own devices, own home: most of the world.

use super::settle;
use crate::journey::usual_places;
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let person = Person::any(rng);
    settle(ledger, &person, "ordinary", usual_places(&person), rng);
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
