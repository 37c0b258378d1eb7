//! What comes back from a request that was carried out.

use std::borrow::Cow;

use docket_protocol::digest::Digest;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::EngineError;

/// A piece of the answer's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Never empty; whole characters only.
    pub text: String,
    /// How many tokens the answer has up to the end of this piece. Never falls.
    pub tokens: u32,
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
    #[serde(skip_serializing_if = "<[ToolCall]>::is_empty")]
    pub(super) tool_calls: &'a [ToolCall],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<Logprobs<'a>>,
}

/// A tool that the model wants called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) r#type: FunctionKind,
    pub(super) function: FunctionCall,
}

/// The only kind of tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FunctionKind {
    #[default]
    Function,
}

/// A function with its arguments, which are JSON in a text, as far as the model kept to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct FunctionCall {
    pub(super) name: String,
    pub(super) arguments: String,
}

/// How likely each token was, in the model server's words.
#[derive(Serialize)]
pub(super) struct Logprobs<'a> {
    pub(super) content: &'a [Value],
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
