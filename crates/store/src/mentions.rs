//! What others' rows say of somebody who is erased: the evidence of their cycles, their reviews, notes and decisions.
//!
//! Evidence quotes whom an identity was compared with, wherever that was recorded: so all of the team's is read that is
//! younger than the person, in pages, and what quotes them is dropped; so are results of backtests. Texts that people or reviewers wrote are kept
//! without the person's names.

use crate::TeamId;
use crate::analysis::unpacked;
use crate::db::{Batch, args};
use crate::erasures::Trail;
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::pipeline::write_due;
use crate::reviews::ReviewOutcome;
use std::collections::BTreeSet;

/// Rows read at once.
const PAGE: i64 = 256;
/// How much older than a person, by their own time, what speaks of them may be: clocks of nodes differ.
pub const CLOCKS_DIFFER_MS: i64 = 3_600_000;
/// Shortest name that is looked for within texts: shorter ones are parts of ordinary words.
const NAME_CHARS_MIN: usize = 4;
/// What stands where a name was.
const ERASED: &str = "[erased]";

/// What a reviewer could not have known.
const REVIEW_ERASED: &str = "what it rests on was erased: ask for another";

/// The people who are looked for, and from where on.
pub(crate) struct Wanted {
    /// Ids as JSON has them.
    quoted: Vec<String>,
    /// Ids and names as people write them, longest first.
    spoken: Vec<String>,
}

impl Wanted {
    fn of(trails: &[&Trail]) -> Self {
        let quote = |trail: &&Trail| serde_json::Value::from(trail.identity_id.as_str()).to_string();
        let spoken = trails.iter().flat_map(|trail| trail.names.iter().chain([&trail.identity_id]));
        let mut spoken: Vec<String> = spoken.filter(|name| name.chars().count() >= NAME_CHARS_MIN).cloned().collect();
        spoken.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spoken.dedup();
        Wanted { quoted: trails.iter().map(quote).collect(), spoken }
    }

    fn is_quoted(&self, text: &str) -> bool {
        self.quoted.iter().any(|id| text.contains(id.as_str()))
    }

    /// The text without the names, if it has any.
    fn without(&self, text: Option<String>) -> Option<String> {
        let text = text?;
        let found: Vec<&String> = self.spoken.iter().filter(|name| text.contains(name.as_str())).collect();
        if found.is_empty() {
            return None;
        }
        Some(found.into_iter().fold(text, |text, name| text.replace(name.as_str(), ERASED)))
    }
}

impl Store {
    /// Drops and redacts what the team's rows say of these people. `from_id` is below every id that was given since the
    /// first of them came. Those whose evidence is dropped are scored again.
    pub async fn erase_mentions(&self, team: &TeamId, trails: &[&Trail], from_id: i64, now_ms: i64) -> Result<()> {
        let wanted = Wanted::of(trails);
        let owners = self.drop_evidence(team, &wanted, from_id, now_ms).await?;
        self.redact_reviews(team, &wanted, &owners, from_id, now_ms).await?;
        self.redact_notes(team, &wanted, from_id).await?;
        self.redact_labels(team, &wanted, from_id).await?;
        self.drop_backtests(team, &wanted).await?;
        let since_ms = trails.iter().map(|trail| trail.since_ms).min().unwrap_or(now_ms);
        self.redact_decisions(team, &wanted, since_ms - CLOCKS_DIFFER_MS).await
    }

    async fn drop_evidence(
        &self,
        team: &TeamId,
        wanted: &Wanted,
        from_id: i64,
        now_ms: i64,
    ) -> Result<BTreeSet<String>> {
        let (mut after, mut all) = (from_id, BTreeSet::new());
        loop {
            let rows = self
                .db
                .rows(
                    "select id, identity_id, body from cycle_evidence where id > $2 and team_id = $1 order by id limit $3",
                    args![team, after, PAGE],
                )
                .await?;
            let (mut gone, mut owners) = (Batch::new(), BTreeSet::new());
            for row in &rows {
                after = row.int("id")?;
                // What does not read back cannot be cleared of naming them.
                if unpacked(&row.blob("body")?).map_or(true, |text| wanted.is_quoted(&text)) {
                    gone.push(&(after,));
                    owners.insert(row.text("identity_id")?);
                }
            }
            if !gone.is_empty() {
                self.drop_evidence_of(team, gone, &owners, now_ms).await?;
                all.append(&mut owners);
            }
            if (rows.len() as i64) < PAGE {
                return Ok(all);
            }
        }
    }

    async fn drop_evidence_of(&self, team: &TeamId, gone: Batch, owners: &BTreeSet<String>, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run(
            "delete from cycle_evidence where team_id = $1 and id in (select cast(value->>0 as bigint) from json_each($2))",
            args![team, gone],
        )
        .await?;
        let due: Vec<(String, i64)> = owners.iter().map(|id| (id.clone(), now_ms)).collect();
        write_due(&mut tx, team, &due).await?;
        tx.commit().await
    }

