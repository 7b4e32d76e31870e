//! Badge and escalation rules, and whom they match.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use dregs_engine::rules::condition::Comparison;
use dregs_engine::rules::{BadgeRule, Condition, EscalationRule, RULES_MAX, RuleBook};
use dregs_engine::score::Category;
use serde::Serialize;
use std::collections::BTreeSet;

const BADGE: &str = "badge";
const ESCALATION: &str = "escalation";
/// Identities that a change of a rule has looked at again at once; more are when they are scored again anyway.
const REQUEUED_MAX: i64 = 100_000;

/// A rule with what the store knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    pub rule: T,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// An identity that conditions match.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    pub id: String,
    pub display_name: Option<String>,
    pub scores: [Option<u8>; 4],
}

/// What an escalation rule may name: slugs of channels, and the badges that a book of badge rules gives.
#[derive(Debug, Clone, Default)]
pub struct Nameable {
    pub channels: BTreeSet<String>,
    pub book: RuleBook,
}

/// What a badge rule and an escalation rule have in common as rows.
pub(crate) trait Kept: Serialize + serde::de::DeserializeOwned {
    const KIND: &'static str;
    fn id(&self) -> &str;
    fn slug(&self) -> Option<&str>;
    fn identify(&mut self, id: String, slug: Option<String>);
}

impl Kept for BadgeRule {
    const KIND: &'static str = BADGE;

    fn id(&self) -> &str {
        &self.id
    }

    fn slug(&self) -> Option<&str> {
        Some(&self.slug)
    }

    fn identify(&mut self, id: String, slug: Option<String>) {
        self.id = id;
        self.slug = slug.unwrap_or_default();
    }
}

impl Kept for EscalationRule {
    const KIND: &'static str = ESCALATION;

    fn id(&self) -> &str {
        &self.id
    }

    fn slug(&self) -> Option<&str> {
        None
    }

    fn identify(&mut self, id: String, _slug: Option<String>) {
        self.id = id;
    }
}

impl Store {
    /// All rules of a team, badge rules by priority.
    pub async fn rule_book(&self, team: &TeamId) -> Result<RuleBook> {
        let badges = self.badge_rules(team).await?.into_iter().map(|stored| stored.rule).collect();
        let escalations = self.escalation_rules(team).await?.into_iter().map(|stored| stored.rule).collect();
        Ok(RuleBook { badges, escalations })
    }

    /// Higher priority first.
    pub async fn badge_rules(&self, team: &TeamId) -> Result<Vec<Stored<BadgeRule>>> {
        let mut rules = self.kept::<BadgeRule>(team).await?;
        rules.sort_by_key(|stored| std::cmp::Reverse(stored.rule.priority));
        Ok(rules)
    }

    pub async fn escalation_rules(&self, team: &TeamId) -> Result<Vec<Stored<EscalationRule>>> {
        self.kept(team).await
    }

    pub async fn badge_rule(&self, team: &TeamId, slug: &str) -> Result<Option<Stored<BadgeRule>>> {
        Ok(self.badge_rules(team).await?.into_iter().find(|stored| stored.rule.slug == slug))
    }

    pub async fn escalation_rule(&self, team: &TeamId, id: &str) -> Result<Option<Stored<EscalationRule>>> {
        Ok(self.escalation_rules(team).await?.into_iter().find(|stored| stored.rule.id == id))
    }

    async fn kept<T: Kept>(&self, team: &TeamId) -> Result<Vec<Stored<T>>> {
        self.db.rows(KEPT, args![team, T::KIND]).await?.iter().map(read).collect()
    }

    /// Writes a badge rule, as a fresh one or in the place of the one with its id. `Conflict` when its slug is taken or the
    /// team has too many. Whoever it matches or has marked is scored again.
    pub async fn put_badge_rule(&self, team: &TeamId, rule: &BadgeRule, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        put(&mut tx, team, rule, now_ms).await?;
        requeue_badge(&mut tx, team, &rule.slug, now_ms).await?;
        requeue_matching(&mut tx, team, &rule.conditions, now_ms).await?;
        tx.commit().await
    }

