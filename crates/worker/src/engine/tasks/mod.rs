//! The built-in tasks: summarize, classify and extract_json, without a language model, the same answer every time.

use std::borrow::Cow;
use std::thread::available_parallelism;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::outcome::compact;
use super::{
    Delta, Engine, EngineError, FinishReason, ModelUsed, Offer, Outcome, Request, Task, TaskKind, Usage,
};

mod classify;
mod extract_json;
mod json_repair;
mod json_scan;
mod language;
mod rank;
mod sentences;
mod summarize;

pub use classify::{Classification, Sentiment, classify};
pub use extract_json::{Extraction, MAX_DEPTH, MAX_VALUES, extract_json};
pub use summarize::{BUDGET_CHARS, Summary, summarize};

/// The engine of the built-in tasks.
#[derive(Clone, Copy, Debug)]
pub struct Tasks;

const NAME: &str = concat!("docket-tasks/", env!("CARGO_PKG_VERSION"));

impl Engine for Tasks {
    fn offer(&self) -> Offer {
        let concurrency = available_parallelism().map_or(1, usize::from);
        Offer { models: vec![], tasks: TaskKind::ALL.to_vec(), concurrency }
    }

    fn run(
        &self,
        request: Request,
        _sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>> {
        Box::pin(async move {
            let Request::Task(task) = request else {
                return Err(EngineError::Unsupported("the built-in tasks are no language model".into()));
            };
            // A cancelled task runs to its end in the background; its input is bounded, so that is soon.
            let work = spawn_blocking(move || work(&task));
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(EngineError::Cancelled),
                done = work => done.map_err(|error| EngineError::Failed(error.to_string()))?,
            }
        })
    }
}

fn work(task: &Task) -> Result<Outcome, EngineError> {
    let output = match task.kind {
        TaskKind::Summarize => compact(&summarize(&task.input)),
        TaskKind::Classify => compact(&classify(&task.input)),
        TaskKind::ExtractJson => compact(&extract_json(&task.input)),
    };
    Ok(Outcome {
        output: output?,
        text_hash: None,
        usage: Usage::default(),
        finish_reason: FinishReason::Stop,
        model: ModelUsed { name: Cow::Borrowed(NAME), weights_sha256: None },
        sampler: None,
    })
}
