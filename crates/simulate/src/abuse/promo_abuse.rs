//! New accounts for the newcomer's voucher: sign up, redeem, buy once at the reduced price, gone.

use serde_json::json;

use super::crew::{Crew, Member, Rotation};
use crate::ledger::{Bad, Ledger};
use crate::random::Random;
use crate::visit::Visit;
use crate::vocabulary::Action;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let rotation = *rng.pick(&[Rotation::Address, Rotation::Device]);
    let mut crew = Crew::new(tier, rotation, rng);
    let code = format!("NEW{}", rng.between(10, 50));
    let street =
        format!("{} {}", *rng.pick(&["Main Street", "Station Road", "Park Lane", "Mill Lane"]), rng.between(1, 180));
    let mut at = ledger.start_ms + (ledger.some_moment(rng) - ledger.start_ms) / 2;
    let mut accounts = Vec::new();
    for _ in 0..rng.between(4, 9) {
        if at >= ledger.end_ms {
            break;
        }
        let member = crew.recruit(ledger, rng);
        let done = crew.enrol(ledger, &member, at, &[], rng);
        let Member { account, device, line } = member;
        let mut visit = Visit::begin(done, &device, line.address(done), rng);
        visit.think(15.0, rng);
        visit.act_with(ledger, &account, Action::RedeemPromo, json!({"code": code, "discount_percent": 50}));
        visit.think(40.0, rng);
        // Goods must arrive somewhere: the street is the same whatever the name.
        let amount = rng.between(2_000, 3_000) as f64 / 100.0;
        let order = json!({
            "amount": amount, "currency": account.country.currency, "card_fingerprint": account.card,
            "promo_code": code, "ship_to_street": street,
        });
        visit.act_with(ledger, &account, Action::Purchase, order);
        ledger.label_abuser(&account, "promo_abuse", tier, Bad { uniqueness: true, behavior: true, ..Bad::default() });
        at = visit.at_ms + crew.rest_ms(rng);
        accounts.push(account);
    }
    ledger.same_person(&accounts);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;

    #[test]
    fn all_redeem_one_code() {
        let mut ledger = Ledger::new(1, 0, 30, Some(Tier::Naive));
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        let redeemed = world.events.iter().filter(|event| event.body["data"]["discount_percent"].is_number()).count();
        assert_eq!(redeemed, world.identities.len());
    }
}