    /// Changes a badge rule as `change` says, which is given it as it is: others that would change a rule wait meanwhile.
    /// `Ok(None)` when there is none; what `change` refuses is not written.
    pub async fn change_badge_rule<E>(
        &self,
        team: &TeamId,
        slug: &str,
        now_ms: i64,
        change: impl FnOnce(BadgeRule) -> std::result::Result<BadgeRule, E>,
    ) -> Result<Option<std::result::Result<Stored<BadgeRule>, E>>> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let held = kept_in::<BadgeRule>(&mut tx, team).await?.into_iter().find(|held| held.rule.slug == slug);
        let Some(Stored { rule, created_ms, .. }) = held else { return Ok(None) };
        let rule = match change(rule) {
            Ok(rule) => rule,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        put(&mut tx, team, &rule, now_ms).await?;
        requeue_badge(&mut tx, team, &rule.slug, now_ms).await?;
        requeue_matching(&mut tx, team, &rule.conditions, now_ms).await?;
        tx.commit().await?;
        Ok(Some(Ok(Stored { rule, created_ms, updated_ms: now_ms })))
    }

    /// Deletes a badge rule and takes its badge off everyone; the cycle that follows tells of it. Returns whether there was
    /// one.
    pub async fn delete_badge_rule(&self, team: &TeamId, slug: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let gone =
            tx.run("delete from rules where team_id = $1 and kind = 'badge' and slug = $2", args![team, slug]).await?;
        if gone == 0 {
            return Ok(false);
        }
        requeue_badge(&mut tx, team, slug, now_ms).await?;
        crate::badges::take_off(&mut tx, team, slug).await?;
        crate::figures::forget_badge(&mut tx, team, slug).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes an escalation rule, as a fresh one or in the place of the one with its id. `Conflict` when the team has too
    /// many. Whoever it matches or watches is scored again.
    pub async fn put_escalation_rule(&self, team: &TeamId, rule: &EscalationRule, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        put(&mut tx, team, rule, now_ms).await?;
        requeue_watched(&mut tx, team, &rule.id, now_ms).await?;
        requeue_matching(&mut tx, team, &rule.conditions, now_ms).await?;
        tx.commit().await
    }

    /// Changes an escalation rule as [`Store::change_badge_rule`] does a badge rule. `change` is also given what the rule may
    /// name.
    pub async fn change_escalation_rule<E>(
        &self,
        team: &TeamId,
        id: &str,
        now_ms: i64,
        change: impl FnOnce(EscalationRule, &Nameable) -> std::result::Result<EscalationRule, E>,
    ) -> Result<Option<std::result::Result<Stored<EscalationRule>, E>>> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let held = kept_in::<EscalationRule>(&mut tx, team).await?.into_iter().find(|held| held.rule.id == id);
        let Some(Stored { rule, created_ms, .. }) = held else { return Ok(None) };
        let nameable = nameable(&mut tx, team).await?;
        let rule = match change(rule, &nameable) {
            Ok(rule) => rule,
            Err(refused) => return Ok(Some(Err(refused))),
        };
        put(&mut tx, team, &rule, now_ms).await?;
        requeue_watched(&mut tx, team, &rule.id, now_ms).await?;
        requeue_matching(&mut tx, team, &rule.conditions, now_ms).await?;
        tx.commit().await?;
        Ok(Some(Ok(Stored { rule, created_ms, updated_ms: now_ms })))
    }

    /// What escalation rules of the team may name.
    pub async fn nameable(&self, team: &TeamId) -> Result<Nameable> {
        let channels = self.channels(team).await?.into_iter().map(|channel| channel.slug).collect();
        Ok(Nameable { channels, book: self.rule_book(team).await? })
    }

