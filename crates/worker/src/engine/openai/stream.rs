//! Reads a streamed answer to its end, and takes nothing for an end that is not one.

use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::refused;
use super::wire::{Chunk, clip};
use crate::engine::{Chat, Delta, EngineError};

/// The longest stream, with all that servers wrap around each token.
const MAX_STREAM_BYTES: usize = 64 << 20;
/// The longest line, which the reader holds whole.
const MAX_LINE_BYTES: usize = 1 << 20;

/// Reads events until `[DONE]`, passing on the text. A stream that ends otherwise has failed, however much came.
pub(super) async fn read_answer(
    response: Response,
    chat: Option<&Chat>,
    sink: &mpsc::Sender<Delta>,
    failed: impl Fn(&reqwest::Error) -> EngineError,
) -> Result<Answer, EngineError> {
    let content_type =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/json") {
        return Err(refused(response).await); // some servers report errors with 200, and none may answer unstreamed
    }
    let mut events = std::pin::pin!(guarded(response).eventsource());
    let mut answer = Answer::default();
    let mut answered = false;
    loop {
        let event = match events.next().await {
            Some(Ok(event)) => event,
            Some(Err(EventStreamError::Transport(Broken::Transport(error)))) => return Err(failed(&error)),
            Some(Err(EventStreamError::Transport(Broken::Rule(rule)))) => return Err(bad(rule)),
            Some(Err(error)) => return Err(bad(&error.to_string())),
            None => return Err(upstream("the stream ended before it was done")),
        };
        if event.data.trim() == "[DONE]" {
            return if answered { Ok(answer) } else { Err(bad("the server was done without an answer")) };
        }
        let chunk: Chunk = match serde_json::from_str(&event.data) {
            Ok(chunk) => chunk,
            Err(_) if event.event == "error" => return Err(upstream(&event.data)),
            Err(error) => return Err(bad(&error.to_string())),
        };
        if let Some(failure) = chunk.failure() {
            return Err(upstream(&failure));
        }
        if event.event == "error" {
            return Err(upstream(&event.data));
        }
        answer.usage = chunk.usage.and_then(|usage| usage.counts()).or(answer.usage);
        let Some(choice) = chunk.choices.and_then(|choices| choices.into_iter().next()) else { continue };
        answered = true;
        for delta in answer.push(choice, chat).map_err(bad)? {
            sink.send(delta).await.ok(); // a closed sink only means that nobody watches
        }
    }
}

/// What can break a stream below the level of events.
#[derive(Debug)]
enum Broken {
    Transport(reqwest::Error),
    Rule(&'static str),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::Rule(rule) => f.write_str(rule),
        }
    }
}

/// The body's bytes, within limits. A byte order mark is refused here, because the event reader panics at it.
fn guarded(response: Response) -> impl Stream<Item = Result<impl AsRef<[u8]>, Broken>> {
    let (mut total, mut line) = (0, 0);
    response.bytes_stream().map(move |bytes| {
        let bytes = bytes.map_err(Broken::Transport)?;
        if total == 0 && bytes.first() == Some(&0xEF) {
            return Err(Broken::Rule("the stream begins with a byte order mark"));
        }
        total += bytes.len();
        line = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => bytes.len() - at,
            None => line + bytes.len(),
        };
        if total > MAX_STREAM_BYTES || line > MAX_LINE_BYTES {
            return Err(Broken::Rule("the stream or a line of it is too long"));
        }
        Ok(bytes)
    })
}

fn bad(reason: &str) -> EngineError {
    EngineError::BadOutput(clip(reason))
}

fn upstream(message: &str) -> EngineError {
    EngineError::Upstream { status: None, message: clip(message) }
}
