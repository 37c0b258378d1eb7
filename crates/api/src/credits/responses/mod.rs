//! `POST /v1/responses`: OpenAI's newer interface over the same chats. A request is translated into a chat, and its answer
//! into items; money, holds, retries and the grace are those of chats.

mod items;
mod request;
mod voice;

use super::auth::Caller;
use super::completions::answer;
use super::errors::Problem;
use super::order::{Order, Route, json_body};
use crate::app::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;
use voice::ResponseVoice;

/// `POST /v1/responses`.
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let body = json_body(&app, &headers, body).await?;
    let (inquiry, echo) = request::parse(&body, app.settings.prices.covered_tokens)?;
    let order = Order::new(Route::Responses, &headers, &body, inquiry)?;
    answer(app, &key, &headers, order, Box::new(ResponseVoice::new(echo))).await
}
