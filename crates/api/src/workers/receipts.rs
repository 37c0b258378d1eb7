//! The signed receipts of one delivery: checked on arrival, kept in the store, shown by the dialects.

use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_engine::Proof;
use docket_protocol::frames::Terms;
use docket_protocol::keys::{PublicKey, Signature};
use docket_protocol::receipt::{FullReceipt, SignedDispatch, receipt_hash};
use serde::{Deserialize, Serialize};

/// A delivery's signatures. The full receipt holds the short one with its signature, so that one signature speaks
/// for both; what is kept has it once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Receipts {
    /// The dialect's short receipt.
    pub(crate) dispatch: Option<SignedDispatch>,
    /// The full receipt.
    pub(crate) full: Option<FullReceipt>,
    /// The worker's signature over the full receipt.
    pub(crate) signature: Option<Signature>,
}

/// As much of what was kept as a dialect shows with each job.
#[derive(Deserialize)]
struct Short {
    dispatch: Option<SignedDispatch>,
}

impl Receipts {
    /// Reads what was kept.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let mut receipts: Self = serde_json::from_slice(document).ok()?;
        if let Some(full) = &mut receipts.full {
            full.dispatch.clone_from(&receipts.dispatch);
        }
        Some(receipts)
    }

    /// Reads the short receipt alone.
    pub(crate) fn parse_short(document: &[u8]) -> Option<SignedDispatch> {
        serde_json::from_slice::<Short>(document).ok()?.dispatch
    }

    /// What the short receipt claims, and whether the signatures hold: one by the worker's key over
    /// the short receipt, and where there is a full one, another over it, saying the same.
    pub(crate) fn proof(mut self, worker: &PublicKey, terms: &Terms) -> Option<Proof> {
        let dispatch = self.dispatch.as_ref()?;
        let signed = self.are_signed_by(worker, dispatch, terms);
        let digest = receipt_hash(self.dispatch.as_ref(), self.full.as_ref(), self.signature.as_ref());
        let receipt = &dispatch.receipt;
        Some(Proof {
            job: receipt.job_id.as_str().into(),
            worker: WorkerId::from_hex(&receipt.provider_pubkey)?,
            output: Sha256(receipt.output()?.0),
            signed,
            digest: Sha256(digest.0),
            document: {
                if let Some(full) = &mut self.full {
                    full.dispatch = None;
                }
                serde_json::to_vec(&self).ok()?.into()
            },
        })
    }

    fn are_signed_by(&self, worker: &PublicKey, dispatch: &SignedDispatch, terms: &Terms) -> bool {
        let receipt = &dispatch.receipt;
        match (&self.full, &self.signature) {
            (Some(full), Some(signature)) => {
                full.dispatch.as_ref() == Some(dispatch)
                    && full.job_id == receipt.job_id
                    && full.worker == receipt.provider_pubkey
                    && Some(full.output_hash) == receipt.output()
                    && terms.departed_from(full).is_none()
                    && full.is_signed_by(worker, signature)
                    && dispatch.is_signed_by(worker)
            }
            (None, None) => dispatch.is_signed_by(worker),
            _ => false,
        }
    }
}
