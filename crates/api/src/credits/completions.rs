//! Requests that are answered with what a model says: a request becomes a job, and its answer the response.

use super::asked::Asked;
use super::attend::{Present, Sameness};
use super::errors::Problem;
use super::jobs::{self, reason};
use super::order::{Order, Route};
use super::status::failure;
use super::voice::{ChatVoice, TextVoice, Voice};
use super::{chat, prompt, stream, wire};
use crate::app::App;
use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use docket_core::id::PublicId;
use docket_core::job::Job;
use docket_engine::{EngineError, ToldAnswer};
use std::sync::Arc;

const JOB_ID: HeaderName = HeaderName::from_static("x-decentral-job-id");
const ESCROW: HeaderName = HeaderName::from_static("x-decentral-tx-signature");
const SETTLEMENT: HeaderName = HeaderName::from_static("x-decentral-settlement-tx");
const RETRIES: &str = "x-stainless-retry-count";

/// `POST /v1/chat/completions`. Who goes away may come back to the answer for five seconds.
pub(super) async fn create(asked: Asked) -> Result<Response, Problem> {
    let order = chat_order(&asked)?;
    let include_usage = order.inquiry.include_usage;
    answer(&asked, order, Box::new(ChatVoice { include_usage })).await
}

/// `POST /v1/completions`: a text is gone on with.
pub(super) async fn go_on(asked: Asked) -> Result<Response, Problem> {
    let order = Order::new(Route::Completions, &asked, prompt::parse(&asked.body)?)?;
    let include_usage = order.inquiry.include_usage;
    answer(&asked, order, Box::new(TextVoice { include_usage })).await
}

/// `POST /v1/jobs`: the body of a chat, and the job at once.
pub(super) async fn submit(asked: Asked) -> Result<Response, Problem> {
    let mut order = chat_order(&asked)?;
    order.inquiry.stream = false;
    order.is_attended = false;
    let Asked { app, key, .. } = &asked;
    let job = order.place(app, key).await?;
    let mut response = (StatusCode::CREATED, jobs::view(app, &job).await?).into_response();
    label(app, &job, response.headers_mut()).await?;
    Ok(response)
}

fn chat_order(asked: &Asked) -> Result<Order, Problem> {
    let inquiry = chat::parse(&asked.body, asked.app.settings.prices.covered_tokens)?;
    Order::new(Route::Chat, asked, inquiry)
}

/// Answers an order, streamed or whole, in the words of its route.
pub(super) async fn answer(asked: &Asked, order: Order, voice: Box<dyn Voice>) -> Result<Response, Problem> {
    let app = &asked.app;
    let streamed = order.inquiry.stream;
    let (job, present) = attend(asked, order).await?;
    if streamed {
        return stream::begin(app.clone(), job, present, voice).await;
    }
    let (job, output) = answered(app, &job).await?;
    present.served();
    let output = output.and_then(|output| wire::Output::parse(&output)).ok_or_else(|| reason(&job))?;
    let mut response = Json(voice.whole(&job, &output)).into_response();
    label(app, &job, response.headers_mut()).await?;
    Ok(response)
}

/// The job of an order: a new one, or for a retry the one that its client has left.
pub(super) async fn attend(asked: &Asked, order: Order) -> Result<(Arc<Job>, Present), Problem> {
    let Asked { app, key, headers, .. } = asked;
    let request = order.sameness(key);
    let left = if is_retry(headers) { left_behind(app, request).await? } else { None };
    let job = match left {
        Some(job) => job,
        None => order.place(app, key).await?,
    };
    let present = Present::new(app, job.id, request);
    Ok((job, present))
}

/// The job that the client of a request has left. One that came to nothing has cost nothing, and is tried anew.
async fn left_behind(app: &App, request: Sameness) -> Result<Option<Arc<Job>>, Problem> {
    let now = app.engine.clock().now();
    while let Some(job) = app.attendance.left_behind(request, now) {
        let job = app.engine.store().job(job).await.map_err(EngineError::from)?;
        if let Some(job) = job.filter(|job| failure(&job.state).is_none()) {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// The job as it is once there is an answer, or will never be one, or nobody can tell any more; and what was answered.
pub(super) async fn answered(app: &App, job: &Job) -> Result<(Arc<Job>, Option<Arc<[u8]>>), Problem> {
    let told = app.engine.told(job.id);
    let mut now = find(app, &job.public_id).await?;
    if !now.state.is_answered() && app.engine.store().stopped().is_none() {
        if let Some(ToldAnswer { job, output }) = told.await {
            return Ok((job, Some(output)));
        }
        now = find(app, &job.public_id).await?;
    }
    let output = match now.delivery() {
        Some(_) => app.engine.answer(now.id).await.map_err(EngineError::from)?.map(|answer| answer.output),
        None => None,
    };
    Ok((now, output))
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
