//! What this dialect answers, field by field; those of the page in its order.

use super::errors::Problem;
use axum::Json;
use docket_core::agent::identity::Wallet;
use docket_protocol::wallet::Address;
use serde::Serialize;

/// `{"ok": true, "data": …}`.
#[derive(Serialize)]
pub(super) struct Envelope<T> {
    ok: bool,
    data: T,
}

/// What a handler answers with.
pub(super) type Answer<T> = Result<Json<Envelope<T>>, Problem>;

/// An answer.
pub(super) fn answer<T>(data: T) -> Answer<T> {
    Ok(Json(Envelope { ok: true, data }))
}

/// An address with the checksum of EIP-55.
pub(super) fn address(wallet: Wallet) -> String {
    Address::from(wallet).to_string()
}

/// Advice: who would do it, what it costs, and how to have it done.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdviceView<'a> {
    pub(super) model_id: &'a str,
    pub(super) assigned_node: String,
    /// From 0 to 100.
    pub(super) node_reputation: u16,
    pub(super) estimated_cost_wei: String,
    pub(super) estimated_cost_eth: String,
    /// SHA-256 of the prompt, in hexadecimal.
    pub(super) input_hash: String,
    pub(super) instructions: Instructions,
}

/// How to have it done, step by step.
#[derive(Serialize)]
pub(super) struct Instructions {
    pub(super) step1: String,
    pub(super) step2: String,
    pub(super) step3: String,
}

/// A job.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    pub(super) job_id: String,
    pub(super) model_id: String,
    /// `submitted`, `assigned`, `completed` or `expired`.
    pub(super) status: &'static str,
    pub(super) requester_address: String,
    pub(super) assigned_node: Option<String>,
    pub(super) cost_wei: String,
    pub(super) cost_eth: String,
    pub(super) input_hash: Option<String>,
    /// SHA-256 of the answer, in hexadecimal.
    pub(super) output_hash: Option<String>,
    /// What the node has of the price.
    pub(super) node_earned_wei: Option<String>,
    /// What nobody has of it.
    pub(super) burned_wei: Option<String>,
    /// Why the money went back.
    pub(super) reason: Option<&'static str>,
    pub(super) submitted_at: String,
    pub(super) completed_at: Option<String>,
    /// When the money goes back if nothing happens until then.
    pub(super) expires_at: Option<String>,
    /// Where the log has the settlement: `ledger:` and its place.
    pub(super) settlement: Option<String>,
}

/// What a job has come to, for who paid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultView {
    pub(super) job_id: String,
    pub(super) assigned_node: Option<String>,
    pub(super) output: String,
    pub(super) output_hash: String,
}

/// A node.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeView {
    pub(super) address: String,
    pub(super) endpoint: Option<String>,
    pub(super) gpu_tier: u8,
    /// Those of the table that it takes, `null` where that is whatever its class can run; of one that keeps a connection, as
    /// what it serves them.
    pub(super) models: Option<Vec<String>>,
    /// From 0 to 100: the hundredth of `reputationPoints`, rounded down.
    pub(super) reputation: u16,
    /// From 0 to 10,000.
    pub(super) reputation_points: u16,
    /// Whether it may have jobs.
    pub(super) active: bool,
    /// `active`, `left`, `refuted` or `on_trial`.
    pub(super) state: &'static str,
    pub(super) online: bool,
    pub(super) last_heartbeat: Option<String>,
    pub(super) open_jobs: u16,
    pub(super) concurrency: u16,
    pub(super) jobs_completed: u32,
    pub(super) jobs_failed: u32,
    pub(super) registered_at: String,
}

/// A page of nodes.
#[derive(Serialize)]
pub(super) struct NodesView {
    pub(super) nodes: Vec<NodeView>,
    pub(super) total: usize,
}

/// The answer to a heartbeat.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeartbeatView {
    pub(super) received: bool,
    /// In seconds.
    pub(super) next_ping_in: i64,
    pub(super) server_time: String,
}

/// A model that can be asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModelView<'a> {
    pub(super) model_id: &'a str,
    pub(super) gpu_tier: u8,
    pub(super) context_length: u32,
    pub(super) max_tokens: u32,
    pub(super) price_wei: String,
    pub(super) price_eth: String,
}

/// All of them.
#[derive(Serialize)]
pub(super) struct ModelsView<'a> {
    pub(super) models: Vec<ModelView<'a>>,
}
