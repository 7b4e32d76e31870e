//! Reviews: what a reviewer says of an identity's latest analysis.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::{Result, StoreError};
use crate::open::Store;

/// Reviews that a team may have waiting: with a language model that is what four at once take some minutes for.
pub const REVIEWS_PENDING_MAX: i64 = 100;
/// Reviews of one identity that are read.
const READ_MAX: i64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewStatus {
    Pending,
    Finished,
    Failed,
}

impl ReviewStatus {
    pub fn code(self) -> &'static str {
        match self {
            ReviewStatus::Pending => "PENDING",
            ReviewStatus::Finished => "FINISHED",
            ReviewStatus::Failed => "FAILED",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [ReviewStatus::Pending, ReviewStatus::Finished, ReviewStatus::Failed]
            .into_iter()
            .find(|status| status.code() == code)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub team: TeamId,
    pub id: i64,
    pub identity_id: String,
    pub status: ReviewStatus,
    /// What the person who asked thinks.
    pub feedback: Option<String>,
    pub summary: Option<String>,
    /// How the last attempt failed.
    pub error: Option<String>,
    pub requested_by: String,
    pub created_ms: i64,
    pub completed_ms: Option<i64>,
    /// Times that a language model was asked.
    pub attempts: i64,
    /// The language model; none where the review was written without.
    pub model: Option<String>,
    /// How long it took.
    pub duration_ms: Option<i64>,
}

/// What a language model was asked, and what it answered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    /// None where the review was written without one.
    pub model: Option<String>,
    /// JSON: the messages that were sent.
    pub prompt: String,
    /// As it came; none while it has not answered with anything usable.
    pub answer: Option<String>,
    pub duration_ms: Option<i64>,
    pub attempts: i64,
}

/// What became of a review.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReviewOutcome {
    pub summary: Option<String>,
    /// Why it failed; none if it did not.
    pub error: Option<String>,
    /// None where no language model was asked.
    pub transcript: Option<Transcript>,
}

const COLUMNS: &str = "team_id, id, identity_id, status, feedback, summary, error, requested_by, created_ms, completed_ms, attempts, model, duration_ms";

impl Store {
    /// `Conflict` when the team has too many that wait.
    pub async fn add_review(&self, review: &Review) -> Result<()> {
        // Counted among what waits of all teams, which is little: what a team has had reviewed may be much.
        let added = self
            .db
            .run(
                "insert into reviews (id, team_id, identity_id, status, feedback, summary, error, requested_by, created_ms, completed_ms)
                 select cast($1 as bigint), $2, $3, $4, $5, $6, $7, $8, cast($9 as bigint), cast($10 as bigint)
                 where (select count(case when r.team_id = $2 then 1 end) from reviews r where r.status = 'PENDING') < $11",
                args![
                    review.id,
                    &review.team,
                    &review.identity_id,
                    review.status.code(),
                    review.feedback.clone(),
                    review.summary.clone(),
                    review.error.clone(),
                    &review.requested_by,
                    review.created_ms,
                    review.completed_ms,
                    REVIEWS_PENDING_MAX
                ],
            )
            .await?;
        match added {
            0 => Err(StoreError::Conflict("100 reviews of the team are not finished: wait for one of them")),
            _ => Ok(()),
        }
    }

