//! Figures for the dashboard. They are counted as events are processed, so that nothing is counted when they are asked for.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::ApiResult;
use crate::http::extract::Params;
use crate::http::period::{DAY_MS, HOUR_MS, PeriodParams, widened};
use crate::http::refusals::{ToRead, ToReadAll};
use crate::http::unmapped::unmapped;
use axum::Json;
use axum::extract::State;
use dregs_engine::event::{format_time_ms, parse_time_ms};
use dregs_engine::intelligence;
use dregs_engine::rejection::Fate;
use dregs_engine::rules::Severity;
use dregs_engine::score::Category;
use dregs_store::{EVENT_TYPE, IDENTITY_FIELD, RuleFigures, SCORE_BUCKETS, TimeBucket, figure, hour_of};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// A period of at most so long is told by the hour, a longer one by the day.
const BY_THE_HOUR_MAX_MS: i64 = 3 * DAY_MS;
/// From so many on, what waits is worth saying: a burst of this size is processed within seconds.
const WAITING_TOLD: u64 = 1_000;
const DUE_TOLD: u64 = 10_000;
/// Badges whose counters are read: those of rules, and of analyzers.
const BADGES_READ_MAX: i64 = 1_000;

/// How often in the last 24 hours, counted by the hour, and in the 24 before.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayView {
    pub last_24_hours: i64,
    pub previous_24_hours: i64,
    pub change: i64,
}

impl DayView {
    fn of(last: i64, previous: i64) -> Self {
        DayView { last_24_hours: last, previous_24_hours: previous, change: last - previous }
    }
}

/// A team at a glance.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DashboardSummaryView {
    pub team: String,
    pub identities: u64,
    /// Identities that came into being.
    pub new_identities: DayView,
    /// Identities of which something was seen.
    pub active_identities: DayView,
    pub scored_identities: DayView,
    /// Events that were recorded.
    pub events: DayView,
    /// Open escalations by severity: INFO, WARNING, CRITICAL.
    pub open_escalations: BTreeMap<&'static str, i64>,
    /// Acknowledged ones, which are not closed yet.
    pub acknowledged_escalations: BTreeMap<&'static str, i64>,
    /// Names of events of the last 30 days that no mapping covers.
    pub unmapped_event_names: usize,
    pub unmapped_attribute_names: usize,
    pub data_pack: PackView,
    pub version: &'static str,
    pub processing: ProcessingView,
}

/// The lists that come with the program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PackView {
    pub version: String,
    pub date: String,
    pub age_days: i64,
}

/// Whether processing keeps up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessingView {
    pub lagging: bool,
    /// Why, if it is.
    pub reason: Option<String>,
    /// Events of all teams that are recorded and not processed yet.
    pub waiting: u64,
    /// Identities that are to be scored again, as far as this node knows.
    pub due: u64,
}

/// Read a team's key figures
#[utoipa::path(
    get, path = "/dashboard/summary", tag = "dashboard", operation_id = "getDashboardSummary",
    responses((status = 200, description = "The team as it is", body = DashboardSummaryView), ToReadAll),
    security(("key" = []))
)]
pub async fn summary(State(app): State<Arc<App>>, Reader(team): Reader) -> ApiResult<Json<DashboardSummaryView>> {
    let now_ms = app.clock.now_ms();
    let hour_ms = hour_of(now_ms);
    app.fates.flush(&app.store).await;
    let since = |days: i64| (hour_ms + HOUR_MS - days * DAY_MS, hour_ms + HOUR_MS - (days - 1) * DAY_MS);
    let mut events = [0; 2];
    let mut new = [0; 2];
    for (day, place) in [1, 2].into_iter().enumerate() {
        let (from_ms, to_ms) = since(place);
        let fates = app.store.fates(&team, from_ms, to_ms).await?;
        events[day] = fates.iter().filter(|counted| counted.fate == Fate::Applied.code()).map(|held| held.count).sum();
        new[day] = app.store.figure_sums(&team, &[figure::NEW], from_ms, to_ms).await?.values().sum();
    }
    let daily = [figure::ACTIVE_DAY, figure::SCORED_DAY];
    let last = app.store.figure_sums(&team, &daily, hour_ms, hour_ms + 1).await?;
    let previous = app.store.figure_sums(&team, &daily, hour_ms - DAY_MS, hour_ms - DAY_MS + 1).await?;
    let of = |name: &str| {
        let count = |sums: &BTreeMap<String, i64>| sums.get(name).copied().unwrap_or(0);
        DayView::of(count(&last), count(&previous))
    };
    let escalations = app.store.open_escalations(&team).await?;
    Ok(Json(DashboardSummaryView {
        team: app.store.team(&team).await?.map(|team| team.name).unwrap_or_default(),
        identities: app.store.team_counts(&team).await?.identities,
        new_identities: DayView::of(new[0], new[1]),
        active_identities: of(figure::ACTIVE_DAY),
        scored_identities: of(figure::SCORED_DAY),
        events: DayView::of(events[0], events[1]),
        open_escalations: by_severity(escalations.open),
        acknowledged_escalations: by_severity(escalations.acknowledged),
        unmapped_event_names: unmapped(&app.store, &team, EVENT_TYPE, now_ms).await?.len(),
        unmapped_attribute_names: unmapped(&app.store, &team, IDENTITY_FIELD, now_ms).await?.len(),
        data_pack: pack(now_ms),
        version: env!("CARGO_PKG_VERSION"),
        processing: processing(&app).await?,
    }))
}

