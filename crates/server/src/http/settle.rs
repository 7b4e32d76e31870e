//! Reading what was just written: a client that tracks and then reads finds what it sent, without the store being asked
//! twice as long as it has it.

use crate::app::App;
use crate::http::error::ApiResult;
use std::time::Duration;

/// How long a list waits for what was appended before it: longer than an identity rests after a cycle.
const LIST_PATIENCE: Duration = Duration::from_millis(500);
/// How long a read waits for something that is not there yet.
const MISSING_PATIENCE: Duration = Duration::from_secs(3);

/// Waits, briefly, until what was appended before this request is in the tables.
pub async fn settled(app: &App) {
    if app.watermark.depth() > 0 {
        app.watermark.settled(LIST_PATIENCE).await;
    }
}

/// Reads one thing; if it is missing while events wait, waits for them and reads again.
pub async fn fresh<T, F>(app: &App, read: impl Fn() -> F) -> ApiResult<Option<T>>
where
    F: Future<Output = dregs_store::Result<Option<T>>>,
{
    let found = read().await?;
    if found.is_some() || app.watermark.depth() == 0 {
        return Ok(found);
    }
    app.watermark.settled(MISSING_PATIENCE).await;
    Ok(read().await?)
}
