//! Datasets: lookup tables that analyzers read, with what a team knows better.

use crate::app::App;
use crate::http::auth::{Decider, Reader, Writer};
use crate::http::error::{ApiError, ApiResult, ErrorBody};
use crate::http::extract::{Body, PageBody, PageParams, Params, Segments, choice};
use crate::http::refusals::{ToRead, ToReadOne, ToWriteOne};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dregs_engine::datasets::{Bundled, Dataset, bundled, bundled_count};
use dregs_engine::event::format_time_ms;
use dregs_store::{DATASET_ENTRY_SORTS, DatasetEntry, EntryWrite, Order, Page};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

const GLOBAL: &str = "GLOBAL";
const CUSTOMER: &str = "CUSTOMER";
const NOTE_CHARS_MAX: usize = 500;
/// Entries imported at once: what fits into a body, with notes of a usual length.
const IMPORTED_MAX: usize = 5_000;
/// Faulty lines that an answer names; more are counted.
const ERRORS_SHOWN_MAX: usize = 20;

/// A lookup table, and how much is in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatasetView {
    pub slug: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    /// What a key is.
    pub key: &'static str,
    /// What an entry may say; the first is taken when it says nothing.
    pub values: &'static [&'static str],
    /// Analyzers whose findings it changes, and `linkage`.
    pub read_by: &'static [&'static str],
    /// Entries that come with the program.
    pub global_entries: usize,
    /// Entries of your own.
    pub customer_entries: u64,
    /// The most entries of your own.
    pub customer_entries_max: usize,
}

impl DatasetView {
    fn of(dataset: Dataset, customer_entries: u64) -> Self {
        let about = dataset.about();
        DatasetView {
            slug: about.slug,
            title: about.title,
            description: about.description,
            key: about.key,
            values: about.values,
            read_by: about.read_by,
            global_entries: bundled_count(dataset),
            customer_entries,
            customer_entries_max: dataset.entries_max(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DatasetParams {
    /// GLOBAL: those that the program brings entries for. CUSTOMER: those with entries of your own.
    scope: Option<String>,
}

/// List datasets
#[utoipa::path(
    get, path = "/datasets", tag = "datasets", operation_id = "listDatasets", params(DatasetParams),
    responses((status = 200, description = "All of them", body = Vec<DatasetView>), ToRead),
    security(("key" = []))
)]
pub async fn list(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Params(params): Params<DatasetParams>,
) -> ApiResult<Json<Vec<DatasetView>>> {
    let scope = scope(params.scope.as_deref())?;
    let counts = app.store.dataset_counts(&team).await?;
    let views = Dataset::ALL.map(|dataset| DatasetView::of(dataset, counts.get(dataset.slug()).copied().unwrap_or(0)));
    let wanted = |view: &DatasetView| match scope {
        Some(GLOBAL) => view.global_entries > 0,
        Some(_) => view.customer_entries > 0,
        None => true,
    };
    Ok(Json(views.into_iter().filter(wanted).collect()))
}

fn scope(given: Option<&str>) -> ApiResult<Option<&'static str>> {
    let given = given.filter(|scope| !scope.is_empty());
    given.map(|scope| choice("scope", scope, &[GLOBAL, CUSTOMER], |code| code)).transpose()
}

fn dataset(slug: &str) -> ApiResult<Dataset> {
    Dataset::from_slug(slug).ok_or_else(|| ApiError::not_found("dataset", slug))
}

/// Read a dataset
#[utoipa::path(
    get, path = "/datasets/{slug}", tag = "datasets", operation_id = "getDataset",
    params(("slug" = String, Path, description = "From the list")),
    responses((status = 200, description = "The dataset", body = DatasetView), ToReadOne),
    security(("key" = []))
)]
pub async fn get(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(slug): Segments<String>,
) -> ApiResult<Json<DatasetView>> {
    let dataset = dataset(&slug)?;
    let counts = app.store.dataset_counts(&team).await?;
    Ok(Json(DatasetView::of(dataset, counts.get(dataset.slug()).copied().unwrap_or(0))))
}

/// An entry of a dataset.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntryView {
    /// GLOBAL, or CUSTOMER, which overrides.
    pub scope: &'static str,
    pub key: String,
    pub value: String,
    pub note: Option<String>,
    /// Who wrote it; null for those that come with the program, as are the times.
    pub updated_by: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
}

