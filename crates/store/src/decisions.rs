//! What analysts decided: that two identities are one person, or are not, and which account of a ring is the main one.
//!
//! A decision takes effect in its own transaction, on links and rings; whoever's scores rest on them is scored again. The
//! pair's links as the evidence had them stay with the decision, and come back with it.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::links::{LinkWrite, StoredLink, in_order};
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use crate::pipeline::write_due;
use crate::rules::hold_page;
use dregs_engine::linkage::card::BRIEF_MS;
use dregs_engine::linkage::decision::{Decision, Verdict};
use dregs_engine::linkage::ring::RingFacts;
use dregs_engine::linkage::{Link, LinkType};
use dregs_engine::snapshot::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// A decision about a pair as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkDecision {
    /// The lower id of the pair, and the higher.
    pub a_id: String,
    pub b_id: String,
    pub verdict: Verdict,
    pub note: Option<String>,
    pub decided_by: String,
    pub decided_ms: i64,
    /// The pair's links when it was decided, from the lower id to the higher.
    pub evidence: Vec<StoredLink>,
}

#[derive(Debug, Clone, Default)]
pub struct LinkDecisionFilter {
    pub identity: Option<String>,
    pub verdict: Option<Verdict>,
}

/// API fields that decisions can be sorted by, and their columns.
pub const LINK_DECISION_SORTS: &[(&str, &str)] = &[("decidedAt", "d.decided_ms"), ("decidedBy", "d.decided_by")];

/// What a decision changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionEffect {
    /// The pair's links before and after.
    pub links_before: Vec<StoredLink>,
    pub links_after: Vec<StoredLink>,
    /// The rings of both before and after, each with its members.
    pub rings_before: BTreeMap<String, Vec<String>>,
    pub rings_after: BTreeMap<String, Vec<String>>,
    /// Whose scores are computed again.
    pub rescored: BTreeSet<String>,
}

/// What stands about an identity, with what is only of use to whoever writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredStanding {
    pub standing: Standing,
    /// The ring's risk as it is kept.
    pub risk: u8,
    /// A decision keeps somebody out of its ring, so that the strength of a link may decide whom it holds.
    pub contested: bool,
}

const COLUMNS: &str = "d.a_id, d.b_id, d.verdict, d.note, d.decided_by, d.decided_ms, d.evidence";

impl Store {
    pub async fn link_decisions(
        &self,
        team: &TeamId,
        filter: &LinkDecisionFilter,
        query: &ListQuery,
    ) -> Result<Page<LinkDecision>> {
        let mut condition = Where::new("d.team_id = $1", team);
        condition.and_some("(d.a_id = ? or d.b_id = ?)", filter.identity.as_deref());
        condition.and_some("d.verdict = ?", filter.verdict.map(Verdict::code));
        page(&self.db, COLUMNS, "link_decisions d", condition, query, "d.a_id, d.b_id", read).await
    }

    /// Decides about a pair, in place of what was decided before. `Ok(None)` when one of them is unknown.
    pub async fn decide(&self, team: &TeamId, id: &str, decision: &Decision) -> Result<Option<DecisionEffect>> {
        let mut tx = self.db.begin().await?;
        let Some(effect) = change(&mut tx, team, id, &decision.other_id, Some(decision), decision.decided_ms).await?
        else {
            return Ok(None);
        };
        tx.commit().await?;
        Ok(Some(effect))
    }

    /// What deciding would change: it is done, looked at and rolled back.
    pub async fn preview_decision(
        &self,
        team: &TeamId,
        id: &str,
        decision: &Decision,
    ) -> Result<Option<DecisionEffect>> {
        let mut tx = self.db.begin().await?;
        change(&mut tx, team, id, &decision.other_id, Some(decision), decision.decided_ms).await
    }

    /// Takes a decision back: links, scores and rings are what the evidence makes of them. Returns whether there was one.
    pub async fn take_back(&self, team: &TeamId, id: &str, other: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        if decided(&mut tx, team, in_order(id, other)).await?.is_none() {
            return Ok(false);
        }
        change(&mut tx, team, id, other, None, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub async fn link_decision(&self, team: &TeamId, id: &str, other: &str) -> Result<Option<LinkDecision>> {
        let (a, b) = in_order(id, other);
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from link_decisions d where d.team_id = $1 and d.a_id = $2 and d.b_id = $3"
        ));
        self.db.row(sql, args![team, a, b]).await?.as_ref().map(read).transpose()
    }

