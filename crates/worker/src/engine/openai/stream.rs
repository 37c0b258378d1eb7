//! Reads a streamed answer to its end, and takes nothing for an end that is not one.

use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::events::{Event, Events};
use super::refused;
use super::wire::{Chunk, clip};
use crate::engine::{Chat, Delta, EngineError};

/// The longest answer that is not streamed, with all that a server says around it.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Reads events until `[DONE]`, passing on the text. A stream that ends otherwise has failed, however much came.
pub(super) async fn read_answer(
    mut response: Response,
    chat: Option<&Chat>,
    sink: &mpsc::Sender<Delta>,
    failed: impl Fn(&reqwest::Error) -> EngineError,
) -> Result<Answer, EngineError> {
    if is_json(&response) {
        return Err(refused(response).await); // some servers report errors with 200, and none may answer unstreamed
    }
    let mut events = Events::default();
    let mut answer = Answer::default();
    let mut answered = false;
    while let Some(bytes) = response.chunk().await.map_err(|error| failed(&error))? {
        events.push(&bytes).map_err(bad)?;
        while let Some(event) = events.next().map_err(bad)? {
            if event.data.trim() == "[DONE]" {
                return if answered { Ok(answer) } else { Err(bad("the server was done without an answer")) };
            }
            let Chunk { choices, usage, .. } = chunk(&event)?;
            answer.usage = usage.and_then(|usage| usage.counts()).or(answer.usage);
            let Some(choice) = choices.and_then(|choices| choices.into_iter().next()) else { continue };
            answered = true;
            for delta in answer.push(choice, chat).map_err(bad)? {
                sink.send(delta).await.ok(); // a closed sink only means that nobody watches
            }
        }
    }
    Err(upstream("the stream ended before it was done"))
}

/// Reads an answer that is not streamed.
pub(super) async fn read_whole(
    mut response: Response,
    chat: Option<&Chat>,
    failed: impl Fn(&reqwest::Error) -> EngineError,
) -> Result<Answer, EngineError> {
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| failed(&error))? {
        body.extend_from_slice(&bytes);
        if body.len() > MAX_BODY_BYTES {
            return Err(bad("the answer is too long"));
        }
    }
    let body = str::from_utf8(&body).map_err(|_| bad("the answer is not UTF-8"))?;
    let Chunk { choices, usage, .. } = chunk(&Event { data: body, is_error: false })?;
    let choice = choices.and_then(|choices| choices.into_iter().next());
    let mut answer = Answer::default();
    answer.usage = usage.and_then(|usage| usage.counts());
    answer.push(choice.ok_or_else(|| bad("the server was done without an answer"))?, chat).map_err(bad)?;
    Ok(answer)
}

/// Whether an answer is one JSON value.
pub(super) fn is_json(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with("application/json"))
}

/// What an event adds, unless it says that something went wrong.
fn chunk<'a>(event: &Event<'a>) -> Result<Chunk<'a>, EngineError> {
    match serde_json::from_str::<Chunk<'_>>(event.data) {
        Ok(chunk) => match chunk.failure() {
            Some(failure) => Err(upstream(&failure)),
            None if event.is_error => Err(upstream(event.data)),
            None => Ok(chunk),
        },
        Err(_) if event.is_error => Err(upstream(event.data)),
        Err(error) => Err(bad(&error.to_string())),
    }
}

fn bad(reason: &str) -> EngineError {
    EngineError::BadOutput(clip(reason))
}

fn upstream(message: &str) -> EngineError {
    EngineError::Upstream { status: None, message: clip(message) }
}