impl From<DatasetEntry> for EntryView {
    fn from(entry: DatasetEntry) -> Self {
        EntryView {
            scope: CUSTOMER,
            key: entry.key,
            value: entry.value,
            note: entry.note,
            updated_by: Some(entry.updated_by),
            created_at: Some(format_time_ms(entry.created_ms)),
            updated_at: Some(format_time_ms(entry.updated_ms)),
        }
    }
}

impl From<Bundled> for EntryView {
    fn from(entry: Bundled) -> Self {
        let Bundled { key, value, note } = entry;
        EntryView {
            scope: GLOBAL,
            key,
            value: value.to_owned(),
            note,
            updated_by: None,
            created_at: None,
            updated_at: None,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct EntryParams {
    /// GLOBAL or CUSTOMER; both when absent, your own first.
    scope: Option<String>,
    /// Your own entries: anywhere in key or note. Others: how the key begins; of networks an address, or part of a name.
    term: Option<String>,
    /// Page, from 0.
    #[param(minimum = 0)]
    page_number: Option<u32>,
    /// Items a page; larger than 100 counts as 100.
    #[param(minimum = 1)]
    page_size: Option<u32>,
}

/// List the entries of a dataset
#[utoipa::path(
    get, path = "/datasets/{slug}/entries", tag = "datasets", operation_id = "listDatasetEntries",
    params(("slug" = String, Path, description = "From the list"), EntryParams),
    responses((status = 200, description = "A page, in the order of the keys", body = PageBody<EntryView>), ToReadOne),
    security(("key" = []))
)]
pub async fn entries(
    State(app): State<Arc<App>>,
    Reader(team): Reader,
    Segments(slug): Segments<String>,
    Params(params): Params<EntryParams>,
) -> ApiResult<Json<PageBody<EntryView>>> {
    let dataset = dataset(&slug)?;
    let scope = scope(params.scope.as_deref())?;
    let page = PageParams { page_number: params.page_number, page_size: params.page_size, ..PageParams::default() };
    let mut query = page.query(DATASET_ENTRY_SORTS)?;
    query.order = Order::Asc;
    let term = params.term.as_deref().unwrap_or_default().trim();
    let mut found = Page { items: Vec::new(), total: 0 };
    if scope != Some(GLOBAL) {
        let own = app.store.dataset_entries(&team, dataset, term, &query).await?;
        found = Page { items: own.items.into_iter().map(EntryView::from).collect(), total: own.total };
    }
    if scope != Some(CUSTOMER) {
        // The program's own entries begin where the team's end.
        let first = u64::from(query.page_number) * u64::from(query.page_size);
        let offset = usize::try_from(first.saturating_sub(found.total)).unwrap_or(usize::MAX);
        let (items, total) = bundled(dataset, term, offset, query.page_size as usize - found.items.len());
        found.items.extend(items.into_iter().map(EntryView::from));
        found.total += total as u64;
    }
    Ok(Json(PageBody::new(found, &query, |view| view)))
}

/// An entry of your own.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"key": "example.com", "note": "our own"}))]
pub struct EntryBody {
    /// What a key is, the dataset says.
    #[schema(min_length = 1, max_length = 128)]
    key: String,
    /// One of the dataset's values; its first when absent.
    value: Option<String>,
    #[schema(max_length = 500)]
    note: Option<String>,
}

impl EntryBody {
    /// The entry as it is kept, or what is wrong with which field.
    fn checked(self, dataset: Dataset) -> Result<EntryWrite, String> {
        let key = dataset.key(&self.key).map_err(|why| format!("key {why}"))?;
        let value = dataset.value(self.value.as_deref()).map_err(|why| format!("value {why}"))?.to_owned();
        let note = self.note.unwrap_or_default().replace('\0', "");
        if note.chars().count() > NOTE_CHARS_MAX {
            return Err(format!("note is longer than {NOTE_CHARS_MAX} characters"));
        }
        Ok(EntryWrite { key, value, note: Some(note).filter(|note| !note.trim().is_empty()) })
    }
}

/// Add or change an entry of your own
#[utoipa::path(
    put, path = "/datasets/{slug}/entries", tag = "datasets", operation_id = "putDatasetEntry", request_body = EntryBody,
    params(("slug" = String, Path, description = "From the list")),
    responses(
        (status = 200, description = "There was one with this key", body = EntryView),
        (status = 201, description = "Added", body = EntryView),
        (status = 409, description = "The team has as many as it may have", body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn put(
    State(app): State<Arc<App>>,
    Decider { team, name, .. }: Decider,
    Segments(slug): Segments<String>,
    Body(body): Body<EntryBody>,
) -> ApiResult<(StatusCode, Json<EntryView>)> {
    let dataset = dataset(&slug)?;
    let entry = body.checked(dataset).map_err(ApiError::BadRequest)?;
    let written = std::slice::from_ref(&entry);
    let done = app.store.put_dataset_entries(&team, dataset, written, &name, app.clock.now_ms()).await?;
    app.act_anew();
    let held = app.store.dataset_entry(&team, dataset, &entry.key).await?;
    let held = held.ok_or_else(|| ApiError::not_found("entry", &entry.key))?;
    let status = if done.created > 0 { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(EntryView::from(held))))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryKey {
    /// The entry's key, in any spelling.
    key: String,
}

/// Delete an entry of your own
#[utoipa::path(
    delete, path = "/datasets/{slug}/entries", tag = "datasets", operation_id = "deleteDatasetEntry",
    params(("slug" = String, Path, description = "From the list"), EntryKey),
    responses((status = 204, description = "What comes with the program holds again"), ToReadOne),
    security(("key" = []))
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    Writer(team): Writer,
    Segments(slug): Segments<String>,
    Params(EntryKey { key }): Params<EntryKey>,
) -> ApiResult<StatusCode> {
    let dataset = dataset(&slug)?;
    let kept = dataset.key(&key).map_err(|why| ApiError::BadRequest(format!("key {why}")))?;
    match app.store.delete_dataset_entry(&team, dataset, &kept, app.clock.now_ms()).await? {
        true => {
            app.act_anew();
            Ok(StatusCode::NO_CONTENT)
        }
        false => Err(ApiError::not_found("entry", &key)),
    }
}

/// Entries to import.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"entries": [{"key": "example.com"}]}))]
pub struct ImportBody {
    #[schema(min_items = 1, max_items = 5000)]
    entries: Vec<EntryBody>,
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportView {
    /// Entries that were added.
    pub created: u64,
    /// Entries that were there and were changed.
    pub updated: u64,
}

/// Import entries of your own, all or none
#[utoipa::path(
    post, path = "/datasets/{slug}/entries/actions/import", tag = "datasets", operation_id = "importDatasetEntries",
    request_body = ImportBody, params(("slug" = String, Path, description = "From the list")),
    responses(
        (status = 200, description = "All are written", body = ImportView),
        (status = 409, description = "The team would have too many; none is written", body = ErrorBody), ToWriteOne),
    security(("key" = []))
)]
pub async fn import(
    State(app): State<Arc<App>>,
    Decider { team, name, .. }: Decider,
    Segments(slug): Segments<String>,
    Body(body): Body<ImportBody>,
) -> ApiResult<Json<ImportView>> {
    let dataset = dataset(&slug)?;
    let entries = all_checked(dataset, body.entries).map_err(ApiError::BadRequest)?;
    let done = app.store.put_dataset_entries(&team, dataset, &entries, &name, app.clock.now_ms()).await?;
    app.act_anew();
    Ok(Json(ImportView { created: done.created, updated: done.updated }))
}

/// All entries as they are kept, or what is wrong with each line.
fn all_checked(dataset: Dataset, lines: Vec<EntryBody>) -> Result<Vec<EntryWrite>, String> {
    if lines.is_empty() || lines.len() > IMPORTED_MAX {
        return Err(format!("entries must be 1 to {IMPORTED_MAX}"));
    }
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (place, line) in lines.into_iter().enumerate() {
        match line.checked(dataset) {
            Err(why) => errors.push(format!("entries[{place}].{why}")),
            Ok(entry) => {
                if let Some(other) = places.insert(entry.key.clone(), place) {
                    errors.push(format!("entries[{place}].key is the same as that of entries[{other}]"));
                }
                entries.push(entry);
            }
        }
    }
    let beyond = errors.len().saturating_sub(ERRORS_SHOWN_MAX);
    errors.truncate(ERRORS_SHOWN_MAX);
    if beyond > 0 {
        errors.push(format!("and {beyond} more"));
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors.join("; ")) }
}
