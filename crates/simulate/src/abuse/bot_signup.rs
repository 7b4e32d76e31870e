//! Accounts made by software: HTTP libraries and bare headless browsers, stealth plugins, driven real browsers.

use crate::Tier;
use crate::device::Device;
use crate::journey::within;
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let person = Person::any(rng);
    let email = match tier {
        Tier::Naive => {
            let handle = rng.letters("abcdefghijklmnopqrstuvwxyz", 5) + &rng.letters("0123456789", 6);
            format!("{handle}@{}", rng.pick(&["gmail.com", "outlook.com", "mailinator.com"]))
        }
        _ => person.email(rng),
    };
    let account = ledger.open(&person, email, rng);
    let (device, line) = match tier {
        Tier::Naive if rng.chance(0.5) => (Device::library(rng), Line::hosting(rng)),
        Tier::Naive => (Device::headless(rng), Line::hosting(rng)),
        Tier::Skilled => {
            (Device::stealth(person.country, rng), if rng.chance(0.5) { Line::hosting(rng) } else { Line::vpn(rng) })
        }
        Tier::Expert => (Device::driven(person.country, rng), Line::residential_proxy(person.country.code, rng)),
    };
    let at = within(ledger.some_moment(rng), ledger);
    let mut visit = Visit::begin(at, &device, line.address(at), rng);
    visit.arrive(ledger, account.dialect, rng);
    visit.wait(beat_ms(tier, rng));
    visit.act(ledger, &account, Action::SignUp, rng);
    for _ in 0..rng.between(2, 9) {
        visit.wait(beat_ms(tier, rng));
        let action =
            *rng.pick(&[Action::ConfirmEmail, Action::Message, Action::Message, Action::Create, Action::PageView]);
        visit.act(ledger, &account, action, rng);
    }
    ledger.label_abuser(
        &account,
        "bot_signup",
        tier,
        Bad { humanity: true, behavior: tier != Tier::Expert, ..Bad::default() },
    );
}

/// A machine's pulse: too fast, then even, then nearly human.
fn beat_ms(tier: Tier, rng: &mut Random) -> i64 {
    match tier {
        Tier::Naive => rng.between(40, 350),
        Tier::Skilled => 2_000 + rng.between(-60, 60),
        Tier::Expert => (rng.log_normal(14_000.0, 0.35)) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_bots_are_faster_than_fingers() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        assert!(world.events.windows(2).all(|pair| pair[1].at_ms - pair[0].at_ms < 500));
        assert!(world.identities[0].humanity_bad);
    }
}
