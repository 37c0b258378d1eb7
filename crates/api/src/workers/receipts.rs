//! The signed receipts of one delivery: checked on arrival, kept in the store, shown by the dialects.

use super::signatures::Signatures;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_engine::Proof;
use docket_protocol::frames::Terms;
use docket_protocol::keys::{Claim, PublicKey, Signature};
use docket_protocol::receipt::{FullReceipt, SignedDispatch, receipt_hash_of};
use serde::Deserialize;

/// A delivery's signatures, as they came.
pub(crate) struct Receipts {
    /// The dialect's short receipt.
    pub(crate) dispatch: Option<SignedDispatch>,
    /// The full receipt.
    pub(crate) full: Option<FullReceipt>,
    /// The worker's signature over the full receipt.
    pub(crate) signature: Option<Signature>,
}

/// As it is kept, see [`keep`].
#[derive(Deserialize)]
struct Kept<Full, Short> {
    full: Option<Full>,
    signature: Option<Signature>,
    /// Where there is no full one.
    dispatch: Option<Short>,
}

/// As much of a full receipt as a dialect shows with each job.
#[derive(Deserialize)]
struct Short {
    dispatch: Option<SignedDispatch>,
}

impl Receipts {
    /// Reads what was kept.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let Kept { full, signature, dispatch }: Kept<FullReceipt, SignedDispatch> =
            serde_json::from_slice(document).ok()?;
        let dispatch = dispatch.or_else(|| full.as_ref()?.dispatch.clone());
        Some(Self { dispatch, full, signature })
    }

    /// Reads the short receipt alone.
    pub(crate) fn parse_short(document: &[u8]) -> Option<SignedDispatch> {
        let kept: Kept<Short, SignedDispatch> = serde_json::from_slice(document).ok()?;
        kept.dispatch.or_else(|| kept.full?.dispatch)
    }

    /// What the short receipt claims, and whether the signatures hold: one by the worker's key over
    /// the short receipt, and where there is a full one, another over it, saying the same.
    pub(crate) async fn proof(
        self,
        worker: &PublicKey,
        terms: &Terms,
        signatures: &Signatures,
    ) -> Option<Proof> {
        let full = self.full.as_ref().map(FullReceipt::signed_bytes);
        let signed = match self.claims(worker, terms, full.as_deref()) {
            Some(claims) => signatures.hold(claims).await,
            None => false,
        };
        let dispatch = self.dispatch?;
        let digest = receipt_hash_of(Some(&dispatch), full.as_deref(), self.signature.as_ref());
        let receipt = &dispatch.receipt;
        Some(Proof {
            job: receipt.job_id.as_str().into(),
            worker: WorkerId::from_hex(&receipt.provider_pubkey)?,
            output: Sha256(receipt.output()?.0),
            text: self.full.as_ref().and_then(|full| full.text_hash).map(Sha256::from),
            signed,
            digest: Sha256(digest.0),
            document: keep(&dispatch, full.as_deref(), self.signature.as_ref())?.into(),
        })
    }

    /// What the worker must have signed; `None` if the receipts contradict each other or the terms.
    fn claims(&self, worker: &PublicKey, terms: &Terms, signed: Option<&[u8]>) -> Option<Vec<Claim>> {
        let dispatch = self.dispatch.as_ref()?;
        let short = dispatch.claim(worker);
        match (&self.full, signed, &self.signature) {
            (Some(full), Some(signed), Some(signature)) => {
                let agree = full.dispatch.as_ref() == Some(dispatch)
                    && full.job_id == dispatch.receipt.job_id
                    && full.worker == dispatch.receipt.provider_pubkey
                    && Some(full.output_hash) == dispatch.receipt.output()
                    && terms.departed_from(full).is_none();
                agree.then(|| vec![short, Claim::new(worker, signed, signature)])
            }
            (None, _, None) => Some(vec![short]),
            _ => None,
        }
    }
}

/// The document that is kept: the full receipt, byte for byte as it was signed, which holds the short one; or the
/// short one alone.
fn keep(dispatch: &SignedDispatch, full: Option<&[u8]>, signature: Option<&Signature>) -> Option<Vec<u8>> {
    match (full, signature) {
        (Some(full), Some(signature)) => {
            Some([b"{\"full\":", full, format!(",\"signature\":\"{signature}\"}}").as_bytes()].concat())
        }
        _ => serde_json::to_vec(&serde_json::json!({"dispatch": dispatch})).ok(),
    }
}
