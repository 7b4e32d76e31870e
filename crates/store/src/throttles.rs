//! What holds guessing back: failed attempts are counted by what they have in common, and who has failed too often waits,
//! longer each time. An attempt counts as failed from when it begins until it has succeeded, so that many at once are no
//! way around. Counts are rows, so that they hold over nodes and restarts; their keys are hashes.

use crate::db::{Arg, Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use std::collections::BTreeMap;

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Rows kept; of more, those that would be forgotten first go first. About 20 MB.
pub const THROTTLES_MAX: i64 = 100_000;
/// Rows deleted at once beyond that: more than can come between two times.
const PRUNED_MAX: i64 = 1_000_000;
/// How long an address is known from which somebody logged in.
pub const KNOWN_MS: i64 = 90 * DAY_MS;

/// What a success does to a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnSuccess {
    /// All is forgotten.
    Clear,
    /// What was forgotten elsewhere is taken back here.
    TakeBackCleared,
    /// Only this attempt is taken back: otherwise logging in to an account of one's own would pay for guesses at others.
    TakeBackOne,
}

/// How many failures are free, and how long one waits after more.
#[derive(Debug, PartialEq, Eq)]
pub struct ThrottleRule {
    pub free: i64,
    /// One failure is forgotten after so long.
    pub forgets_one_ms: i64,
    /// The first wait; each further failure doubles it, up to the longest.
    pub wait_first_ms: i64,
    pub wait_max_ms: i64,
    /// From so many failures on, the wait is the last one.
    pub stubborn: i64,
    pub wait_last_ms: i64,
    /// It does not hold for who comes from where they have logged in before.
    pub spares_known: bool,
    pub on_success: OnSuccess,
}

/// One account from one network: a person who has forgotten which password it was. 30 seconds to an hour are the waits that
/// NIST SP 800-63B names.
pub const PAIR: ThrottleRule = ThrottleRule {
    free: 5,
    forgets_one_ms: HOUR_MS,
    wait_first_ms: 30 * SECOND_MS,
    wait_max_ms: HOUR_MS,
    stubborn: 100,
    wait_last_ms: DAY_MS,
    spares_known: false,
    on_success: OnSuccess::Clear,
};
/// One account from everywhere. Less strict, and not for who comes from a known network: a stranger could lock people out
/// otherwise. From a hundred failures on, where NIST SP 800-63B ends, one attempt a day is left.
pub const ACCOUNT: ThrottleRule = ThrottleRule {
    free: 20,
    forgets_one_ms: 6 * HOUR_MS,
    wait_first_ms: 30 * SECOND_MS,
    wait_max_ms: HOUR_MS,
    stubborn: 100,
    wait_last_ms: DAY_MS,
    spares_known: true,
    on_success: OnSuccess::TakeBackCleared,
};
/// One network at all accounts: many people may share it.
pub const ADDRESS: ThrottleRule = ThrottleRule {
    free: 50,
    forgets_one_ms: MINUTE_MS,
    wait_first_ms: 30 * SECOND_MS,
    wait_max_ms: HOUR_MS,
    stubborn: i64::MAX,
    wait_last_ms: HOUR_MS,
    spares_known: false,
    on_success: OnSuccess::TakeBackOne,
};
/// Invitations of one team, each of which is an e-mail to somebody who did not ask for it.
pub const INVITING: ThrottleRule = ThrottleRule {
    free: 100,
    forgets_one_ms: 10 * MINUTE_MS,
    wait_first_ms: MINUTE_MS,
    wait_max_ms: HOUR_MS,
    stubborn: i64::MAX,
    wait_last_ms: HOUR_MS,
    spares_known: false,
    on_success: OnSuccess::TakeBackOne,
};

impl ThrottleRule {
    /// How many failures are not forgotten.
    fn left(&self, held: &Count, now_ms: i64) -> i64 {
        (held.failures - (now_ms - held.last_ms).max(0) / self.forgets_one_ms).max(0)
    }