    /// Deletes an escalation rule. Its escalations stay, but for those that were only about to open. Returns whether
    /// there was one.
    pub async fn delete_escalation_rule(&self, team: &TeamId, id: &str) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        turn_page(&mut tx, team).await?;
        let gone =
            tx.run("delete from rules where team_id = $1 and kind = 'escalation' and id = $2", args![team, id]).await?;
        if gone == 0 {
            return Ok(false);
        }
        tx.run("delete from escalations where team_id = $1 and rule_id = $2 and status = 'PENDING'", args![team, id])
            .await?;
        tx.run("update escalations set live = 0 where team_id = $1 and rule_id = $2 and live = 1", args![team, id])
            .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Who fulfils the conditions by the scores and badges as they are, most recently updated first. Delays count for
    /// nothing here.
    pub async fn matching(
        &self,
        team: &TeamId,
        conditions: &[Condition],
        query: &ListQuery,
        now_ms: i64,
    ) -> Result<Page<Match>> {
        let condition = matching(team, conditions, now_ms);
        let columns = "i.id, i.display_name, i.humanity, i.authenticity, i.uniqueness, i.behavior";
        let read = |row: &Row| {
            Ok(Match {
                id: row.text("id")?,
                display_name: row.opt_text("display_name")?,
                scores: crate::identities::scores(row)?,
            })
        };
        page(&self.db, columns, "identities i", condition, query, "i.id", read).await
    }
}

const KEPT: &str =
    "select id, slug, body, created_ms, updated_ms from rules where team_id = $1 and kind = $2 order by created_ms, id";

async fn kept_in<T: Kept>(tx: &mut Tx, team: &TeamId) -> Result<Vec<Stored<T>>> {
    tx.rows(KEPT, args![team, T::KIND]).await?.iter().map(read).collect()
}

async fn nameable(tx: &mut Tx, team: &TeamId) -> Result<Nameable> {
    let channels = tx.rows("select slug from channels where team_id = $1", args![team]).await?;
    let channels = channels.iter().map(|row| row.text("slug")).collect::<Result<_>>()?;
    let badges = kept_in(tx, team).await?.into_iter().map(|held| held.rule).collect();
    Ok(Nameable { channels, book: RuleBook { badges, ..RuleBook::default() } })
}

/// The rules of these ids, as they are in this transaction.
pub(crate) async fn of_ids<T: Kept>(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<Vec<T>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select r.id, r.slug, r.body, r.created_ms, r.updated_ms from json_each($3) j cross join rules r
             where r.team_id = $1 and r.kind = $2 and r.id = j.value->>0 order by r.id",
            args![team, T::KIND, batch],
        )
        .await?;
    rows.iter().map(|row| Ok(read(row)?.rule)).collect()
}

/// Waits until no other transaction that begins so works on the team, and returns the playbook's version.
///
/// On PostgreSQL two transactions that take the same rows in different orders wait for each other. So there is one order:
/// the page (this, or [`turn_page`]) comes first, the lock of the team's rings second, everything else after them in any
/// order. It holds for whoever writes identities beside another table, or rows of another table that processing writes too:
/// commits, rules, channels, labels, decisions, what is disregarded, erased or grows old. Who writes with one statement, or
/// in tables that nobody else takes together with others, needs no page.
pub(crate) async fn hold_page(tx: &mut Tx, team: &TeamId) -> Result<i64> {
    let row = tx
        .row(
            "insert into team_counts (team_id, identities) values ($1, 0)
             on conflict (team_id) do update set playbook = team_counts.playbook returning playbook",
            args![team],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("playbook"))
}

/// Notes that the team's rules or channels are others than before.
pub(crate) async fn turn_page(tx: &mut Tx, team: &TeamId) -> Result<()> {
    tx.run(
        "insert into team_counts (team_id, identities, playbook) values ($1, 0, 1)
         on conflict (team_id) do update set playbook = team_counts.playbook + 1",
        args![team],
    )
    .await
    .map(drop)
}

fn read<T: Kept>(row: &Row) -> Result<Stored<T>> {
    let mut rule: T = serde_json::from_str(&row.text("body")?)?;
    rule.identify(row.text("id")?, row.opt_text("slug")?);
    Ok(Stored { rule, created_ms: row.int("created_ms")?, updated_ms: row.int("updated_ms")? })
}

