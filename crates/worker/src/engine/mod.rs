//! What does the work: language models and the built-in tasks, behind one [`Engine`].
//!
//! An engine turns a checked [`Request`] into an [`Outcome`]. Jobs, money, receipts and the coordinator are left to
//! the rest of the worker.

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

mod chat;
mod embed;
mod error;
#[cfg(feature = "gguf")]
mod gguf;
mod message;
mod offer;
pub mod openai;
mod outcome;
mod request;
mod set;
mod spec;
pub mod tasks;

pub use chat::{Chat, MAX_BIASES, MAX_FORMAT_BYTES, MAX_TOOLS, MAX_TOOLS_BYTES, Verbatim};
pub use embed::{Embed, MAX_DIMENSIONS, MAX_INPUTS};
pub use error::{EngineError, StartError};
#[cfg(feature = "gguf")]
pub use gguf::Gguf;
pub use message::{Message, Role};
pub use offer::{Capability, ModelOffer, Offer};
pub use outcome::{Delta, FinishReason, ModelUsed, Outcome, Said, Sampler, Usage};
pub use request::{
    DEFAULT_MAX_TOKENS, Infer, MAX_INPUT_BYTES, MAX_MAX_TOKENS, MAX_PAYLOAD_BYTES, MAX_PROMPT_BYTES, Request,
    Task, TaskKind,
};
pub use set::Engines;
pub use spec::{EngineSpec, SpecError};

/// Something that can carry out requests, several at a time.
pub trait Engine: Send + Sync {
    /// What it can do, to be declared to the coordinator. Does not change after the start.
    fn offer(&self) -> Offer;

    /// Carries out one request.
    ///
    /// The answer is sent to `sink` as it comes; joined, its text is exactly the `text` of the outcome, and what comes
    /// beside is what the outcome has beside. Tasks stream nothing. A full sink slows the engine down, a closed one does
    /// not stop it. After a cancel the answer is [`EngineError::Cancelled`], soon, whatever the sink does; dropping the
    /// future stops the work as well.
    fn run(
        &self,
        request: Request,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>>;
}
