//! Stolen cards tried in small sums: burst after burst of declines, now and then a success.

use serde_json::json;

use crate::Tier;
use crate::device::Device;
use crate::journey::{sign_up, within};
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::time::{HOUR, MINUTE, SECOND};
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let person = Person::any(rng);
    let email = person.email(rng);
    let account = ledger.open(&person, email, rng);
    let device = if tier == Tier::Naive { Device::headless(rng) } else { Device::desktop(person.country, rng) };
    let line = match tier {
        Tier::Naive => Line::hosting(rng),
        Tier::Skilled => Line::vpn(rng),
        Tier::Expert => Line::residential_proxy(person.country.code, rng),
    };
    let at = within(ledger.some_moment(rng), ledger);
    let mut next = sign_up(ledger, &account, &device, &line, at, rng);
    let bursts = if tier == Tier::Expert { rng.between(3, 8) } else { rng.between(1, 2) };
    for _ in 0..bursts {
        let mut visit = Visit::begin(next, &device, line.address(next), rng);
        let tries = if tier == Tier::Expert { rng.between(2, 5) } else { rng.between(15, 45) };
        for _ in 0..tries {
            visit.wait(pace_ms(tier, rng));
            try_card(&mut visit, ledger, &account, rng);
        }
        next = visit.at_ms + rng.between(2 * HOUR, 20 * HOUR);
    }
    let bad = Bad { behavior: true, humanity: tier == Tier::Naive, ..Bad::default() };
    ledger.label_abuser(&account, "card_testing", tier, bad);
}

fn try_card(visit: &mut Visit, ledger: &mut Ledger, account: &crate::account::Account, rng: &mut Random) {
    let card = rng.hex(16);
    let amount = rng.between(50, 300) as f64 / 100.0;
    let mut data = json!({"amount": amount, "currency": account.country.currency, "card_fingerprint": card});
    if rng.chance(0.88) {
        data["reason"] = json!(*rng.pick(&["do_not_honor", "stolen_card", "invalid_cvc", "insufficient_funds"]));
        visit.act_with(ledger, account, Action::PaymentFailed, data);
    } else {
        visit.act_with(ledger, account, Action::Purchase, data);
    }
}

fn pace_ms(tier: Tier, rng: &mut Random) -> i64 {
    match tier {
        Tier::Naive => rng.between(400, 3 * SECOND),
        Tier::Skilled => rng.between(8 * SECOND, 40 * SECOND),
        Tier::Expert => rng.log_normal(2.5 * MINUTE as f64, 0.6) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declines_prevail() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Skilled));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let declined = world.events.iter().filter(|event| event.body["data"]["reason"].is_string()).count();
        assert!(declined > 8, "{declined}");
    }
}
