//! One operator who keeps several accounts alive side by side: votes, reviews, reselling.

use super::crew::{Crew, Member, Rotation};
use crate::journey::at_waking_hour;
use crate::ledger::{Bad, Ledger};
use crate::random::Random;
use crate::time::{DAY, MINUTE};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let rotation = *rng.pick(&[Rotation::Address, Rotation::Device]);
    let mut crew = Crew::new(tier, rotation, rng);
    let script: Vec<Action> = (0..3)
        .map(|_| *rng.pick(&[Action::Create, Action::Message, Action::PageView, Action::Search, Action::Invite]))
        .collect();
    let mut at = ledger.start_ms + (ledger.some_moment(rng) - ledger.start_ms) / 3;
    let mut members = Vec::new();
    for _ in 0..rng.between(4, 10) {
        if at >= ledger.end_ms {
            break;
        }
        let member = crew.recruit(ledger, rng);
        crew.enrol(ledger, &member, at, &script, rng);
        ledger.label_abuser(&member.account, "many_accounts", tier, Bad { uniqueness: true, ..Bad::default() });
        members.push(member);
        at += crew.rest_ms(rng);
    }
    // Rounds: one account after the other, with the same errand.
    for _ in 0..rng.between(2, 7) {
        at = at_waking_hour(at + (rng.exponential(2.0) * DAY as f64) as i64 + DAY, &crew.operator, rng);
        for Member { account, device, line } in &members {
            let mut visit = Visit::begin(at, device, line.address(at), rng);
            visit.act(ledger, account, Action::Login, rng);
            for &action in &script {
                visit.think(10.0, rng);
                visit.act(ledger, account, action, rng);
            }
            at = visit.at_ms + rng.between(MINUTE, if tier == crate::Tier::Expert { 300 } else { 6 } * MINUTE);
        }
    }
    let accounts: Vec<_> = members.into_iter().map(|member| member.account).collect();
    ledger.same_person(&accounts);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_pairs() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        assert!(world.identities.len() >= 4 && world.pairs.len() >= 6);
    }
}
