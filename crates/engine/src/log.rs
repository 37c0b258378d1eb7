//! The entries of the log: what each event that moves money commits to.
//!
//! The log is public, and knowing a job's public id is being allowed to read the job. So an entry
//! holds digests, over texts that the job's parties have: they can prove it, nobody else can guess it.

use docket_core::change::Change;
use docket_core::event::Event;
use docket_core::hash::Sha256;
use docket_core::ledger::Transfer;
use docket_store::Leaf;
use serde::{Deserialize, Serialize};

/// An entry. Its fields stand in canonical order and none is a number, so that simply writing it gives
/// canonical JSON; a test compares.
#[derive(Serialize, Deserialize)]
struct Entry {
    at_ms: String,
    event: String,
    format: String,
    job_hash: Option<String>,
    receipt_hash: Option<String>,
    transfers_hash: String,
}

/// What `transfers_hash` is the digest of, in canonical order too.
#[derive(Serialize)]
struct Moved<'a> {
    job: Option<&'a str>,
    transfers: Vec<Movement>,
}

#[derive(Serialize)]
struct Movement {
    asset: String,
    from: String,
    to: String,
    units: String,
}

/// The leaf for a change that moves money.
pub(crate) fn leaf(change: &Change) -> Leaf {
    let job = change.job.as_ref();
    let public_id = job.map(|job| &*job.after.public_id.text);
    let entry = Entry {
        at_ms: change.at.0.to_string(),
        event: job.map_or("transfer", |job| job.event.name()).to_owned(),
        format: "docket-entry/1".to_owned(),
        job_hash: public_id.map(|id| digest_text(Sha256::of(id.as_bytes()))),
        receipt_hash: job.and_then(|job| receipt(&job.event)).map(digest_text),
        transfers_hash: digest_text(Sha256::of(&moved(public_id, &change.transfers))),
    };
    Leaf::new(canonical_bytes(&entry))
}

/// The digest of the receipt that an entry commits to, `sha256:` and 64 digits, if there is one.
pub fn entry_receipt_hash(entry: &[u8]) -> Option<String> {
    serde_json::from_slice::<Entry>(entry).ok()?.receipt_hash
}

/// The canonical text of the transfers of one change, which only those who know the job can have.
fn moved(job: Option<&str>, transfers: &[Transfer]) -> Vec<u8> {
    let movement = |transfer: &Transfer| Movement {
        asset: transfer.amount.asset.name().to_owned(),
        from: transfer.from.to_string(),
        to: transfer.to.to_string(),
        units: transfer.amount.units.to_string(),
    };
    canonical_bytes(&Moved { job, transfers: transfers.iter().map(movement).collect() })
}

fn canonical_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and lists of texts can be written")
}

fn digest_text(digest: Sha256) -> String {
    format!("sha256:{digest}")
}

const fn receipt(event: &Event) -> Option<Sha256> {
    match event.delivery() {
        Some(delivery) => Some(delivery.receipt),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::ledger::Account;
    use docket_core::money::{Amount, Asset};
    use docket_protocol::canonical;

    #[test]
    fn what_is_hashed_is_canonical() {
        let transfer = Transfer {
            from: Account::Client(docket_core::id::ClientId("ann \"\u{1}\u{1f}\u{7f}é\n/".into())),
            to: Account::Treasury,
            amount: Amount::new(u128::MAX, Asset::USDC),
        };
        let canonical = |bytes: &[u8]| {
            let value: serde_json::Value = serde_json::from_slice(bytes).expect("it is JSON");
            canonical::to_vec(&value).expect("it has a canonical form")
        };
        let texts = moved(Some("a job"), &[transfer.clone(), transfer]);
        assert_eq!(texts, canonical(&texts));
        let entry = canonical_bytes(&Entry {
            at_ms: "1".to_owned(),
            event: "settled".to_owned(),
            format: "docket-entry/1".to_owned(),
            job_hash: Some(digest_text(Sha256([1; 32]))),
            receipt_hash: None,
            transfers_hash: digest_text(Sha256::of(&texts)),
        });
        assert_eq!(entry, canonical(&entry));
    }
}
