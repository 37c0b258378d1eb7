//! What an engine answers instead of an outcome, and why one may not start.

use std::time::Duration;

/// Why a request was not carried out. No part of an answer counts once this is returned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The request does not say what to do; no engine could carry it out.
    #[error("{0}")]
    Invalid(String),
    /// The request is sound, and this worker has nothing that can carry it out.
    #[error("{0}")]
    Unsupported(String),
    /// Some part of the request is beyond its limit; both numbers are in the unit that `what` names.
    #[error("{what}: {got}, the limit is {limit}")]
    TooLarge {
        /// What is too large, with its unit, as "bytes of input".
        what: &'static str,
        /// The most that is accepted.
        limit: usize,
        /// What was given.
        got: usize,
    },
    /// The server behind the engine refused, failed or broke off.
    #[error("the model server failed{}: {message}", status.map(|status| format!(" ({status})")).unwrap_or_default())]
    Upstream {
        /// Its HTTP status, where one was the reason.
        status: Option<u16>,
        /// What it said, cut to a few hundred characters.
        message: String,
    },
    /// Nothing was heard for too long.
    #[error("nothing was heard for {} seconds", after.as_secs())]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// What came back is not an answer in the agreed form.
    #[error("unusable output: {0}")]
    BadOutput(String),
    /// The engine itself broke; the next request may still succeed.
    #[error("the engine failed: {0}")]
    Failed(String),
}

impl EngineError {
    /// The code that callers may match on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "engine.invalid",
            Self::Unsupported(_) => "engine.unsupported",
            Self::TooLarge { .. } => "engine.too_large",
            Self::Upstream { .. } => "engine.upstream",
            Self::Timeout { .. } => "engine.timeout",
            Self::Cancelled => "engine.cancelled",
            Self::BadOutput(_) => "engine.bad_output",
            Self::Failed(_) => "engine.failed",
        }
    }

    /// Refuses what is beyond its limit.
    pub(crate) fn at_most(what: &'static str, limit: usize, got: usize) -> Result<(), Self> {
        if got > limit { Err(Self::TooLarge { what, limit, got }) } else { Ok(()) }
    }
}

/// Why an engine could not be started. Each message says what the person who starts it can do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The model server did not answer as an OpenAI-compatible server does.
    #[error("no OpenAI-compatible server answers at {url}: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The server has no model, or not the one that was named.
    #[error("{0}")]
    NoModel(String),
    /// The environment variable that should hold the API key is not set.
    #[error("the environment variable {0} is not set; it should hold the API key of the model server")]
    NoKey(String),
    /// The model file cannot be used.
    #[error("cannot load the model {path}: {reason}")]
    Model {
        /// The file, or `tiny`.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The program was built without the embedded engine.
    #[error("this program was built without the embedded model engine (cargo feature `gguf`)")]
    NotBuilt,
    /// No engine was named.
    #[error("a worker needs at least one engine: tasks, tiny, gguf:PATH or openai:URL")]
    Nothing,
    /// Two engines would answer to one name, and a receipt could not say which did the work.
    #[error("the model name `{0}` is offered twice; give one of them another name with #NAME")]
    Ambiguous(String),
}
