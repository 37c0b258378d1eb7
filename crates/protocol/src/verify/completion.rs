//! The part of a verdict that is about a node's word by its wallet, where that is the receipt.

use super::{Claim, Findings, Pins, receipts};
use crate::digest::Digest;
use crate::receipt::Bundle;
use crate::wallet::Completion;
use docket_core::agent::identity::Wallet;
use docket_core::id::WorkerId;
use docket_core::ledger::Account;
use serde::Deserialize;

/// Judges everything but the log.
pub(super) fn judge(bundle: &Bundle, completion: &Completion, pins: &Pins, findings: &mut Findings) {
    let address = completion.address.to_string();
    let signer = completion.is_signed().then_some(address.as_str());
    let claim = Claim::Completion;
    match signer {
        Some(by) => findings.proven(claim, by, format!("the wallet {by} signed job {}", completion.job_id)),
        None => findings.wrong(claim, "", format!("the signature is not by the wallet {address}")),
    }
    judge_node(completion, signer, pins, findings);
    judge_agreement(bundle, completion, findings);
    judge_output(bundle, completion, signer, pins, findings);
    receipts::judge_job(&completion.job_id, pins, signer, findings);
}

fn judge_node(completion: &Completion, signer: Option<&str>, pins: &Pins, findings: &mut Findings) {
    let claim = Claim::WorkerKey;
    let address = completion.address;
    if let Some(key) = pins.worker_key {
        findings.wrong(
            claim,
            "",
            format!("the receipt names the wallet {address}, and you pinned the key {key}"),
        );
    }
    match (pins.wallet, signer) {
        (Some(pin), _) if pin != address => {
            findings.wrong(
                claim,
                "",
                format!("the receipt names the wallet {address}, and you pinned {pin}"),
            );
        }
        (Some(_), Some(by)) => findings.proven(claim, by, "the receipt names the wallet that you pinned"),
        (Some(_), None) => {
            findings.not_proven(claim, "", "your node is named, but its wallet signed nothing here")
        }
        (None, _) => {
            let detail = format!("self-claimed: only the receipt says that {address} is the node's wallet");
            findings.not_proven(claim, "", detail);
        }
    }
}

/// Whether the completion stands alone, and whoever was paid for the job is the node.
fn judge_agreement(bundle: &Bundle, completion: &Completion, findings: &mut Findings) {
    let claim = Claim::Agreement;
    if bundle.is_mixed() {
        return findings.wrong(
            claim,
            "",
            "a completion and another receipt, and nobody signed that both belong together",
        );
    }
    let node = Account::Worker(WorkerId::of_wallet(&Wallet::from(completion.address))).to_string();
    let transfers = bundle.log.iter().filter_map(|log| log.transfers.as_ref()).flatten();
    let mut paid =
        transfers.map(|movement| movement.to.as_str()).filter(|to| to.starts_with("worker:")).peekable();
    if paid.peek().is_none() {
        return;
    }
    match paid.find(|to| *to != node) {
        Some(other) => findings.wrong(claim, "", format!("{other} was paid, and {node} has signed")),
        None => findings.proven(claim, "", "the node that was paid is the wallet that signed"),
    }
}

/// What is signed is the text alone, so that the output may have nothing beside it.
fn judge_output(
    bundle: &Bundle,
    completion: &Completion,
    signer: Option<&str>,
    pins: &Pins,
    findings: &mut Findings,
) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Answer {
        text: String,
    }
    let (claim, expected) = (Claim::Output, completion.output_hash);
    let in_bundle = match bundle.output.as_deref().map(serde_json::from_str::<Answer>) {
        Some(Ok(Answer { text })) => Some(text.into_bytes()),
        Some(Err(_)) => return findings.wrong(claim, "", "the output is not a text and nothing else"),
        None => None,
    };
    let Some(text) = pins.output.as_ref().or(in_bundle.as_ref()) else {
        return findings.not_proven(claim, "", format!("no answer to compare with {expected}"));
    };
    let received = Digest::of(text);
    if in_bundle.as_ref().is_some_and(|in_bundle| in_bundle != text) {
        findings.wrong(claim, "", "the answer in the bundle is not the one that you received");
    } else if received != expected {
        findings.wrong(claim, "", format!("the answer has {received}, the receipt names {expected}"));
    } else if let Some(by) = signer {
        findings.proven(claim, by, expected.to_string());
    } else {
        findings.not_proven(claim, "", "the answer fits, but the signature on the receipt was not verified");
    }
}
