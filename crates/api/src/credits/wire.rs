//! The bodies of this dialect: those of the page, and those of OpenAI's chat completions.

use super::price::{credits, dollars};
use super::status::{charged, status};
use docket_core::id::WorkerId;
use docket_core::job::Job;
use docket_core::time::Timestamp;
use docket_protocol::answer::{Delta, Extras, Logprobs};
use docket_protocol::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What a worker answered.
#[derive(Deserialize)]
pub(super) struct Output {
    pub(super) text: String,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    #[serde(flatten)]
    pub(super) extras: Extras,
}

impl Output {
    /// Reads it; `None` if it is no answer in text.
    pub(super) fn parse(output: &[u8]) -> Option<Self> {
        serde_json::from_slice(output).ok()
    }

    fn reason(&self) -> &str {
        self.finish_reason.as_deref().unwrap_or("stop")
    }
}

/// Counted tokens.
#[derive(Serialize)]
pub(super) struct Usage {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
}

/// The tokens of a job, once there is an answer.
pub(super) fn usage(job: &Job) -> Option<Usage> {
    let usage = job.delivery()?.usage;
    Some(Usage {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input.saturating_add(usage.output),
    })
}

/// The name under which OpenAI's clients know an answer.
fn completion_id(job: &Job) -> String {
    let name = &*job.public_id.text;
    format!("chatcmpl-{}", name.strip_prefix("job_").unwrap_or(name))
}

/// A whole answer.
pub(super) fn completion(job: &Job, output: &Output) -> Value {
    let Extras { tool_calls, logprobs, refusal, reasoning_content } = &output.extras;
    // Where a model does nothing but call tools, OpenAI has no content.
    let content = Some(&output.text).filter(|text| !text.is_empty() || tool_calls.is_empty());
    let mut message = json!({"role": "assistant", "content": content, "refusal": refusal});
    if !tool_calls.is_empty() {
        message["tool_calls"] = json!(tool_calls);
    }
    if let Some(thought) = reasoning_content {
        message["reasoning_content"] = json!(thought);
    }
    json!({
        "id": completion_id(job),
        "object": "chat.completion",
        "created": job.created_at.0 / 1_000,
        "model": job.ask.model.as_deref(),
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": logprobs.as_ref().map(likelihoods),
            "finish_reason": output.reason(),
        }],
        "usage": usage(job),
        "system_fingerprint": null,
    })
}

/// One event of a streamed answer.
fn chunk(job: &Job, choices: Value, usage: Option<Usage>) -> String {
    json!({
        "id": completion_id(job),
        "object": "chat.completion.chunk",
        "created": job.created_at.0 / 1_000,
        "model": job.ask.model.as_deref(),
        "choices": choices,
        "usage": usage,
        "system_fingerprint": null,
    })
    .to_string()
}

/// The first event: who speaks.
pub(super) fn opening(job: &Job) -> String {
    let delta = json!({"role": "assistant", "content": ""});
    chunk(job, json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]), None)
}

/// More text.
pub(super) fn piece(job: &Job, text: &str) -> String {
    let delta = json!({"content": text});
    chunk(job, json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]), None)
}

/// Something beside text.
pub(super) fn beside(job: &Job, delta: Delta) -> String {
    let Delta { logprobs, .. } = &delta;
    let logprobs = logprobs.as_ref().map(likelihoods);
    let delta = json!(Delta { logprobs: None, ..delta });
    chunk(job, json!([{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": null}]), None)
}

fn likelihoods(logprobs: &Logprobs) -> Value {
    json!({"content": logprobs.content, "refusal": null})
}

/// The end of a whole answer.
pub(super) fn closing(job: &Job, output: &Output) -> String {
    let choice = json!({"index": 0, "delta": {}, "logprobs": null, "finish_reason": output.reason()});
    chunk(job, json!([choice]), None)
}

/// The count of tokens, for who asked for it.
pub(super) fn count(job: &Job) -> String {
    chunk(job, json!([]), usage(job))
}

/// A job as the page shows it.
#[derive(Serialize)]
pub(super) struct JobView<'a> {
    id: &'a str,
    object: &'static str,
    status: &'static str,
    model: Option<&'a str>,
    tier: &'a str,
    credits_charged: Box<RawValue>,
    usdc_value: Box<RawValue>,
    worker_address: Option<String>,
    created_at: String,
    completed_at: Option<String>,
    on_chain: OnChain,
    usage: Option<Usage>,
}

/// Where the books have it. On a ledger the log stands for the chain, and nothing is invented.
#[derive(Serialize, Default)]
pub(super) struct OnChain {
    pub(super) escrow_tx: Option<String>,
    pub(super) settlement_tx: Option<String>,
    pub(super) escrow_pda: Option<String>,
    pub(super) slot: Option<u64>,
    pub(super) proof_hash: Option<Digest>,
}

/// A place in the log, as a reference.
pub(super) fn log_reference(index: u64) -> String {
    format!("ledger:{index}")
}

impl<'a> JobView<'a> {
    pub(super) fn new(job: &'a Job, tier: &'a str, on_chain: OnChain) -> Self {
        let charged = charged(job);
        let worker = job.delivery().map(|delivery| delivery.worker);
        let worker = worker.or_else(|| job.holder().map(|(worker, _)| worker));
        Self {
            id: &job.public_id.text,
            object: "job",
            status: status(&job.state),
            model: job.ask.model.as_deref(),
            tier,
            credits_charged: credits(charged),
            usdc_value: dollars(charged),
            worker_address: worker.map(address),
            created_at: seconds(job.created_at),
            completed_at: job.ended_at.map(seconds),
            on_chain,
            usage: usage(job),
        }
    }
}

/// A worker's key in base58, as wallets are written.
fn address(worker: WorkerId) -> String {
    bs58::encode(worker.0).into_string()
}

/// An instant in whole seconds: `2026-06-15T14:22:00Z`.
pub(super) fn seconds(at: Timestamp) -> String {
    let text = docket_protocol::instant::format(at.0);
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}