    /// Names an identity the main account of its ring, in the place of another. Returns whether it is in a ring.
    pub async fn name_main_account(&self, team: &TeamId, id: &str, by: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        tx.lock_rings(team).await?;
        let mates = ring_mates(&mut tx, team, id).await?;
        if mates.is_empty() {
            return Ok(false);
        }
        let mut concerned = drop_mains(&mut tx, team, &mates).await?;
        tx.run(
            "insert into main_accounts (team_id, identity_id, decided_by, decided_ms) values ($1, $2, $3, $4)",
            args![team, id, by, now_ms],
        )
        .await?;
        concerned.insert(id.to_owned());
        score_again(&mut tx, team, &concerned, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Returns whether it was one.
    pub async fn unname_main_account(&self, team: &TeamId, id: &str, now_ms: i64) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let own = BTreeSet::from([id.to_owned()]);
        let dropped = drop_mains(&mut tx, team, &own).await?;
        score_again(&mut tx, team, &dropped, now_ms).await?;
        tx.commit().await?;
        Ok(!dropped.is_empty())
    }

    /// What stands about these identities before their links are weighed. Those about whom nothing does are absent.
    pub async fn standings(
        &self,
        team: &TeamId,
        ids: &[&str],
        now_ms: i64,
    ) -> Result<BTreeMap<String, StoredStanding>> {
        let batch = ids.iter().map(|id| (id,)).collect::<Batch>().text();
        let mut found: BTreeMap<String, StoredStanding> = BTreeMap::new();
        let rows = self
            .db
            .rows(
                "select j.value->>0 as owner, d.b_id as other_id, d.verdict, d.note, d.decided_by, d.decided_ms, i.disregarded
                 from json_each($2) j cross join link_decisions d cross join identities i
                 where d.team_id = $1 and d.a_id = j.value->>0 and i.team_id = $1 and i.id = d.b_id
                 union all
                 select j.value->>0 as owner, d.a_id as other_id, d.verdict, d.note, d.decided_by, d.decided_ms, i.disregarded
                 from json_each($2) j cross join link_decisions d cross join identities i
                 where d.team_id = $1 and d.b_id = j.value->>0 and i.team_id = $1 and i.id = d.a_id
                 order by other_id",
                args![team, &batch],
            )
            .await?;
        for row in &rows {
            let held = found.entry(row.text("owner")?).or_default();
            let decision = read_decision(row)?;
            held.contested |= decision.verdict == Verdict::Different;
            // Whoever is disregarded is nobody's evidence, not even by decision.
            if !row.flag("disregarded")? {
                held.standing.decisions.push(decision);
            }
        }
        self.add_rings(team, &batch, &mut found, now_ms).await?;
        Ok(found)
    }

    async fn add_rings(
        &self,
        team: &TeamId,
        batch: &str,
        found: &mut BTreeMap<String, StoredStanding>,
        now_ms: i64,
    ) -> Result<()> {
        let rows = self
            .db
            .rows(
                "select m.identity_id, r.id, r.size, r.pairs, r.risk, r.contested, r.created_ms
                 from json_each($2) j cross join ring_members m cross join rings r
                 where m.team_id = $1 and m.identity_id = j.value->>0 and r.team_id = $1 and r.id = m.ring_id",
                args![team, batch],
            )
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let rings: BTreeSet<String> = rows.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
        let facts = self.ring_facts(team, &rings).await?;
        let mains = self.main_accounts(team, rings.iter().map(String::as_str).collect()).await?;
        for row in &rows {
            let (owner, id) = (row.text("identity_id")?, row.text("id")?);
            let is_main = mains.get(&id) == Some(&owner);
            let held = found.entry(owner.clone()).or_default();
            held.risk = row.int("risk")?.clamp(0, 100) as u8;
            held.contested |= row.flag("contested")?;
            if is_main {
                let members = self.ring_members(team, &id).await?.into_iter().map(|(member, _)| member);
                held.standing.excused = members.filter(|member| *member != owner).collect();
            }
            held.standing.ring = Some(RingFacts {
                size: row.int("size")? as u64,
                pairs: row.int("pairs")? as u64,
                age_ms: (now_ms - row.int("created_ms")?).max(0),
                is_main,
                ..facts.get(&id).cloned().unwrap_or_default()
            });
        }
        Ok(())
    }

    /// What the members of rings are like.
    async fn ring_facts(&self, team: &TeamId, rings: &BTreeSet<String>) -> Result<BTreeMap<String, RingFacts>> {
        let batch = rings.iter().map(|id| (id,)).collect::<Batch>().text();
        let mut seen: BTreeMap<String, RingFacts> = BTreeMap::new();
        let rows = self
            .db
            .rows(
                "select j.value->>0 as ring_id, min(i.created_ms) as first_ms, max(i.created_ms) as last_ms,
                   sum(case when coalesce(i.last_tracked_ms, i.created_ms) - i.created_ms <= $3 then 1 else 0 end) as brief
                 from json_each($2) j cross join ring_members m cross join identities i
                 where m.team_id = $1 and m.ring_id = j.value->>0 and i.team_id = $1 and i.id = m.identity_id
                 group by j.value->>0",
                args![team, &batch, BRIEF_MS],
            )
            .await?;
        for row in &rows {
            let facts = seen.entry(row.text("ring_id")?).or_default();
            facts.id = row.text("ring_id")?;
            (facts.first_ms, facts.last_ms) = (row.int("first_ms")?, row.int("last_ms")?);
            facts.brief = row.int("brief")? as u64;
        }
        let rows = self
            .db
            .rows(
                "select j.value->>0 as ring_id, h.key, count(*) as held
                 from json_each($2) j cross join ring_members m cross join identity_keys h
                 where m.team_id = $1 and m.ring_id = j.value->>0 and h.team_id = $1 and h.identity_id = m.identity_id and h.kind = 'referral'
                   and not exists (select 1 from dataset_entries d where d.team_id = $1 and d.dataset = 'public-codes' and d.key = lower(h.key))
                 group by j.value->>0, h.key",
                args![team, &batch],
            )
            .await?;
        for row in &rows {
            let facts = seen.entry(row.text("ring_id")?).or_default();
            facts.referral = facts.referral.max(row.int("held")? as u64);
        }
        Ok(seen)
    }
}

/// Puts `decision`, or none, in the place of what is decided about a pair. `Ok(None)` when one of them is unknown.
async fn change(
    tx: &mut Tx,
    team: &TeamId,
    id: &str,
    other: &str,
    decision: Option<&Decision>,
    now_ms: i64,
) -> Result<Option<DecisionEffect>> {
    hold_page(tx, team).await?;
    tx.lock_rings(team).await?;
    let pair = in_order(id, other);
    let both = BTreeSet::from([pair.0.to_owned(), pair.1.to_owned()]);
    if score_again(tx, team, &both, now_ms).await? != 2 {
        return Ok(None);
    }
    let mut effect = DecisionEffect {
        links_before: pair_links(tx, team, pair).await?,
        rings_before: rings_of(tx, team, &both).await?,
        ..DecisionEffect::default()
    };
    if let Some(standing) = decided(tx, team, pair).await? {
        let regarded = regarded(tx, team, &both).await? == 2;
        put_links(tx, team, pair, if regarded { &standing.evidence } else { &[] }).await?;
        forget(tx, team, pair).await?;
    }
    if let Some(decision) = decision {
        record(tx, team, pair, decision).await?;
    }
    effect.rescored = crate::ring_changes::rebuild(tx, team, both.clone(), now_ms).await?;
    effect.rescored.extend(both.clone());
    score_again(tx, team, &effect.rescored, now_ms).await?;
    effect.links_after = pair_links(tx, team, pair).await?;
    effect.rings_after = rings_of(tx, team, &both).await?;
    Ok(Some(effect))
}

async fn record(tx: &mut Tx, team: &TeamId, pair: (&str, &str), decision: &Decision) -> Result<()> {
    let evidence = pair_links(tx, team, pair).await?;
    let text = serde_json::to_string(&evidence)?;
    tx.run(
        "insert into link_decisions (team_id, a_id, b_id, verdict, note, decided_by, decided_ms, evidence)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            team,
            pair.0,
            pair.1,
            decision.verdict.code(),
            decision.note.clone(),
            &decision.decided_by,
            decision.decided_ms,
            text
        ],
    )
    .await?;
    let links = match decision.verdict {
        Verdict::Different => Vec::new(),
        Verdict::Same if regarded(tx, team, &BTreeSet::from([pair.0.to_owned(), pair.1.to_owned()])).await? < 2 => {
            return Ok(());
        }
        Verdict::Same => {
            let certain = evidence.into_iter().map(|link| StoredLink { probability: 1.0, ..link });
            certain.chain([StoredLink::of(decision.link(), decision.decided_ms)]).collect()
        }
    };
    put_links(tx, team, pair, &links).await
}

