//! The part of a verdict that is about the receipts and the output.

use super::{Claim, Findings, Pins};
use crate::digest::Digest;
use crate::keys::PublicKey;
use crate::receipt::{Batch, Bundle, FullReceipt, SignedBy};
use serde::Deserialize;

/// Judges everything but the log. `log` is the name of the log that vouches for these receipts, if one does.
pub(super) fn judge(bundle: &Bundle, pins: &Pins, log: Option<&str>, findings: &mut Findings) {
    let Some((job_id, worker)) = named(bundle) else {
        findings.wrong(Claim::ShortReceipt, "", "the bundle holds no receipt");
        return;
    };
    // A pinned key is used even where another is named: what fails under it is not the worker's.
    let key = pins.worker_key.map_or_else(|| PublicKey::from_hex(worker).ok(), Some);
    let short = judge_short(bundle, key.as_ref(), findings);
    let full = judge_full(bundle, pins, key.as_ref(), log, findings);
    let by_worker = short.is_some() || (full.is_some() && bundle.signed_by == SignedBy::Worker);
    judge_worker(worker, by_worker, pins, findings);
    judge_agreement(bundle, findings);
    judge_text(bundle, pins, full.as_deref(), findings);
    let attested = short.or(full);
    judge_output(bundle, pins, attested.as_deref(), findings);
    judge_job(job_id, pins, attested.as_deref(), findings);
}

/// The job and the worker that the receipts of a worker with a key name first.
pub(super) fn named(bundle: &Bundle) -> Option<(&str, &str)> {
    let full = bundle.receipt.as_ref().map(|full| (full.job_id.as_str(), full.worker.as_str()));
    let short = || bundle.dispatch.as_ref().map(|short| &short.receipt);
    full.or_else(|| short().map(|short| (short.job_id.as_str(), short.provider_pubkey.as_str())))
}

/// Gives the key that signed the short receipt, if that was verified.
fn judge_short(bundle: &Bundle, key: Option<&PublicKey>, findings: &mut Findings) -> Option<String> {
    let claim = Claim::ShortReceipt;
    match (&bundle.dispatch, key) {
        // The worker's full receipt says all that a short one would.
        (None, _) if bundle.receipt.is_some() && bundle.signed_by == SignedBy::Worker => {}
        (None, _) => findings.not_proven(claim, "", "the bundle holds none"),
        (Some(_), None) => findings.wrong(claim, "", "the receipt names no key that could have signed it"),
        (Some(short), Some(key)) if short.is_signed_by(key) => {
            let (key, receipt) = (key.to_hex(), &short.receipt);
            findings.proven(claim, &key, format!("{} at {}", receipt.output_hash, receipt.completed_at));
            return Some(key);
        }
        (Some(_), Some(key)) => findings.wrong(claim, "", format!("the signature is not by {key}")),
    }
    None
}

/// Gives the key or the log that vouches for the full receipt, if that was verified.
fn judge_full(
    bundle: &Bundle,
    pins: &Pins,
    key: Option<&PublicKey>,
    log: Option<&str>,
    findings: &mut Findings,
) -> Option<String> {
    let claim = Claim::FullReceipt;
    let unsigned = bundle.receipt.is_none() || bundle.signature.is_none();
    if bundle.batch.is_some() && (unsigned || bundle.signed_by == SignedBy::Coordinator) {
        findings.wrong(claim, "", "a batch, and no receipt that a worker signed in it");
        return None;
    }
    let Some(full) = &bundle.receipt else {
        findings.not_proven(claim, "", "the bundle holds none, so price, usage and model are not signed");
        return None;
    };
    let signer = match bundle.signed_by {
        SignedBy::Worker => key.map(|key| (key, key.to_hex())),
        SignedBy::Coordinator => pins.coordinator_vkey.as_ref().map(|pin| (pin.key(), pin.name().to_owned())),
    };
    let words = in_words(full);
    match (&bundle.signature, signer, bundle.signed_by) {
        (Some(signature), Some((key, by)), _) => {
            let batch = bundle.batch.as_ref();
            if full.is_signed_by(key, signature, batch) {
                findings.proven(claim, &by, words + &shared(batch));
                return Some(by);
            }
            findings.wrong(claim, "", format!("the signature is not by {key}{}", shared(batch)));
        }
        (Some(_), None, SignedBy::Worker) => {
            findings.wrong(claim, "", "the receipt names no key that could have signed it");
        }
        (None, _, SignedBy::Worker) => findings.wrong(claim, "", "the worker's signature is missing"),
        (_, _, SignedBy::Coordinator) => match log {
            // The checkpoint is the coordinator's signature under all receipts of the log.
            Some(log) => {
                findings.proven(claim, log, words);
                return Some(log.to_owned());
            }
            None => findings.not_proven(claim, "", format!("not vouched for by a pinned key: {words}")),
        },
    }
    None
}

/// For how many receipts the signature stands, if not for one.
fn shared(batch: Option<&Batch>) -> String {
    batch.map(|Batch { size, .. }| format!(", by one signature for {size} receipts")).unwrap_or_default()
}

