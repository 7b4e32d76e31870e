//! One operator and the accounts under false names: what is shared between them, by skill.

use crate::Tier;
use crate::account::Account;
use crate::device::Device;
use crate::journey::at_waking_hour;
use crate::ledger::Ledger;
use crate::names::culture;
use crate::network::Line;
use crate::person::{Person, own_domain};
use crate::random::Random;
use crate::time::{DAY, HOUR, MINUTE};
use crate::visit::Visit;
use crate::vocabulary::{Action, Dialect};

/// What a skilled operator changes from account to account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    Address,
    Device,
}

/// How the addresses of one operator resemble each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mail {
    /// `handle7@`, `handle8@`
    Counting,
    /// `handle+x@`, dots in other places
    Tagged,
    /// Any handle at a domain of the operator's own.
    CatchAll,
    /// One scheme for all: name, dot, name, two digits, one provider.
    Scheme,
    /// As anybody's.
    Natural,
}

/// The one thing that an expert cannot vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leak {
    Card,
    Mail,
    Habit,
}

pub(super) struct Crew {
    pub tier: Tier,
    pub operator: Person,
    rotation: Rotation,
    mail: Mail,
    leak: Leak,
    device: Device,
    line: Line,
    handle: String,
    domain: String,
    dialect: Dialect,
    card: String,
    first_number: i64,
    made: i64,
}

/// One account of a crew, the machine and the line it is used from.
pub(super) struct Member {
    pub account: Account,
    pub device: Device,
    pub line: Line,
}

impl Crew {
    pub(super) fn new(tier: Tier, rotation: Rotation, rng: &mut Random) -> Self {
        let operator = Person::any(rng);
        let leak = *rng.pick(&[Leak::Card, Leak::Mail, Leak::Habit]);
        let mail = match tier {
            Tier::Naive => *rng.pick(&[Mail::Counting, Mail::Counting, Mail::Tagged]),
            Tier::Skilled => *rng.pick(&[Mail::Tagged, Mail::CatchAll, Mail::Natural]),
            Tier::Expert if leak == Leak::Mail => *rng.pick(&[Mail::CatchAll, Mail::Scheme]),
            Tier::Expert => Mail::Natural,
        };
        Crew {
            device: Device::desktop(operator.country, rng),
            line: operator.home.clone(),
            handle: operator.handle(rng),
            domain: own_domain(rng),
            dialect: *rng.pick(&[Dialect::Web, Dialect::Web, Dialect::Backend]),
            card: rng.hex(16),
            first_number: rng.between(1, 40),
            made: 0,
            tier,
            operator,
            rotation,
            mail,
            leak,
        }
    }

    pub(super) fn recruit(&mut self, ledger: &mut Ledger, rng: &mut Random) -> Member {
        let mask = self.mask(rng);
        let email = self.email(&mask, rng);
        let mut account = ledger.open(&mask, email, rng);
        account.dialect = self.dialect;
        if self.tier != Tier::Expert || self.leak == Leak::Card {
            account.card.clone_from(&self.card);
        }
        self.made += 1;
        Member { account, device: self.machine(rng), line: self.way_in(rng) }
    }

    /// Naive operators keep their own name, others draw a new one.
    fn mask(&self, rng: &mut Random) -> Person {
        let mut mask = self.operator.clone();
        if self.tier == Tier::Naive && rng.chance(0.6) {
            return mask;
        }
        let names = culture(mask.country.culture);
        mask.given = names.draw_given(rng);
        mask.family = if self.tier == Tier::Naive { mask.family } else { names.draw_family(rng) };
        mask.display = names.display(&mask.given, &mask.family);
        mask.birth_year = 1960 + rng.between(0, 44);
        mask
    }

    fn email(&self, mask: &Person, rng: &mut Random) -> String {
        let provider = self.operator.country.mail[0];
        let (given, family) = (&mask.given.latin, &mask.family.latin);
        match self.mail {
            Mail::Counting => format!("{}{}@{provider}", self.handle, self.first_number + self.made),
            Mail::Tagged if provider == "gmail.com" && rng.chance(0.5) => {
                format!("{}@{provider}", dotted(&self.handle, rng))
            }
            Mail::Tagged => {
                format!("{}+{}@{provider}", self.handle, rng.letters("abcdefghijklmnopqrstuvwxyz0123456789", 4))
            }
            Mail::CatchAll => format!("{}@{}", mask.handle(rng), self.domain),
            Mail::Scheme => format!("{given}.{family}{:02}@{provider}", rng.between(10, 99)),
            Mail::Natural => mask.email(rng),
        }
    }

    fn machine(&self, rng: &mut Random) -> Device {
        match (self.tier, self.rotation) {
            (Tier::Naive, _) | (Tier::Skilled, Rotation::Address) => self.device.clone(),
            (Tier::Skilled, Rotation::Device) if rng.chance(0.5) => self.device.spoofed(rng),
            (Tier::Skilled, Rotation::Device) => Device::desktop(self.operator.country, rng),
            (Tier::Expert, _) if rng.chance(0.5) => Device::phone(self.operator.country, rng),
            (Tier::Expert, _) => Device::desktop(self.operator.country, rng),
        }
    }

