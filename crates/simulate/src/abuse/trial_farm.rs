//! A new account whenever the trial ends. One kind changes the address each time, the other the device.

use super::crew::{Crew, Rotation};
use crate::ledger::{Bad, Ledger};
use crate::random::Random;
use crate::vocabulary::Action;

const BEGIN: &[Action] = &[Action::StartTrial, Action::Create];
const USE: &[Action] = &[Action::Create, Action::Export];

pub(super) fn changing_address(ledger: &mut Ledger, rng: &mut Random) {
    play(ledger, "trial_farm_ip", Rotation::Address, rng);
}

pub(super) fn changing_device(ledger: &mut Ledger, rng: &mut Random) {
    play(ledger, "trial_farm_device", Rotation::Device, rng);
}

fn play(ledger: &mut Ledger, class: &str, rotation: Rotation, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let mut crew = Crew::new(tier, rotation, rng);
    let mut at = ledger.start_ms + (ledger.some_moment(rng) - ledger.start_ms) / 2;
    let mut accounts = Vec::new();
    for _ in 0..rng.between(3, 8) {
        if at >= ledger.end_ms {
            break;
        }
        let member = crew.recruit(ledger, rng);
        let done = crew.enrol(ledger, &member, at, BEGIN, rng);
        crew.use_up(ledger, &member, done, USE, rng);
        ledger.label_abuser(&member.account, class, tier, Bad { uniqueness: true, ..Bad::default() });
        accounts.push(member.account);
        at = done + crew.rest_ms(rng);
    }
    ledger.same_person(&accounts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_two_accounts_are_a_pair() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        changing_device(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let n = world.identities.len();
        assert_eq!(world.pairs.len(), n * (n - 1) / 2);
        assert!(world.identities.iter().all(|label| label.uniqueness_bad));
    }
}
