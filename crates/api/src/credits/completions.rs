//! `POST /v1/chat/completions`: a request becomes a job, and its answer the response.

use super::attend::{Present, Sameness};
use super::auth::Caller;
use super::chat::Chat;
use super::errors::{Code, Problem};
use super::jobs::{self, reason};
use super::price::{CREDIT, Priced};
use super::{stream, wire};
use crate::app::App;
use crate::headers::{idempotency_key, may_be_json};
use crate::limits::read_body;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_core::feature::{Feature, Features};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, PublicId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::key::ApiKey;
use docket_core::ledger::Account;
use docket_core::refusal::Refusal;
use docket_engine::{EngineError, Naming, NewJob, ServedModel};
use std::sync::Arc;

const JOB_ID: HeaderName = HeaderName::from_static("x-decentral-job-id");
const ESCROW: HeaderName = HeaderName::from_static("x-decentral-tx-signature");
const SETTLEMENT: HeaderName = HeaderName::from_static("x-decentral-settlement-tx");
const RETRIES: &str = "x-stainless-retry-count";

/// `POST /v1/chat/completions`. Who goes away may come back to the answer for five seconds.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let order = Order::read(&app, &headers, body).await?;
    let (streamed, include_usage) = (order.chat.stream, order.chat.include_usage);
    let request = order.sameness(&key);
    let left = if is_retry(&headers) { app.attendance.left_behind(request) } else { None };
    let job = match left {
        Some(job) => app
            .engine
            .store()
            .job(job)
            .await
            .map_err(EngineError::from)?
            .ok_or_else(Problem::job_not_found)?,
        None => order.place(&app, &key).await?,
    };
    let present = Present::new(&app, job.id, request);
    if streamed {
        return stream::begin(app, job, present, include_usage).await;
    }
    let job = answered(&app, &job).await?;
    present.served();
    whole(&app, &job).await
}

/// `POST /v1/jobs`: the same body, and the job at once.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let mut order = Order::read(&app, &headers, body).await?;
    order.chat.stream = false;
    let job = order.place(&app, &key).await?;
    let mut response = (StatusCode::CREATED, jobs::view(&app, &job).await?).into_response();
    label(&app, &job, response.headers_mut()).await?;
    Ok(response)
}

/// What somebody wants, read and checked, but not yet paid for.
struct Order {
    chat: Chat,
    digest: Sha256,
    idempotency_key: Option<String>,
}

impl Order {
    async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        if !may_be_json(headers) {
            return Err(Problem::new(Code::UnsupportedMediaType, "Content-Type must be application/json."));
        }
        let body = read_body(body, app.settings.limits.body).await?;
        let chat = Chat::parse(&body, app.settings.prices.covered_tokens)?;
        let idempotency_key = idempotency_key(headers).map_err(|_| {
            Problem::at("Idempotency-Key", "An idempotency key has 1 to 255 visible characters.")
        })?;
        Ok(Self { chat, digest: Sha256::of(&body), idempotency_key: idempotency_key.map(str::to_owned) })
    }

    fn sameness(&self, key: &ApiKey) -> Sameness {
        (key.id, self.digest)
    }

    /// Holds the worst case, and makes the job.
    async fn place(self, app: &App, key: &ApiKey) -> Result<Arc<Job>, Problem> {
        let Self { chat, digest, idempotency_key } = self;
        let served = app.engine.served_model(&chat.model);
        let served = served.ok_or_else(|| {
            Problem::new(Code::ModelNotFound, format!("No live worker serves the model `{}`.", chat.model))
        })?;
        let needs = honoured(&served, &chat.needs)?;
        let priced = app.settings.prices.model(&chat.model);
        let priced = priced.ok_or_else(|| Problem::new(Code::Internal, "This model has no price."))?;
        let price = priced.hold(chat.max_tokens, app.asset());
        let claim = idempotency_key.map(|name| (format!("credits:{}:{name}", key.id.0).into(), digest));
        let new = NewJob {
            dialect: Dialect::Credits,
            naming: Naming::Short,
            client: key.client.clone(),
            ask: Arc::new(Ask {
                skill: Skill::Infer,
                model: Some(served.name),
                speed: Speed::Fast,
                private: false,
                needs,
            }),
            price,
            policy: priced.terms(chat.stream),
            payload: chat.payload.into_bytes().into(),
            key: claim,
            key_id: Some(key.id),
            now_or_never: None,
        };
        let submitted = match app.engine.submit(new).await {
            Ok(submitted) => submitted,
            Err(EngineError::Refused(Refusal::InsufficientFunds)) => {
                return Err(insufficient(app, key, &priced, price.units).await?);
            }
            Err(error) => return Err(error.into()),
        };
        find(app, &submitted.id).await
    }
}

