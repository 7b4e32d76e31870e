//! What others' rows say of somebody who is erased: the evidence of their cycles, their reviews, notes and decisions.
//!
//! Evidence quotes whom an identity was compared with, wherever that was recorded: so all of the team's is read that is
//! younger than the person, in pages, and what quotes them is dropped; so are results of backtests. A page is unpacked and
//! searched on a thread of its own while the next is read. Texts that people or reviewers wrote are kept without the
//! person's names.

use crate::TeamId;
use crate::analysis::with_unpacked;
use crate::db::{Batch, args};
use crate::erasures::Trail;
use crate::error::{Result, StoreError};
use crate::open::Store;
use crate::pipeline::write_due;
use crate::reviews::ReviewOutcome;
use crate::rules::hold_page;
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Rows read at once, and results of backtests, each of which may hold thousands of names.
const PAGE: i64 = 256;
const RESULTS_PAGE: i64 = 8;
/// How much older than a person, by their own time, what speaks of them may be: clocks of nodes differ.
pub const CLOCKS_DIFFER_MS: i64 = 3_600_000;
/// Shortest name that is looked for within texts: shorter ones are parts of ordinary words.
const NAME_CHARS_MIN: usize = 4;
/// People who are each looked for by themselves. For more, one look at every text within the JSON is faster.
const FEW_MAX: usize = 8;
/// What stands where a name was.
const ERASED: &str = "[erased]";

/// What a reviewer could not have known.
const REVIEW_ERASED: &str = "what it rests on was erased: ask for another";

/// The people who are looked for.
pub(crate) struct Wanted {
    /// Ids as JSON has them, with the quotes around them.
    quoted: Vec<String>,
    /// The same without, but for those that have quotes within.
    plain: HashSet<String>,
    odd: Vec<String>,
    /// Bytes that the plain ones have.
    lengths: RangeInclusive<usize>,
    /// Ids and names as people write them, longest first.
    spoken: Vec<String>,
}

/// A text as JSON has it.
pub(crate) fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

impl Wanted {
    fn of(trails: &[&Trail]) -> Self {
        let quoted: Vec<String> = trails.iter().map(|trail| json_text(&trail.identity_id)).collect();
        let is_plain = |id: &String| !id[1..id.len() - 1].contains('"');
        let (plain, odd): (Vec<String>, Vec<String>) = quoted.iter().cloned().partition(is_plain);
        let plain: HashSet<String> = plain.iter().map(|id| id[1..id.len() - 1].to_owned()).collect();
        let lengths = || plain.iter().map(String::len);
        let lengths = lengths().min().unwrap_or(1)..=lengths().max().unwrap_or(0);
        let spoken = trails.iter().flat_map(|trail| trail.names.iter().chain([&trail.identity_id]));
        let mut spoken: Vec<String> = spoken.filter(|name| name.chars().count() >= NAME_CHARS_MIN).cloned().collect();
        spoken.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        spoken.dedup();
        Wanted { quoted, plain, odd, lengths, spoken }
    }

