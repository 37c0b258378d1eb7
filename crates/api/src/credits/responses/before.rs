//! What was said before: the conversation of a stored response, with which a request goes on. All that its model was told
//! stands with its job, so one response is read, however many it has gone on from itself.

use super::super::completions::output;
use super::super::errors::{Code, Problem};
use super::super::status::is_broken;
use super::again::stored;
use super::items::Item;
use super::request::add;
use crate::app::App;
use docket_core::key::ApiKey;
use docket_engine::EngineError;
use serde::Deserialize;
use serde_json::Value;

const PARAM: &str = "previous_response_id";

/// What a worker was asked, as far as it was said.
#[derive(Deserialize)]
struct Payload {
    messages: Vec<Value>,
}

/// What of an earlier request its answer repeats, as far as it matters here.
#[derive(Deserialize)]
struct Echo {
    instructions: Option<String>,
}

/// The messages of a chat up to the answer of an earlier response, without the instructions of its request.
pub(super) async fn conversation(app: &App, key: &ApiKey, name: &str) -> Result<Vec<Value>, Problem> {
    let unknown = || refusal("There is no such stored response under this API key.");
    app.engine.caught_up().await; // Who has the answer finds it stored.
    let (job, echo) = stored(app, key, name).await?.ok_or_else(unknown)?;
    let output = output(app, &job).await?.filter(|_| !is_broken(&job));
    let output = output.ok_or_else(|| refusal("That response has no answer to go on from."))?;
    let payload = app.engine.store().payload(job.id).await.map_err(EngineError::from)?;
    let unreadable = || Problem::new(Code::Internal, "The earlier response cannot be read.");
    let mut messages = payload.and_then(|payload| told(&payload, &echo)).ok_or_else(unreadable)?;
    // As if the client had given back what he got.
    for (place, item) in Item::of(&output.text, &output.extras).iter().enumerate() {
        add(&mut messages, &item.view(&job, place, true), place)?;
    }
    Ok(messages)
}

/// What the model was told beside the instructions, which come first where there are any.
fn told(payload: &[u8], echo: &str) -> Option<Vec<Value>> {
    let Payload { mut messages } = serde_json::from_slice(payload).ok()?;
    let Echo { instructions } = serde_json::from_str(echo).ok()?;
    if instructions.is_some() && !messages.is_empty() {
        messages.remove(0);
    }
    Some(messages)
}

fn refusal(words: &'static str) -> Problem {
    Problem::new(Code::PreviousNotFound, words).with_param(PARAM)
}
