//! What people do over days: signing up, coming back at their hours of the day, and why.

use crate::account::Account;
use crate::device::Device;
use crate::ledger::Ledger;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::time::{DAY, HOUR, MINUTE, weekday};
use crate::visit::Visit;
use crate::vocabulary::Action;

/// Where somebody goes online, and when.
#[derive(Clone)]
pub(crate) struct Place {
    pub device: Device,
    pub line: Line,
    pub weight: f64,
    pub from_ms: i64,
    pub until_ms: i64,
    /// The browser looks new on each visit.
    pub rotates: bool,
}

impl Place {
    pub(crate) fn new(device: Device, line: Line, weight: f64) -> Self {
        Place { device, line, weight, from_ms: i64::MIN, until_ms: i64::MAX, rotates: false }
    }

    pub(crate) fn rotating(mut self) -> Self {
        self.rotates = true;
        self
    }

    pub(crate) fn during(mut self, from_ms: i64, until_ms: i64) -> Self {
        self.from_ms = from_ms;
        self.until_ms = until_ms;
        self
    }

    fn is_open(&self, at_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&at_ms)
    }
}

/// Own devices at home; phones also out of the house.
pub(crate) fn usual_places(person: &Person) -> Vec<Place> {
    let mut places = Vec::new();
    for (rank, device) in person.devices.iter().enumerate() {
        let weight = 1.0 / (rank + 1) as f64;
        if device.class == crate::device::Class::Phone {
            places.push(Place::new(device.clone(), person.mobile.clone(), weight * 0.45));
            places.push(Place::new(device.clone(), person.home.clone(), weight * 0.55));
        } else {
            places.push(Place::new(device.clone(), person.home.clone(), weight));
        }
    }
    places
}

/// Activity by local hour: asleep at four, busiest in the evening.
const HOURS: [f64; 24] = [
    0.25, 0.12, 0.07, 0.05, 0.05, 0.12, 0.35, 0.7, 0.95, 1.1, 1.15, 1.1, 1.2, 1.15, 1.05, 1.0, 1.05, 1.15, 1.3, 1.5,
    1.6, 1.45, 1.0, 0.55,
];

/// Moves a moment to an hour of its day at which people are awake.
pub(crate) fn at_waking_hour(at_ms: i64, person: &Person, rng: &mut Random) -> i64 {
    let offset = person.country.offset_minutes * MINUTE;
    let local_day = (at_ms + offset).div_euclid(DAY);
    let hour = rng.weighted(HOURS.iter().copied()) as i64;
    local_day * DAY + hour * HOUR + rng.between(0, HOUR - 1) - offset
}

/// Moves a moment to office hours of a working day.
pub(crate) fn at_office_hour(at_ms: i64, person: &Person, rng: &mut Random) -> i64 {
    let offset = person.country.offset_minutes * MINUTE;
    let mut local_day = (at_ms + offset).div_euclid(DAY);
    while weekday(local_day * DAY) > 4 {
        local_day -= 1;
    }
    local_day * DAY + rng.between(8 * HOUR + 30 * MINUTE, 17 * HOUR + 30 * MINUTE) - offset
}

/// One account in the hands of one person.
pub(crate) struct Life<'a> {
    pub person: &'a Person,
    pub account: &'a Account,
    pub places: Vec<Place>,
    pub first_ms: i64,
    /// Signed up before the world begins: the first event is a login.
    pub existing: bool,
    pub office_hours: bool,
    pub until_ms: i64,
}

/// Share of honest accounts that are older than the window.
const EXISTING_SHARE: f64 = 0.25;
const MAX_VISITS: usize = 250;