/// Makes these the links of a pair.
async fn put_links(tx: &mut Tx, team: &TeamId, (a, b): (&str, &str), links: &[StoredLink]) -> Result<()> {
    tx.run("delete from links where team_id = $1 and a_id = $2 and b_id = $3", args![team, a, b]).await?;
    let write = |link: &StoredLink| {
        Some(LinkWrite {
            identity_id: a.to_owned(),
            created_ms: link.created_ms,
            link: Link {
                target_id: b.to_owned(),
                link_type: LinkType::from_code(&link.link_type)?,
                value: link.value,
                confidence: link.confidence,
                probability: link.probability,
                explanation: link.explanation.clone(),
                metadata: link.metadata.clone(),
            },
        })
    };
    let links: Vec<LinkWrite> = links.iter().filter_map(write).collect();
    crate::links::write(tx, team, &links, &[]).await
}

async fn pair_links(tx: &mut Tx, team: &TeamId, (a, b): (&str, &str)) -> Result<Vec<StoredLink>> {
    let rows = tx
        .rows(
            "select b_id as target_id, cast(null as text) as target_name, type, value, confidence, probability, explanation, metadata, created_ms
             from links where team_id = $1 and a_id = $2 and b_id = $3 order by value desc, type",
            args![team, a, b],
        )
        .await?;
    rows.iter().map(crate::links::read).collect()
}

