//! The routes of the page: quote, commit, poll.

use super::errors::Problem;
use super::{docs, offer, status, trust, wire};
use crate::app::App;
use crate::headers::{idempotency_key, may_be_json};
use crate::limits::read_body;
use crate::route::Route;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_core::event::Fault;
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, PublicId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::policy::Source;
use docket_core::refusal::Refusal;
use docket_engine::{Engine, Naming, NewJob};
use docket_protocol::instant;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/v1/health", health, docs::health()),
        Route::get("/v1/quote", quote, docs::quote()),
        Route::post("/v1/jobs/commit/fast", commit_fast, docs::commit("FAST")),
        Route::post("/v1/jobs/commit/cheap", commit_cheap, docs::commit("CHEAP")),
    ];
    routes.extend(trust::routes());
    routes
}

/// `GET /v1/health`.
async fn health(State(app): State<Arc<App>>) -> Json<wire::Health> {
    Json(wire::Health {
        status: "ok",
        workers_online: app.engine.workers_online(),
        network: network(&app.engine),
        timestamp: instant::format(app.engine.clock().now().0),
    })
}

#[derive(Deserialize)]
struct QuoteQuery {
    job_type: Option<String>,
    policy: Option<String>,
}

/// `GET /v1/quote`: the price of a kind of work and where to commit it. A quote never expires.
async fn quote(
    State(app): State<Arc<App>>,
    query: Result<Query<QuoteQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<wire::Quote>, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let skill = query.job_type.as_deref().and_then(wire::parse_job_type);
    let skill = skill.ok_or_else(|| Problem::bad_request("Invalid job_type. Use LLM_INFER or TASK"))?;
    let speed = match query.policy.as_deref().unwrap_or("AUTO") {
        "AUTO" => offer::natural_speed(skill),
        "FAST" => Speed::Fast,
        "CHEAP" => Speed::Cheap,
        _ => return Err(Problem::bad_request("Invalid policy. Use FAST, CHEAP or AUTO")),
    };
    let quote = offer::quote(skill, speed, app.asset());
    let quote = quote.ok_or_else(|| Problem::bad_request("Invalid job_type. Use LLM_INFER or TASK"))?;
    Ok(Json(wire::Quote {
        price: offer::price_text(quote.price),
        endpoint: match quote.speed {
            Speed::Fast => "/v1/jobs/commit/fast",
            Speed::Cheap => "/v1/jobs/commit/cheap",
        },
        policy_resolved: wire::speed_name(quote.speed),
        network: network(&app.engine),
        expires_at: None,
    }))
}

async fn commit_fast(app: State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    commit(app, headers, body, Speed::Fast).await
}

async fn commit_cheap(app: State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    commit(app, headers, body, Speed::Cheap).await
}

/// `POST /v1/jobs/commit/{fast,cheap}`: the price is held and the job is durable when this answers 201.
async fn commit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
    speed: Speed,
) -> Result<Response, Problem> {
    if !may_be_json(&headers) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json",
        ));
    }
    let body = read_body(body, app.settings.limits.body).await?;
    let new = new_job(&app, &headers, &body, speed)?;
    let submitted = app.engine.submit(new).await?;
    let job_id = &*submitted.id.text;
    if submitted.given_up {
        let refused = wire::NoTrustedWorker { error: Fault::NoTrustedWorker.code(), job_id };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(refused)).into_response());
    }
    Ok((StatusCode::CREATED, Json(wire::Committed { job_id })).into_response())
}

/// An inference wants a text, so nobody who only makes vectors is asked.
fn needs(skill: Skill) -> Features {
    match skill {
        Skill::Infer => Features::NONE.with(Feature::Chat),
        Skill::Task => Features::NONE,
    }
}