    fn wait_ms(&self, failures: i64) -> i64 {
        if failures < self.free {
            return 0;
        }
        if failures >= self.stubborn {
            return self.wait_last_ms;
        }
        // Past 30 doublings it is the longest anyway.
        let doublings = (failures - self.free).min(30);
        (self.wait_first_ms << doublings).min(self.wait_max_ms)
    }

    /// The count after so many failures, the last of them now.
    fn failed(&self, failures: i64, now_ms: i64) -> Count {
        let open_ms = now_ms + self.wait_ms(failures);
        let forget_ms = open_ms.max(now_ms.saturating_add(failures.saturating_mul(self.forgets_one_ms)));
        Count { failures, last_ms: now_ms, open_ms, forget_ms }
    }
}

/// A count and its rule.
#[derive(Debug, Clone)]
pub struct Throttle {
    pub key: String,
    pub rule: &'static ThrottleRule,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: i64,
    last_ms: i64,
    /// Before it nothing is tried.
    open_ms: i64,
    forget_ms: i64,
}

type Counts = BTreeMap<String, Count>;

impl Store {
    /// Until when an attempt would be refused, without counting one. `known` is the key under which the address is known.
    pub async fn refused_until(&self, throttles: &[Throttle], known: Option<&str>, now_ms: i64) -> Result<Option<i64>> {
        let keys: Batch =
            throttles.iter().map(|throttle| throttle.key.as_str()).chain(known).map(|key| (key,)).collect();
        let rows = self
            .db
            .rows(
                "select t.key, t.failures, t.last_ms, t.open_ms, t.forget_ms from json_each($1) j cross join throttles t where t.key = j.value->>0",
                args![keys],
            )
            .await?;
        Ok(closed_until(throttles, &counts(&rows)?, known, now_ms))
    }

