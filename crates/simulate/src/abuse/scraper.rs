//! One account that reads everything: hundreds of pages and exports at a machine's pace.

use serde_json::json;

use crate::Tier;
use crate::device::Device;
use crate::journey::{sign_up, within};
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, HOUR};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let person = Person::any(rng);
    let email = person.email(rng);
    let account = ledger.open(&person, email, rng);
    let (device, line) = match tier {
        Tier::Naive => (Device::library(rng), Line::hosting(rng)),
        Tier::Skilled => (Device::stealth(person.country, rng), Line::vpn(rng)),
        Tier::Expert => (Device::driven(person.country, rng), Line::residential_proxy(person.country.code, rng)),
    };
    let at = within(ledger.some_moment(rng) - DAY, ledger);
    let mut next = sign_up(ledger, &account, &person.devices[0], &person.home, at, rng) + HOUR;
    let mut item = rng.between(1, 5_000);
    for _ in 0..rng.between(1, 4) {
        let mut visit = Visit::begin(next, &device, line.address(next), rng);
        visit.act(ledger, &account, Action::Login, rng);
        for _ in 0..rng.between(60, 180) {
            visit.wait(pace_ms(tier, rng));
            item += 1;
            visit.act_with(ledger, &account, Action::PageView, json!({"path": format!("/shop/items/{item}")}));
        }
        if rng.chance(0.4) {
            visit.act(ledger, &account, Action::Export, rng);
        }
        next = visit.at_ms + rng.between(2 * HOUR, 2 * DAY);
    }
    ledger.label_abuser(&account, "scraper", tier, Bad { humanity: true, behavior: true, ..Bad::default() });
}

/// The order of the pages betrays even those who wait.
fn pace_ms(tier: Tier, rng: &mut Random) -> i64 {
    match tier {
        Tier::Naive => rng.between(80, 300),
        Tier::Skilled => 1_500 + rng.between(-100, 100),
        Tier::Expert => rng.log_normal(7_000.0, 0.5) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_page_after_page() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Skilled));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        assert!(world.events.len() > 60);
        assert_eq!(world.identities.len(), 1);
    }
}