fn in_words(full: &FullReceipt) -> String {
    let FullReceipt { job_id, attempt, price, asset, usage, .. } = full;
    let model = full.model.as_ref().map(|model| format!(" with {}", model.name)).unwrap_or_default();
    format!(
        "job {job_id}, attempt {attempt}{model}: {} tokens in, {} out, at a price of {price} {asset}",
        usage.prompt_tokens, usage.completion_tokens
    )
}

fn judge_worker(named: &str, signed: bool, pins: &Pins, findings: &mut Findings) {
    let claim = Claim::WorkerKey;
    if let Some(wallet) = pins.wallet {
        findings.wrong(
            claim,
            "",
            format!("the receipts name the key {named}, and you pinned the wallet {wallet}"),
        );
    }
    match pins.worker_key {
        Some(pin) if pin.to_hex() != named => {
            findings.wrong(claim, "", format!("the receipts name {named}, and you pinned {pin}"));
        }
        Some(_) if signed => findings.proven(claim, named, "the receipts name the key that you pinned"),
        Some(_) => findings.not_proven(claim, "", "your worker is named, but nothing here was signed by it"),
        None => match PublicKey::from_hex(named) {
            Ok(_) => findings.not_proven(
                claim,
                "",
                format!("self-claimed: only the receipts say that {named} is the worker's"),
            ),
            Err(error) => findings.wrong(claim, "", error.to_string()),
        },
    }
}

fn judge_agreement(bundle: &Bundle, findings: &mut Findings) {
    let claim = Claim::Agreement;
    let Some(full) = &bundle.receipt else { return };
    if full.dispatch != bundle.dispatch {
        findings.wrong(claim, "", "the full receipt holds another short receipt than the bundle");
        return;
    }
    let Some(short) = bundle.dispatch.as_ref().map(|short| &short.receipt) else { return };
    let differs = [
        ("job", short.job_id != full.job_id),
        ("worker", short.provider_pubkey != full.worker),
        ("output", short.output() != Some(full.output_hash)),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => findings.wrong(claim, "", format!("the two receipts name a different {what}")),
        None => findings.proven(claim, "", "both receipts name the same job, worker and output"),
    }
}

fn judge_output(bundle: &Bundle, pins: &Pins, attested: Option<&str>, findings: &mut Findings) {
    let claim = Claim::Output;
    let in_bundle = bundle.output.as_ref().map(String::as_bytes);
    let short = || bundle.dispatch.as_ref().and_then(|short| short.receipt.output());
    let expected = bundle.receipt.as_ref().map(|full| full.output_hash).or_else(short);
    let (Some(output), Some(expected)) = (pins.output.as_deref().or(in_bundle), expected) else {
        match expected {
            Some(expected) => findings.not_proven(claim, "", format!("no output to compare with {expected}")),
            None => findings.wrong(claim, "", "the receipt names no digest of an output"),
        }
        return;
    };
    let received = Digest::of(output);
    if in_bundle.is_some_and(|in_bundle| in_bundle != output) {
        findings.wrong(claim, "", "the output in the bundle is not the one that you received");
    } else if received != expected {
        findings.wrong(claim, "", format!("the output has {received}, the receipts name {expected}"));
    } else if let Some(by) = attested {
        findings.proven(claim, by, expected.to_string());
    } else {
        findings.not_proven(claim, "", "the output fits, but no signature on the receipts was verified");
    }
}

/// Only the full receipt names the text, so that only who vouches for it counts.
fn judge_text(bundle: &Bundle, pins: &Pins, attested: Option<&str>, findings: &mut Findings) {
    #[derive(Deserialize)]
    struct Answer {
        text: String,
    }
    let claim = Claim::Text;
    let Some(expected) = bundle.receipt.as_ref().and_then(|full| full.text_hash) else { return };
    let Some(output) = pins.output.as_deref().or(bundle.output.as_ref().map(String::as_bytes)) else {
        findings.not_proven(claim, "", format!("no output to compare with {expected}"));
        return;
    };
    match (serde_json::from_slice(output).map(|Answer { text }| Digest::of(text.as_bytes())), attested) {
        (Err(_), _) => findings.wrong(claim, "", "the output has no text, and the receipt names one"),
        (Ok(text), _) if text != expected => {
            findings.wrong(claim, "", format!("the text has {text}, the receipt names {expected}"));
        }
        (Ok(_), Some(by)) => findings.proven(claim, by, expected.to_string()),
        (Ok(_), None) => {
            findings.not_proven(
                claim,
                "",
                "the text fits, but no signature on the full receipt was verified",
            );
        }
    }
}

pub(super) fn judge_job(named: &str, pins: &Pins, attested: Option<&str>, findings: &mut Findings) {
    let claim = Claim::Job;
    match (&pins.job_id, attested) {
        (None, _) => {}
        (Some(asked), _) if asked != named => {
            findings.wrong(claim, "", format!("the receipts are for {named}, not for {asked}"));
        }
        (Some(asked), Some(by)) => findings.proven(claim, by, format!("the receipts are for {asked}")),
        (Some(_), None) => {
            findings.not_proven(claim, "", "the receipts name it, but no signature on them was verified");
        }
    }
}
