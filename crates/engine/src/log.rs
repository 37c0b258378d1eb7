//! The entries of the log: what each event commits to that moves money, or by which one agent delivers to another.
//!
//! The log is public, and knowing a job's public id is being allowed to read the job. So an entry
//! holds digests, over texts that the job's parties have: they can prove it, nobody else can guess it. Where a job may be
//! a test, who has it knows all of that text but who pays; so that is not in it, and no entry tells him.

use docket_core::agent::hire::step::Taken;
use docket_core::change::Change;
use docket_core::event::Event;
use docket_core::hash::Sha256;
use docket_core::ledger::{Transfer, source};
use docket_protocol::digest::Digest;
use docket_protocol::receipt::{Movement, transfers_hash};
use docket_store::Leaf;
use serde::{Deserialize, Serialize};

/// An entry. Its fields stand in canonical order and none is a number, so that simply writing it gives
/// canonical JSON; a test compares.
#[derive(Serialize)]
struct Entry<'a> {
    at_ms: &'a str,
    event: &'static str,
    format: &'static str,
    job_hash: Option<Digest>,
    receipt_hash: Option<Digest>,
    transfers_hash: Digest,
}

/// As much of an entry as proofs are about.
#[derive(Deserialize)]
struct Proven {
    receipt_hash: Option<String>,
}

/// The leaf for a change that is logged.
pub(crate) fn leaf(change: &Change) -> Leaf {
    let job = change.job.as_ref();
    let public_id = job.map(|job| &*job.after.public_id.text);
    // Tests are jobs that ask for a class of hardware.
    let payer = job.filter(|job| job.after.policy.tier.is_some()).map(|job| source(&job.after));
    let movement = |leg: &Transfer| Movement::of(leg, payer.as_ref());
    let transfers: Vec<_> = change.transfers.iter().map(movement).collect();
    let entry = Entry {
        at_ms: &change.at.0.to_string(),
        event: job.map_or("transfer", |job| job.event.name()),
        format: "docket-entry/1",
        job_hash: public_id.map(|id| Digest::of(id.as_bytes())),
        receipt_hash: job.and_then(|job| receipt(&job.event)).map(Digest::from),
        transfers_hash: transfers_hash(public_id, &transfers),
    };
    Leaf::new(canonical_bytes(&entry))
}

/// The digest of the receipt that an entry commits to, `sha256:` and 64 digits, if there is one.
pub fn entry_receipt_hash(entry: &[u8]) -> Option<String> {
    serde_json::from_slice::<Proven>(entry).ok()?.receipt_hash
}

fn canonical_bytes(entry: &Entry<'_>) -> Vec<u8> {
    serde_json::to_vec(entry).expect("texts can be written")
}

const fn receipt(event: &Event) -> Option<Sha256> {
    match (event, event.delivery()) {
        (Event::Hire(Taken::Valued { valuation, .. }), _) => Some(valuation.report),
        (_, Some(delivery)) => Some(delivery.receipt),
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::canonical;

    #[test]
    fn an_entry_is_canonical() {
        let entry = canonical_bytes(&Entry {
            at_ms: "1",
            event: "settled",
            format: "docket-entry/1",
            job_hash: Some(Digest([1; 32])),
            receipt_hash: None,
            transfers_hash: transfers_hash(None, &[]),
        });
        let value: serde_json::Value = serde_json::from_slice(&entry).expect("it is JSON");
        assert_eq!(entry, canonical::to_vec(&value).expect("it has a canonical form"));
    }
}