impl<'a> Life<'a> {
    pub(crate) fn new(person: &'a Person, account: &'a Account, ledger: &Ledger, rng: &mut Random) -> Self {
        let existing = rng.chance(EXISTING_SHARE);
        // Who is here already comes by at the usual pace, newcomers arrive at any time.
        let at_pace = (rng.exponential(1.0 / person.rate) * DAY as f64) as i64;
        let day = if existing { ledger.start_ms + at_pace } else { ledger.some_moment(rng) };
        let wished = at_waking_hour(day, person, rng);
        Life {
            person,
            account,
            places: usual_places(person),
            first_ms: within(wished, ledger),
            existing,
            office_hours: false,
            until_ms: ledger.end_ms,
        }
    }

    pub(crate) fn with_places(mut self, places: Vec<Place>) -> Self {
        self.places = places;
        self
    }

    pub(crate) fn starting(mut self, at_ms: i64, ledger: &Ledger) -> Self {
        self.first_ms = within(at_ms, ledger);
        self.existing = false;
        self
    }

    pub(crate) fn ending(mut self, at_ms: i64) -> Self {
        self.until_ms = at_ms;
        self
    }

    pub(crate) fn at_work(mut self) -> Self {
        self.office_hours = true;
        self
    }

    pub(crate) fn live(&self, ledger: &mut Ledger, rng: &mut Random) {
        let mut at = self.first_ms;
        self.enter(at, ledger, rng);
        for _ in 0..MAX_VISITS {
            at += (rng.exponential(1.0 / self.person.rate) * DAY as f64) as i64 + 20 * MINUTE;
            let moment = if self.office_hours {
                at_office_hour(at, self.person, rng)
            } else {
                at_waking_hour(at, self.person, rng)
            };
            if at >= self.until_ms {
                break;
            }
            if moment > self.first_ms + 30 * MINUTE && moment < self.until_ms {
                self.drop_in(moment, ledger, rng);
            }
        }
    }

    fn enter(&self, at_ms: i64, ledger: &mut Ledger, rng: &mut Random) {
        let (device, line) = self.whereabouts(at_ms, rng);
        if self.existing {
            let mut visit = Visit::begin(at_ms, &device, line.address(at_ms), rng);
            visit.act(ledger, self.account, Action::Login, rng);
            wander(&mut visit, ledger, self.account, rng);
        } else {
            sign_up(ledger, self.account, &device, &line, at_ms, rng);
        }
    }

    fn drop_in(&self, at_ms: i64, ledger: &mut Ledger, rng: &mut Random) {
        let (device, line) = self.whereabouts(at_ms, rng);
        let mut visit = Visit::begin(at_ms, &device, line.address(at_ms), rng);
        come_back(&mut visit, ledger, self.account, rng);
    }

    fn whereabouts(&self, at_ms: i64, rng: &mut Random) -> (Device, Line) {
        let open: Vec<&Place> = self.places.iter().filter(|place| place.is_open(at_ms)).collect();
        let place =
            if open.is_empty() { &self.places[0] } else { open[rng.weighted(open.iter().map(|place| place.weight))] };
        let device = if place.rotates { Device::private(self.person.country, rng) } else { place.device.clone() };
        (device, place.line.clone())
    }
}

/// Folds a moment into the window. Clamping would pile up beginnings at its last hour.
pub(crate) fn within(at_ms: i64, ledger: &Ledger) -> i64 {
    ledger.start_ms + (at_ms - ledger.start_ms).rem_euclid(ledger.end_ms - ledger.start_ms - HOUR)
}

/// A person finds the site, looks around, fills in the form, opens the letter.
pub(crate) fn sign_up(
    ledger: &mut Ledger,
    account: &Account,
    device: &Device,
    line: &Line,
    at_ms: i64,
    rng: &mut Random,
) -> i64 {
    let mut visit = Visit::begin(at_ms, device, line.address(at_ms), rng);
    if rng.chance(0.6) {
        visit.arrive(ledger, account.dialect, rng);
        for _ in 0..rng.between(0, 2) {
            visit.think(20.0, rng);
            visit.anonymous_page(ledger, account.dialect, rng);
        }
        visit.think(45.0, rng);
    }
    visit.act(ledger, account, Action::SignUp, rng);
    if rng.chance(0.8) {
        visit.think(70.0, rng);
        visit.act(ledger, account, Action::ConfirmEmail, rng);
    }
    if rng.chance(0.4) {
        visit.think(30.0, rng);
        visit.act(ledger, account, Action::StartTrial, rng);
    }
    wander(&mut visit, ledger, account, rng);
    visit.at_ms
}

