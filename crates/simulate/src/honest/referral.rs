//! A user who brings real friends: other names, homes and devices, and they stay.

use super::open;
use crate::journey::{Life, at_waking_hour, usual_places};
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, HOUR};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let host = Person::any(rng);
    let account = open(ledger, &host, "referral", rng);
    let life = Life::new(&host, &account, ledger, rng);
    let first_ms = life.first_ms;
    life.live(ledger, rng);
    for _ in 0..rng.between(1, 4) {
        let friend = Person::of(host.country, rng);
        let mut guest = open(ledger, &friend, "referral", rng);
        guest.referred_by = Some(account.referral_code.clone());
        let moment = at_waking_hour(first_ms + (rng.exponential(5.0) * DAY as f64) as i64 + 4 * HOUR, &friend, rng);
        if moment > first_ms {
            let mut invitation = Visit::begin(moment - 2 * HOUR, &host.devices[0], host.home.address(moment), rng);
            invitation.act(ledger, &account, Action::Invite, rng);
        }
        Life::new(&friend, &guest, ledger, rng).with_places(usual_places(&friend)).starting(moment, ledger).live(ledger, rng);
        ledger.hard_pair(&account, &guest, "referral");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friends_carry_the_code_of_the_host() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(5, 0));
        let world = ledger.into_world();
        assert!(world.events.iter().any(|event| event.body["data"]["referral_code"].is_string()));
        assert!(!world.hard.is_empty() && world.pairs.is_empty());
    }
}