fn by_severity(counts: [i64; 3]) -> BTreeMap<&'static str, i64> {
    Severity::ALL.into_iter().map(Severity::code).zip(counts).collect()
}

fn pack(now_ms: i64) -> PackView {
    let pack = intelligence::pack();
    let made_ms = parse_time_ms(&format!("{}T00:00:00Z", pack.date)).unwrap_or(now_ms);
    PackView { version: pack.version, date: pack.date, age_days: (now_ms - made_ms).max(0) / DAY_MS }
}

async fn processing(app: &App) -> ApiResult<ProcessingView> {
    // On a shared store another node may be the one that processes.
    let waiting = match app.store.is_shared() {
        true => app.store.log_depth().await?.max(app.watermark.depth()),
        false => app.watermark.depth(),
    };
    let due = app.watermark.due();
    let reason = match () {
        () if app.watermark.is_pressed() && waiting >= WAITING_TOLD => Some(format!(
            "events arrive faster than they can be written: {waiting} wait, accepting goes before scoring"
        )),
        () if waiting >= WAITING_TOLD => Some(format!("{waiting} events wait to be processed")),
        () if due >= DUE_TOLD => Some(format!("{due} identities wait to be scored again")),
        () => None,
    };
    Ok(ProcessingView { lagging: reason.is_some(), reason, waiting, due })
}

/// What happened in a period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatsView {
    /// The period, widened to whole hours or days of UTC.
    pub from: String,
    pub to: String,
    /// HOUR for up to three days, DAY for more.
    pub bucket: &'static str,
    pub buckets: Vec<BucketView>,
    /// Events of the whole period by fate.
    pub fates: BTreeMap<&'static str, i64>,
}

/// One hour or day.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BucketView {
    pub start: String,
    /// Events that were recorded.
    pub events: i64,
    pub duplicates: i64,
    /// Events set aside because they could not be processed.
    pub parked: i64,
    /// Events that were not taken, by the reason; without those that did not occur.
    pub rejected: BTreeMap<&'static str, i64>,
    pub new_identities: i64,
    /// Identities of which something was seen, each once.
    pub active_identities: i64,
    pub scored_identities: i64,
    pub escalations_opened: i64,
    pub escalations_closed: i64,
}