/// A returning visit. Mistakes are human: a wrong password now and then, at times a forgotten one.
pub(crate) fn come_back(visit: &mut Visit, ledger: &mut Ledger, account: &Account, rng: &mut Random) {
    if rng.chance(0.45) {
        while rng.chance(0.12) {
            visit.act(ledger, account, Action::LoginFailed, rng);
            visit.think(9.0, rng);
        }
        if rng.chance(0.015) {
            visit.act(ledger, account, Action::ResetPassword, rng);
            visit.think(120.0, rng);
        }
        visit.act(ledger, account, Action::Login, rng);
    }
    wander(visit, ledger, account, rng);
    if rng.chance(0.06) {
        visit.think(15.0, rng);
        visit.act(ledger, account, Action::Logout, rng);
    }
}

/// Pages and the business of the visit.
pub(crate) fn wander(visit: &mut Visit, ledger: &mut Ledger, account: &Account, rng: &mut Random) {
    for _ in 0..rng.pareto(1.0, 1.6).min(80.0) as usize {
        visit.think(18.0, rng);
        visit.act(ledger, account, Action::PageView, rng);
    }
    for &action in errand(rng) {
        visit.think(35.0, rng);
        visit.act(ledger, account, action, rng);
    }
}

fn errand(rng: &mut Random) -> &'static [Action] {
    const ERRANDS: &[(&[Action], f64)] = &[
        (&[], 50.0),
        (&[Action::Search, Action::PageView], 12.0),
        (&[Action::AddToCart, Action::Purchase], 6.0),
        (&[Action::AddToCart], 4.0),
        (&[Action::AddCard, Action::Purchase], 2.0),
        (&[Action::PaymentFailed, Action::Purchase], 0.7),
        (&[Action::Create], 9.0),
        (&[Action::Create, Action::Message], 3.0),
        (&[Action::Message], 7.0),
        (&[Action::UpdateProfile], 2.0),
        (&[Action::Export], 1.5),
        (&[Action::Invite], 1.2),
        (&[Action::ChangePlan], 0.8),
        (&[Action::RedeemPromo, Action::Purchase], 0.8),
        (&[Action::ChangePassword], 0.5),
        (&[Action::EnableMfa], 0.4),
        (&[Action::CreateKey], 0.4),
        (&[Action::ChangePhone], 0.3),
        (&[Action::Refund], 0.4),
        (&[Action::ChangeEmail], 0.15),
        (&[Action::SubmitForm], 2.0),
    ];
    ERRANDS[rng.weighted(ERRANDS.iter().map(|errand| errand.1))].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_sleep() {
        let mut rng = Random::new(9, 0);
        let person = Person::any(&mut rng);
        let offset = person.country.offset_minutes * MINUTE;
        let night = (0..2_000)
            .map(|day| at_waking_hour(day * DAY, &person, &mut rng))
            .filter(|at| (2..5).contains(&((at + offset).rem_euclid(DAY) / HOUR)))
            .count();
        assert!(night < 60, "{night}");
    }

    #[test]
    fn a_life_begins_with_its_sign_up() {
        let mut rng = Random::new(9, 1);
        let person = Person::any(&mut rng);
        let mut ledger = Ledger::new(1, 0, 30, None);
        let account = ledger.open(&person, "a@b.example".into(), &mut rng);
        Life::new(&person, &account, &ledger, &mut rng).starting(5 * DAY, &ledger).live(&mut ledger, &mut rng);
        let world = ledger.into_world();
        let first = world.events.iter().find(|event| event.identity.is_some()).expect("an event");
        assert_eq!(first.body["type"], Action::SignUp.name(account.dialect));
    }
}
