//! The part of a verdict that is about the money that moved.

use super::{Claim, Findings, job_of};
use crate::receipt::{Bundle, FullReceipt, Movement, transfers_hash};
use serde_json::Value;

/// Judges the transfers that the bundle lists. `entry` is the log's entry if it is canonical JSON, `log` the
/// name of the log if the reader's pinned key vouches for that entry.
pub(super) fn judge(bundle: &Bundle, entry: Option<&Value>, log: Option<&str>, findings: &mut Findings) {
    let claim = Claim::Transfers;
    let Some(transfers) = bundle.log.as_ref().and_then(|log| log.transfers.as_ref()) else {
        return findings.not_proven(claim, "", "the bundle does not say what moved");
    };
    let words = in_words(transfers);
    let Some(job) = job_of(bundle) else {
        return findings.not_proven(claim, "", format!("no receipt names the job: {words}"));
    };
    let actual = transfers_hash(Some(job), transfers).to_string();
    match (entry.and_then(|entry| entry.get("transfers_hash")?.as_str()), log) {
        (None, _) => findings.not_proven(claim, "", format!("the entry names no transfers: {words}")),
        (Some(named), _) if named != actual => {
            findings.wrong(claim, "", format!("the entry names other transfers than {words}"));
        }
        (Some(_), _)
            if let Some(excess) = bundle.receipt.as_ref().and_then(|full| excess(full, transfers)) =>
        {
            findings.wrong(claim, "", excess);
        }
        (Some(_), Some(log)) => findings.proven(claim, log, words),
        (Some(_), None) => {
            findings.not_proven(
                claim,
                "",
                format!("the entry fits, and no pinned key vouches for it: {words}"),
            );
        }
    }
}

/// What was taken for the job beyond its receipt: in another asset, or more than the price. What goes back to the
/// client is not taken.
fn excess(full: &FullReceipt, transfers: &[Movement]) -> Option<String> {
    let FullReceipt { asset, price, .. } = full;
    let of_job = |movement: &&Movement| matches!(movement.from.as_str(), "escrow" | "vesting");
    if let Some(other) = transfers.iter().filter(of_job).find(|movement| movement.asset != *asset) {
        return Some(format!("{other}, and the receipt counts in {asset}"));
    }
    let taken_from = |account: &str| {
        let taken = transfers
            .iter()
            .filter(|movement| movement.from == account && !movement.to.starts_with("client:"));
        taken.fold(0_u128, |sum, movement| sum.saturating_add(movement.units))
    };
    let most = taken_from("escrow").max(taken_from("vesting"));
    (most > *price).then(|| format!("{most} {asset} units were taken at a price of {price}"))
}

fn in_words(transfers: &[Movement]) -> String {
    let words: Vec<_> = transfers.iter().map(Movement::to_string).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}
