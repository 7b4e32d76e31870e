//! Channels: where notifications go, and their secrets.

use crate::app::App;
use crate::channels::email::RECIPIENTS_MAX;
use crate::channels::guard::Guard;
use crate::channels::pace::{PER_MINUTE_MAX, Rate};
use crate::channels::webhook::SECRET_PREFIX;
use crate::http::auth::{Reader, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, Segments, given};
use crate::http::refusals::{ToReadAll, ToReadOne, ToWrite, ToWriteOne};
use crate::jobs::acting::{IDENTITY_BADGES_CHANGED, IDENTITY_SCORED};
use crate::jobs::notices::CHANNEL_DISABLED;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dregs_engine::event::format_time_ms;
use dregs_engine::rules::slug_of;
use dregs_store::{Channel, ChannelConfig, Secret, TeamId, Waiting};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

const NAME_CHARS_MAX: usize = 50;
const ADDRESS_CHARS_MAX: usize = 254;
/// Random bytes of a secret.
const SECRET_BYTES: usize = 24;
/// How long an old secret signs beside its successor, if nothing else is said, and at most.
const OVERLAP_S: i64 = 24 * 3600;
const OVERLAP_S_MAX: i64 = 30 * 24 * 3600;
/// What a channel can ask to be told. Escalations reach those that their rules name.
const EVENTS: [&str; 3] = [IDENTITY_SCORED, IDENTITY_BADGES_CHANGED, CHANNEL_DISABLED];
/// Minutes that a digest may gather: less is no digest, and what is told a day late is not read.
const DIGEST_MINUTES_MIN: i64 = 5;
const DIGEST_MINUTES_MAX: i64 = 24 * 60;
/// Stands for the part of a URL that is not shown.
const MASK: &str = "…";

/// Where notifications go.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    pub id: String,
    pub slug: String,
    pub name: String,
    /// EMAIL, SLACK or WEBHOOK.
    pub r#type: &'static str,
    /// Where a webhook or Slack message goes; of Slack's only the host, for the rest is a secret.
    pub url: Option<String>,
    /// Who gets the e-mails.
    pub to: Option<Vec<String>>,
    /// IDENTITY_SCORED, IDENTITY_BADGES_CHANGED, CHANNEL_DISABLED. Escalations reach the channels that their rules name.
    pub events: Vec<String>,
    /// Attempts made in a minute; what is more waits.
    pub max_per_minute: i64,
    /// Notifications of so many minutes are sent as one mail; 0: each by itself.
    pub digest_minutes: i64,
    /// Deliveries that wait, those under way among them; 10,000 may be more.
    pub waiting: i64,
    /// When the next of them is attempted at the earliest.
    pub next_attempt_at: Option<String>,
    pub enabled: bool,
    /// Why it was switched off without anybody asking.
    pub disabled_reason: Option<String>,
    /// Since when nothing has got through.
    pub failing_since: Option<String>,
    /// What webhooks are signed with. Shown once: when the channel is made, and when its secret is rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Until when the secret before signs too.
    pub previous_secret_until: Option<String>,
    pub created_at: String,
    pub updated_at: String,
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        let r#type = channel.config.code();
        let rate = Rate::of(&channel.config, channel.max_per_minute);
        let (url, to) = match channel.config {
            ChannelConfig::Email { to } => (None, Some(to)),
            ChannelConfig::Webhook { url } => (Some(url), None),
            ChannelConfig::Slack { url } => (Some(host_of(&url)), None),
        };
        ChannelView {
            id: channel.id,
            slug: channel.slug,
            name: channel.name,
            r#type,
            url,
            to,
            events: channel.events,
            max_per_minute: rate.per_minute(),
            digest_minutes: channel.digest_minutes,
            waiting: 0,
            next_attempt_at: None,
            enabled: channel.enabled,
            disabled_reason: channel.disabled_reason,
            failing_since: channel.failing_since_ms.map(format_time_ms),
            secret: None,
            previous_secret_until: channel.secrets.iter().find_map(|held| held.until_ms).map(format_time_ms),
            created_at: format_time_ms(channel.created_ms),
            updated_at: format_time_ms(channel.updated_ms),
        }
    }
}

/// Channels with what each has to send.
async fn views(app: &App, team: &TeamId, channels: Vec<Channel>) -> ApiResult<Vec<ChannelView>> {
    let ids: Vec<&str> = channels.iter().map(|channel| channel.id.as_str()).collect();
    let mut waiting = app.store.waiting(team, &ids).await?;
    let view = |channel: Channel| {
        let Waiting { count, next_ms } = waiting.remove(&channel.id).unwrap_or_default();
        let next_ms = next_ms.max(channel.resting_until_ms.filter(|_| count > 0));
        ChannelView { waiting: count, next_attempt_at: next_ms.map(format_time_ms), ..channel.into() }
    };
    Ok(channels.into_iter().map(view).collect())
}

