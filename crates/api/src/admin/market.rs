//! The market as a whole: how it stands, its log, and its end.

use super::docs;
use super::paging::{Page, PageQuery, cursor};
use super::problem::Problem;
use super::views::at;
use crate::app::App;
use crate::route::Route;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::hash::Sha256;
use docket_engine::EngineError;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/v1/status", status, docs::status()),
        Route::post("/admin/v1/drain", drain, docs::drain()),
        Route::get("/admin/v1/log", log, docs::log()),
        Route::get("/admin/v1/log/entries", entries, docs::log_entries()),
    ]
}

#[derive(Serialize)]
struct Status {
    version: &'static str,
    now: String,
    network: String,
    asset: String,
    /// How often the coordinator was started on this store.
    epoch: u32,
    draining: bool,
    /// Why nothing is accepted any more, if so.
    stopped: Option<String>,
    workers: usize,
    open_jobs: usize,
    /// Jobs in workers' hands.
    running_jobs: usize,
    log_size: u64,
}

/// `GET /admin/v1/status`.
async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    let engine = &app.engine;
    let store = engine.store();
    Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        now: at(engine.clock().now()),
        network: engine.ledger().network().0.to_string(),
        asset: app.asset().name().to_owned(),
        epoch: store.start().epoch,
        draining: engine.is_draining(),
        stopped: store.stopped().map(str::to_owned),
        workers: engine.workers_online(),
        open_jobs: store.open_count(),
        running_jobs: engine.running(),
        log_size: store.log().0,
    })
}

/// `POST /admin/v1/drain`: no new jobs from now on; running ones finish. Only a restart undoes it.
async fn drain(app: State<Arc<App>>) -> Json<Status> {
    tracing::info!("the operator drains this coordinator");
    app.engine.stop_accepting();
    status(app).await
}

#[derive(Serialize)]
struct Log {
    origin: String,
    vkey: String,
    size: u64,
    /// The root over all entries, in hexadecimal.
    root: String,
    checkpoint: String,
}

/// `GET /admin/v1/log`: how long the log is, and who signs it.
async fn log(State(app): State<Arc<App>>) -> Json<Log> {
    let (size, root) = app.engine.store().log();
    let verifier = app.checkpoints.verifier();
    Json(Log {
        origin: verifier.name().to_owned(),
        vkey: verifier.to_string(),
        size,
        root: Sha256(root).to_string(),
        checkpoint: app.checkpoints.newest((size, root)).note.clone(),
    })
}

#[derive(Serialize)]
struct Entry {
    index: u64,
    entry: Box<RawValue>,
}

/// `GET /admin/v1/log/entries`: the newest first.
async fn entries(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<Entry>>, Problem> {
    let Query(query) = query?;
    let limit = query.limit()?;
    let (size, _) = app.engine.store().log();
    let end = query.before()?.map_or(size, i64::unsigned_abs).min(size);
    let first = end.saturating_sub(limit.into());
    let found = app.engine.store().log_entries(first, end - first).await.map_err(EngineError::from)?;
    let entry = |(index, bytes)| {
        let entry = RawValue::from_string(String::from_utf8(bytes).ok()?).ok()?;
        Some(Entry { index, entry })
    };
    let entries: Vec<_> = (first..).zip(found).filter_map(entry).collect();
    let next = (first > 0).then(|| cursor(i64::try_from(first).unwrap_or(i64::MAX)));
    Ok(Json(Page { data: entries.into_iter().rev().collect(), next }))
}
