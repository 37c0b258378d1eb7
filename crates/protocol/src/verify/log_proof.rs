//! The part of a verdict that is about the log.

use super::{Claim, Findings, Pins, Seen, transfers};
use crate::canonical;
use crate::digest::Digest;
use crate::log::{Checkpoint, ProofError, check_consistency, check_inclusion};
use crate::receipt::{Bundle, LogProof};
use serde_json::Value;

/// Judges the bundle's place in the log.
///
/// Gives the log's name if the reader's pinned key for it vouches for exactly these receipts.
pub(super) fn judge(bundle: &Bundle, pins: &Pins, findings: &mut Findings) -> Option<String> {
    let Some(log) = &bundle.log else {
        findings.not_proven(Claim::Inclusion, "", "the bundle does not say where the log has this job");
        transfers::judge(bundle, None, None, findings);
        return None;
    };
    let entry = read_entry(&log.entry);
    let named = judge_entry(log, entry.as_ref(), bundle.receipt_hash(), findings);
    let vouching = judge_place(log, pins, findings);
    transfers::judge(bundle, entry.as_ref(), vouching.as_deref(), findings);
    vouching.filter(|_| named)
}

/// Gives the log's name if the entry is in it under the reader's pinned key.
fn judge_place(log: &LogProof, pins: &Pins, findings: &mut Findings) -> Option<String> {
    let (checkpoint, signed) = judge_checkpoint(log, pins, findings)?;
    let included = judge_inclusion(log, &checkpoint, signed, findings);
    if let Some(seen) = &pins.seen {
        judge_consistency(seen, &checkpoint, findings);
    }
    (signed && included).then_some(checkpoint.origin)
}

fn judge_entry(log: &LogProof, entry: Option<&Value>, expected: Digest, findings: &mut Findings) -> bool {
    match entry.and_then(|entry| entry.get("receipt_hash")?.as_str()) {
        Some(named) if named == expected.to_string() => {
            findings.proven(
                Claim::LogEntry,
                "",
                format!("entry {} names these receipts, {expected}", log.index),
            );
            true
        }
        Some(named) => {
            let detail = format!("entry {} names the receipts {named}; these are {expected}", log.index);
            findings.wrong(Claim::LogEntry, "", detail);
            false
        }
        None => {
            let detail = format!("entry {} is no canonical JSON that names a receipt", log.index);
            findings.wrong(Claim::LogEntry, "", detail);
            false
        }
    }
}

/// What an entry says, provided that it is canonical JSON.
fn read_entry(entry: &[u8]) -> Option<Value> {
    let value = canonical::parse_strict(entry, 16).ok()?;
    let canonical = canonical::to_vec(&value).ok()?;
    (canonical == entry).then_some(value)
}

/// Gives the checkpoint, and whether the pinned key signed it; `None` if there is nothing to go on with.
fn judge_checkpoint(log: &LogProof, pins: &Pins, findings: &mut Findings) -> Option<(Checkpoint, bool)> {
    let claim = Claim::Checkpoint;
    let opened = match &pins.coordinator_vkey {
        Some(key) => Checkpoint::open(&log.checkpoint, key).map(|checkpoint| (checkpoint, true)),
        None => Checkpoint::read_unverified(&log.checkpoint).map(|checkpoint| (checkpoint, false)),
    };
    let (checkpoint, signed) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            findings.wrong(claim, "", error.to_string());
            findings.not_proven(Claim::Inclusion, "", "there is no signed root to compare with");
            return None;
        }
    };
    let Checkpoint { origin, size, .. } = &checkpoint;
    if *origin != log.origin {
        let detail = format!("the checkpoint is of the log {origin}, the bundle says {}", log.origin);
        findings.wrong(claim, "", detail);
    } else if signed {
        findings.proven(claim, origin, format!("the log had {size} entries"));
    } else {
        findings.not_proven(
            claim,
            "",
            format!("no key of {origin} is pinned, so anybody may have made this"),
        );
    }
    let signed = signed && *origin == log.origin;
    Some((checkpoint, signed))
}

fn judge_inclusion(log: &LogProof, checkpoint: &Checkpoint, signed: bool, findings: &mut Findings) -> bool {
    let checked = check_inclusion(&log.entry, log.index, &log.proof, checkpoint);
    let place = format!("entry {} of {}", log.index, checkpoint.size);
    match &checked {
        Ok(()) if signed => findings.proven(Claim::Inclusion, &checkpoint.origin, place),
        Ok(()) => {
            findings.not_proven(Claim::Inclusion, "", format!("{place}, under a root nobody known signed"))
        }
        Err(error) => findings.wrong(Claim::Inclusion, "", error.to_string()),
    }
    checked.is_ok()
}

fn judge_consistency(seen: &Seen, checkpoint: &Checkpoint, findings: &mut Findings) {
    let claim = Claim::Consistency;
    let (old, new) = if seen.checkpoint.size <= checkpoint.size {
        (&seen.checkpoint, checkpoint)
    } else {
        (checkpoint, &seen.checkpoint)
    };
    let proof = seen.proof.as_deref();
    match check_consistency(old, new, proof.unwrap_or_default()) {
        Ok(()) => {
            findings.proven(claim, "", format!("{} entries, and the same first {}", new.size, old.size));
        }
        // Without a proof nothing leads anywhere; that alone is no contradiction.
        Err(ProofError::OtherRoot) if proof.is_none() => {
            findings.not_proven(claim, "", format!("no proof between {} and {} entries", old.size, new.size));
        }
        Err(error) => findings.wrong(claim, "", error.to_string()),
    }
}
