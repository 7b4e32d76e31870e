//! Lists of leaked passwords tried against many accounts from few addresses. Most accounts hold: they are honest users with a bad
//! hour. Some open, and are taken over. Names that never existed leave identities with nothing but failures.

use super::account_takeover::take_over;
use crate::Tier;
use crate::account::Account;
use crate::device::Device;
use crate::journey::{Life, usual_places};
use crate::ledger::{Bad, Ledger};
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, MINUTE, SECOND};
use crate::visit::Visit;
use crate::vocabulary::Action;

const OPEN_SHARE: f64 = 0.2;

pub(super) fn play(ledger: &mut Ledger, rng: &mut Random) {
    let tier = ledger.tier(rng);
    let country = Person::any(rng).country;
    let span = ledger.end_ms - ledger.start_ms;
    let raid_ms = ledger.start_ms + ((0.5 + 0.4 * rng.unit()) * span as f64) as i64;
    let tools = Tools::new(tier, country, rng);
    let mut targets: Vec<(Account, bool)> =
        (0..rng.between(6, 12)).map(|_| (victim(ledger, raid_ms, rng), true)).collect();
    targets.extend((0..rng.between(4, 9)).map(|_| (ghost(ledger, tier, rng), false)));
    rng.shuffle(&mut targets);
    let mut at = raid_ms;
    let (mut opened, mut shared) = (0, Vec::new());
    for (account, exists) in &targets {
        let device = tools.device(rng);
        at = knock(ledger, account, &device, &tools.line(rng), at, tier, rng);
        // One at least opens: otherwise nobody would do it.
        if *exists && (opened == 0 || rng.chance(OPEN_SHARE)) {
            opened += 1;
            let line = tools.line(rng);
            take_over(ledger, account, &device, &line, tier, at, rng);
            ledger.label_taken(account, "credential_stuffing", tier, Bad { behavior: true, ..Bad::default() }, at);
        }
        if *exists && tier != Tier::Expert {
            shared.push(account.clone());
        }
    }
    ledger.hard_chain(&shared, "same_attacker");
}

/// What the raid runs on.
struct Tools {
    tier: Tier,
    country: &'static crate::place::Country,
    robot: Device,
    lines: Vec<Line>,
}

impl Tools {
    fn new(tier: Tier, country: &'static crate::place::Country, rng: &mut Random) -> Self {
        let robot = if tier == Tier::Naive { Device::library(rng) } else { Device::stealth(country, rng) };
        let lines = (0..if tier == Tier::Naive { 1 } else { 3 }).map(|_| Line::hosting(rng)).collect();
        Tools { tier, country, robot, lines }
    }

    fn device(&self, rng: &mut Random) -> Device {
        if self.tier == Tier::Expert { Device::driven(self.country, rng) } else { self.robot.clone() }
    }

    fn line(&self, rng: &mut Random) -> Line {
        if self.tier == Tier::Expert {
            Line::residential_proxy(self.country.code, rng)
        } else {
            rng.pick(&self.lines).clone()
        }
    }
}

/// A user with a past, who had the same password elsewhere.
fn victim(ledger: &mut Ledger, raid_ms: i64, rng: &mut Random) -> Account {
    let mut person = Person::any(rng);
    person.rate = person.rate.max(0.15);
    let email = person.email(rng);
    let account = ledger.open(&person, email, rng);
    ledger.label_honest(&account, "stuffing_target");
    let mut life = Life::new(&person, &account, ledger, rng).with_places(usual_places(&person)).ending(raid_ms);
    life.first_ms = ledger.start_ms + (rng.unit() * 0.4 * (ledger.end_ms - ledger.start_ms) as f64) as i64;
    life.live(ledger, rng);
    account
}

/// A name from the list that has no account here: the application reports the attempt under the address.
fn ghost(ledger: &mut Ledger, tier: Tier, rng: &mut Random) -> Account {
    let person = Person::any(rng);
    let email = person.email(rng);
    let mut account = ledger.open(&person, email, rng);
    account.id.clone_from(&account.email);
    ledger.label_abuser(
        &account,
        "credential_stuffing",
        tier,
        Bad { humanity: tier != Tier::Expert, behavior: true, ..Bad::default() },
    );
    account
}

fn knock(
    ledger: &mut Ledger,
    account: &Account,
    device: &Device,
    line: &Line,
    at_ms: i64,
    tier: Tier,
    rng: &mut Random,
) -> i64 {
    let mut visit = Visit::begin(at_ms, device, line.address(at_ms), rng);
    for _ in 0..rng.between(1, 4) {
        visit.act(ledger, account, Action::LoginFailed, rng);
        visit.wait(match tier {
            Tier::Naive => rng.between(60, 900),
            Tier::Skilled => rng.between(SECOND, 6 * SECOND),
            Tier::Expert => rng.between(20 * SECOND, 10 * MINUTE),
        });
    }
    visit.at_ms + rng.between(0, if tier == Tier::Expert { DAY / 24 } else { 2 * SECOND })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_targets_stay_honest_and_one_opens() {
        let mut ledger = Ledger::new(1, 0, 30, None);
        play(&mut ledger, &mut Random::new(2, 0));
        let world = ledger.into_world();
        assert!(world.identities.iter().any(|label| !label.abuser));
        assert!(world.identities.iter().any(|label| label.bad_from_ms.is_some()));
        let failed = world.events.iter().filter(|event| event.body["data"]["reason"] == "wrong_password").count();
        assert!(failed >= world.identities.len());
    }
}
