//! Dozens of registrations in a burst, by one operator's software.

use super::crew::{Crew, Member, Rotation};
use super::fake_data::{DISPOSABLE, mashed};
use crate::Tier;
use crate::device::Device;
use crate::journey::within;
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::random::Random;
use crate::time::{MINUTE, SECOND};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let mut crew = Crew::new(tier, Rotation::Address, rng);
    let server = Line::hosting(rng);
    let robot = if rng.chance(0.5) { Device::library(rng) } else { Device::headless(rng) };
    let mut at = within(ledger.some_moment(rng), ledger);
    let mut accounts = Vec::new();
    for _ in 0..rng.between(14, 26) {
        let Member { mut account, line: masked, .. } = crew.recruit(ledger, rng);
        let (device, line) = match tier {
            Tier::Naive => (robot.clone(), server.clone()),
            Tier::Skilled => (Device::stealth(crew.operator.country, rng), masked),
            Tier::Expert => (Device::driven(crew.operator.country, rng), masked),
        };
        if tier == Tier::Naive {
            invent(&mut account, rng);
        }
        let member = Member { account, device, line };
        register(ledger, &member, at, tier, rng);
        ledger.label_abuser(&member.account, "registration_bombing", tier, badness(tier));
        accounts.push(member.account);
        at += gap_ms(tier, rng);
    }
    ledger.same_person(&accounts);
}

fn invent(account: &mut crate::account::Account, rng: &mut Random) {
    account.email = format!("{}{}@{}", mashed(rng, 7), rng.between(10, 9_999), rng.pick(DISPOSABLE));
    let (given, family) = (mashed(rng, 5), mashed(rng, 6));
    account.rename(&given, &family);
}

fn register(ledger: &mut Ledger, member: &Member, at_ms: i64, tier: Tier, rng: &mut Random) {
    let mut visit = Visit::begin(at_ms, &member.device, member.line.address(at_ms), rng);
    let account = &member.account;
    if tier != Tier::Naive {
        visit.arrive(ledger, account.dialect, rng);
        visit.think(if tier == Tier::Expert { 30.0 } else { 3.0 }, rng);
    }
    visit.act(ledger, account, Action::SignUp, rng);
    if tier != Tier::Naive && rng.chance(0.6) {
        visit.think(8.0, rng);
        visit.act(ledger, account, Action::ConfirmEmail, rng);
    }
}

fn badness(tier: Tier) -> Bad {
    Bad { humanity: true, authenticity: tier == Tier::Naive, uniqueness: true, behavior: tier != Tier::Expert }
}

fn gap_ms(tier: Tier, rng: &mut Random) -> i64 {
    match tier {
        Tier::Naive => rng.between(300, 4 * SECOND),
        Tier::Skilled => rng.between(8 * SECOND, 70 * SECOND),
        Tier::Expert => (rng.exponential(14.0) * MINUTE as f64) as i64 + 2 * MINUTE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_bursts_last_minutes() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        assert!(world.identities.len() >= 14);
        assert!(world.events[world.events.len() - 1].at_ms - world.events[0].at_ms < 5 * MINUTE);
    }
}
