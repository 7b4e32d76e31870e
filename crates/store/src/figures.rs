//! What is counted of a team, so that nobody has to count it again: scores by bucket, who was active and scored when, badges,
//! and names that no mapping covers.
//!
//! A batch adds the difference it makes, in one statement. Nothing is counted that did not change: an event of somebody who
//! was active in this hour already, and whose scores stay in their buckets, costs nothing.

use crate::TeamId;
use crate::db::{Batch, Tx, args};
use crate::error::Result;
use crate::fates::hour_of;
use crate::open::Store;
use crate::pipeline::IdentityWrite;
use crate::rules::hold_page;
use dregs_engine::score::Category;
use std::borrow::Cow;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Activity that reaches us later than this is history: it is in the events, not in the figures.
const LATE_MS: i64 = 2 * DAY_MS;
/// How long counters of an hour are kept: a year to look back on, and the month before it to compare with.
const HOURS_KEPT_MS: i64 = 400 * DAY_MS;
/// How long names without a mapping are kept.
const NAMES_KEPT_MS: i64 = 30 * DAY_MS;
/// Buckets of a score: 20 of five points each (the last has 100 too), and one for those who have none.
pub const SCORE_BUCKETS: usize = 21;
const UNSCORED: i64 = 20;
/// What a day is multiplied with to have a bucket beside it.
const PLACES_A_DAY: i64 = 32;

/// What is counted. The place is an hour, a day, or [`score_place`].
pub mod figure {
    /// Identities of which something was seen, by hour; and in the 24 hours that end with the hour.
    pub const ACTIVE: &str = "active";
    pub const ACTIVE_DAY: &str = "active-day";
    /// Identities that were scored, likewise.
    pub const SCORED: &str = "scored";
    pub const SCORED_DAY: &str = "scored-day";
    /// Identities that came into being, by hour.
    pub const NEW: &str = "new";
    /// Identities that have a badge now, and how often it was given, by hour.
    pub const BADGE_HELD: &str = "badge-held";
    pub const BADGE_GIVEN: &str = "badge-given";
    /// Names that no mapping covered when they were seen, by day.
    pub const EVENT_NAME: &str = "event-name";
    pub const ATTRIBUTE_NAME: &str = "attribute-name";
    /// Scores, in the order of `Category::ALL`.
    pub const SCORES: [&str; 4] = ["score.humanity", "score.authenticity", "score.uniqueness", "score.behavior"];
}
use figure::*;

/// Differences to add.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(BTreeMap<(&'static str, Cow<'static, str>, i64), i64>);

/// A name, how often it was seen, and the day it was last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    pub name: String,
    pub count: i64,
    pub last_ms: i64,
}

/// The day a time falls into, epoch milliseconds.
pub fn day_of(at_ms: i64) -> i64 {
    at_ms - at_ms.rem_euclid(DAY_MS)
}

/// Where a score is counted: under the day it was made, in its bucket.
fn score_place(last_scored_ms: Option<i64>, score: Option<u8>) -> i64 {
    let bucket = score.map_or(UNSCORED, |score| i64::from(score / 5).min(UNSCORED - 1));
    last_scored_ms.unwrap_or(0).max(0) / DAY_MS * PLACES_A_DAY + bucket
}

impl Figures {
    pub fn add(&mut self, figure: &'static str, name: impl Into<Cow<'static, str>>, place: i64, n: i64) {
        *self.0.entry((figure, name.into(), place)).or_default() += n;
    }

    /// Notes that a badge was given, or taken away.
    pub fn badge(&mut self, slug: &str, given: bool, now_ms: i64) {
        self.add(BADGE_HELD, slug.to_owned(), 0, if given { 1 } else { -1 });
        if given {
            self.add(BADGE_GIVEN, slug.to_owned(), hour_of(now_ms), 1);
        }
    }

    /// With what writing these identities changes.
    pub(crate) fn with(&self, identities: &[IdentityWrite]) -> Figures {
        let mut figures = self.clone();
        identities.iter().for_each(|identity| figures.note(identity));
        figures.0.retain(|_, n| *n != 0);
        figures
    }

    fn note(&mut self, identity: &IdentityWrite) {
        let before = identity.before.unwrap_or_default();
        let now_ms = identity.updated_ms;
        if !before.disregarded {
            if identity.before.is_some() {
                self.scores(before.scores, before.last_scored_ms, -1);
            }
            self.scores(identity.scores, identity.last_scored_ms, 1);
        }
        if identity.before.is_none() {
            self.add(NEW, "", hour_of(identity.created_ms), 1);
        }
        self.seen([ACTIVE, ACTIVE_DAY], before.last_tracked_ms, identity.last_tracked_ms, now_ms);
        self.seen([SCORED, SCORED_DAY], before.last_scored_ms, identity.last_scored_ms, now_ms);
    }

