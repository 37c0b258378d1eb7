//! The parts of OpenAI's chat API that are used, read leniently: servers add fields, and leave some out or null.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::engine::{Chat, Infer, Message, Verbatim};

/// Of a server's own words, no more is repeated.
const MAX_MESSAGE_CHARS: usize = 300;

/// The body of `POST /chat/completions`, or of `POST /completions` where a text is to be gone on with. What is streamed
/// has the usage at its end.
#[derive(Serialize)]
pub(super) struct ChatRequest<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<ChatMessage<'a>>,
    /// In place of messages, a text to go on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<&'a str>,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(flatten)]
    chat: Option<ChatSettings<'a>>,
}

/// What is asked for beside the text.
#[derive(Serialize)]
struct ChatSettings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logit_bias: &'a Option<Verbatim>,
    #[serde(skip_serializing_if = "<[Verbatim]>::is_empty")]
    tools: &'a [Verbatim],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: &'a Option<Verbatim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: &'a Option<Verbatim>,
    #[serde(skip_serializing_if = "is_off")]
    logprobs: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<u8>,
}

#[derive(Serialize)]
struct ChatMessage<'a> {
    role: &'static str,
    /// `null` where a model only called tools.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Verbatim]>::is_empty")]
    tool_calls: &'a [Verbatim],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> ChatRequest<'a> {
    pub(super) fn new(model: &'a str, infer: &'a Infer) -> Self {
        let (talk, prompt) = match infer.messages.as_slice() {
            [text] if infer.raw => (&[][..], Some(&*text.content)),
            talk => (talk, None),
        };
        Self {
            model,
            messages: talk.iter().map(ChatMessage::new).collect(),
            prompt,
            max_tokens: infer.max_tokens,
            stream: !infer.whole,
            stream_options: (!infer.whole).then_some(StreamOptions { include_usage: true }),
            temperature: infer.temperature,
            top_p: infer.top_p,
            seed: infer.seed,
            stop: &infer.stop,
            chat: infer.chat.as_ref().map(ChatSettings::new),
        }
    }
}

impl<'a> ChatSettings<'a> {
    fn new(chat: &'a Chat) -> Self {
        Self {
            frequency_penalty: chat.frequency_penalty,
            presence_penalty: chat.presence_penalty,
            logit_bias: &chat.logit_bias,
            tools: &chat.tools,
            tool_choice: &chat.tool_choice,
            parallel_tool_calls: chat.parallel_tool_calls,
            response_format: &chat.response_format,
            logprobs: chat.logprobs,
            top_logprobs: chat.top_logprobs,
        }
    }
}

impl<'a> ChatMessage<'a> {
    fn new(message: &'a Message) -> Self {
        let only_calls = message.content.is_empty() && !message.tool_calls.is_empty();
        Self {
            role: message.role.name(),
            content: (!only_calls).then_some(&message.content),
            tool_calls: &message.tool_calls,
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_off(flag: &bool) -> bool {
    !flag
}

/// One event of a streamed answer, or all of one that is not streamed.
#[derive(Deserialize)]
pub(super) struct Chunk<'a> {
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) usage: Option<ChunkUsage>,
    error: Option<Value>,
    #[serde(borrow)]
    object: Option<&'a RawValue>,
    message: Option<Value>,
}

/// One alternative of the answer; only the first was asked for.
#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(alias = "message")]
    pub(super) delta: Option<ChoiceDelta>,
    /// In place of a delta, where a text is gone on with.
    pub(super) text: Option<String>,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<ChoiceLogprobs>,
}

#[derive(Deserialize)]
pub(super) struct ChoiceLogprobs {
    pub(super) content: Option<Vec<Value>>,
}

#[derive(Deserialize)]
pub(super) struct ChoiceDelta {
    pub(super) content: Option<String>,
    pub(super) tool_calls: Option<Vec<CallPart>>,
    pub(super) refusal: Option<String>,
    /// As vLLM, SGLang and llama.cpp call it; Ollama and OpenRouter call it `reasoning`.
    #[serde(alias = "reasoning")]
    pub(super) reasoning_content: Option<String>,
}

/// A part of a call; the first has the names, and the arguments come bit by bit.
#[derive(Deserialize)]
pub(super) struct CallPart {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionPart>,
}

#[derive(Default, Deserialize)]
pub(super) struct FunctionPart {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ChunkUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Chunk<'_> {
    /// What went wrong, if this event says that something did: `{"error": …}`, or vLLM's `{"object": "error", …}`.
    pub(super) fn failure(&self) -> Option<String> {
        if let Some(error) = &self.error {
            return Some(said(error));
        }
        let is_error = self.object.as_ref().is_some_and(|object| object.get() == r#""error""#);
        is_error.then(|| self.message.as_ref().map_or_else(|| "an error without a message".to_owned(), said))
    }
}

impl ChunkUsage {
    /// Tokens read and written, if the server says both.
    pub(super) fn counts(&self) -> Option<(u32, u32)> {
        let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
        Some((count(self.prompt_tokens?), count(self.completion_tokens?)))
    }
}

/// The body of `GET /models`.
#[derive(Deserialize)]
pub(super) struct ModelList {
    pub(super) data: Vec<ListedModel>,
}

#[derive(Deserialize)]
pub(super) struct ListedModel {
    pub(super) id: String,
    /// vLLM's and SGLang's name for the context.
    max_model_len: Option<u64>,
    /// Where llama.cpp says it.
    meta: Option<Value>,
}

impl ListedModel {
    pub(super) fn context_tokens(&self) -> Option<u32> {
        let meta = || self.meta.as_ref()?.get("n_ctx_train")?.as_u64();
        self.max_model_len.or_else(meta).and_then(|tokens| u32::try_from(tokens).ok())
    }
}

/// The message in the body of an error, in whichever of the usual forms, else the body's beginning.
pub(super) fn error_message(body: &[u8]) -> String {
    match serde_json::from_slice::<Value>(body) {
        Ok(body) => {
            let inner = ["error", "message", "detail"].iter().find_map(|key| body.get(key));
            said(inner.unwrap_or(&body))
        }
        Err(_) if body.is_empty() => "no reason given".into(),
        Err(_) => clip(&String::from_utf8_lossy(body)),
    }
}

fn said(error: &Value) -> String {
    match error.get("message").unwrap_or(error) {
        Value::String(text) => clip(text),
        other => clip(&other.to_string()),
    }
}

pub(super) fn clip(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE_CHARS).collect()
}