fn new_job(app: &App, headers: &HeaderMap, body: &Bytes, speed: Speed) -> Result<NewJob, Problem> {
    let commit = wire::parse_commit(body)?;
    if *app.engine.ledger().source() == Source::Client {
        // A user's name proves nothing, so it can spend nothing.
        return Err(Refusal::PaymentRequired.into());
    }
    let quote = offer::quote(commit.skill, speed, app.asset());
    let quote = quote.ok_or_else(|| Problem::bad_request("Invalid job_type"))?;
    let key = idempotency_key(headers);
    let key =
        key.map_err(|_| Problem::bad_request("Invalid Idempotency-Key: 1 to 255 visible characters"))?;
    let key = key.map(|key| {
        let scope = Sha256::of(commit.user_id.as_bytes());
        let request = [wire::speed_name(speed).as_bytes(), body].concat();
        (format!("quotes:{scope}:{key}").into(), Sha256::of(&request))
    });
    Ok(NewJob {
        dialect: Dialect::Quotes,
        naming: Naming::Uuid,
        client: ClientId(format!("quotes:{}", commit.user_id).into()),
        ask: Arc::new(Ask {
            skill: commit.skill,
            model: None,
            speed,
            private: commit.private,
            needs: needs(commit.skill),
        }),
        price: quote.price,
        policy: offer::terms(commit.skill, app.engine.ledger().source()),
        payload: commit.payload.get().as_bytes().into(),
        echo: None,
        key,
        key_id: None,
        request: None,
        preferred: None,
        now_or_never: commit.private.then_some(Fault::NoTrustedWorker),
    })
}

/// The job that a path names. What cannot be a name names no job.
pub(crate) struct JobName(pub(super) PublicId);

impl<S: Send + Sync> FromRequestParts<S> for JobName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = name.map_err(|_| Problem::job_not_found())?;
        Ok(Self(PublicId { dialect: Dialect::Quotes, text: name.to_ascii_lowercase().into() }))
    }
}

#[derive(Deserialize)]
pub(crate) struct ShowQuery {
    wait: Option<String>,
}

/// `GET /v1/jobs/{id}`: the job as it stands; with `?wait=30` at most so many seconds later, or as soon
/// as it is final. Whoever knows the id may read it: nobody can guess one.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    JobName(id): JobName,
    query: Result<Query<ShowQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let wait = parse_wait(query.wait.as_deref(), app.settings.limits.longest_wait)?;
    let job = find(&app.engine, &id).await?;
    let job = if job.state.is_answered() || wait.is_zero() {
        job
    } else {
        let answered = app.engine.answered(job.id);
        if !find(&app.engine, &id).await?.state.is_answered() {
            tokio::time::timeout(wait, answered).await.ok(); // Late or not, the job is shown as it is.
        }
        find(&app.engine, &id).await?
    };
    render(&app.engine, &job).await
}

fn parse_wait(text: Option<&str>, longest: Duration) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(Duration::ZERO) };
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs).filter(|wait| *wait <= longest);
    seconds.ok_or_else(|| {
        Problem::bad_request(format!("Invalid wait: whole seconds, at most {}", longest.as_secs()))
    })
}

pub(super) async fn find(engine: &Engine, id: &PublicId) -> Result<Arc<Job>, Problem> {
    let job = engine.find(id).await.map_err(docket_engine::EngineError::from)?;
    job.ok_or_else(Problem::job_not_found)
}

async fn render(engine: &Engine, job: &Job) -> Result<Response, Problem> {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((kind, body(engine, job).await?).into_response())
}

/// The job as the page shows it, as JSON.
pub(super) async fn body(engine: &Engine, job: &Job) -> Result<Vec<u8>, Problem> {
    let answer = match job.delivery() {
        Some(_) => engine.answer(job.id).await.map_err(docket_engine::EngineError::from)?,
        None => None,
    };
    let failure = status::failure(&job.state).map(|reason| format!("{{\"error\":\"{}\"}}", reason.code()));
    let output = answer.as_ref().and_then(|answer| std::str::from_utf8(&answer.output).ok());
    let result: Option<&RawValue> =
        output.or(failure.as_deref()).and_then(|text| serde_json::from_str(text).ok());
    let short = answer.as_ref().and_then(|answer| crate::workers::Receipts::parse_short(&answer.receipt));
    let receipt = short
        .map(|signed| wire::Receipt { receipt: signed.receipt, signature: signed.signature.to_string() });
    let completed_at = receipt.is_some().then_some(job.ended_at).flatten();
    let body = wire::Job {
        id: &job.public_id.text,
        status: status::status(&job.state),
        result,
        receipt,
        created_at: instant::format(job.created_at.0),
        completed_at: completed_at.map(|at| instant::format(at.0)),
    };
    Ok(serde_json::to_vec(&body).expect("texts and raw JSON can be written"))
}

fn network(engine: &Engine) -> String {
    engine.ledger().network().0.to_string()
}