    fn scores(&mut self, scores: [Option<u8>; 4], last_scored_ms: Option<i64>, n: i64) {
        for (figure, score) in SCORES.into_iter().zip(scores) {
            self.add(figure, "", score_place(last_scored_ms, score), n);
        }
    }

    /// Counts somebody in an hour, once; and in each of the 24 hours that see it within their day, unless they do already.
    fn seen(&mut self, [hourly, daily]: [&'static str; 2], before: Option<i64>, after: Option<i64>, now_ms: i64) {
        let (Some(hour_ms), before_ms) = (after.map(hour_of), before.map(hour_of)) else { return };
        if before_ms.is_some_and(|before_ms| before_ms >= hour_ms) || hour_ms < now_ms - LATE_MS {
            return;
        }
        self.add(hourly, "", hour_ms, 1);
        let from_ms = before_ms.map_or(hour_ms, |before_ms| hour_ms.max(before_ms + DAY_MS));
        let hours = (0..24).map(|hour| hour_ms + hour * HOUR_MS).filter(|place| *place >= from_ms);
        hours.for_each(|place| self.add(daily, "", place, 1));
    }
}

impl Store {
    /// Sums of counters without a name between two places, by figure.
    pub async fn figure_sums(
        &self,
        team: &TeamId,
        figures: &[&str],
        from: i64,
        to: i64,
    ) -> Result<BTreeMap<String, i64>> {
        let mut sums = BTreeMap::new();
        for (figure, _, n) in self.figures(team, figures, from, to).await? {
            *sums.entry(figure).or_default() += n;
        }
        Ok(sums)
    }

    /// Counters without a name between two places: figure, place, number.
    pub async fn figures(
        &self,
        team: &TeamId,
        figures: &[&str],
        from: i64,
        to: i64,
    ) -> Result<Vec<(String, i64, i64)>> {
        let batch: Batch = figures.iter().map(|figure| (figure,)).collect();
        let rows = self
            .db
            .rows(
                "select f.figure, f.place, f.n from json_each($2) j cross join figures f
                 where f.team_id = $1 and f.figure = j.value->>0 and f.name = '' and f.place >= $3 and f.place < $4
                 order by f.figure, f.place",
                args![team, batch, from, to],
            )
            .await?;
        rows.iter().map(|row| Ok((row.text("figure")?, row.int("place")?, row.int("n")?))).collect()
    }

    /// Sums of a figure between two places by name, the greatest first, at most `limit`.
    pub async fn named_figures(
        &self,
        team: &TeamId,
        figure: &str,
        from: i64,
        to: i64,
        limit: i64,
    ) -> Result<Vec<NameUse>> {
        let rows = self
            .db
            .rows(
                "select name, cast(sum(n) as bigint) as n, max(place) as last_ms from figures
                 where team_id = $1 and figure = $2 and place >= $3 and place < $4 group by name order by 2 desc, name limit $5",
                args![team, figure, from, to, limit],
            )
            .await?;
        let read = |row: &crate::db::Row| {
            Ok(NameUse { name: row.text("name")?, count: row.int("n")?, last_ms: row.int("last_ms")? })
        };
        rows.iter().map(read).collect()
    }

    /// How many identities have which score, those last scored on days between two times, or all: in the order of
    /// `Category::ALL`, by bucket. Disregarded ones have none.
    pub async fn score_counts(&self, team: &TeamId, days: Option<(i64, i64)>) -> Result<[[i64; SCORE_BUCKETS]; 4]> {
        let place = |at_ms: i64| at_ms.max(0) / DAY_MS * PLACES_A_DAY;
        let (from, to) = days.map_or((0, i64::MAX), |(from_ms, to_ms)| (place(from_ms), place(to_ms + DAY_MS - 1)));
        let mut counts = [[0; SCORE_BUCKETS]; 4];
        for (figure, place, n) in self.figures(team, &SCORES, from, to).await? {
            let category = SCORES.iter().position(|known| *known == figure);
            let bucket = usize::try_from(place % PLACES_A_DAY).ok().filter(|bucket| *bucket < SCORE_BUCKETS);
            if let (Some(category), Some(bucket)) = (category, bucket) {
                counts[category][bucket] += n;
            }
        }
        Ok(counts)
    }

    /// Drops counters that are too old to be asked for, and those that are down to nothing.
    pub async fn tidy_figures(&self, team: &TeamId, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin_relaxed().await?;
        hold_page(&mut tx, team).await?;
        tx.run(
            "delete from figures where team_id = $1 and figure in ('event-name', 'attribute-name') and place < $2",
            args![team, now_ms - NAMES_KEPT_MS],
        )
        .await?;
        tx.run(
            "delete from figures where team_id = $1 and figure in ('active', 'active-day', 'scored', 'scored-day', 'new', 'badge-given')
               and place < $2",
            args![team, now_ms - HOURS_KEPT_MS],
        )
        .await?;
        tx.run(
            "delete from figures where team_id = $1 and n = 0 and figure in ('score.humanity', 'score.authenticity', 'score.uniqueness',
               'score.behavior', 'badge-held')",
            args![team],
        )
        .await?;
        tx.commit().await
    }
}

