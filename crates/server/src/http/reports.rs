//! Reports about the scores themselves.

use crate::app::App;
use crate::http::auth::Reader;
use crate::http::error::{ApiError, ApiResult};
use crate::http::extract::{Params, time};
use crate::http::refusals::ToRead;
use crate::http::shares::{ShareView, figure};
use axum::Json;
use axum::extract::State;
use dregs_engine::calibration::{Bin, Confusion, Counted, EDGES, LABELS_MIN, Report, SIDE_MIN};
use dregs_engine::event::format_time_ms;
use dregs_engine::labels::LOWERED_BY;
use dregs_engine::score::Category;
use dregs_store::TeamId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// What is looked at when no time is given: a year.
const SPAN_DEFAULT_MS: i64 = 365 * DAY_MS;
/// Labels that one report counts: a report takes about a second for them.
const LABELS_MAX: u64 = 200_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SpanParams {
    /// Labels given from this time on, ISO-8601; by default a year before `to`.
    from: Option<String>,
    /// And before this time; by default the end of the day, UTC.
    to: Option<String>,
}

/// How far the scores agree with what analysts found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalibrationView {
    pub from: String,
    pub to: String,
    /// How many labels of identities were counted.
    pub labels: u64,
    /// Whether there were more than are counted; the oldest are.
    pub truncated: bool,
    /// Labels of one score needed for a conclusion, and how many of them have to be of either side.
    pub labels_needed: u64,
    pub side_needed: u64,
    pub categories: Vec<CategoryCalibrationView>,
    /// The lowest score of each identity, against abuse of any kind.
    pub overall: CountedView,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCalibrationView {
    /// HUMANITY, AUTHENTICITY, UNIQUENESS or BEHAVIOR.
    pub category: &'static str,
    /// Kinds of labels that count as bad for it. LEGITIMATE counts as good; other kinds say nothing about it.
    pub bad_kinds: Vec<&'static str>,
    #[serde(flatten)]
    pub counted: CountedView,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CountedView {
    /// Whether there are enough labels of both sides to conclude anything.
    pub conclusive: bool,
    /// What is missing for a conclusion; null when nothing is.
    pub message: Option<String>,
    pub legitimate: u64,
    pub abuse: u64,
    /// Mean squared error of the score as a probability of being legitimate: 0 is perfect, 0.25 is what 50 for everyone gets.
    pub brier: Option<f64>,
    /// Chance that a legitimate identity scores higher than a bad one.
    #[schema(minimum = 0, maximum = 1)]
    pub auc: Option<f64>,
    /// The reliability curve: the share of legitimate ones by score.
    pub bins: Vec<BinView>,
    /// What taking everything below the edge of a band for bad gets right and wrong.
    pub edges: Vec<BandEdgeView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BinView {
    /// The lowest and the highest score in it.
    #[schema(minimum = 0, maximum = 100)]
    pub from: u8,
    #[schema(minimum = 0, maximum = 100)]
    pub to: u8,
    pub labelled: u64,
    pub legitimate: u64,
    /// Null when it is empty.
    pub share: Option<ShareView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BandEdgeView {
    #[schema(minimum = 0, maximum = 100)]
    pub edge: u8,
    pub abuse_below: u64,
    pub legitimate_below: u64,
    pub abuse_from: u64,
    pub legitimate_from: u64,
    /// Of those below, how many are abuse.
    pub precision: Option<ShareView>,
    /// Of the abuse, how much is below.
    pub recall: Option<ShareView>,
    /// Of the legitimate, how many are below.
    pub false_positives: Option<ShareView>,
}

impl From<Bin> for BinView {
    fn from(bin: Bin) -> Self {
        let Bin { from, to, labelled, legitimate, share } = bin;
        BinView { from, to, labelled, legitimate, share: share.map(ShareView::from) }
    }
}

impl From<Confusion> for BandEdgeView {
    fn from(found: Confusion) -> Self {
        BandEdgeView {
            edge: found.edge,
            abuse_below: found.abuse_below,
            legitimate_below: found.legitimate_below,
            abuse_from: found.abuse_from,
            legitimate_from: found.legitimate_from,
            precision: found.precision().map(ShareView::from),
            recall: found.recall().map(ShareView::from),
            false_positives: found.false_positives().map(ShareView::from),
        }
    }
}

impl From<&Counted> for CountedView {
    fn from(counted: &Counted) -> Self {
        let (legitimate, abuse) = (counted.legitimate(), counted.abuse());
        let missing = || {
            format!(
                "too few labels to conclude anything: {legitimate} legitimate and {abuse} of abuse, where {LABELS_MIN} are needed and {SIDE_MIN} of either"
            )
        };
        CountedView {
            conclusive: counted.is_conclusive(),
            message: (!counted.is_conclusive()).then(missing),
            legitimate,
            abuse,
            brier: counted.brier().map(figure),
            auc: counted.auc().map(figure),
            bins: counted.bins().map(BinView::from).into(),
            edges: EDGES.map(|edge| counted.confusion(edge).into()).into(),
        }
    }
}

/// See how far the scores agree with labels
///
/// Each label counts with the scores its identity had when it was given.
#[utoipa::path(
    get, path = "/reports/calibration", tag = "labels", operation_id = "getCalibration", params(SpanParams),
    responses((status = 200, description = "The report", body = CalibrationView), ToRead),
    security(("key" = []))
)]
pub async fn calibration(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<SpanParams>,
) -> ApiResult<Json<CalibrationView>> {
    let (from_ms, to_ms) = span(&params, app.clock.now_ms())?;
    let (report, labels, truncated) = counted(&app, &team, from_ms, to_ms).await?;
    let category = |category: Category| CategoryCalibrationView {
        category: category.code(),
        bad_kinds: LOWERED_BY.iter().filter(|(_, lowered)| *lowered == category).map(|(kind, _)| kind.code()).collect(),
        counted: (&report.categories[category as usize]).into(),
    };
    Ok(Json(CalibrationView {
        from: format_time_ms(from_ms),
        to: format_time_ms(to_ms),
        labels,
        truncated,
        labels_needed: LABELS_MIN,
        side_needed: SIDE_MIN,
        categories: Category::ALL.map(category).into(),
        overall: (&report.overall).into(),
    }))
}

fn span(params: &SpanParams, now_ms: i64) -> ApiResult<(i64, i64)> {
    let to_ms =
        params.to.as_deref().map(|to| time("to", to)).transpose()?.unwrap_or((now_ms.div_euclid(DAY_MS) + 1) * DAY_MS);
    let from_ms = params.from.as_deref().map(|from| time("from", from)).transpose()?.unwrap_or(to_ms - SPAN_DEFAULT_MS);
    match from_ms < to_ms {
        true => Ok((from_ms, to_ms)),
        false => Err(ApiError::BadRequest("from must be before to".into())),
    }
}

/// The report, how many labels it counts, and whether there were more.
async fn counted(app: &App, team: &TeamId, from_ms: i64, to_ms: i64) -> ApiResult<(Report, u64, bool)> {
    let (mut report, mut labels, mut last) = (Report::default(), 0, None);
    loop {
        let found = app.store.labelled_scores(team, from_ms, to_ms, last.as_ref()).await?;
        if found.is_empty() || labels >= LABELS_MAX {
            return Ok((report, labels, !found.is_empty()));
        }
        found.iter().for_each(|label| report.add(label.kind, label.scores));
        labels += found.len() as u64;
        last = found.into_iter().next_back();
    }
}
