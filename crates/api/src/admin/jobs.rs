//! Jobs as the operator sees them.

use super::paging::{Page, PageQuery, job_cursor};
use super::problem::{Named, Problem};
use super::views::{JobView, Money, at};
use super::{docs, events};
use crate::app::App;
use crate::limits::read_body;
use crate::route::Route;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::job::Job;
use docket_core::money::BasisPoints;
use docket_core::policy::Ruling;
use docket_core::routing::Unfit;
use docket_engine::EngineError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// How many workers an explanation names; the others are counted by reason.
const EXPLAINED: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/v1/jobs", list, docs::list_jobs()),
        Route::get("/admin/v1/jobs/{id}", show, docs::show_job()),
        Route::post("/admin/v1/jobs/{id}/cancel", cancel, docs::cancel_job()),
        Route::post("/admin/v1/jobs/{id}/ruling", rule, docs::rule_job()),
        Route::get("/admin/v1/jobs/{id}/why", why, docs::why()),
        Route::get("/admin/v1/jobs/{id}/events", events::follow, docs::follow_job()),
    ]
}

/// The job with a public id.
pub(super) async fn find(app: &App, name: &str) -> Result<Arc<Job>, Problem> {
    app.engine.named(name).await?.ok_or_else(|| Problem::no_such("job"))
}

/// `GET /admin/v1/jobs`: the newest first.
async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<Page<JobView>>, Problem> {
    let Query(query) = query?;
    let limit = query.limit()?;
    let jobs = app.engine.jobs(query.before_job()?, limit).await?;
    let next = || jobs.last().map(|job| job_cursor(job.id));
    Ok(Json(Page::of(jobs.iter().map(|job| JobView::from(&**job)).collect(), limit, next)))
}

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    job: JobView,
    /// Why it failed, in words.
    failure: Option<String>,
    journal: Vec<Entry>,
    /// All money that ever moved for it.
    transfers: Vec<Moved>,
    /// Why this worker was chosen, as it was kept with the decision.
    decision: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Entry {
    version: u64,
    at: String,
    event: String,
    detail: String,
    log_index: Option<u64>,
}

/// A transfer, and the event that made it.
#[derive(Serialize)]
struct Moved {
    at: String,
    event: String,
    from: String,
    to: String,
    amount: Money,
    log_index: Option<u64>,
}

/// `GET /admin/v1/jobs/{id}`: all that is known of a job but its payload and its output.
async fn show(State(app): State<Arc<App>>, Named(id): Named) -> Result<Json<Details>, Problem> {
    let job = find(&app, &id).await?;
    let store = app.engine.store();
    let journal = store.journal(job.id).await.map_err(EngineError::from)?;
    let transfers = store.job_transfers(job.id).await.map_err(EngineError::from)?;
    let entries = journal.into_iter().map(|row| Entry {
        version: row.version.0,
        at: at(row.at),
        event: row.event,
        detail: row.detail,
        log_index: row.leaf_index,
    });
    let moved = transfers.into_iter().map(|row| Moved {
        at: at(row.at),
        event: row.event,
        from: row.from.to_string(),
        to: row.to.to_string(),
        amount: row.amount.into(),
        log_index: row.log_index,
    });
    Ok(Json(Details {
        failure: events::failure(&job),
        journal: entries.collect(),
        transfers: moved.collect(),
        decision: decision(&app, &job).await?,
        job: JobView::from(&*job),
    }))
}

async fn decision(app: &App, job: &Job) -> Result<Option<Box<RawValue>>, Problem> {
    let kept = app.engine.decision(job).await?;
    Ok(kept.and_then(|text| RawValue::from_string(text.to_string()).ok()))
}

/// `POST /admin/v1/jobs/{id}/cancel`: withdraws a job; its money goes back.
async fn cancel(State(app): State<Arc<App>>, Named(id): Named) -> Result<Json<JobView>, Problem> {
    let job = find(&app, &id).await?;
    let executed = app.engine.cancel(job.id).await?;
    Ok(Json(JobView::from(&*executed.job)))
}

/// How a dispute is to end.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    ruling: Word,
    /// Of a divided sum; else absent.
    client_share_bp: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    ForWorker,
    ForClient,
    Divided,
}

impl Wanted {
    fn ruling(&self) -> Result<Ruling, Problem> {
        match (&self.ruling, self.client_share_bp) {
            (Word::ForWorker, None) => Ok(Ruling::ForWorker),
            (Word::ForClient, None) => Ok(Ruling::ForClient),
            (Word::Divided, Some(share)) if share <= 10_000 => {
                Ok(Ruling::Divided { client: BasisPoints(share) })
            }
            (Word::Divided, _) => Err(Problem::invalid("client_share_bp must be between 0 and 10000")),
            _ => Err(Problem::invalid("client_share_bp goes with a divided sum only")),
        }
    }
}

/// `POST /admin/v1/jobs/{id}/ruling`: ends a dispute.
async fn rule(State(app): State<Arc<App>>, Named(id): Named, body: Body) -> Result<Json<JobView>, Problem> {
    let job = find(&app, &id).await?;
    let body = read_body(body, app.settings.limits.body).await?;
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("the body is not as it should be: {error}")))?;
    let executed = app.engine.rule(job.id, wanted.ruling()?).await?;
    Ok(Json(JobView::from(&*executed.job)))
}

#[derive(Serialize)]
struct Why {
    job: JobView,
    /// Why the present or the last worker was chosen.
    decision: Option<Box<RawValue>>,
    /// What each connected worker would be worth for the job now, or why it may not have it.
    now: Vec<Judged>,
    /// How many connected workers are unfit now, by reason.
    unfit: Vec<Count>,
    /// How many connected workers there are.
    connected: usize,
}

#[derive(Serialize)]
struct Judged {
    worker: String,
    score: Option<String>,
    unfit: Option<&'static str>,
}

#[derive(Serialize)]
struct Count {
    reason: &'static str,
    workers: usize,
}

/// `GET /admin/v1/jobs/{id}/why`: why the job has the worker that it has, or has none.
async fn why(State(app): State<Arc<App>>, Named(id): Named) -> Result<Json<Why>, Problem> {
    let job = find(&app, &id).await?;
    let verdicts = app.engine.explain(&job).await?;
    let workers = |reason: Unfit| verdicts.iter().filter(|verdict| verdict.outcome == Err(reason)).count();
    let counts = Unfit::ALL.map(|reason| Count { reason: reason.code(), workers: workers(reason) });
    let judged = verdicts.iter().take(EXPLAINED).map(|verdict| Judged {
        worker: verdict.worker.to_string(),
        score: verdict.outcome.ok().map(|score| score.to_string()),
        unfit: verdict.outcome.err().map(Unfit::code),
    });
    Ok(Json(Why {
        now: judged.collect(),
        unfit: counts.into_iter().filter(|count| count.workers > 0).collect(),
        connected: verdicts.len(),
        decision: decision(&app, &job).await?,
        job: JobView::from(&*job),
    }))
}