    /// Whether a JSON text quotes one of them. However many they are, it is read a few times at most.
    fn is_quoted(&self, json: &str) -> bool {
        if self.quoted.len() <= FEW_MAX {
            return self.quoted.iter().any(|id| json.contains(id.as_str()));
        }
        let is_plain = |part: &str| self.lengths.contains(&part.len()) && self.plain.contains(part);
        json.split('"').any(is_plain) || self.odd.iter().any(|id| json.contains(id.as_str()))
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

    /// The JSON without the names in its texts, if there are any. Whatever people call themselves, it stays JSON.
    fn without_in_json(&self, json: &str) -> Option<String> {
        match serde_json::from_str::<Value>(json) {
            Ok(mut value) => self.redact(&mut value).then(|| value.to_string()),
            Err(_) => self.without(Some(json.to_owned())),
        }
    }

    fn redact(&self, value: &mut Value) -> bool {
        let mut redacted = false;
        match value {
            Value::String(text) => {
                if let Some(without) = self.without(Some(text.clone())) {
                    *text = without;
                    redacted = true;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| redacted |= self.redact(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| redacted |= self.redact(field)),
            _ => {}
        }
        redacted
    }

    /// Which rows of evidence quote one of them.
    fn quoted_in(&self, page: &[PackedRow]) -> Vec<bool> {
        let is_quoted = |text: &[u8]| std::str::from_utf8(text).map_or(true, |text| self.is_quoted(text));
        // What does not read back cannot be cleared of naming them.
        page.iter().map(|row| with_unpacked(&row.body, is_quoted).unwrap_or(true)).collect()
    }
}

/// A row of evidence as it is stored.
struct PackedRow {
    id: i64,
    owner: String,
    body: Vec<u8>,
}

/// Where people wrote notes.
struct Notes {
    read: &'static str,
    write: &'static str,
}

const ESCALATION_NOTES: Notes = Notes {
    read: "select id, body as note from escalation_notes where id > $2 and team_id = $1 order by id limit $3",
    write: "update escalation_notes set body = $3 where team_id = $1 and id = $2",
};
const LABEL_NOTES: Notes = Notes {
    read: "select id, note from labels where id > $2 and team_id = $1 order by id limit $3",
    write: "update labels set note = $3 where team_id = $1 and id = $2",
};

impl Store {
    /// Drops and redacts what the team's rows say of these people. `from_id` is below every id that was given since the
    /// first of them came. Those whose evidence is dropped are scored again.
    pub async fn erase_mentions(&self, team: &TeamId, trails: &[&Trail], from_id: i64, now_ms: i64) -> Result<()> {
        let wanted = Arc::new(Wanted::of(trails));
        let owners = self.drop_evidence(team, &wanted, from_id, now_ms).await?;
        self.redact_reviews(team, &wanted, &owners, from_id, now_ms).await?;
        for notes in [ESCALATION_NOTES, LABEL_NOTES] {
            self.redact_notes(team, &wanted, from_id, &notes).await?;
        }
        self.drop_backtests(team, &wanted).await?;
        let since_ms = trails.iter().map(|trail| trail.since_ms).min().unwrap_or(now_ms);
        self.redact_decisions(team, &wanted, since_ms - CLOCKS_DIFFER_MS).await
    }

    async fn drop_evidence(
        &self,
        team: &TeamId,
        wanted: &Arc<Wanted>,
        from_id: i64,
        now_ms: i64,
    ) -> Result<BTreeSet<String>> {
        let mut all = BTreeSet::new();
        let mut page = Arc::new(self.packed_after(team, from_id).await?);
        while let Some(last) = page.last() {
            let (searched, held) = (page.clone(), wanted.clone());
            let searching = tokio::task::spawn_blocking(move || held.quoted_in(&searched));
            let next = self.packed_after(team, last.id).await;
            let quoted = searching.await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let found = || page.iter().zip(&quoted).filter(|(_, is_quoted)| **is_quoted).map(|(row, _)| row);
            let gone: Batch = found().map(|row| (row.id,)).collect();
            if !gone.is_empty() {
                let mut owners: BTreeSet<String> = found().map(|row| row.owner.clone()).collect();
                self.drop_evidence_of(team, gone, &owners, now_ms).await?;
                all.append(&mut owners);
            }
            page = Arc::new(next?);
        }
        Ok(all)
    }

    async fn packed_after(&self, team: &TeamId, after: i64) -> Result<Vec<PackedRow>> {
        let rows = self
            .db
            .rows(
                "select id, identity_id, body from cycle_evidence where id > $2 and team_id = $1 order by id limit $3",
                args![team, after, PAGE],
            )
            .await?;
        let read = |row: &crate::db::Row| {
            Ok(PackedRow { id: row.int("id")?, owner: row.text("identity_id")?, body: row.blob("body")? })
        };
        rows.iter().map(read).collect()
    }

    async fn drop_evidence_of(&self, team: &TeamId, gone: Batch, owners: &BTreeSet<String>, now_ms: i64) -> Result<()> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
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

    async fn redact_notes(&self, team: &TeamId, wanted: &Wanted, from_id: i64, notes: &Notes) -> Result<()> {
        let mut after = from_id;
        loop {
            let rows = self.db.rows(notes.read, args![team, after, PAGE]).await?;
            for row in &rows {
                after = row.int("id")?;
                if let Some(note) = wanted.without(row.opt_text("note")?) {
                    self.db.run(notes.write, args![team, after, note]).await?;
                }
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    /// The result of a backtest names identities; the few that are kept can be asked for again.
    async fn drop_backtests(&self, team: &TeamId, wanted: &Wanted) -> Result<()> {
        let mut after = 0;
        loop {
            let rows = self
                .db
                .rows(
                    "select id, result from backtests where id > $2 and team_id = $1 order by id limit $3",
                    args![team, after, RESULTS_PAGE],
                )
                .await?;
            for row in &rows {
                after = row.int("id")?;
                if row.opt_text("result")?.is_some_and(|result| wanted.is_quoted(&result)) {
                    self.db.run("delete from backtests where team_id = $1 and id = $2", args![team, after]).await?;
                }
            }
            if (rows.len() as i64) < RESULTS_PAGE {
                return Ok(());
            }
        }
    }

    /// Notes of decisions about others stand with the decision, and with the links that it made.
    async fn redact_decisions(&self, team: &TeamId, wanted: &Wanted, since_ms: i64) -> Result<()> {
        let mut after = (since_ms, String::new(), String::new());
        loop {
            let rows = self
                .db
                .rows(
                    "select a_id, b_id, note, evidence, decided_ms from link_decisions
                     where team_id = $1 and (decided_ms, a_id, b_id) > ($2, $3, $4) order by decided_ms, a_id, b_id limit $5",
                    args![team, after.0, &after.1, &after.2, PAGE],
                )
                .await?;
            for row in &rows {
                after = (row.int("decided_ms")?, row.text("a_id")?, row.text("b_id")?);
                let evidence = wanted.without_in_json(&row.text("evidence")?);
                self.redact_decision(
                    team,
                    wanted,
                    (&after.1, &after.2),
                    wanted.without(row.opt_text("note")?),
                    evidence,
                )
                .await?;
            }
            if (rows.len() as i64) < PAGE {
                return Ok(());
            }
        }
    }

    async fn redact_decision(
        &self,
        team: &TeamId,
        wanted: &Wanted,
        (a_id, b_id): (&str, &str),
        note: Option<String>,
        evidence: Option<String>,
    ) -> Result<()> {
        if note.is_none() && evidence.is_none() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        tx.run(
            "update link_decisions set note = coalesce($4, note), evidence = coalesce($5, evidence)
             where team_id = $1 and a_id = $2 and b_id = $3",
            args![team, a_id, b_id, note, evidence],
        )
        .await?;
        let links = tx
            .rows(
                "select type, explanation, metadata from links where team_id = $1 and a_id = $2 and b_id = $3",
                args![team, a_id, b_id],
            )
            .await?;
        for link in &links {
            let explanation = wanted.without(link.opt_text("explanation")?);
            let metadata = wanted.without_in_json(&link.text("metadata")?);
            if explanation.is_some() || metadata.is_some() {
                tx.run(
                    "update links set explanation = coalesce($5, explanation), metadata = coalesce($6, metadata)
                     where team_id = $1 and a_id = $2 and b_id = $3 and type = $4",
                    args![team, a_id, b_id, link.text("type")?, explanation, metadata],
                )
                .await?;
            }
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(ids: &[&str]) -> Wanted {
        let trails: Vec<Trail> = ids.iter().map(|id| Trail { identity_id: (*id).into(), ..Trail::default() }).collect();
        Wanted::of(&trails.iter().collect::<Vec<_>>())
    }

    #[test]
    fn whoever_is_quoted_is_found_and_nobody_whose_id_merely_contains_it() {
        let odd = ["ada", "it's \"quoted\" \\ %_", "tab\tline\n", "👩‍👩‍👧 ünï"];
        let many: Vec<String> = (0..FEW_MAX).map(|n| format!("another {n}")).collect();
        let all: Vec<&str> = odd.into_iter().chain(many.iter().map(String::as_str)).collect();
        for wanted in [wanted(&odd), wanted(&all)] {
            for id in odd {
                let json = serde_json::json!({"links": [{"target_id": id}]}).to_string();
                assert!(wanted.is_quoted(&json), "{json}");
            }
            for json in [r#"{"a":["adam","nevada","\\\"quoted\\\""],"b":1}"#, "[1,2]"] {
                assert!(!wanted.is_quoted(json), "{json}");
            }
        }
        assert!(!Wanted::of(&[]).is_quoted(r#"{"a":""}"#));
    }

    #[test]
    fn whatever_people_call_themselves_json_stays_json() {
        let wanted = wanted(&[r#"":"x","#, "probability", "{\"note\":"]);
        let json = r#"[{"probability":0.5,"explanation":"the probability of \":\"x\",","metadata":{"n":1}}]"#;
        let without: Value = serde_json::from_str(&wanted.without_in_json(json).unwrap()).unwrap();
        assert_eq!(without[0]["explanation"], "the [erased] of [erased]");
        assert_eq!(without[0]["probability"], 0.5);
        assert_eq!(wanted.without_in_json(r#"{"probability":1}"#), None);
    }
}
