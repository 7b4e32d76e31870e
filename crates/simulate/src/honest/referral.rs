//! A user who brings real friends: other names, homes and devices, and they stay.

use super::open;
use crate::journey::{Life, at_waking_hour, usual_places};
use crate::ledger::Ledger;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, HOUR, MINUTE};
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
        let day = first_ms + (rng.exponential(5.0) * DAY as f64) as i64 + 4 * HOUR;
        let moment = at_waking_hour(day, &friend, rng).max(first_ms + HOUR);
        if moment >= ledger.end_ms - HOUR {
            continue;
        }
        let mut guest = open(ledger, &friend, "referral", rng);
        guest.come_through(&account);
        let asked_ms = moment - rng.between(5, 50) * MINUTE;
        let mut invitation = Visit::begin(asked_ms, &host.devices[0], host.home.address(asked_ms), rng);
        invitation.act(ledger, &account, Action::Invite, rng);
        Life::new(&friend, &guest, ledger, rng)
            .with_places(usual_places(&friend))
            .starting(moment, ledger)
            .live(ledger, rng);
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
