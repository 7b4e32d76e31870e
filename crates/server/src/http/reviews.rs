//! Reviews of an identity: its latest analysis in a few sentences.

use crate::app::App;
use crate::http::auth::{Reader, Worker, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments};
use crate::http::refusals::{ToReadOne, ToWriteOne};
use crate::http::settle::settled;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::format_time_ms;
use dregs_store::{Review, ReviewStatus, TeamId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const FEEDBACK_CHARS_MAX: usize = 2_000;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    pub id: i64,
    pub identity_id: String,
    /// PENDING, FINISHED or FAILED.
    pub status: &'static str,
    /// What the person who asked thinks.
    pub user_feedback: Option<String>,
    pub summary: Option<String>,
    /// Why it failed, or while it is pending how the last attempt went. A review that the language model did not write has
    /// the summary from the evidence.
    pub error_message: Option<String>,
    /// The language model that was asked; null where none is set up.
    pub model: Option<String>,
    /// How often it was asked.
    pub attempts: i64,
    /// How long its answer took.
    pub duration_millis: Option<i64>,
    pub requested_by: String,
    pub created_at: String,
    pub completed_at: Option<String>,
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        ReviewView {
            id: review.id,
            identity_id: review.identity_id,
            status: review.status.code(),
            user_feedback: review.feedback,
            summary: review.summary,
            error_message: review.error,
            model: review.model,
            attempts: review.attempts,
            duration_millis: review.duration_ms,
            requested_by: review.requested_by,
            created_at: format_time_ms(review.created_ms),
            completed_at: review.completed_ms.map(format_time_ms),
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"feedback": "This is a customer of many years."}))]
pub struct ReviewBody {
    /// What you think of the analysis, such as "this is a real customer".
    #[schema(max_length = 2000)]
    feedback: Option<String>,
}

async fn check_identity(app: &App, team: &TeamId, id: &str) -> ApiResult<()> {
    settled(app).await;
    match app.store.identity_exists(team, id).await? {
        true => Ok(()),
        false => Err(ApiError::not_found("identity", id)),
    }
}

/// List reviews of an identity, newest first
#[utoipa::path(
    get, path = "/identities/{id}/reviews", tag = "identities", operation_id = "listReviews",
    params(("id" = String, Path, description = "Percent-encoded")),
    responses((status = 200, description = "At most 100 of them", body = Vec<ReviewView>), ToReadOne),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<Vec<ReviewView>>> {
    check_identity(&app, &team, &id).await?;
    Ok(Json(app.store.reviews(&team, &id).await?.into_iter().map(ReviewView::from).collect()))
}

/// Ask for a review of the latest analysis
///
/// It is written in the background: from the evidence, and nothing leaves this machine, or where the operator has set one up
/// by a language model, which is told nothing that names the person.
#[utoipa::path(
    post, path = "/identities/{id}/actions/review", tag = "identities", operation_id = "requestReview", request_body = ReviewBody,
    params(("id" = String, Path, description = "Percent-encoded")),
    responses((status = 201, description = "It is pending", body = ReviewView),
        (status = 409, description = "100 reviews of the team are not finished", body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn request(
    State(app): State<Arc<App>>,
    worker: Worker,
    Segments(id): Segments<String>,
    Body(body): Body<ReviewBody>,
) -> ApiResult<(StatusCode, Json<ReviewView>)> {
    let feedback = body.feedback.map(|text| text.replace('\0', "").trim().to_owned()).filter(|text| !text.is_empty());
    if feedback.as_ref().is_some_and(|text| text.chars().count() > FEEDBACK_CHARS_MAX) {
        return Err(ApiError::BadRequest(format!("feedback must have at most {FEEDBACK_CHARS_MAX} characters")));
    }
    check_identity(&app, &worker.team, &id).await?;
    let now_ms = app.clock.now_ms();
    let review = Review {
        team: worker.team,
        id: app.ids.next(now_ms),
        identity_id: id,
        status: ReviewStatus::Pending,
        feedback,
        summary: None,
        error: None,
        requested_by: worker.name,
        created_ms: now_ms,
        completed_ms: None,
        attempts: 0,
        model: None,
        duration_ms: None,
    };
    app.store.add_review(&review).await?;
    app.bells.review.notify_one();
    Ok((StatusCode::CREATED, Json(review.into())))
}

/// What a language model was asked and answered for a review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptView {
    pub review_id: i64,
    /// Null where the review was written without one.
    pub model: Option<String>,
    /// As they were sent the last time, with placeholders for personal data.
    pub messages: Vec<MessageView>,
    /// As it came: untrusted text. Null while there is none that can be used.
    pub answer: Option<String>,
    pub attempts: i64,
    pub duration_millis: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    /// system or user.
    pub role: String,
    pub content: String,
}

/// Read what a language model was asked and answered for a review
///
/// For administrators.
#[utoipa::path(
    get, path = "/identities/{id}/reviews/{reviewId}/transcript", tag = "identities", operation_id = "getReviewTranscript",
    params(("id" = String, Path, description = "Percent-encoded"), ("reviewId" = i64, Path, description = "From the list")),
    responses((status = 200, description = "The transcript", body = TranscriptView), ToReadOne),
    security(("key" = []))
)]
pub async fn transcript(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments((id, review_id)): Segments<(String, i64)>,
) -> ApiResult<Json<TranscriptView>> {
    let held = app.store.transcript(&team, &id, review_id).await?;
    let held = held.ok_or_else(|| ApiError::not_found("review", &review_id.to_string()))?;
    Ok(Json(TranscriptView {
        review_id,
        model: held.model,
        messages: serde_json::from_str(&held.prompt).unwrap_or_default(),
        answer: held.answer,
        attempts: held.attempts,
        duration_millis: held.duration_ms,
    }))
}
