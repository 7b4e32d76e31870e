//! An honest account that passes into other hands: new device, new country, then password and e-mail change.

use serde_json::json;

use crate::Tier;
use crate::account::Account;
use crate::device::Device;
use crate::journey::{Life, usual_places};
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::person::Person;
use crate::place;
use crate::random::Random;
use crate::time::{DAY, HOUR};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let mut owner = Person::any(rng);
    owner.rate = owner.rate.max(0.5);
    let email = owner.email(rng);
    let account = ledger.open(&owner, email, rng);
    // The owner needs a past for the change to be one.
    let span = ledger.end_ms - ledger.start_ms;
    let first_ms = ledger.start_ms + (rng.unit() * 0.3 * span as f64) as i64;
    let taken_ms = (ledger.start_ms + ((0.5 + 0.4 * rng.unit()) * span as f64) as i64).max(first_ms + 2 * HOUR);
    let mut life = Life::new(&owner, &account, ledger, rng).with_places(usual_places(&owner)).ending(taken_ms);
    life.first_ms = first_ms;
    life.live(ledger, rng);
    let (device, line) = thief_tools(&owner, tier, rng);
    take_over(ledger, &account, &device, &line, tier, taken_ms, rng);
}

fn thief_tools(owner: &Person, tier: Tier, rng: &mut Random) -> (Device, Line) {
    let abroad = place::other_than(owner.country, rng);
    match tier {
        Tier::Naive => (Device::desktop(abroad, rng), Line::home(abroad.code, rng)),
        Tier::Skilled => (Device::desktop(abroad, rng), Line::vpn(rng)),
        // Bought with the credentials: a profile like the victim's and a proxy in the victim's country.
        Tier::Expert => (owner.devices[0].spoofed(rng), Line::residential_proxy(owner.country.code, rng)),
    }
}

/// Also the end of a successful credential stuffing.
pub(super) fn take_over(
    ledger: &mut Ledger,
    account: &Account,
    device: &Device,
    line: &Line,
    tier: Tier,
    taken_ms: i64,
    rng: &mut Random,
) {
    let mut visit = Visit::begin(taken_ms, device, line.address(taken_ms), rng);
    for _ in 0..if tier == Tier::Naive { rng.between(2, 6) } else { rng.between(0, 1) } {
        visit.act(ledger, account, Action::LoginFailed, rng);
        visit.think(5.0, rng);
    }
    visit.act_with(ledger, account, Action::Login, json!({"method": "password"}));
    visit.think(15.0, rng);
    visit.act(ledger, account, Action::ChangePassword, rng);
    visit.think(20.0, rng);
    let mut stolen = account.clone();
    if tier != Tier::Expert || rng.chance(0.6) {
        let handle = rng.letters("abcdefghijklmnopqrstuvwxyz", 7);
        stolen.email =
            format!("{handle}{}@{}", rng.between(1, 999), rng.pick(&["proton.me", "mail.ru", "outlook.com"]));
        visit.act(ledger, &stolen, Action::ChangeEmail, rng);
    }
    plunder(&mut visit, ledger, &stolen, rng);
    let bad = Bad { behavior: true, ..Bad::default() };
    ledger.label_taken(account, "account_takeover", tier, bad, taken_ms);
    let again = visit.at_ms + rng.between(3 * HOUR, 2 * DAY);
    let mut second = Visit::begin(again, device, line.address(again), rng);
    second.act_with(ledger, &stolen, Action::Login, json!({"method": "password"}));
    plunder(&mut second, ledger, &stolen, rng);
}

fn plunder(visit: &mut Visit, ledger: &mut Ledger, account: &Account, rng: &mut Random) {
    for _ in 0..rng.between(2, 4) {
        visit.think(25.0, rng);
        let action =
            *rng.pick(&[Action::Purchase, Action::Export, Action::AddCard, Action::CreateKey, Action::Purchase]);
        visit.act(ledger, account, action, rng);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_bad_in_the_middle_of_its_life() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let from = world.identities[0].bad_from_ms.expect("a moment");
        assert!(
            world.events.iter().any(|event| event.at_ms < from) && world.events.iter().any(|event| event.at_ms > from)
        );
    }
}