pub(crate) async fn write(tx: &mut Tx, team: &TeamId, figures: &Figures) -> Result<()> {
    if figures.0.is_empty() {
        return Ok(());
    }
    let rows: Batch = figures.0.iter().map(|((figure, name, place), n)| (figure, name, place, n)).collect();
    tx.run(
        "insert into figures (team_id, figure, name, place, n)
         select $1, value->>0, value->>1, cast(value->>2 as bigint), cast(value->>3 as bigint) from json_each($2) where true
         on conflict (team_id, figure, name, place) do update set n = figures.n + excluded.n",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// Takes an identity that counted out of what is counted as it stands: its scores and badges, before their rows go. What is
/// counted by the hour has happened, and stays. One that is disregarded does not count.
pub(crate) async fn forget_counts(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    count(tx, team, id, -1).await
}

/// The reverse of [`forget_counts`].
pub(crate) async fn regain_counts(tx: &mut Tx, team: &TeamId, id: &str) -> Result<()> {
    count(tx, team, id, 1).await
}

async fn count(tx: &mut Tx, team: &TeamId, id: &str, n: i64) -> Result<()> {
    let row = tx
        .row(
            "select humanity, authenticity, uniqueness, behavior, last_scored_ms from identities where team_id = $1 and id = $2",
            args![team, id],
        )
        .await?;
    let Some(row) = row else { return Ok(()) };
    let mut figures = Figures::default();
    figures.scores(crate::identities::scores(&row)?, row.opt_int("last_scored_ms")?, n);
    let held = tx
        .rows("select slug from badges where team_id = $1 and identity_id = $2 and is_on = 1", args![team, id])
        .await?;
    for badge in &held {
        figures.add(BADGE_HELD, badge.text("slug")?, 0, n);
    }
    write(tx, team, &figures).await
}

/// Nobody has a badge any more.
pub(crate) async fn forget_badge(tx: &mut Tx, team: &TeamId, slug: &str) -> Result<()> {
    tx.run("delete from figures where team_id = $1 and figure = 'badge-held' and name = $2", args![team, slug])
        .await
        .map(drop)
}

const _: () = assert!(SCORE_BUCKETS as i64 == UNSCORED + 1 && SCORE_BUCKETS as i64 <= PLACES_A_DAY);
const _: () = assert!(SCORES.len() == Category::ALL.len());

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::IdentityBefore;

    #[test]
    fn a_score_has_its_day_and_its_bucket() {
        let day = PLACES_A_DAY * 20_000;
        let at = |score| score_place(Some(20_000 * DAY_MS + 5), score) - day;
        assert_eq!(
            [at(Some(0)), at(Some(4)), at(Some(5)), at(Some(99)), at(Some(100)), at(None)],
            [0, 0, 1, 19, 19, 20]
        );
        assert_eq!(score_place(None, None), 20);
    }

    /// Whatever the visits, an hour's daily counter says whether there was one in the 24 hours that end with it.
    #[test]
    fn the_day_that_ends_with_an_hour_counts_everyone_once() {
        for visits in [vec![5], vec![5, 6, 7], vec![5, 28, 29, 60], vec![1, 25, 26, 90]] {
            let mut figures = Figures::default();
            let mut before = None;
            for hour in &visits {
                let at_ms = hour * HOUR_MS + 7;
                figures.seen([ACTIVE, ACTIVE_DAY], before, Some(at_ms), at_ms);
                before = Some(at_ms);
            }
            for hour in 0..130 {
                let counted = figures.0.get(&(ACTIVE_DAY, "".into(), hour * HOUR_MS)).copied().unwrap_or(0);
                let was_there = visits.iter().any(|visit| (hour - 23..=hour).contains(visit));
                assert_eq!(counted, i64::from(was_there), "{visits:?} at {hour}");
            }
        }
    }

    #[test]
    fn what_changes_nothing_counts_nothing() {
        let now_ms = 20_000 * DAY_MS;
        let before = IdentityBefore {
            scores: [Some(51), None, Some(9), Some(100)],
            last_tracked_ms: Some(now_ms + 1),
            last_scored_ms: Some(now_ms + 1),
            disregarded: false,
        };
        let mut write = IdentityWrite {
            id: "a".into(),
            before: Some(before),
            version: 2,
            display_name: None,
            display_email: None,
            display_username: None,
            scores: [Some(54), None, Some(5), Some(95)],
            created_ms: 1,
            updated_ms: now_ms + 9,
            last_tracked_ms: Some(now_ms + 9),
            last_scored_ms: Some(now_ms + 9),
            due_ms: None,
            cycles: 1,
            body: String::new(),
            trace: String::new(),
        };
        assert_eq!(Figures::default().with(std::slice::from_ref(&write)), Figures::default());
        write.scores[0] = Some(55);
        assert_eq!(Figures::default().with(&[write]).0.len(), 2);
    }
}
