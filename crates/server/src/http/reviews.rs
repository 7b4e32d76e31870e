//! Reviews of an identity: its latest analysis in a few sentences.

use crate::app::App;
use crate::http::auth::{Reader, Worker};
use crate::http::error::{ApiError, ApiResult};
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
    /// Why there is no summary.
    pub error_message: Option<String>,
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
/// It is written from the evidence, in the background; nothing leaves this machine.
#[utoipa::path(
    post, path = "/identities/{id}/actions/review", tag = "identities", operation_id = "requestReview", request_body = ReviewBody,
    params(("id" = String, Path, description = "Percent-encoded")),
    responses((status = 201, description = "It is pending", body = ReviewView), ToWriteOne),
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
    };
    app.store.add_review(&review).await?;
    app.bells.review.notify_one();
    Ok((StatusCode::CREATED, Json(review.into())))
}