    /// Newest first.
    pub async fn reviews(&self, team: &TeamId, identity: &str) -> Result<Vec<Review>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from reviews where team_id = $1 and identity_id = $2 order by id desc limit $3"
        ));
        self.db.rows(sql, args![team, identity, READ_MAX]).await?.iter().map(read).collect()
    }

    /// Takes one that waits until `until_ms`: nobody else gets it before. Of a team the oldest comes first; that of a team
    /// with fewer before it, those under way among them, before that of a team with more.
    pub async fn claim_review(&self, now_ms: i64, until_ms: i64) -> Result<Option<Review>> {
        // Asked every few seconds, mostly in vain: that must not wait for the one who writes.
        let waiting =
            self.db.row("select r.id from reviews r where r.status = 'PENDING' order by r.id limit 1", vec![]).await?;
        if waiting.is_none() {
            return Ok(None);
        }
        let sql = sqlx::AssertSqlSafe(format!(
            "update reviews set claimed_until_ms = $2
             where status = 'PENDING' and (claimed_until_ms is null or claimed_until_ms <= $1) and id in (
               select w.id from (
                 select r.id, r.next_ms, r.claimed_until_ms, row_number() over (partition by r.team_id order by r.id) as place
                 from reviews r where r.status = 'PENDING') w
               where w.next_ms <= $1 and (w.claimed_until_ms is null or w.claimed_until_ms <= $1) order by w.place, w.id limit 1)
             returning {COLUMNS}"
        ));
        self.db.write_row(sql, args![now_ms, until_ms]).await?.as_ref().map(read).transpose()
    }

    /// Lets go of what somebody took who is not there any more: for a store that nobody else works on.
    pub async fn release_reviews(&self) -> Result<()> {
        self.db
            .run(
                "update reviews set claimed_until_ms = null where id in (
                   select r.id from reviews r where r.status = 'PENDING' and r.claimed_until_ms is not null)",
                vec![],
            )
            .await
            .map(drop)
    }

    /// Notes that a language model did not answer, and when it is asked again.
    pub async fn postpone_review(
        &self,
        team: &TeamId,
        id: i64,
        error: &str,
        transcript: &Transcript,
        next_ms: i64,
    ) -> Result<()> {
        self.db
            .run(
                "update reviews set error = $3, next_ms = $4, claimed_until_ms = null, attempts = $5, model = $6, prompt = $7
                 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id, error, next_ms, transcript.attempts, transcript.model.clone(), &transcript.prompt],
            )
            .await
            .map(drop)
    }

    /// Writes what became of a pending review.
    pub async fn complete_review(&self, team: &TeamId, id: i64, outcome: &ReviewOutcome, now_ms: i64) -> Result<()> {
        let status = if outcome.error.is_none() { ReviewStatus::Finished } else { ReviewStatus::Failed };
        let transcript = outcome.transcript.as_ref();
        self.db
            .run(
                "update reviews set status = $3, summary = $4, error = $5, completed_ms = $6, claimed_until_ms = null,
                   model = $7, prompt = $8, answer = $9, duration_ms = $10, attempts = $11
                 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![
                    team,
                    id,
                    status.code(),
                    outcome.summary.clone(),
                    outcome.error.clone(),
                    now_ms,
                    transcript.and_then(|held| held.model.clone()),
                    transcript.map(|held| held.prompt.clone()),
                    transcript.and_then(|held| held.answer.clone()),
                    transcript.and_then(|held| held.duration_ms),
                    transcript.map_or(0, |held| held.attempts)
                ],
            )
            .await
            .map(drop)
    }

    /// What was asked and answered for a review of an identity.
    pub async fn transcript(&self, team: &TeamId, identity: &str, id: i64) -> Result<Option<Transcript>> {
        let row = self
            .db
            .row(
                "select model, prompt, answer, duration_ms, attempts from reviews
                 where team_id = $1 and identity_id = $2 and id = $3",
                args![team, identity, id],
            )
            .await?;
        let read = |row: Row| {
            Ok(Transcript {
                model: row.opt_text("model")?,
                prompt: row.opt_text("prompt")?.unwrap_or_default(),
                answer: row.opt_text("answer")?,
                duration_ms: row.opt_int("duration_ms")?,
                attempts: row.int("attempts")?,
            })
        };
        row.map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Review> {
    let status = row.text("status")?;
    Ok(Review {
        team: TeamId::new(row.text("team_id")?),
        id: row.int("id")?,
        identity_id: row.text("identity_id")?,
        status: ReviewStatus::from_code(&status)
            .ok_or_else(|| StoreError::Damaged(format!("a review of status {status}")))?,
        feedback: row.opt_text("feedback")?,
        summary: row.opt_text("summary")?,
        error: row.opt_text("error")?,
        requested_by: row.text("requested_by")?,
        created_ms: row.int("created_ms")?,
        completed_ms: row.opt_int("completed_ms")?,
        attempts: row.int("attempts")?,
        model: row.opt_text("model")?,
        duration_ms: row.opt_int("duration_ms")?,
    })
}