pub(crate) async fn put<T: Kept>(tx: &mut Tx, team: &TeamId, rule: &T, now_ms: i64) -> Result<()> {
    let body = serde_json::to_string(rule)?;
    let changed = tx
        .run(
            "update rules set body = $4, updated_ms = $5 where team_id = $1 and id = $2 and kind = $3",
            args![team, rule.id(), T::KIND, &body, now_ms],
        )
        .await?;
    if changed > 0 {
        return Ok(());
    }
    let held = tx.row("select count(*) as n from rules where team_id = $1 and kind = $2", args![team, T::KIND]).await?;
    if held.map_or(Ok(0), |row| row.int("n"))? >= RULES_MAX as i64 {
        return Err(StoreError::Conflict("a team may have 100 rules of a kind"));
    }
    tx.run(
        "insert into rules (team_id, id, kind, slug, body, created_ms, updated_ms) values ($1, $2, $3, $4, $5, $6, $6)",
        args![team, rule.id(), T::KIND, rule.slug(), body, now_ms],
    )
    .await
    .map(drop)
}

/// Has those scored again whose escalations the rule watches.
pub(crate) async fn requeue_watched(tx: &mut Tx, team: &TeamId, rule_id: &str, now_ms: i64) -> Result<()> {
    tx.run(
        "update identities set due_ms = $3 where team_id = $1 and id in (
           select e.identity_id from escalations e where e.team_id = $1 and e.rule_id = $2 and e.live = 1)",
        args![team, rule_id, now_ms],
    )
    .await
    .map(drop)
}

pub(crate) async fn requeue_badge(tx: &mut Tx, team: &TeamId, slug: &str, now_ms: i64) -> Result<()> {
    tx.run(
        "update identities set due_ms = $3 where team_id = $1 and id in (
           select b.identity_id from badges b where b.team_id = $1 and b.slug = $2 limit $4)",
        args![team, slug, now_ms, REQUEUED_MAX],
    )
    .await
    .map(drop)
}

async fn requeue_matching(tx: &mut Tx, team: &TeamId, conditions: &[Condition], now_ms: i64) -> Result<()> {
    let matching = matching(team, conditions, now_ms);
    let mut args = matching.args.clone();
    args.extend(args![now_ms, REQUEUED_MAX]);
    let (now, limit) = (args.len() - 1, args.len());
    let sql = format!(
        "update identities set due_ms = ${now} where team_id = $1 and id in (select i.id from identities i where {} limit ${limit})",
        matching.sql()
    );
    tx.run(sqlx::AssertSqlSafe(sql), args).await.map(drop)
}

/// The conditions as SQL over `identities i`.
fn matching(team: &TeamId, conditions: &[Condition], now_ms: i64) -> Where {
    let mut matching = Where::new("i.team_id = $1", team);
    matching.and_plain("i.disregarded = 0");
    for condition in conditions {
        match condition {
            Condition::IdentityAgeGt { seconds } => matching.and("i.created_ms < ?", now_ms - seconds * 1000),
            Condition::IdentityAgeLt { seconds } => matching.and("i.created_ms > ?", now_ms - seconds * 1000),
            Condition::BadgeExists { badge } => matching.and(&format!("i.id in {HOLDERS}"), badge),
            Condition::BadgeNotExists { badge } => matching.and(&format!("i.id not in {HOLDERS}"), badge),
            _ => {
                let Some((comparison, which, threshold)) = condition.score() else { continue };
                let compared = |category: Category| compared(category, comparison);
                let clause = match which.category() {
                    Some(category) => compared(category),
                    None => format!("({})", Category::ALL.map(compared).join(" or ")),
                };
                matching.and(&clause, i64::from(threshold));
            }
        }
    }
    matching
}

const HOLDERS: &str = "(select b.identity_id from badges b where b.team_id = $1 and b.slug = ? and b.is_on = 1)";

fn compared(category: Category, comparison: Comparison) -> String {
    format!("i.{} {} ?", category.code().to_lowercase(), comparison.sign())
}