/// Read what happened over time
#[utoipa::path(
    get, path = "/dashboard/stats", tag = "dashboard", operation_id = "getDashboardStats", params(PeriodParams),
    responses((status = 200, description = "Buckets in the order of time", body = StatsView), ToRead),
    security(("key" = []))
)]
pub async fn stats(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<PeriodParams>,
) -> ApiResult<Json<StatsView>> {
    let period = params.within(app.clock.now_ms())?;
    let hourly = period.1 - period.0 <= BY_THE_HOUR_MAX_MS;
    let step_ms = if hourly { HOUR_MS } else { DAY_MS };
    let (from_ms, to_ms) = widened(period, step_ms);
    let mut series = Series::new(from_ms, to_ms, step_ms);
    app.fates.flush(&app.store).await;
    let mut fates: BTreeMap<&'static str, i64> = Fate::ALL.iter().map(|fate| (fate.code(), 0)).collect();
    for held in app.store.fate_buckets(&team, from_ms, to_ms, step_ms).await? {
        let Some(fate) = Fate::ALL.into_iter().find(|fate| fate.code() == held.fate) else { continue };
        *fates.entry(fate.code()).or_default() += held.count;
        series.at(held.start_ms, |bucket| bucket.add_events(fate, held.count));
    }
    // What is counted under a day's last hour is who was there within that day.
    let [active, scored] = match hourly {
        true => [figure::ACTIVE, figure::SCORED],
        false => [figure::ACTIVE_DAY, figure::SCORED_DAY],
    };
    for (name, place, n) in app.store.figures(&team, &[active, scored, figure::NEW], from_ms, to_ms).await? {
        if name == figure::NEW {
            series.at(place, |bucket| bucket.new_identities += n);
        } else if (place + HOUR_MS).rem_euclid(step_ms) == 0 {
            let is_active = name == active;
            series.at(place, |bucket| {
                *(if is_active { &mut bucket.active_identities } else { &mut bucket.scored_identities }) += n;
            });
        }
    }
    let (opened, closed) = app.store.escalation_buckets(&team, from_ms, to_ms, step_ms).await?;
    for TimeBucket { start_ms, count } in opened {
        series.at(start_ms, |bucket| bucket.escalations_opened += count);
    }
    for TimeBucket { start_ms, count } in closed {
        series.at(start_ms, |bucket| bucket.escalations_closed += count);
    }
    Ok(Json(StatsView {
        from: format_time_ms(from_ms),
        to: format_time_ms(to_ms),
        bucket: if hourly { "HOUR" } else { "DAY" },
        buckets: series.buckets,
        fates,
    }))
}

impl BucketView {
    fn add_events(&mut self, fate: Fate, count: i64) {
        match fate {
            Fate::Applied => self.events += count,
            Fate::Duplicate => self.duplicates += count,
            Fate::Parked => self.parked += count,
            _ => *self.rejected.entry(fate.code()).or_default() += count,
        }
    }
}

/// Buckets of one length without a gap.
struct Series {
    from_ms: i64,
    step_ms: i64,
    buckets: Vec<BucketView>,
}

impl Series {
    fn new(from_ms: i64, to_ms: i64, step_ms: i64) -> Self {
        let starts = (0..(to_ms - from_ms) / step_ms).map(|place| from_ms + place * step_ms);
        let bucket = |start_ms| BucketView { start: format_time_ms(start_ms), ..BucketView::default() };
        Series { from_ms, step_ms, buckets: starts.map(bucket).collect() }
    }

    fn at(&mut self, at_ms: i64, change: impl FnOnce(&mut BucketView)) {
        let place = usize::try_from((at_ms - self.from_ms) / self.step_ms).ok();
        if let Some(bucket) = place.and_then(|place| self.buckets.get_mut(place)) {
            change(bucket);
        }
    }
}

/// How the scores are distributed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DistributionView {
    /// The days on which identities were scored last, if that was asked for.
    pub from: Option<String>,
    pub to: Option<String>,
    pub categories: Vec<CategoryView>,
}

/// The scores of one category. Disregarded identities are not among them.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryView {
    /// HUMANITY, AUTHENTICITY, UNIQUENESS or BEHAVIOR.
    pub category: &'static str,
    /// Identities in 20 buckets of five points; 100 is in the last.
    #[schema(min_items = 20, max_items = 20)]
    pub buckets: Vec<i64>,
    pub bands: BandsView,
    /// Identities without a score in this category.
    pub unscored: i64,
}

/// Identities by band.
#[derive(Debug, Serialize, ToSchema)]
pub struct BandsView {
    /// 0 to 24.
    pub critical: i64,
    /// 25 to 49.
    pub poor: i64,
    /// 50 to 74.
    pub fair: i64,
    /// 75 to 100.
    pub good: i64,
}

/// Read how the scores are distributed
#[utoipa::path(
    get, path = "/dashboard/score-distribution", tag = "dashboard", operation_id = "getScoreDistribution", params(PeriodParams),
    responses((status = 200, description = "Of all identities, or of those last scored on the days of a period", body = DistributionView), ToRead),
    security(("key" = []))
)]
pub async fn score_distribution(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<PeriodParams>,
) -> ApiResult<Json<DistributionView>> {
    let days = match params.is_given() {
        true => Some(widened(params.within(app.clock.now_ms())?, DAY_MS)),
        false => None,
    };
    let counts = app.store.score_counts(&team, days).await?;
    let categories = Category::ALL.into_iter().zip(counts).map(|(category, counts)| view(category, &counts));
    Ok(Json(DistributionView {
        from: days.map(|(from_ms, _)| format_time_ms(from_ms)),
        to: days.map(|(_, to_ms)| format_time_ms(to_ms)),
        categories: categories.collect(),
    }))
}

