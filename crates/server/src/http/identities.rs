//! Identities: list, read, change, analyze.

use crate::app::App;
use crate::http::auth::{Reader, Writer};
use crate::http::disregarding::set_disregarded;
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::labels::LabelView;
use crate::http::refusals::{ToRead, ToReadOne, ToWriteOne};
use crate::http::settle::{fresh, settled};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::event::{attributes, format_time_ms, merge_attributes};
use dregs_engine::labels::LabelKind;
use dregs_engine::mapping::{Field, display_name};
use dregs_engine::rejection::Rejection;
use dregs_engine::score::Category;
use dregs_store::{IDENTITY_SORTS, Identity, IdentityFilter, LabelChoice, ScoreRange, TeamId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// An end user and what is known of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityView {
    pub id: String,
    pub display_name: Option<String>,
    pub display_email: Option<String>,
    pub display_username: Option<String>,
    /// 0 to 100, null until scored.
    #[schema(minimum = 0, maximum = 100)]
    pub humanity_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub authenticity_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub uniqueness_score: Option<u8>,
    #[schema(minimum = 0, maximum = 100)]
    pub behavior_score: Option<u8>,
    pub created_at: String,
    pub updated_at: String,
    pub last_tracked_at: Option<String>,
    pub last_scored_at: Option<String>,
    pub disregarded: bool,
    pub badges: Vec<BadgeView>,
    /// What an analyst found it to be; absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelView>,
    /// Every attribute sent for the identity, sensitive values redacted.
    pub data: Map<String, Value>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BadgeView {
    pub slug: String,
    pub name: String,
    /// GOOD, BAD or NEUTRAL.
    pub r#type: String,
    pub explanation: String,
    pub metadata: Map<String, Value>,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        let [humanity_score, authenticity_score, uniqueness_score, behavior_score] = identity.scores;
        let badges = identity.badges.into_iter().map(|badge| BadgeView {
            slug: badge.slug,
            name: badge.name,
            r#type: badge.kind.code().to_owned(),
            explanation: badge.explanation,
            metadata: badge.metadata,
        });
        IdentityView {
            id: identity.id,
            display_name: identity.display_name,
            display_email: identity.display_email,
            display_username: identity.display_username,
            humanity_score,
            authenticity_score,
            uniqueness_score,
            behavior_score,
            created_at: format_time_ms(identity.created_ms),
            updated_at: format_time_ms(identity.updated_ms),
            last_tracked_at: identity.last_tracked_ms.map(format_time_ms),
            last_scored_at: identity.last_scored_ms.map(format_time_ms),
            disregarded: identity.disregarded,
            badges: badges.collect(),
            label: identity.label.map(LabelView::from),
            data: identity.attributes,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct IdentityParams {
    /// Containing this text in id, name, e-mail or username.
    term: Option<String>,
    /// Member of this group.
    group: Option<String>,
    /// Member of a group of this type.
    group_type: Option<String>,
    /// Seen on this device.
    device: Option<String>,
    /// Holding this badge.
    badge: Option<String>,
    /// Labelled so; `any` has those with a label, `none` those without.
    #[param(
        pattern = "^(LEGITIMATE|BOT|FAKE_DATA|MULTI_ACCOUNT|ACCOUNT_TAKEOVER|PAYMENT_FRAUD|PROMO_ABUSE|REFERRAL_FRAUD|SPAM|SCRAPING|OTHER|any|none)$"
    )]
    label: Option<String>,
    disregarded: Option<bool>,
    #[param(minimum = 0, maximum = 100)]
    min_humanity: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    max_humanity: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    min_authenticity: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    max_authenticity: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    min_uniqueness: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    max_uniqueness: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    min_behavior: Option<u8>,
    #[param(minimum = 0, maximum = 100)]
    max_behavior: Option<u8>,
}

impl IdentityParams {
    fn filter(self) -> ApiResult<IdentityFilter> {
        let label = self.label.as_deref().filter(|label| !label.is_empty());
        let ranges = [
            (Category::Humanity, self.min_humanity, self.max_humanity),
            (Category::Authenticity, self.min_authenticity, self.max_authenticity),
            (Category::Uniqueness, self.min_uniqueness, self.max_uniqueness),
            (Category::Behavior, self.min_behavior, self.max_behavior),
        ];
        let scores = ranges.into_iter().filter(|(_, min, max)| min.is_some() || max.is_some());
        Ok(IdentityFilter {
            term: self.term.filter(|term| !term.is_empty()),
            group: self.group,
            group_type: self.group_type.map(|kind| dregs_engine::text::snake_case(&kind)),
            device: self.device,
            badge: self.badge,
            label: label.map(|label| choice("label", label, &label_choices(), label_code)).transpose()?,
            scores: scores.map(|(category, min, max)| ScoreRange { category, min, max }).collect(),
            disregarded: self.disregarded,
        })
    }
}

/// What the filter by label takes.
fn label_choices() -> Vec<LabelChoice> {
    LabelKind::ALL.into_iter().map(LabelChoice::Kind).chain([LabelChoice::Any, LabelChoice::None]).collect()
}

fn label_code(choice: LabelChoice) -> &'static str {
    match choice {
        LabelChoice::Kind(kind) => kind.code(),
        LabelChoice::Any => "any",
        LabelChoice::None => "none",
    }
}

