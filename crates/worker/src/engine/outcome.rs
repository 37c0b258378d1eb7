//! What comes back from a request that was carried out.

use std::borrow::Cow;

use docket_protocol::answer::{self, Extras};
use docket_protocol::digest::Digest;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::EngineError;

/// A piece of the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// What it adds.
    pub said: Said,
    /// How many tokens the answer has up to the end of this piece. Never falls.
    pub tokens: u32,
}

/// What a piece adds to an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Text: never empty, whole characters only.
    Text(String),
    /// Something beside text; only where the whole answer of a chat is wanted.
    Beside(answer::Delta),
}

impl Delta {
    /// A piece of text.
    pub const fn text(text: String, tokens: u32) -> Self {
        Self { said: Said::Text(text), tokens }
    }
}

/// A finished answer.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The job's output as compact JSON. These bytes are what is hashed, so they are passed on untouched.
    pub output: Box<RawValue>,
    /// The digest of the answer's text; for the answers of a chat.
    pub text_hash: Option<Digest>,
    /// What it used. Zero for tasks.
    pub usage: Usage,
    /// Why the answer ended.
    pub finish_reason: FinishReason,
    /// Which model answered, or which task program.
    pub model: ModelUsed,
    /// The settings that were in force; none for tasks.
    pub sampler: Option<Sampler>,
}

/// Tokens used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Whether the numbers are a guess from the text's length, because the model server gave none.
    pub estimated: bool,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It was complete, or a stop sequence stood.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// Another reason, in the model server's word.
    Other(String),
}

impl FinishReason {
    /// The word of OpenAI's API.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Other(word) => word,
        }
    }
}

/// What produced an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelUsed {
    /// As in the offer; for tasks `docket-tasks/` and the version.
    pub name: Cow<'static, str>,
    /// SHA-256 of the weights' file, where known.
    pub weights_sha256: Option<[u8; 32]>,
}

/// The settings of a sampler. An absent one was left to the model server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// 0 for the best token each time.
    pub temperature: Option<f64>,
    /// The probability mass that tokens were taken from.
    pub top_p: Option<f64>,
    /// What the random numbers began with.
    pub seed: Option<u64>,
    /// The limit of tokens that was asked for.
    pub max_tokens: u32,
}

/// The output of a language model: `{"text","model"}`, and for a chat what follows as well.
#[derive(Serialize)]
pub(super) struct InferOutput<'a> {
    pub(super) text: &'a str,
    pub(super) model: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(super) chat: Option<ChatOutput<'a>>,
}

/// What only the answer of a chat says.
#[derive(Serialize)]
pub(super) struct ChatOutput<'a> {
    pub(super) finish_reason: &'a str,
    #[serde(flatten)]
    pub(super) extras: &'a Extras,
}

impl InferOutput<'_> {
    /// The output's bytes, and for a chat the digest of its text.
    pub(super) fn write(&self) -> Result<(Box<RawValue>, Option<Digest>), EngineError> {
        let text_hash = self.chat.as_ref().map(|_| Digest::of(self.text.as_bytes()));
        Ok((compact(self)?, text_hash))
    }
}

/// Writes an output as compact JSON, the same bytes every time.
pub(crate) fn compact(output: &impl Serialize) -> Result<Box<RawValue>, EngineError> {
    to_raw_value(output).map_err(|error| EngineError::Failed(error.to_string()))
}
