//! The bodies of this dialect: those of the page, and those of OpenAI's chat completions.

use super::price::{credits, dollars};
use super::status::{charged, status};
use docket_core::id::WorkerId;
use docket_core::job::Job;
use docket_core::time::Timestamp;
use docket_protocol::answer::Extras;
use docket_protocol::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

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

    pub(super) fn reason(&self) -> &str {
        self.finish_reason.as_deref().unwrap_or("stop")
    }
}

/// Counted tokens.
#[derive(Serialize)]
pub(super) struct Usage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) total_tokens: u64,
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
        let worker = job.delivery().and_then(|delivery| delivery.worker());
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