/// List identities, most recently updated first
#[utoipa::path(
    get, path = "/identities", tag = "identities", operation_id = "listIdentities", params(PageParams, IdentityParams),
    responses((status = 200, description = "A page", body = PageBody<IdentityView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(paging): Params<PageParams>,
    Params(params): Params<IdentityParams>,
) -> ApiResult<Json<PageBody<IdentityView>>> {
    let query = paging.query(IDENTITY_SORTS)?;
    settled(&app).await;
    let page = app.store.identities(&team, &params.filter()?, &query).await?;
    Ok(Json(PageBody::new(page, &query, IdentityView::from)))
}

/// Read an identity
#[utoipa::path(
    get, path = "/identities/{id}", tag = "identities", operation_id = "getIdentity",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "The identity", body = IdentityView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(id): Segments<String>,
) -> ApiResult<Json<IdentityView>> {
    load(&app, &team, &id).await.map(Json)
}

async fn load(app: &App, team: &TeamId, id: &str) -> ApiResult<IdentityView> {
    let found = fresh(app, || app.store.identity(team, id)).await?;
    found.map(IdentityView::from).ok_or_else(|| ApiError::not_found("identity", id))
}

/// 404 unless the identity exists, or is on its way.
pub async fn must_exist(app: &App, team: &TeamId, id: &str) -> ApiResult<()> {
    let found = fresh(app, || async { Ok(app.store.identity_exists(team, id).await?.then_some(())) }).await?;
    found.ok_or_else(|| ApiError::not_found("identity", id))
}

/// What of an identity can be changed; at least one.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"disregarded": true}))]
pub struct IdentityPatch {
    /// Left out of scoring and of everyone else's evidence.
    #[schema(value_type = Option<bool>)]
    disregarded: Option<Value>,
    /// Merged into the identity's data.
    #[schema(value_type = Option<Object>)]
    attributes: Option<Value>,
}

/// Change an identity
#[utoipa::path(
    patch, path = "/identities/{id}", tag = "identities", operation_id = "updateIdentity", request_body = IdentityPatch,
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 200, description = "As it is then", body = IdentityView), (status = 409, body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
    Body(patch): Body<IdentityPatch>,
) -> ApiResult<Json<IdentityView>> {
    let disregarded = match patch.disregarded {
        None | Some(Value::Null) => None,
        Some(Value::Bool(disregarded)) => Some(disregarded),
        Some(_) => return Err(ApiError::BadRequest("disregarded must be true or false".into())),
    };
    let attributes = patch.attributes.filter(|attributes| !attributes.is_null());
    if disregarded.is_none() && attributes.is_none() {
        return Err(ApiError::BadRequest("disregarded or attributes is required".into()));
    }
    let attributes = attributes.map(|value| clean(value, "attributes")).transpose()?;
    must_exist(&app, &team, &id).await?;
    let now_ms = app.clock.now_ms();
    if let Some(attributes) = attributes {
        merge(&app, &team, &id, now_ms, &attributes).await?;
    }
    if let Some(disregarded) = disregarded {
        set_disregarded(&app, &team, &id, disregarded).await?;
    }
    app.bells.process.notify_one();
    load(&app, &team, &id).await.map(Json)
}

/// Attributes as they may be stored, or a 400.
pub fn clean(value: Value, field: &str) -> ApiResult<Map<String, Value>> {
    match attributes(Some(value), field) {
        Ok((attributes, _)) => Ok(attributes),
        Err(Rejection::Invalid(message)) => Err(ApiError::BadRequest(message)),
        Err(Rejection::Quiet(_)) => Err(ApiError::BadRequest(format!("{field} cannot be used"))),
    }
}

async fn merge(app: &App, team: &TeamId, id: &str, now_ms: i64, new: &Map<String, Value>) -> ApiResult<()> {
    let mappings = app.store.mappings(team).await?;
    let change = |profile: &mut dregs_engine::profile::Profile| {
        merge_attributes(&mut profile.attributes, new);
        let fields = mappings.fields(&profile.attributes);
        [display_name(&fields), fields.get(&Field::Email).cloned(), fields.get(&Field::Username).cloned()]
    };
    let changed = app.store.change_profile(team, id, now_ms, change).await?;
    changed.ok_or_else(|| ApiError::not_found("identity", id))
}

/// Ask for an analysis
///
/// Queues one; the scores follow within moments.
#[utoipa::path(
    post, path = "/identities/{id}/actions/analyze", tag = "identities", operation_id = "analyzeIdentity",
    params(("id" = String, Path, description = "Your id of the user, percent-encoded")),
    responses((status = 201, description = "Queued"), ToReadOne),
    security(("key" = []))
)]
pub async fn analyze(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(id): Segments<String>,
) -> ApiResult<StatusCode> {
    must_exist(&app, &team, &id).await?;
    app.store.request_assessment(&team, &[&id], app.clock.now_ms()).await?;
    app.bells.process.notify_one();
    Ok(StatusCode::CREATED)
}
