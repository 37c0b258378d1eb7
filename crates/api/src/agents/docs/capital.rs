//! The routes of entrusted capital: snapshots, and the simulated enclave.

use super::hires::{of_job, page_of, paged};
use super::{answer, invalid, operation, signed};
use crate::openapi::{Operation, choice, nullable, object, reference, text};
use serde_json::{Value, json};

const SIMULATED: &str =
    "Nothing here is an enclave and nothing is traded: every answer has `simulated: true`.";

pub(in crate::agents) fn schemas() -> Vec<(&'static str, Value)> {
    let snapshot = object(&[
        ("reportedValue", reference("Units")),
        ("snapshotTs", reference("Instant")),
        ("txHash", nullable(text("The place in this market's log, of an attested one alone."))),
        ("blockNumber", nullable(reference("Units"))),
        ("balanceReport", json!({"type": "object"})),
        ("attestation", nullable(text("The attestation's JSON in hexadecimal, with `0x`."))),
        ("sequence", reference("Units")),
        ("state", choice(&["running", "closed"])),
        ("closedReason", nullable(choice(&["deadline", "stop_loss", "target"]))),
        ("standing", choice(&["attested", "stale", "unattested"])),
        ("flaw", nullable(text("Why it settles nothing: a code of docs/attestation.md."))),
        ("receivedAt", reference("Instant")),
    ]);
    vec![("Snapshot", snapshot)]
}

pub(in crate::agents) fn list() -> Operation {
    invalid(paged(of_job("What enclaves have said of the job's capital, the newest first."))).json(
        200,
        "A page.",
        page_of("Snapshot"),
    )
}

pub(in crate::agents) fn bring() -> Operation {
    let body = json!({"type": "object", "required": ["report"], "properties": {
        "report": {"type": "object", "description": "As docs/attestation.md has it."},
        "attestation": {"type": ["object", "null"], "description": "As docs/attestation.md has it."},
    }});
    let operation =
        of_job("A report on the job's capital, and who vouches for it. It is kept whatever it is worth.");
    signed(operation, "post-snapshot:<jobId>")
        .body(body)
        .json(409, "The capital is closed, or a later snapshot is known.", reference("AgentsError"))
        .json(429, "Too soon after the last, or too many.", reference("AgentsError"))
        .json(200, "The snapshot as it is kept.", answer(reference("Snapshot")))
}

fn simulated(summary: &str) -> Operation {
    operation(&format!("{summary} {SIMULATED}")).json(
        404,
        "No enclave is served, or it has no such job.",
        reference("AgentsError"),
    )
}

pub(in crate::agents) fn attestation() -> Operation {
    simulated("The simulated enclave's keys.").json(200, "They.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn entrust() -> Operation {
    let body = json!({"type": "object", "required": ["job_id", "encrypted_api_key", "params", "deadline"], "properties": {
        "job_id": {"type": "string"},
        "encrypted_api_key": {"type": "string", "description": "Hexadecimal, encrypted to `tee_pubkey` as eciesjs does."},
        "deadline": {"type": "integer"},
        "params": {"type": "object", "required": ["stop_loss_bps", "target_return_bps"], "properties": {
            "stop_loss_bps": {"type": "integer"},
            "target_return_bps": {"type": "integer"},
            "max_daily_trades": {"type": "integer"},
            "allowed_symbols": {"type": "array", "items": {"type": "string"}},
            "market": {"type": "string", "description": "`SPOT`; nothing else is simulated."},
            "snapshot_interval_ms": {"type": "integer", "description": "Read, without effect."},
        }},
    }});
    signed(simulated("The client entrusts its account."), "tee-jobs:<jobId>")
        .body(body)
        .json(409, "The enclave has the job, with other content.", reference("AgentsError"))
        .json(500, "The enclave is full.", reference("AgentsError"))
        .json(200, "The job.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn order() -> Operation {
    let body = json!({"type": "object", "required": ["order", "provider_signature"], "properties": {
        "order": {"type": "object", "properties": {
            "action": choice(&["buy", "sell", "close"]),
            "job_id": {"type": "string"},
            "nonce": {"type": "integer"},
            "order_type": choice(&["market", "limit"]),
            "price": {"type": ["string", "null"]},
            "quantity": {"type": ["string", "null"]},
            "symbol": {"type": ["string", "null"]},
        }},
        "provider_signature": {"type": "string"},
    }});
    invalid(simulated("An order of the job's provider, who has signed it."))
        .part("jobId", "The job.", reference("JobNumber"))
        .body(body)
        .json(401, "The provider has not signed it.", reference("AgentsError"))
        .json(413, "The body is too large.", reference("AgentsError"))
        .json(200, "What became of it.", answer(json!({"type": "object"})))
}

pub(in crate::agents) fn status() -> Operation {
    invalid(simulated("How the job's capital stands."))
        .part("jobId", "The job.", reference("JobNumber"))
        .query("verify", "Whether the report is to be verified as a snapshot is.", choice(&["true", "false"]))
        .json(
            200,
            "A report of this moment, and the closing one ever after.",
            answer(json!({"type": "object"})),
        )
}