async fn decided(tx: &mut Tx, team: &TeamId, (a, b): (&str, &str)) -> Result<Option<LinkDecision>> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from link_decisions d where d.team_id = $1 and d.a_id = $2 and d.b_id = $3"
    ));
    tx.row(sql, args![team, a, b]).await?.as_ref().map(read).transpose()
}

async fn forget(tx: &mut Tx, team: &TeamId, (a, b): (&str, &str)) -> Result<()> {
    tx.run("delete from link_decisions where team_id = $1 and a_id = $2 and b_id = $3", args![team, a, b])
        .await
        .map(drop)
}

/// The rings of these identities, each with its members.
async fn rings_of(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<String>>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "select distinct n.ring_id, n.identity_id from json_each($2) j cross join ring_members m cross join ring_members n
             where m.team_id = $1 and m.identity_id = j.value->>0 and n.team_id = $1 and n.ring_id = m.ring_id
             order by n.ring_id, n.identity_id",
            args![team, batch],
        )
        .await?;
    let mut rings: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &rows {
        rings.entry(row.text("ring_id")?).or_default().push(row.text("identity_id")?);
    }
    Ok(rings)
}

async fn ring_mates(tx: &mut Tx, team: &TeamId, id: &str) -> Result<BTreeSet<String>> {
    let own = BTreeSet::from([id.to_owned()]);
    Ok(rings_of(tx, team, &own).await?.into_values().flatten().collect())
}

/// How many of these exist and are regarded.
async fn regarded(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<i64> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let row = tx
        .row(
            "select count(*) as regarded from json_each($2) j cross join identities i
             where i.team_id = $1 and i.id = j.value->>0 and i.disregarded = 0",
            args![team, batch],
        )
        .await?;
    row.map_or(Ok(0), |row| row.int("regarded"))
}

/// Takes the main accounts among these out of the list and returns them.
async fn drop_mains(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>) -> Result<BTreeSet<String>> {
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let rows = tx
        .rows(
            "delete from main_accounts where team_id = $1 and identity_id in (select value->>0 from json_each($2)) returning identity_id",
            args![team, batch],
        )
        .await?;
    rows.iter().map(|row| row.text("identity_id")).collect()
}

/// Asks for assessments of those of `ids` that exist, and returns how many that are. The version is raised, so that an
/// assessment already under way on the old evidence is not committed.
async fn score_again(tx: &mut Tx, team: &TeamId, ids: &BTreeSet<String>, now_ms: i64) -> Result<u64> {
    let due: Vec<(String, i64)> = ids.iter().map(|id| (id.clone(), now_ms)).collect();
    let batch: Batch = ids.iter().map(|id| (id,)).collect();
    let known = tx
        .run(
            "update identities set version = version + 1 where team_id = $1 and id in (select value->>0 from json_each($2))",
            args![team, batch],
        )
        .await?;
    write_due(tx, team, &due).await?;
    Ok(known)
}

fn read(row: &Row) -> Result<LinkDecision> {
    let verdict = row.text("verdict")?;
    Ok(LinkDecision {
        a_id: row.text("a_id")?,
        b_id: row.text("b_id")?,
        verdict: verdict_of(&verdict)?,
        note: row.opt_text("note")?,
        decided_by: row.text("decided_by")?,
        decided_ms: row.int("decided_ms")?,
        evidence: serde_json::from_str(&row.text("evidence")?)?,
    })
}

fn read_decision(row: &Row) -> Result<Decision> {
    Ok(Decision {
        other_id: row.text("other_id")?,
        verdict: verdict_of(&row.text("verdict")?)?,
        note: row.opt_text("note")?,
        decided_by: row.text("decided_by")?,
        decided_ms: row.int("decided_ms")?,
    })
}

fn verdict_of(code: &str) -> Result<Verdict> {
    Verdict::from_code(code).ok_or_else(|| crate::StoreError::Damaged(format!("the verdict {code:?} is unknown")))
}
