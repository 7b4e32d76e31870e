//! Shares with their intervals, and scores by category, as several reports show them.

use dregs_engine::rules::backtest::Overlap;
use dregs_engine::score::Category;
use dregs_engine::statistics::Share;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A share, and where it lies with 95% confidence (Wilson's interval).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShareView {
    #[schema(minimum = 0, maximum = 1)]
    pub value: f64,
    #[schema(minimum = 0, maximum = 1)]
    pub low: f64,
    #[schema(minimum = 0, maximum = 1)]
    pub high: f64,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        ShareView { value: figure(share.value), low: figure(share.low), high: figure(share.high) }
    }
}

/// What analysts found some identities to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OverlapView {
    pub identities: u64,
    pub legitimate: u64,
    pub abuse: u64,
    pub unlabelled: u64,
    /// Of the labelled ones, how many are abuse; null when none is labelled.
    pub precision: Option<ShareView>,
}

impl From<Overlap> for OverlapView {
    fn from(found: Overlap) -> Self {
        OverlapView {
            identities: found.total(),
            legitimate: found.legitimate,
            abuse: found.abuse,
            unlabelled: found.unlabelled,
            precision: found.precision().map(ShareView::from),
        }
    }
}

/// A figure with four decimals.
pub fn figure(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Known scores by category in lower case.
pub fn by_category(scores: [Option<u8>; 4]) -> BTreeMap<String, u8> {
    let score = |category: Category| Some((category.code().to_lowercase(), scores[category as usize]?));
    Category::ALL.into_iter().filter_map(score).collect()
}
