//! The signed receipts of one delivery: checked on arrival, kept in the store, shown by the dialects.

use super::shared::Shared;
use super::signatures::Signatures;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_engine::Proof;
use docket_protocol::digest::Digest;
use docket_protocol::frames::Terms;
use docket_protocol::keys::{Claim, PublicKey, Signature};
use docket_protocol::receipt::{Batch, FullReceipt, SignedDispatch, receipt_hash_of, signed_message};
use docket_protocol::wallet::Completion;
use serde::Deserialize;

/// What the receipts of a job have to be.
pub(super) struct Wanted {
    /// What the full receipt has to repeat.
    pub(super) terms: Terms,
    /// Whether that one is enough.
    pub(super) full_only: bool,
}

/// A delivery's signatures, as they came.
pub(crate) struct Receipts {
    /// The dialect's short receipt.
    pub(crate) dispatch: Option<SignedDispatch>,
    /// The full receipt.
    pub(crate) full: Option<FullReceipt>,
    /// The worker's signature over the full receipt, or over several.
    pub(crate) signature: Option<Signature>,
    /// Where the full receipt stands among those.
    pub(crate) batch: Option<Batch>,
    /// The word of a node that has only a wallet, in the place of all these.
    pub(crate) completion: Option<Completion>,
}

/// As it is kept, see [`Receipts::keep`].
#[derive(Deserialize)]
struct Kept<Full, Short> {
    full: Option<Full>,
    signature: Option<Signature>,
    batch: Option<Batch>,
    /// Where there is no full one.
    dispatch: Option<Short>,
    /// Alone, where the worker is a node that has only a wallet.
    completion: Option<Completion>,
}

/// As much of a full receipt as a dialect shows with each job.
#[derive(Deserialize)]
struct Short {
    dispatch: Option<SignedDispatch>,
}

