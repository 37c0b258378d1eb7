//! The jobs of an API key, as the page shows them.

use super::auth::Caller;
use super::completions::{find, label};
use super::errors::{Code, Problem};
use super::fields::LONGEST_MODEL;
use super::status::{self, failure, is_broken};
use super::wire::{JobView, OnChain, Output, log_reference};
use crate::app::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use docket_core::command::{Canceller, Command};
use docket_core::event::Fault;
use docket_core::id::{Dialect, JobId, PublicId};
use docket_core::job::Job;
use docket_core::key::ApiKey;
use docket_engine::{Cursor, EngineError, KeyJobs, Stretch};
use docket_protocol::digest::Digest;
use docket_protocol::receipt::Bundle;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Jobs on a page where nobody says how many, and at most.
const PAGE: u32 = 20;
const LONGEST_PAGE: u32 = 100;

/// The job that a path names. What cannot be a name names no job.
pub(crate) struct JobName(pub(super) PublicId);

impl<S: Send + Sync> FromRequestParts<S> for JobName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = name.map_err(|_| Problem::job_not_found())?;
        Ok(Self(PublicId { dialect: Dialect::Credits, text: name.into() }))
    }
}

/// The job, if it was asked for under this key. Of another key's job nobody learns even that it is there.
pub(super) async fn of_caller(app: &App, key: &ApiKey, id: &PublicId) -> Result<Arc<Job>, Problem> {
    app.engine.caught_up().await; // Who has the answer finds the job settled.
    let job = find(app, id).await?;
    if job.key == Some(key.id) { Ok(job) } else { Err(Problem::job_not_found()) }
}

/// `GET /v1/jobs/{id}`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
) -> Result<Response, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    let mut response = view(&app, &job).await?.into_response();
    label(&app, &job, response.headers_mut()).await?;
    Ok(response)
}

/// `GET /v1/jobs/{id}/receipt`: the file that proves the job.
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
) -> Result<Json<Bundle>, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    let none =
        || Problem::new(Code::WrongState, "Nothing was delivered for this job, so there is no receipt.");
    crate::workers::bundle(&app, &job).await?.map(Json).ok_or_else(none)
}

/// `POST /v1/jobs/{id}/cancel`: withdraws a job that has no answer yet. What the client has of it is settled.
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    JobName(id): JobName,
) -> Result<Response, Problem> {
    let job = of_caller(&app, &key, &id).await?;
    app.engine.execute(job.id, &Command::Cancel { by: Canceller::Client }).await?;
    let job = find(&app, &id).await?;
    Ok(view(&app, &job).await?.into_response())
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    limit: Option<String>,
    before: Option<String>,
    after: Option<String>,
    status: Option<String>,
    model: Option<String>,
}

#[derive(Serialize)]
struct Page {
    object: &'static str,
    data: Vec<Value>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// `GET /v1/jobs`: the newest first; with `after` those that follow a job, the newest of them first too.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
    let limit = match &query.limit {
        None => PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LONGEST_PAGE).contains(limit))
            .ok_or_else(|| Problem::at("limit", "`limit` must be between 1 and 100."))?,
    };
    let stage = match query.status.as_deref() {
        None => None,
        Some(word) => Some(status::stage(word).ok_or_else(|| {
            Problem::at("status", format!("`status` must be one of {}.", status::all().join(", ")))
        })?),
    };
    if query.model.as_deref().is_some_and(|model| !may_be_model(model)) {
        return Err(Problem::at("model", "`model` must have 1 to 128 bytes, and no control characters."));
    }
    let cursor = cursor(&app, &key, &query).await?;
    let which = KeyJobs { key: key.id, model: query.model.as_deref(), stage };
    let mut jobs = fitting(&app, &which, cursor, limit + 1).await?;
    let has_more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let next_cursor = jobs.last().filter(|_| has_more).map(|job| job.public_id.text.to_string());
    if matches!(cursor, Cursor::After(_)) {
        jobs.reverse();
    }
    let mut data = Vec::with_capacity(jobs.len());
    for job in &jobs {
        data.push(object(&app, job).await?);
    }
    Ok(Json(Page { object: "list", data, has_more, next_cursor }).into_response())
}

fn may_be_model(name: &str) -> bool {
    (1..=LONGEST_MODEL).contains(&name.len()) && !name.contains(char::is_control)
}

