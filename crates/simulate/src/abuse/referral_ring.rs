//! One person refers false friends to collect the bonus: who was referred never does anything else, or refers on in a circle.

use super::crew::{Crew, Rotation};
use crate::Tier;
use crate::ledger::{Bad, Ledger};
use crate::random::Random;
use crate::vocabulary::Action;

const FRIEND: &[Action] = &[Action::ConfirmEmail, Action::Refer];

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let rotation = *rng.pick(&[Rotation::Address, Rotation::Device]);
    let mut crew = Crew::new(tier, rotation, rng);
    // Skilled operators hide the star by letting each friend refer the next.
    let is_chain = tier != Tier::Naive && rng.chance(0.5);
    let mut at = ledger.start_ms + (ledger.some_moment(rng) - ledger.start_ms) / 2;
    let mut accounts: Vec<crate::account::Account> = Vec::new();
    for number in 0..rng.between(4, 11) {
        if at >= ledger.end_ms {
            break;
        }
        let mut member = crew.recruit(ledger, rng);
        let referrer = if is_chain { accounts.last() } else { accounts.first() };
        if let Some(referrer) = referrer {
            member.account.come_through(referrer);
        }
        let script: &[Action] = if number == 0 { &[Action::ConfirmEmail, Action::Invite] } else { FRIEND };
        let done = crew.enrol(ledger, &member, at, script, rng);
        ledger.label_abuser(
            &member.account,
            "referral_ring",
            tier,
            Bad { uniqueness: true, behavior: true, ..Bad::default() },
        );
        accounts.push(member.account);
        at = done + crew.rest_ms(rng);
    }
    ledger.same_person(&accounts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friends_carry_the_code_of_the_operator() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let codes: std::collections::BTreeSet<&str> =
            world.events.iter().filter_map(|event| event.body["data"]["referral_code"].as_str()).collect();
        assert_eq!(codes.len(), 1);
        assert!(world.identities.iter().all(|label| label.uniqueness_bad && label.behavior_bad));
    }
}
