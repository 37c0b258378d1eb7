//! Workers as the operator sees them.

use super::docs;
use super::paging::{Page, PageQuery};
use super::problem::{Named, Problem};
use super::reputation::Explanation;
use super::views::{WorkerDetails, WorkerRow};
use crate::app::App;
use crate::route::Route;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::id::WorkerId;
use docket_core::money::Amount;
use docket_core::worker::Worker;
use docket_engine::EngineError;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/v1/workers", list, docs::list_workers()),
        Route::get("/admin/v1/workers/{id}", show, docs::show_worker()),
        Route::post(
            "/admin/v1/workers/{id}/suspend",
            suspend,
            docs::bar_worker("Gives a worker nothing new."),
        ),
        Route::post("/admin/v1/workers/{id}/resume", resume, docs::bar_worker("Lets a worker work again.")),
    ]
}

pub(super) fn parse(id: &str) -> Result<WorkerId, Problem> {
    WorkerId::from_hex(id).ok_or_else(|| Problem::invalid("a worker's id is 64 hexadecimal digits"))
}

async fn row(app: &App, worker: &Worker) -> Result<WorkerRow, Problem> {
    let staked = app.engine.staked(worker.id).await.map_err(EngineError::from)?;
    let wallet = app.engine.wallet_of(&worker.id);
    let node = wallet.map(|wallet| app.engine.node(wallet)).transpose()?;
    let enrolment = node.as_ref().map(|node| &*node.enrolment);
    let live = app.engine.worker_view(&worker.id);
    Ok(WorkerRow::of(worker, Amount::new(staked, app.asset()), enrolment, live))
}

/// `GET /admin/v1/workers`: all that have ever connected, in the order of their keys.
async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<WorkerRow>>, Problem> {
    let Query(query) = query?;
    let limit = query.limit()?;
    let after = query.after().map(parse).transpose()?;
    let mut workers = app.engine.store().workers(after).await.map_err(EngineError::from)?;
    workers.truncate(limit as usize);
    let rows = futures::future::try_join_all(workers.iter().map(|worker| row(&app, worker))).await?;
    let next = || workers.last().map(|worker| worker.id.to_string());
    Ok(Json(Page::of(rows, limit, next)))
}

/// `GET /admin/v1/workers/{id}`, with each point of its reputations.
async fn show(State(app): State<Arc<App>>, Named(id): Named) -> Result<Json<WorkerDetails>, Problem> {
    let id = parse(&id)?;
    let worker = app.engine.store().worker(id).await.map_err(EngineError::from)?;
    let worker = worker.ok_or_else(|| Problem::no_such("worker"))?;
    let row = row(&app, &worker).await?;
    Ok(Json(WorkerDetails { row, explanation: Explanation::of(&worker) }))
}

/// `POST /admin/v1/workers/{id}/suspend`: it finishes what it has, and gets nothing new.
async fn suspend(app: State<Arc<App>>, id: Named) -> Result<Json<WorkerRow>, Problem> {
    bar(app, id, true).await
}

/// `POST /admin/v1/workers/{id}/resume`: it may work again.
async fn resume(app: State<Arc<App>>, id: Named) -> Result<Json<WorkerRow>, Problem> {
    bar(app, id, false).await
}

async fn bar(
    State(app): State<Arc<App>>,
    Named(id): Named,
    barred: bool,
) -> Result<Json<WorkerRow>, Problem> {
    let id = parse(&id)?;
    let worker = app.engine.suspend(id, barred).await?.ok_or_else(|| Problem::no_such("worker"))?;
    Ok(Json(row(&app, &worker).await?))
}