async fn cursor(app: &App, key: &ApiKey, query: &ListQuery) -> Result<Cursor, Problem> {
    let place = async |param: &'static str, name: &str| -> Result<JobId, Problem> {
        let id = PublicId { dialect: Dialect::Credits, text: name.into() };
        let job = of_caller(app, key, &id).await;
        job.map(|job| job.id)
            .map_err(|_| Problem::at(param, format!("`{param}` names no job of this API key.")))
    };
    match (&query.before, &query.after) {
        (Some(_), Some(_)) => Err(Problem::at("after", "`before` and `after` exclude each other.")),
        (Some(before), None) => Ok(Cursor::Before(place("before", before).await?)),
        (None, Some(after)) => Ok(Cursor::After(place("after", after).await?)),
        (None, None) => Ok(Cursor::Newest),
    }
}

/// The first jobs that fit from the cursor on, in the order in which they were looked for. However few fit, each step
/// looks at a bounded number, and others have their turn after it.
async fn fitting(
    app: &App,
    which: &KeyJobs<'_>,
    mut cursor: Cursor,
    most: u32,
) -> Result<Vec<Arc<Job>>, Problem> {
    let mut found = Vec::new();
    loop {
        let missing = most - u32::try_from(found.len()).unwrap_or(most);
        let stretch = app.engine.store().jobs_of_key(which, cursor, missing).await;
        let Stretch { jobs, rest } = stretch.map_err(EngineError::from)?;
        found.extend(jobs);
        match rest {
            Some(rest) if found.len() < most as usize => cursor = rest,
            _ => return Ok(found),
        }
        tokio::task::yield_now().await;
    }
}

/// The job as the page shows it.
pub(super) async fn view(app: &App, job: &Job) -> Result<Json<Value>, Problem> {
    object(app, job).await.map(Json)
}

/// The job as the page shows it, as it is or as it was.
pub(super) async fn object(app: &App, job: &Job) -> Result<Value, Problem> {
    let model = job.ask.model.as_deref().unwrap_or_default();
    let tier = app.settings.prices.model(model).map_or("", |priced| priced.tier_name);
    let mut on_chain = places(app, job).await?;
    on_chain.proof_hash = proof(app, job).await?;
    let view = JobView::new(job, tier, on_chain);
    serde_json::to_value(view).map_err(|_| Problem::new(Code::Internal, "The job cannot be shown."))
}

/// Where the log has the job.
pub(super) async fn places(app: &App, job: &Job) -> Result<OnChain, Problem> {
    let places = app.engine.store().log_places(job.id).await.map_err(EngineError::from)?;
    let place = |events: &[&str]| {
        places.iter().find(|place| events.contains(&&*place.event)).map(|place| place.index)
    };
    // A job as it was before its end has nothing of what the end brought.
    let settled =
        job.ended_at.and_then(|_| place(&["settled", "failed", "refunded", "cancelled", "expired"]));
    Ok(OnChain {
        escrow_tx: place(&["funded"]).map(log_reference),
        settlement_tx: settled.map(log_reference),
        slot: settled,
        ..OnChain::default()
    })
}

/// SHA-256 of the answer's text, as it was relayed, if it has any.
async fn proof(app: &App, job: &Job) -> Result<Option<Digest>, Problem> {
    if job.delivery().is_none() || job.ask.is_of_vectors() {
        return Ok(None);
    }
    let answer = app.engine.answer(job.id).await.map_err(EngineError::from)?;
    let output = answer.and_then(|answer| Output::parse(&answer.output));
    Ok(output.map(|output| Digest::of(output.text.as_bytes())))
}

/// Why there is no answer, or only a part of one.
pub(super) fn reason(job: &Job) -> Problem {
    if !job.state.is_answered() {
        let words = "The coordinator's store has failed. What has become of the job is known when it was started again.";
        return Problem::new(Code::Internal, words);
    }
    if is_broken(job) {
        let words = "The answer broke off. What arrived is charged, and the rest of the hold was returned.";
        return Problem::new(Code::BrokenOff, words);
    }
    let (code, words) = match failure(&job.state) {
        Some(Fault::NoWorker) if job.attempts > 0 => {
            (Code::WorkerFailed, "A worker has failed, and no other was there in time. Nothing was charged.")
        }
        Some(Fault::NoWorker | Fault::NoTrustedWorker) => {
            (Code::NoWorker, "No worker took the job in time. Nothing was charged.")
        }
        Some(Fault::TimedOut) => (Code::TimedOut, "There was no answer in time. Nothing was charged."),
        Some(Fault::ByClient | Fault::ByOperator) => {
            (Code::Cancelled, "The job was withdrawn. Nothing was charged.")
        }
        Some(_) => (Code::WorkerFailed, "The workers that tried have failed. Nothing was charged."),
        None => (Code::Internal, "The answer cannot be read."),
    };
    Problem::new(code, words)
}
