//! `/v1/responses/{id}`: what was answered, once more, made of the job and of what was kept of its request, until its
//! client has it deleted.

use super::super::auth::Caller;
use super::super::completions::{label, output};
use super::super::errors::{Code, Problem};
use super::super::jobs::reason;
use super::super::status::is_broken;
use super::super::voice::Voice;
use super::voice::ResponseVoice;
use crate::app::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use docket_core::id::{Dialect, PublicId};
use docket_core::job::Job;
use docket_core::key::ApiKey;
use docket_engine::EngineError;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// `GET /v1/responses/{id}`. Only a response that was stored is there, and only for the key that asked for it.
pub(in super::super) async fn show(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    Path(name): Path<String>,
    query: Result<Query<HashMap<String, String>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
    if query.get("stream").is_some_and(|stream| stream == "true") {
        return Err(Problem::unsupported("stream"));
    }
    let (job, echo) = stored(&app, &key, &name).await?.ok_or_else(none)?;
    let voice = ResponseVoice::new(&echo)?;
    let response = match output(&app, &job).await? {
        Some(output) if is_broken(&job) => voice.broken(&job, &output, &reason(&job)),
        Some(output) => voice.whole(&job, &output),
        None if job.state.is_answered() => voice.nothing(&job, &reason(&job)),
        None => voice.unfinished(&job),
    };
    let mut response = Json(response).into_response();
    label(&app, &job, response.headers_mut()).await?;
    Ok(response)
}

/// `DELETE /v1/responses/{id}`: nobody reads it again. Its job stays, and who still waits for the answer gets it.
pub(in super::super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (job, _) = stored(&app, &key, &name).await?.ok_or_else(none)?;
    match app.engine.retract(&job.public_id).await? {
        true => Ok(Json(json!({"id": name, "object": "response", "deleted": true}))),
        false => Err(none()), // Somebody else has just done it.
    }
}

/// The job of a response that was stored under this key and not deleted, and what was kept of its request.
pub(super) async fn stored(
    app: &App,
    key: &ApiKey,
    name: &str,
) -> Result<Option<(Arc<Job>, Arc<str>)>, Problem> {
    let name =
        name.strip_prefix("resp_").filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let Some(text) = name.map(|name| format!("job_{name}")) else { return Ok(None) };
    let id = PublicId { dialect: Dialect::Credits, text: text.into() };
    let job = app.engine.find(&id).await.map_err(EngineError::from)?;
    let Some(job) = job.filter(|job| job.key == Some(key.id)) else { return Ok(None) };
    let echo = app.engine.store().echo(job.id).await.map_err(EngineError::from)?;
    let Some(echo) = echo else { return Ok(None) };
    Ok((!app.engine.is_retracted(&id).await?).then_some((job, echo)))
}

fn none() -> Problem {
    Problem::new(Code::ResponseNotFound, "There is no such stored response under this API key.")
}
