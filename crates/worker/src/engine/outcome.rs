//! What comes back from a request that was carried out.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::EngineError;

/// A piece of the answer's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Never empty; whole characters only.
    pub text: String,
}

/// A finished answer.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The job's output as compact JSON. These bytes are what is hashed, so they are passed on untouched.
    pub output: Box<RawValue>,
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

/// The output of a language model: `{"text", "model"}`.
#[derive(Serialize)]
struct InferOutput<'a> {
    text: &'a str,
    model: &'a str,
}

/// Writes a language model's output.
pub(crate) fn infer_output(text: &str, model: &str) -> Result<Box<RawValue>, EngineError> {
    compact(&InferOutput { text, model })
}

/// Writes an output as compact JSON, the same bytes every time.
pub(crate) fn compact(output: &impl Serialize) -> Result<Box<RawValue>, EngineError> {
    to_raw_value(output).map_err(|error| EngineError::Failed(error.to_string()))
}