async fn view(app: &App, team: &TeamId, channel: Channel) -> ApiResult<Json<ChannelView>> {
    let slug = channel.slug.clone();
    let view = views(app, team, vec![channel]).await?.pop();
    view.map(Json).ok_or_else(|| ApiError::not_found("channel", &slug))
}

/// A URL without what may be secret in it.
pub fn host_of(url: &str) -> String {
    let parsed = reqwest::Url::parse(url).ok();
    parsed.map_or_else(String::new, |url| format!("{}://{}/{MASK}", url.scheme(), url.host_str().unwrap_or_default()))
}

/// A channel to create, or what to change of one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"name": "Fraud team", "type": "EMAIL", "to": ["fraud@example.com"], "events": ["IDENTITY_BADGES_CHANGED"]}))]
pub struct ChannelBody {
    /// Required to create one; its slug is made of it and stays.
    #[schema(min_length = 1, max_length = 50)]
    name: Option<String>,
    /// EMAIL, SLACK or WEBHOOK. Required to create one, and stays.
    #[schema(pattern = "^(EMAIL|SLACK|WEBHOOK)$")]
    r#type: Option<String>,
    /// Of SLACK the incoming-webhook URL, of WEBHOOK the receiver.
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Of EMAIL: the recipients.
    #[schema(min_items = 1, max_items = 100)]
    to: Option<Vec<String>>,
    /// IDENTITY_SCORED, IDENTITY_BADGES_CHANGED, CHANNEL_DISABLED; replaces all there are. None by default. People's channels
    /// hear of CHANNEL_DISABLED in any case.
    events: Option<Vec<String>>,
    /// Attempts in a minute; what is more waits. Null, the default: 50 for SLACK, 30 for EMAIL, 30,000 for WEBHOOK.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 60_000)]
    max_per_minute: Option<Option<i64>>,
    /// Of EMAIL: 5 to 1440, to send what came in so many minutes as one mail; 0, the default, to send each by itself.
    #[schema(minimum = 0, maximum = 1440)]
    digest_minutes: Option<i64>,
    /// True by default.
    enabled: Option<bool>,
}

impl ChannelBody {
    fn onto(self, mut channel: Channel, guard: &Guard) -> ApiResult<Channel> {
        self.set_limits(&mut channel)?;
        if let Some(name) = self.name {
            channel.name = name.trim().to_owned();
        }
        let name = &channel.name;
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains('\0') || slug_of(name).is_empty() {
            return Err(ApiError::BadRequest(format!(
                "name must have 1 to {NAME_CHARS_MAX} characters, one a letter or digit"
            )));
        }
        if let Some(kind) = self.r#type.filter(|kind| kind != channel.config.code()) {
            return Err(ApiError::BadRequest(format!(
                "type cannot be changed from {} to {:?}",
                channel.config.code(),
                dregs_engine::text::cut(&kind, 20)
            )));
        }
        match &mut channel.config {
            ChannelConfig::Email { to } => {
                *to = self.to.unwrap_or_else(|| std::mem::take(to));
                check_recipients(to)?;
            }
            ChannelConfig::Slack { url } | ChannelConfig::Webhook { url } => {
                // One that is kept may have become forbidden: it can be switched off all the same.
                if self.url.is_some() || url.is_empty() {
                    *url = self.url.unwrap_or_default();
                    if url.ends_with(MASK) {
                        return Err(ApiError::BadRequest(
                            "url: this is how it is shown; leave it out to keep it".into(),
                        ));
                    }
                    guard.check_url(url).map_err(|error| ApiError::BadRequest(format!("url: {error}")))?;
                }
            }
        }
        if let Some(mut events) = self.events {
            if events.iter().any(|event| !EVENTS.contains(&event.as_str())) {
                return Err(ApiError::BadRequest(format!("events must be among {}", EVENTS.join(", "))));
            }
            events.sort();
            events.dedup();
            channel.events = events;
        }
        if self.enabled == Some(true) && !channel.enabled {
            (channel.disabled_reason, channel.failing_since_ms) = (None, None);
        }
        channel.enabled = self.enabled.unwrap_or(channel.enabled);
        Ok(channel)
    }
}

