//! What the enclave answers. Every answer says that all of it is simulated.

use crate::{Fill, Symbol};
use docket_attestation::State;
use serde::Serialize;
use serde_json::Value;

/// Who the enclave is.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AttestationAnswer {
    /// Always.
    pub simulated: bool,
    /// What is traded on.
    pub exchange: &'static str,
    /// The key that clients encrypt to: `0x` and 65 bytes.
    pub tee_pubkey: String,
    /// How reports are signed.
    pub scheme: &'static str,
    /// The key that signs reports, as the operator pins it.
    pub key: String,
    /// No hardware measures a simulation.
    pub measurement: Option<String>,
    /// The coins that can be traded.
    pub symbols: Vec<&'static str>,
}

/// A job that the enclave has.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct JobAnswer {
    /// Always.
    pub simulated: bool,
    /// Which.
    pub job_id: String,
    /// `running` or `closed`.
    pub state: &'static str,
    /// When all is sold at the latest, in milliseconds since 1970.
    pub deadline: i64,
}

/// What became of an order.
#[derive(Clone, PartialEq, Debug)]
pub enum Placed {
    /// It was carried out, in as many trades.
    Filled(Vec<(Symbol, Fill)>),
    /// It waits for its price.
    Resting,
}

/// What became of an order, as it is answered.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct OrderAnswer {
    /// Always.
    pub simulated: bool,
    /// Of which job.
    pub job_id: String,
    /// Which order.
    pub nonce: u64,
    /// `filled` or `resting`.
    pub status: &'static str,
    /// The trades, with decimal numbers as texts.
    pub fills: Vec<Value>,
}

/// How a job stands.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StatusAnswer {
    /// Always.
    pub simulated: bool,
    /// Which.
    pub job_id: String,
    /// `running` or `closed`.
    pub state: &'static str,
    /// `deadline`, `stop_loss`, `target` or `null`.
    pub closed_reason: Option<&'static str>,
    /// What the capital consists of.
    pub balance_report: Value,
    /// What it is worth, in minor units.
    pub reported_value: String,
    /// The signature over `report`, as it is written in `attestation`.
    pub enclave_signature: String,
    /// What is signed: `docket_attestation::Report`.
    pub report: Value,
    /// By whom: `docket_attestation::Attestation`.
    pub attestation: Value,
    /// Of a closed job: keccak-256 of `enclave_signature|final_balance`, with `0x`.
    pub deliverable_hash: Option<String>,
}

pub(crate) const fn reason(state: State) -> Option<&'static str> {
    match state.closed_reason() {
        Some(reason) => Some(reason.name()),
        None => None,
    }
}
