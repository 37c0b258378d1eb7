//! `GET /v1/responses/{id}`: what was answered, once more, made of the job and of what was kept of its request.

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
use docket_engine::EngineError;
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
    let none =
        || Problem::new(Code::ResponseNotFound, "There is no such stored response under this API key.");
    let text = name.strip_prefix("resp_").map(|name| format!("job_{name}")).ok_or_else(none)?;
    let id = PublicId { dialect: Dialect::Credits, text: text.into() };
    let job = app.engine.find(&id).await.map_err(EngineError::from)?;
    let job = job.filter(|job| job.key == Some(key.id)).ok_or_else(none)?;
    let echo = app.engine.store().echo(job.id).await.map_err(EngineError::from)?;
    let voice = ResponseVoice::new(&echo.ok_or_else(none)?)?;
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