fn view(category: Category, counts: &[i64; SCORE_BUCKETS]) -> CategoryView {
    let (buckets, unscored) = counts.split_at(SCORE_BUCKETS - 1);
    let band = |place: usize| buckets[place * 5..(place + 1) * 5].iter().sum();
    CategoryView {
        category: category.code(),
        buckets: buckets.to_vec(),
        bands: BandsView { critical: band(0), poor: band(1), fair: band(2), good: band(3) },
        unscored: unscored.iter().sum(),
    }
}

/// What rules did in a period.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityView {
    /// The period, widened to whole hours.
    pub from: String,
    pub to: String,
    pub badge_rules: Vec<BadgeActivityView>,
    pub escalation_rules: Vec<EscalationActivityView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BadgeActivityView {
    pub slug: String,
    pub name: String,
    pub enabled: bool,
    /// Identities that have the badge now.
    pub held: i64,
    /// How often it was given in the period.
    pub given: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalationActivityView {
    pub id: String,
    /// Null for a rule that was deleted.
    pub name: Option<String>,
    pub enabled: bool,
    pub opened: i64,
    pub closed: i64,
    /// Of those opened in the period, how many were acknowledged.
    pub acknowledged: i64,
    /// Half of those took at most so long from opening to acknowledging.
    pub median_seconds_to_acknowledge: Option<f64>,
    /// Opened while the rule worked silently.
    pub silently_opened: i64,
}

/// Read what rules did
#[utoipa::path(
    get, path = "/dashboard/rule-activity", tag = "dashboard", operation_id = "getRuleActivity", params(PeriodParams),
    responses((status = 200, description = "Badge rules and escalation rules", body = ActivityView), ToRead),
    security(("key" = []))
)]
pub async fn rule_activity(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<PeriodParams>,
) -> ApiResult<Json<ActivityView>> {
    let (from_ms, to_ms) = widened(params.within(app.clock.now_ms())?, HOUR_MS);
    let counted = async |name, from_ms, to_ms| -> ApiResult<BTreeMap<String, i64>> {
        let found = app.store.named_figures(&team, name, from_ms, to_ms, BADGES_READ_MAX).await?;
        Ok(found.into_iter().map(|held| (held.name, held.count)).collect())
    };
    let held = counted(figure::BADGE_HELD, 0, 1).await?;
    let given = counted(figure::BADGE_GIVEN, from_ms, to_ms).await?;
    let badges = app.store.badge_rules(&team).await?.into_iter().map(|stored| BadgeActivityView {
        held: held.get(&stored.rule.slug).copied().unwrap_or(0),
        given: given.get(&stored.rule.slug).copied().unwrap_or(0),
        slug: stored.rule.slug,
        name: stored.rule.name,
        enabled: stored.rule.enabled,
    });
    let mut figures = app.store.rule_figures(&team, from_ms, to_ms).await?;
    let rules = app.store.escalation_rules(&team).await?;
    let mut escalations: Vec<EscalationActivityView> = Vec::new();
    for rule in rules.into_iter().map(|stored| stored.rule) {
        let figures = figures.remove(&rule.id).unwrap_or_default();
        escalations.push(activity(rule.id, Some(rule.name), rule.enabled, &figures));
    }
    escalations.extend(figures.into_iter().map(|(id, figures)| activity(id, None, false, &figures)));
    Ok(Json(ActivityView {
        from: format_time_ms(from_ms),
        to: format_time_ms(to_ms),
        badge_rules: badges.collect(),
        escalation_rules: escalations,
    }))
}

fn activity(id: String, name: Option<String>, enabled: bool, figures: &RuleFigures) -> EscalationActivityView {
    EscalationActivityView {
        id,
        name,
        enabled,
        opened: figures.opened,
        closed: figures.closed,
        acknowledged: figures.acknowledged,
        median_seconds_to_acknowledge: figures.acknowledge_median_ms.map(|ms| ms as f64 / 1000.0),
        silently_opened: figures.silent,
    }
}
