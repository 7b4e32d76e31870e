//! Endless traffic for demonstrations and load tests.

use serde_json::Value;

use crate::account::Account;
use crate::device::Device;
use crate::hash::mix;
use crate::network::Line;
use crate::person::Person;
use crate::random::Random;
use crate::visit::Visit;
use crate::vocabulary::Action;

const DEFAULT_POPULATION: usize = 5_000;
/// Journeys that are under way at the same time.
const CONCURRENT: usize = 64;
/// Members of the population are drawn in blocks; some blocks are the accounts of one operator.
const BLOCK: u64 = 6;
const ERRANDS: &[Action] =
    &[Action::Create, Action::Message, Action::Purchase, Action::AddToCart, Action::Export, Action::Search];
const FARM_SHARE: f64 = 0.06;
const BOT_SHARE: f64 = 0.03;

/// Yields one body after the other, from a population that is derived on demand: its size costs no memory.
pub struct Stream {
    seed: u64,
    population: u64,
    rng: Random,
    journeys: Vec<Journey>,
    sent: u64,
}

struct Journey {
    account: Account,
    device: Device,
    ip: String,
    session: String,
    described: bool,
    steps: Vec<Action>,
}

impl Stream {
    pub fn new(seed: u64) -> Self {
        Stream::with_population(seed, DEFAULT_POPULATION)
    }

    pub fn with_population(seed: u64, n: usize) -> Self {
        Stream { seed, population: n.max(1) as u64, rng: Random::new(seed, 11), journeys: Vec::new(), sent: 0 }
    }

    /// Time until the next body when `per_second` arrive on average.
    pub fn next_gap_ms(&mut self, per_second: f64) -> f64 {
        self.rng.exponential(1_000.0 / per_second.max(f64::MIN_POSITIVE))
    }

    pub fn next_body(&mut self, now_ms: i64) -> Value {
        if self.journeys.len() < CONCURRENT {
            let journey = self.begin(now_ms);
            self.journeys.push(journey);
        }
        let index = self.rng.below(self.journeys.len());
        self.sent += 1;
        let id = format!("st_{:08x}_{:016x}", mix(self.seed, 2) as u32, mix(self.seed, self.sent));
        let journey = &mut self.journeys[index];
        let action = journey.steps.pop().unwrap_or(Action::PageView);
        let mut visit = Visit::resume(now_ms, &journey.device, &journey.ip, &journey.session, journey.described);
        let body = visit.tell(&journey.account, action, id, &mut self.rng);
        journey.described = true;
        if journey.steps.is_empty() {
            self.journeys.swap_remove(index);
        }
        body
    }

    fn begin(&mut self, now_ms: i64) -> Journey {
        // Heavy-tailed: a few members come all the time.
        let member = (self.rng.unit().powi(3) * self.population as f64) as u64 % self.population;
        let (account, device, line) = self.member(member);
        let mut steps = vec![Action::PageView; 1 + self.rng.exponential(3.0) as usize];
        steps.insert(0, *self.rng.pick(ERRANDS));
        let opening = if self.rng.chance(0.35) { Action::SignUp } else { Action::Login };
        steps.push(opening);
        if self.rng.chance(0.04) {
            steps.push(Action::LoginFailed);
        }
        let session = self.rng.hex(20);
        Journey { account, device, ip: line.address(now_ms), session, described: false, steps }
    }

    /// The same member each time it is asked for.
    fn member(&self, member: u64) -> (Account, Device, Line) {
        let mut rng = Random::new(self.seed, 1_000 + member);
        let mut block = Random::new(self.seed, (1 << 40) + member / BLOCK);
        let is_farm = block.chance(FARM_SHARE);
        let person = if is_farm { Person::any(&mut block) } else { Person::any(&mut rng) };
        let email = if is_farm {
            format!("{}{}@{}", person.handle(&mut block), member % BLOCK + 1, person.country.mail[0])
        } else {
            person.email(&mut rng)
        };
        let account = Account::of(&person, format!("u_{:016x}", mix(self.seed, member)), email, &mut rng);
        if !is_farm && rng.chance(BOT_SHARE) {
            return (account, Device::headless(&mut rng), Line::hosting(&mut rng));
        }
        (account, person.devices[0].clone(), person.home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_repeatable_and_stamped_with_the_time_given() {
        let run = || {
            let mut stream = Stream::with_population(3, 100);
            (0..300).map(|i| stream.next_body(i * 10).to_string()).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        let body = Stream::new(1).next_body(0);
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00.000Z");
        assert!(body["identity"]["id"].is_string() && body["device"]["fingerprint"].is_string());
    }

    #[test]
    fn draws_from_the_whole_population_with_unique_ids() {
        let mut stream = Stream::with_population(3, 50);
        let bodies: Vec<Value> = (0..3_000).map(|i| stream.next_body(i)).collect();
        let distinct = |path: &str| {
            bodies
                .iter()
                .filter_map(|b| b.pointer(path).and_then(Value::as_str))
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        assert_eq!(distinct("/id"), 3_000);
        assert!((40..=50).contains(&distinct("/identity/id")));
        assert!(stream.next_gap_ms(100.0) >= 0.0);
    }
}