    fn way_in(&self, rng: &mut Random) -> Line {
        match (self.tier, self.rotation) {
            (Tier::Naive, _) | (Tier::Skilled, Rotation::Device) => self.line.clone(),
            (Tier::Skilled, Rotation::Address) if rng.chance(0.6) => Line::vpn(rng),
            (Tier::Skilled, Rotation::Address) if rng.chance(0.15) => Line::tor(rng),
            (Tier::Skilled, Rotation::Address) => Line::mobile(self.operator.country.code, rng),
            (Tier::Expert, _) => Line::residential_proxy(self.operator.country.code, rng),
        }
    }

    /// Time until the operator needs the next account.
    pub(super) fn rest_ms(&self, rng: &mut Random) -> i64 {
        let median_hours = match self.tier {
            Tier::Naive => 0.4,
            Tier::Skilled => 14.0,
            Tier::Expert => 32.0,
        };
        ((rng.log_normal(median_hours, 0.8) * HOUR as f64) as i64).max(2 * MINUTE)
    }

    /// Straight to the form and through the script, as somebody does for the tenth time. Experts take their time.
    pub(super) fn enrol(
        &self,
        ledger: &mut Ledger,
        member: &Member,
        at_ms: i64,
        script: &[Action],
        rng: &mut Random,
    ) -> i64 {
        let account = &member.account;
        let moment = match self.tier {
            Tier::Expert => at_waking_hour(at_ms, &self.operator, rng).clamp(ledger.start_ms, ledger.end_ms - MINUTE),
            Tier::Naive | Tier::Skilled => at_ms,
        };
        let mut visit = Visit::begin(moment, &member.device, member.line.address(moment), rng);
        let pause_s = if self.tier == Tier::Expert { 25.0 } else { 6.0 };
        if self.tier == Tier::Expert || rng.chance(0.5) {
            visit.arrive(ledger, account.dialect, rng);
            visit.think(pause_s, rng);
        }
        visit.act(ledger, account, Action::SignUp, rng);
        for &action in script {
            visit.think(pause_s, rng);
            visit.act(ledger, account, action, rng);
        }
        visit.at_ms
    }

    /// A few later visits, with the same script each time.
    pub(super) fn use_up(
        &self,
        ledger: &mut Ledger,
        member: &Member,
        from_ms: i64,
        script: &[Action],
        rng: &mut Random,
    ) {
        let mut at = from_ms;
        for _ in 0..rng.between(0, 4) {
            at += (rng.log_normal(0.9, 0.6) * DAY as f64) as i64;
            let moment = at_waking_hour(at, &self.operator, rng).max(from_ms + MINUTE);
            let account = &member.account;
            let mut visit = Visit::begin(moment, &member.device, member.line.address(moment), rng);
            visit.act(ledger, account, Action::Login, rng);
            for &action in script {
                visit.think(12.0, rng);
                visit.act(ledger, account, action, rng);
            }
        }
    }
}

fn dotted(handle: &str, rng: &mut Random) -> String {
    let plain: Vec<char> = handle.chars().filter(|&letter| letter != '.').collect();
    let mut out = String::new();
    for (i, letter) in plain.iter().enumerate() {
        if i > 0 && rng.chance(0.25) {
            out.push('.');
        }
        out.push(*letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(tier: Tier, rotation: Rotation) -> (Crew, Vec<Member>) {
        let mut rng = Random::new(3, 3);
        let mut ledger = Ledger::new(1, 0, 30, None);
        let mut crew = Crew::new(tier, rotation, &mut rng);
        let members = (0..6).map(|_| crew.recruit(&mut ledger, &mut rng)).collect();
        (crew, members)
    }

    fn distinct<T: Ord>(items: impl Iterator<Item = T>) -> usize {
        items.collect::<std::collections::BTreeSet<_>>().len()
    }

    #[test]
    fn naive_operators_share_everything() {
        let (_, members) = crew(Tier::Naive, Rotation::Address);
        assert_eq!(distinct(members.iter().map(|m| m.device.fingerprint.clone())), 1);
        assert_eq!(distinct(members.iter().map(|m| m.line.address(0))), 1);
    }

    #[test]
    fn skilled_operators_change_one_thing() {
        let (_, members) = crew(Tier::Skilled, Rotation::Address);
        assert_eq!(distinct(members.iter().map(|m| m.device.fingerprint.clone())), 1);
        assert!(distinct(members.iter().map(|m| m.line.address(0))) > 3);
        let (_, members) = crew(Tier::Skilled, Rotation::Device);
        assert!(distinct(members.iter().map(|m| m.device.fingerprint.clone())) > 3);
        assert_eq!(distinct(members.iter().map(|m| m.line.address(0))), 1);
    }

    #[test]
    fn experts_change_both() {
        let (_, members) = crew(Tier::Expert, Rotation::Device);
        assert!(distinct(members.iter().map(|m| m.device.fingerprint.clone())) > 3);
        assert_eq!(distinct(members.iter().map(|m| m.line.address(0))), 6);
    }

    #[test]
    fn dots_do_not_change_the_letters() {
        assert_eq!(dotted("ab.cd", &mut Random::new(1, 1)).replace('.', ""), "abcd");
    }
}