    /// A review that is being written on evidence that is dropped would quote it: it fails.
    async fn redact_reviews(
        &self,
        team: &TeamId,
        wanted: &Wanted,
        owners: &BTreeSet<String>,
        from_id: i64,
        now_ms: i64,
    ) -> Result<()> {
        let erased = ReviewOutcome { summary: None, error: Some(REVIEW_ERASED.into()), transcript: None };
        let mut after = from_id;
        loop {
            let rows = self
                .db
                .rows(
                    "select id, identity_id, status, feedback, summary, prompt, answer from reviews where id > $2 and team_id = $1 order by id limit $3",
                    args![team, after, PAGE],
                )
                .await?;
            for row in &rows {
                after = row.int("id")?;
                let without = |column| Ok::<_, StoreError>(wanted.without(row.opt_text(column)?));
                let texts = [without("feedback")?, without("summary")?, without("prompt")?, without("answer")?];
                if texts.iter().any(Option::is_some) {
                    let [feedback, summary, prompt, answer] = texts;
                    self.db
                        .run(
                            "update reviews set feedback = coalesce($3, feedback), summary = coalesce($4, summary),
                               prompt = coalesce($5, prompt), answer = coalesce($6, answer) where team_id = $1 and id = $2",
                            args![team, after, feedback, summary, prompt, answer],
                        )
                        .await?;
                }
                if row.text("status")? == "PENDING" && owners.contains(&row.text("identity_id")?) {
                    self.complete_review(team, after, &erased, now_ms).await?;
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    async fn redact_notes(&self, team: &TeamId, wanted: &Wanted, from_id: i64) -> Result<()> {
        let mut after = from_id;
        loop {
            let rows = self
                .db
                .rows(
                    "select id, body from escalation_notes where id > $2 and team_id = $1 order by id limit $3",
                    args![team, after, PAGE],
                )
                .await?;
            for row in &rows {
                after = row.int("id")?;
                if let Some(body) = wanted.without(Some(row.text("body")?)) {
                    self.db
                        .run(
                            "update escalation_notes set body = $3 where team_id = $1 and id = $2",
                            args![team, after, body],
                        )
                        .await?;
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    async fn redact_labels(&self, team: &TeamId, wanted: &Wanted, from_id: i64) -> Result<()> {
        let mut after = from_id;
        loop {
            let rows = self
                .db
                .rows(
                    "select id, note from labels where id > $2 and team_id = $1 order by id limit $3",
                    args![team, after, PAGE],
                )
                .await?;
            for row in &rows {
                after = row.int("id")?;
                if let Some(note) = wanted.without(row.opt_text("note")?) {
                    self.db
                        .run("update labels set note = $3 where team_id = $1 and id = $2", args![team, after, note])
                        .await?;
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    /// The result of a backtest names identities; the few that are kept can be asked for again.
    async fn drop_backtests(&self, team: &TeamId, wanted: &Wanted) -> Result<()> {
        let rows = self.db.rows("select b.id, b.result from backtests b where b.team_id = $1", args![team]).await?;
        for row in &rows {
            if row.opt_text("result")?.is_some_and(|result| wanted.is_quoted(&result)) {
                self.db
                    .run("delete from backtests where team_id = $1 and id = $2", args![team, row.int("id")?])
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes of decisions about others stand with the decision, and with the links that it made.
    async fn redact_decisions(&self, team: &TeamId, wanted: &Wanted, since_ms: i64) -> Result<()> {
        let rows = self
            .db
            .rows(
                "select a_id, b_id, note, evidence from link_decisions where team_id = $1 and decided_ms >= $2 order by decided_ms",
                args![team, since_ms],
            )
            .await?;
        for row in &rows {
            let (note, evidence) = (wanted.without(row.opt_text("note")?), wanted.without(row.opt_text("evidence")?));
            if note.is_none() && evidence.is_none() {
                continue;
            }
            let (a_id, b_id) = (row.text("a_id")?, row.text("b_id")?);
            let mut tx = self.db.begin().await?;
            tx.run(
                "update link_decisions set note = coalesce($4, note), evidence = coalesce($5, evidence)
                 where team_id = $1 and a_id = $2 and b_id = $3",
                args![team, &a_id, &b_id, note, evidence],
            )
            .await?;
            for name in &wanted.spoken {
                tx.run(
                    "update links set metadata = replace(metadata, $4, $5) where team_id = $1 and a_id = $2 and b_id = $3",
                    args![team, &a_id, &b_id, name, ERASED],
                )
                .await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