impl ChannelBody {
    fn set_limits(&self, channel: &mut Channel) -> ApiResult<()> {
        if let Some(max_per_minute) = self.max_per_minute {
            if max_per_minute.is_some_and(|max| !(1..=PER_MINUTE_MAX).contains(&max)) {
                return Err(ApiError::BadRequest(format!(
                    "maxPerMinute must be 1 to {PER_MINUTE_MAX}, or null for what is usual"
                )));
            }
            channel.max_per_minute = max_per_minute;
        }
        if let Some(minutes) = self.digest_minutes {
            if minutes != 0 && !matches!(channel.config, ChannelConfig::Email { .. }) {
                return Err(ApiError::BadRequest("digestMinutes is for channels of type EMAIL: leave it out".into()));
            }
            if minutes != 0 && !(DIGEST_MINUTES_MIN..=DIGEST_MINUTES_MAX).contains(&minutes) {
                return Err(ApiError::BadRequest(format!(
                    "digestMinutes must be 0 or {DIGEST_MINUTES_MIN} to {DIGEST_MINUTES_MAX}"
                )));
            }
            channel.digest_minutes = minutes;
        }
        Ok(())
    }
}

fn check_recipients(to: &[String]) -> ApiResult<()> {
    if !(1..=RECIPIENTS_MAX).contains(&to.len()) {
        return Err(ApiError::BadRequest(format!("to must be 1 to {RECIPIENTS_MAX} addresses")));
    }
    let usable =
        |address: &String| address.chars().count() <= ADDRESS_CHARS_MAX && address.parse::<lettre::Address>().is_ok();
    match to.iter().position(|address| !usable(address)) {
        Some(place) => Err(ApiError::BadRequest(format!("to[{place}] is not an e-mail address"))),
        None => Ok(()),
    }
}

fn blank(kind: Option<&str>) -> ApiResult<ChannelConfig> {
    match kind {
        Some("EMAIL") => Ok(ChannelConfig::Email { to: Vec::new() }),
        Some("SLACK") => Ok(ChannelConfig::Slack { url: String::new() }),
        Some("WEBHOOK") => Ok(ChannelConfig::Webhook { url: String::new() }),
        _ => Err(ApiError::BadRequest("type must be one of EMAIL, SLACK, WEBHOOK".into())),
    }
}

fn fresh_secret() -> Secret {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    Secret { secret: format!("{SECRET_PREFIX}{}", STANDARD.encode(bytes)), until_ms: None }
}

fn guard(app: &App) -> Guard {
    Guard { allow_private: app.options.notify.allow_private_targets }
}

pub(super) async fn found(app: &App, team: &TeamId, slug: &str) -> ApiResult<Channel> {
    app.store.channel(team, slug).await?.ok_or_else(|| ApiError::not_found("channel", slug))
}

async fn changed(
    app: &App,
    team: &TeamId,
    slug: &str,
    change: impl FnOnce(Channel) -> ApiResult<Channel>,
) -> ApiResult<Channel> {
    let changed = app.store.change_channel(team, slug, app.clock.now_ms(), change).await?;
    let channel = changed.ok_or_else(|| ApiError::not_found("channel", slug))??;
    app.act_anew();
    Ok(channel)
}

/// List channels
#[utoipa::path(
    get, path = "/channels", tag = "channels", operation_id = "listChannels",
    responses((status = 200, description = "All of them", body = Vec<ChannelView>), ToReadAll),
    security(("key" = []))
)]
pub async fn list(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<Vec<ChannelView>>> {
    let channels = app.store.channels(&team).await?;
    views(&app, &team, channels).await.map(Json)
}

/// Read a channel
#[utoipa::path(
    get, path = "/channels/{slug}", tag = "channels", operation_id = "getChannel",
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The channel", body = ChannelView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(slug): Segments<String>,
) -> ApiResult<Json<ChannelView>> {
    view(&app, &team, found(&app, &team, &slug).await?).await
}

