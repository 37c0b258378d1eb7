//! `/v1/responses`: OpenAI's newer interface over the same chats. A request is translated into a chat, and its answer
//! into items; money, holds, retries and the grace are those of chats.

mod again;
mod before;
mod items;
mod request;
mod voice;

pub(super) use again::{delete, show};

use super::asked::Asked;
use super::completions::answer;
use super::errors::Problem;
use super::fields::Fields;
use super::order::{Order, Route, is_repeat};
use axum::response::Response;
use voice::ResponseVoice;

/// `POST /v1/responses`.
pub(super) async fn create(asked: Asked) -> Result<Response, Problem> {
    let covered = asked.app.settings.prices.covered_tokens;
    let body = Fields::parse(&asked.body)?;
    let before = match request::previous(&body)? {
        Some(name) => match before::conversation(&asked.app, &asked.key, &name).await {
            // It may have been deleted since the request was taken: a repeat finds its job all the same.
            Err(_) if is_repeat(&asked).await? => Vec::new(),
            before => before?,
        },
        None => Vec::new(),
    };
    let request::Read { inquiry, echo, is_stored } = request::parse(&body, before, covered)?;
    let voice = ResponseVoice::new(&echo)?;
    let mut order = Order::new(Route::Responses, &asked, inquiry)?;
    order.echo = is_stored.then(|| echo.into());
    answer(&asked, order, Box::new(voice)).await
}