    /// Counts an attempt as failed, or says until when it is refused.
    pub async fn take_attempt(&self, throttles: &[Throttle], known: Option<&str>, now_ms: i64) -> Result<Option<i64>> {
        let mut tx = self.db.begin().await?;
        let held = lock(&mut tx, throttles, known, now_ms).await?;
        if let Some(until_ms) = closed_until(throttles, &held, known, now_ms) {
            return Ok(Some(until_ms));
        }
        let failed = throttles.iter().map(|throttle| {
            let count = held.get(&throttle.key).copied().unwrap_or_default();
            (throttle.key.as_str(), throttle.rule.failed(throttle.rule.left(&count, now_ms) + 1, now_ms))
        });
        write(&mut tx, failed).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// An attempt that was counted has succeeded; from now on its address is known.
    pub async fn forgive_attempt(&self, throttles: &[Throttle], known: Option<&str>, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let held = lock(&mut tx, throttles, None, now_ms).await?;
        let left = |throttle: &Throttle| held.get(&throttle.key).map_or(0, |count| throttle.rule.left(count, now_ms));
        let cleared = throttles.iter().filter(|throttle| throttle.rule.on_success == OnSuccess::Clear).map(left).sum();
        let forgiven = throttles.iter().map(|throttle| {
            let taken_back = match throttle.rule.on_success {
                OnSuccess::Clear => i64::MAX,
                OnSuccess::TakeBackCleared => cleared,
                OnSuccess::TakeBackOne => 1,
            };
            let failures = left(throttle).saturating_sub(taken_back).max(0);
            // Who waited goes on waiting, unless too few failures are left for that.
            let open_ms = match throttle.rule.wait_ms(failures) {
                0 => 0,
                _ => held.get(&throttle.key).map_or(0, |count| count.open_ms),
            };
            let count = Count { open_ms, ..throttle.rule.failed(failures, now_ms) };
            (throttle.key.as_str(), count)
        });
        let known = known.map(|key| (key, Count { forget_ms: now_ms + KNOWN_MS, last_ms: now_ms, ..Count::default() }));
        write(&mut tx, forgiven.chain(known)).await?;
        tx.commit().await
    }

    /// Deletes counts that are forgotten, and those that are too many.
    pub async fn prune_throttles(&self, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("delete from throttles where forget_ms <= $1", args![now_ms]).await?;
        tx.run(
            "delete from throttles where key in (select t.key from throttles t order by t.forget_ms desc, t.key limit $1 offset $2)",
            args![PRUNED_MAX, THROTTLES_MAX],
        )
        .await?;
        tx.commit().await
    }
}

fn closed_until(throttles: &[Throttle], held: &Counts, known: Option<&str>, now_ms: i64) -> Option<i64> {
    let is_known = known.and_then(|key| held.get(key)).is_some_and(|count| count.forget_ms > now_ms);
    let binding = throttles.iter().filter(|throttle| !(is_known && throttle.rule.spares_known));
    binding.filter_map(|throttle| held.get(&throttle.key)).map(|count| count.open_ms).filter(|ms| *ms > now_ms).max()
}

/// The counts as nobody else changes them until the end of the transaction. All take them in one order, so that none wait for
/// each other.
async fn lock(tx: &mut Tx, throttles: &[Throttle], known: Option<&str>, now_ms: i64) -> Result<Counts> {
    let keys: Batch = throttles.iter().map(|throttle| (throttle.key.as_str(),)).collect();
    let mut rows = tx
        .rows(
            "insert into throttles (key, failures, last_ms, open_ms, forget_ms) select value->>0, 0, $2, 0, $2 from json_each($1) where true order by 1
             on conflict (key) do update set key = excluded.key returning key, failures, last_ms, open_ms, forget_ms",
            vec![Arg::from(keys), Arg::Int(now_ms)],
        )
        .await?;
    if let Some(known) = known {
        rows.extend(
            tx.rows("select key, failures, last_ms, open_ms, forget_ms from throttles where key = $1", args![known])
                .await?,
        );
    }
    counts(&rows)
}

async fn write<'a>(tx: &mut Tx, changed: impl Iterator<Item = (&'a str, Count)>) -> Result<()> {
    let batch: Batch =
        changed.map(|(key, count)| (key, count.failures, count.last_ms, count.open_ms, count.forget_ms)).collect();
    tx.run(
        "insert into throttles (key, failures, last_ms, open_ms, forget_ms)
         select value->>0, cast(value->>1 as bigint), cast(value->>2 as bigint), cast(value->>3 as bigint), cast(value->>4 as bigint)
         from json_each($1) where true order by 1
         on conflict (key) do update set failures = excluded.failures, last_ms = excluded.last_ms, open_ms = excluded.open_ms, forget_ms = excluded.forget_ms",
        args![batch],
    )
    .await
    .map(drop)
}

fn counts(rows: &[Row]) -> Result<Counts> {
    let read = |row: &Row| {
        let count = Count {
            failures: row.int("failures")?,
            last_ms: row.int("last_ms")?,
            open_ms: row.int("open_ms")?,
            forget_ms: row.int("forget_ms")?,
        };
        Ok((row.text("key")?, count))
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_minute_to_an_hour_and_end_at_a_day() {
        let waits: Vec<i64> = [4, 5, 6, 7, 11, 12, 99, 100].map(|failures| PAIR.wait_ms(failures) / SECOND_MS).into();
        assert_eq!(waits, [0, 30, 60, 120, 1_920, 3_600, 3_600, 86_400]);
        assert_eq!(ADDRESS.wait_ms(i64::MAX - 1), HOUR_MS);
    }

    #[test]
    fn one_failure_is_forgotten_at_a_time() {
        let held = PAIR.failed(5, 0);
        assert_eq!([0, HOUR_MS - 1, HOUR_MS, 3 * HOUR_MS, 9 * HOUR_MS].map(|at| PAIR.left(&held, at)), [5, 5, 4, 2, 0]);
        assert_eq!(held.forget_ms, 5 * HOUR_MS);
        assert_eq!(PAIR.left(&held, -5), 5, "a clock that was put back forgets nothing");
    }
}