/// Create a channel
///
/// The secret of a webhook is in this answer and in no other.
#[utoipa::path(
    post, path = "/channels", tag = "channels", operation_id = "createChannel", request_body = ChannelBody,
    responses((status = 201, description = "The channel", body = ChannelView), (status = 409, body = ErrorBody), ToWrite),
    security(("key" = []))
)]
pub async fn create(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Body(body): Body<ChannelBody>,
) -> ApiResult<(StatusCode, Json<ChannelView>)> {
    let now_ms = app.clock.now_ms();
    let config = blank(body.r#type.as_deref())?;
    let secrets = match config {
        ChannelConfig::Webhook { .. } => vec![fresh_secret()],
        _ => Vec::new(),
    };
    let secret = secrets.first().map(|held| held.secret.clone());
    let empty = Channel {
        id: app.ids.next(now_ms).to_string(),
        slug: String::new(),
        name: String::new(),
        config,
        secrets,
        events: Vec::new(),
        enabled: true,
        disabled_reason: None,
        failing_since_ms: None,
        max_per_minute: None,
        digest_minutes: 0,
        resting_until_ms: None,
        created_ms: now_ms,
        updated_ms: now_ms,
    };
    let channel = body.onto(empty, &guard(&app))?;
    let channel = Channel { slug: slug_of(&channel.name), ..channel };
    app.store.add_channel(&team, &channel).await?;
    app.act_anew();
    Ok((StatusCode::CREATED, Json(ChannelView { secret, ..channel.into() })))
}

/// Change a channel
///
/// Switching one on again that failed for too long gives it another chance.
#[utoipa::path(
    patch, path = "/channels/{slug}", tag = "channels", operation_id = "updateChannel", request_body = ChannelBody,
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The channel", body = ChannelView), ToWriteOne),
    security(("key" = []))
)]
pub async fn update(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
    Body(body): Body<ChannelBody>,
) -> ApiResult<Json<ChannelView>> {
    let guard = guard(&app);
    let channel = changed(&app, &team, &slug, |held| body.onto(held, &guard)).await?;
    view(&app, &team, channel).await
}

/// Delete a channel with its log
///
/// Refused while an escalation rule names it: the rule would tell nobody.
#[utoipa::path(
    delete, path = "/channels/{slug}", tag = "channels", operation_id = "deleteChannel",
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 204, description = "It is gone"), (status = 409, body = ErrorBody), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
) -> ApiResult<StatusCode> {
    let channel = found(&app, &team, &slug).await?;
    let rules = app.store.rule_book(&team).await?.escalations;
    if let Some(rule) = rules.iter().find(|rule| rule.channels.contains(&slug)) {
        return Err(ApiError::Conflict(format!(
            "the escalation rule {:?} names this channel: take it out there first",
            rule.name
        )));
    }
    app.store.delete_channel(&team, &channel.id).await?;
    app.act_anew();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"overlapSeconds": 3600}))]
pub struct RotationBody {
    /// How long the old secret signs beside the fresh one; a day by default.
    #[schema(minimum = 0, maximum = 2_592_000)]
    overlap_seconds: Option<i64>,
}

/// Give a webhook another secret
///
/// Until the overlap is over, deliveries are signed with both.
#[utoipa::path(
    post, path = "/channels/{slug}/actions/rotate-secret", tag = "channels", operation_id = "rotateChannelSecret", request_body = RotationBody,
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The channel with its secret", body = ChannelView), ToWriteOne),
    security(("key" = []))
)]
pub async fn rotate(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
    Body(body): Body<RotationBody>,
) -> ApiResult<Json<ChannelView>> {
    let overlap_s = body.overlap_seconds.unwrap_or(OVERLAP_S);
    if !(0..=OVERLAP_S_MAX).contains(&overlap_s) {
        return Err(ApiError::BadRequest(format!("overlapSeconds must be 0 to {OVERLAP_S_MAX}")));
    }
    let now_ms = app.clock.now_ms();
    let fresh = fresh_secret();
    let rotate = |held: Channel| {
        if held.secrets.is_empty() {
            return Err(ApiError::BadRequest("only a webhook has a secret".into()));
        }
        let before = held.secrets.first().filter(|_| overlap_s > 0).cloned();
        let before = before.map(|held| Secret { until_ms: Some(now_ms + overlap_s * 1000), ..held });
        Ok(Channel { secrets: [Some(fresh.clone()), before].into_iter().flatten().collect(), ..held })
    };
    let channel = changed(&app, &team, &slug, rotate).await?;
    Ok(Json(ChannelView { secret: Some(fresh.secret), ..channel.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_slack_url_only_the_host_is_shown() {
        assert_eq!(host_of("https://hooks.slack.example/services/T0/B0/secret"), "https://hooks.slack.example/…");
    }

    #[test]
    fn recipients_are_addresses() {
        assert!(check_recipients(&["anna@example.com".into()]).is_ok());
        let error = |to: &[&str]| {
            let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
            format!("{:?}", check_recipients(&to).unwrap_err())
        };
        assert!(error(&["anna@example.com", "not one"]).contains("to[1]"));
        assert!(error(&["a@b.c\r\nBcc: x@y.z"]).contains("to[0]"));
        assert!(error(&[]).contains("1 to 100"));
    }

    #[test]
    fn secrets_are_long_and_marked() {
        let (a, b) = (fresh_secret().secret, fresh_secret().secret);
        assert!(a.starts_with("whsec_") && a.len() == 6 + 32 && a != b);
    }
}
