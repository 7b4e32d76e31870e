//! Reviews: what a reviewer says of an identity's latest analysis.

use crate::TeamId;
use crate::db::{Row, args};
use crate::error::{Result, StoreError};
use crate::open::Store;

/// Reviews of one identity that are read, and pending ones taken at once.
const READ_MAX: i64 = 100;
const TAKEN_MAX: i64 = 16;

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
    /// Why there is no summary.
    pub error: Option<String>,
    pub requested_by: String,
    pub created_ms: i64,
    pub completed_ms: Option<i64>,
}

const COLUMNS: &str = "r.team_id, r.id, r.identity_id, r.status, r.feedback, r.summary, r.error, r.requested_by, r.created_ms, r.completed_ms";

impl Store {
    pub async fn add_review(&self, review: &Review) -> Result<()> {
        self.db
            .run(
                "insert into reviews (id, team_id, identity_id, status, feedback, summary, error, requested_by, created_ms, completed_ms)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
                    review.completed_ms
                ],
            )
            .await
            .map(drop)
    }

    /// Newest first.
    pub async fn reviews(&self, team: &TeamId, identity: &str) -> Result<Vec<Review>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from reviews r where r.team_id = $1 and r.identity_id = $2 order by r.id desc limit $3"
        ));
        self.db.rows(sql, args![team, identity, READ_MAX]).await?.iter().map(read).collect()
    }

    /// Those that wait, of every team, oldest first.
    pub async fn pending_reviews(&self) -> Result<Vec<Review>> {
        let sql = sqlx::AssertSqlSafe(format!(
            "select {COLUMNS} from reviews r where r.status = 'PENDING' order by r.id limit $1"
        ));
        self.db.rows(sql, args![TAKEN_MAX]).await?.iter().map(read).collect()
    }

    /// Writes what became of a pending review.
    pub async fn complete_review(
        &self,
        team: &TeamId,
        id: i64,
        outcome: std::result::Result<&str, &str>,
        now_ms: i64,
    ) -> Result<()> {
        let status = if outcome.is_ok() { ReviewStatus::Finished } else { ReviewStatus::Failed };
        self.db
            .run(
                "update reviews set status = $3, summary = $4, error = $5, completed_ms = $6
                 where team_id = $1 and id = $2 and status = 'PENDING'",
                args![team, id, status.code(), outcome.ok(), outcome.err(), now_ms],
            )
            .await
            .map(drop)
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
    })
}