/// All that is asked of a model; refused by the name of the first parameter with which no live worker can do it.
fn honoured(served: &ServedModel, needs: &[(&'static str, Feature)]) -> Result<Features, Problem> {
    let mut wanted = Features::NONE;
    for (param, feature) in needs {
        wanted = wanted.with(*feature);
        if !served.honours(wanted) {
            return Err(Problem::unsupported(*param));
        }
    }
    Ok(wanted)
}

/// Says what there is, and what is missing.
async fn insufficient(
    app: &App,
    key: &ApiKey,
    priced: &Priced<'_>,
    needed: u128,
) -> Result<Problem, Problem> {
    let account = Account::Client(key.client.clone());
    let rows = app.engine.store().balance(&account).await.map_err(EngineError::from)?;
    let asset = app.asset();
    let balance = rows.iter().find(|row| row.asset == asset.name()).map_or(0, |row| row.units);
    let balance = super::price::credits(u128::try_from(balance).unwrap_or_default());
    let (tier, needed) = (priced.tier_name, needed.div_ceil(CREDIT));
    let message = format!(
        "Insufficient credits: the balance is {balance}, and this request to a model of tier {tier} needs {needed}."
    );
    Ok(Problem::new(Code::InsufficientCredits, message))
}

/// The job as it is once there is an answer, or will never be one.
async fn answered(app: &App, job: &Job) -> Result<Arc<Job>, Problem> {
    let waiting = app.engine.answered(job.id);
    let now = find(app, &job.public_id).await?;
    if now.state.is_answered() {
        return Ok(now);
    }
    waiting.await;
    find(app, &job.public_id).await
}

async fn whole(app: &App, job: &Job) -> Result<Response, Problem> {
    let Some(output) = output(app, job).await? else { return Err(reason(job)) };
    let mut response = Json(wire::completion(job, &output)).into_response();
    label(app, job, response.headers_mut()).await?;
    Ok(response)
}

/// What a worker answered; `None` if the job came to nothing.
pub(super) async fn output(app: &App, job: &Job) -> Result<Option<wire::Output>, Problem> {
    if job.delivery().is_none() {
        return Ok(None);
    }
    let answer = app.engine.answer(job.id).await.map_err(EngineError::from)?;
    Ok(answer.and_then(|answer| wire::Output::parse(&answer.output)))
}

/// The headers of this dialect.
pub(super) async fn label(app: &App, job: &Job, headers: &mut HeaderMap) -> Result<(), Problem> {
    let places = jobs::places(app, job).await?;
    let value = |text: &str| HeaderValue::from_str(text).ok();
    let pairs = [
        (JOB_ID, value(&job.public_id.text)),
        (ESCROW, places.escrow_tx.as_deref().and_then(value)),
        (SETTLEMENT, places.settlement_tx.as_deref().and_then(value)),
    ];
    headers.extend(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Ok(())
}

pub(super) async fn find(app: &App, id: &PublicId) -> Result<Arc<Job>, Problem> {
    let job = app.engine.find(id).await.map_err(EngineError::from)?;
    job.ok_or_else(Problem::job_not_found)
}

/// Whether a stock client sends the same request once more.
fn is_retry(headers: &HeaderMap) -> bool {
    let count = headers.get(RETRIES).and_then(|count| count.to_str().ok()?.parse::<u32>().ok());
    count.is_some_and(|count| count > 0)
}
