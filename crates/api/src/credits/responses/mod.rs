//! `POST /v1/responses`: OpenAI's newer interface over the same chats. A request is translated into a chat, and its answer
//! into items; money, holds, retries and the grace are those of chats.

mod items;
mod request;
mod voice;

use super::asked::Asked;
use super::completions::answer;
use super::errors::Problem;
use super::order::{Order, Route};
use axum::response::Response;
use voice::ResponseVoice;

/// `POST /v1/responses`.
pub(super) async fn create(asked: Asked) -> Result<Response, Problem> {
    let (inquiry, echo) = request::parse(&asked.body, asked.app.settings.prices.covered_tokens)?;
    let order = Order::new(Route::Responses, &asked, inquiry)?;
    answer(&asked, order, Box::new(ResponseVoice::new(echo))).await
}