impl Receipts {
    /// Reads what was kept.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let Kept { full, signature, batch, dispatch, completion }: Kept<FullReceipt, SignedDispatch> =
            serde_json::from_slice(document).ok()?;
        let dispatch = dispatch.or_else(|| full.as_ref()?.dispatch.clone());
        Some(Self { dispatch, full, signature, batch, completion })
    }

    /// Reads the short receipt alone.
    pub(crate) fn parse_short(document: &[u8]) -> Option<SignedDispatch> {
        let kept: Kept<Short, SignedDispatch> = serde_json::from_slice(document).ok()?;
        kept.dispatch.or_else(|| kept.full?.dispatch)
    }

    /// What the receipts claim, and whether the signatures hold: one by the worker's key over the short receipt, and
    /// where there is a full one, another over it, saying the same; or that one alone, where it is enough. `shared` has what was found
    /// true of other receipts of the connection.
    pub(super) async fn proof(
        self,
        worker: &PublicKey,
        wanted: &Wanted,
        signatures: &Signatures,
        shared: &Shared,
    ) -> Option<Proof> {
        let full = self.full.as_ref().map(FullReceipt::signed_bytes);
        let signed = match self.claims(worker, wanted, full.as_deref()) {
            Some(claims) => self.hold(claims, signatures, shared).await,
            None => false,
        };
        let digest = receipt_hash_of(self.dispatch.as_ref(), full.as_deref(), self.signature.as_ref());
        let (job, named, output) = self.named()?;
        Some(Proof {
            job: job.into(),
            worker: WorkerId::from_hex(named)?,
            output: Sha256(output.0),
            text: self.full.as_ref().and_then(|full| full.text_hash).map(Sha256::from),
            signed,
            digest: Sha256(digest.0),
            document: self.keep(full.as_deref())?.into(),
        })
    }

    /// The job, the worker and the output that the receipts name: by the short one, if there is one.
    fn named(&self) -> Option<(&str, &str, Digest)> {
        match (&self.dispatch, &self.full) {
            (Some(short), _) => {
                let receipt = &short.receipt;
                Some((&receipt.job_id, &receipt.provider_pubkey, receipt.output()?))
            }
            (None, Some(full)) => Some((&full.job_id, &full.worker, full.output_hash)),
            (None, None) => None,
        }
    }

    /// Whether these claims are true. The one that other receipts share is judged for the first of them only.
    async fn hold(&self, mut claims: Vec<Claim>, signatures: &Signatures, shared: &Shared) -> bool {
        let of_batch = self.batch.as_ref().and_then(|_| claims.last().cloned());
        claims.retain(|claim| !shared.is_proven(claim));
        let hold = signatures.hold(claims).await;
        if let Some(claim) = of_batch.filter(|_| hold) {
            shared.prove(claim);
        }
        hold
    }

    /// What the worker must have signed; `None` if the receipts contradict each other or the terms.
    fn claims(&self, worker: &PublicKey, wanted: &Wanted, signed: Option<&[u8]>) -> Option<Vec<Claim>> {
        let short = self.dispatch.as_ref().map(|short| short.claim(worker));
        match (&self.full, signed, &self.signature) {
            (Some(full), Some(signed), Some(signature)) => {
                let agree = full.dispatch == self.dispatch
                    && self.named() == Some((&*full.job_id, &*full.worker, full.output_hash))
                    && wanted.terms.departed_from(full).is_none();
                let message = signed_message(signed, self.batch.as_ref(), worker)?;
                let enough = short.is_some() || wanted.full_only;
                let all = || short.into_iter().chain([Claim::new(worker, &message, signature)]).collect();
                (agree && enough).then(all)
            }
            (None, _, None) if self.batch.is_none() => Some(vec![short?]),
            _ => None,
        }
    }

    /// The document that is kept: the full receipt, byte for byte as it was signed, which holds the short one; or the
    /// short one alone.
    fn keep(&self, full: Option<&[u8]>) -> Option<Vec<u8>> {
        match (full, &self.signature) {
            (Some(full), Some(signature)) => {
                let batch = match &self.batch {
                    Some(batch) => format!(",\"batch\":{}", serde_json::to_string(batch).ok()?),
                    None => String::new(),
                };
                let rest = format!(",\"signature\":\"{signature}\"{batch}}}");
                Some([b"{\"full\":", full, rest.as_bytes()].concat())
            }
            _ => serde_json::to_vec(&serde_json::json!({"dispatch": self.dispatch})).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_protocol::keys::SigningKey;

    #[tokio::test]
    async fn what_other_receipts_have_proven_is_not_judged_again() {
        let key = SigningKey::from_seed(&[1; 32]);
        let claim = |text: &str, signed: &str| {
            Claim::new(&key.public_key(), text.as_bytes(), &key.sign(signed.as_bytes()))
        };
        let of_batch =
            |batch| Receipts { dispatch: None, full: None, signature: None, batch, completion: None };
        let (alone, several) =
            (of_batch(None), of_batch(Some(Batch { index: 0, size: 2, path: Vec::new() })));
        let (signatures, shared) = (Signatures::default(), Shared::default());
        let (short, truth, lie) = (claim("short", "short"), claim("all", "all"), claim("all", "other"));
        assert!(!several.hold(vec![short.clone(), lie.clone()], &signatures, &shared).await);
        assert!(!several.hold(vec![lie.clone(), truth.clone()], &signatures, &shared).await);
        assert!(!shared.is_proven(&truth) && !shared.is_proven(&lie), "only what was proven is remembered");
        assert!(alone.hold(vec![short.clone(), truth.clone()], &signatures, &shared).await);
        assert!(!shared.is_proven(&truth), "nobody else can have it");
        assert!(several.hold(vec![short.clone(), truth.clone()], &signatures, &shared).await);
        assert!(shared.is_proven(&truth) && !shared.is_proven(&short));
        // Only if it is not judged can a lie that is called proven pass.
        shared.prove(lie.clone());
        assert!(several.hold(vec![short, lie], &signatures, &shared).await);
    }
}
