//! The file that proves a job: receipts, signatures, and where in the log they stand.

use super::batch::Batch;
use super::dispatch::SignedDispatch;
use super::full::FullReceipt;
use super::movement::Movement;
use crate::canonical::{StrictError, parse_strict};
use crate::digest::Digest;
use crate::fields;
use crate::keys::Signature;
use crate::wallet::Completion;
use docket_core::merkle::Hash;
use serde::{Deserialize, Deserializer, Serialize};

/// The largest bundle that is read: the largest output, [`crate::frames::MAX_VECTORS_BYTES`] of vectors, with room for the rest.
pub const MAX_BUNDLE_BYTES: usize = 20 << 20;

/// The version of the form, `docket-bundle/1`. A reader refuses what it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum BundleForm {
    /// The form described here.
    #[default]
    #[serde(rename = "docket-bundle/1")]
    V1,
}

/// Who states what the full receipt says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedBy {
    /// The worker did the work and signed for it.
    Worker,
    /// The worker did not sign (a broken stream, a worker of another make): the coordinator states it.
    Coordinator,
}

/// What `GET /v1/jobs/{id}/receipt` returns and what `docket verify` reads.
///
/// Nothing in here is to be believed before [`crate::verify::verify`] has judged it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The version of this form.
    pub format: BundleForm,
    /// Who states the full receipt.
    pub signed_by: SignedBy,
    /// The full receipt, or `null` if there is only the short one.
    pub receipt: Option<FullReceipt>,
    /// Over the full receipt. `null` if there is none, or if the coordinator's checkpoint stands for it.
    pub signature: Option<Signature>,
    /// Where the receipt stands among those for which the worker signed at once; absent if it signed this one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// The short receipt, or `null` if the worker signed nothing.
    pub dispatch: Option<SignedDispatch>,
    /// A node's word by its wallet, in the place of all other receipts; absent where the worker has a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion: Option<Completion>,
    /// The bytes of the output as they were delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Names of what only the coordinator vouches for, for instance `usage` or `delivered_part`.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "fields::names::<32, _>")]
    pub vouched: Vec<String>,
    /// Where the log has the job; absent until there is a checkpoint that covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogProof>,
}

/// A leaf of the log, and the way from it to a signed root.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogProof {
    /// Which log.
    #[serde(deserialize_with = "fields::text::<256, _>")]
    pub origin: String,
    /// The place of the entry.
    pub index: u64,
    /// The bytes of the entry: canonical JSON with the members `receipt_hash` and `transfers_hash`. In base64.
    #[serde(with = "fields::base64_bytes")]
    pub entry: Vec<u8>,
    /// What moved for the job with this entry, of which the entry names the [`super::transfers_hash`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "transfers")]
    pub transfers: Option<Vec<Movement>>,
    /// The inclusion proof of RFC 6962. Each hash in base64.
    #[serde(with = "fields::base64_hashes")]
    pub proof: Vec<Hash>,
    /// A signed checkpoint, as its note.
    #[serde(deserialize_with = "fields::text::<65536, _>")]
    pub checkpoint: String,
}

/// More than any change makes: the longest ending of a job has five.
const MOST_TRANSFERS: usize = 16;

/// A list of transfers; who has none leaves the member out.
fn transfers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Movement>>, D::Error> {
    fields::list::<MOST_TRANSFERS, _, _>(deserializer).map(Some)
}

/// A file is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// More than [`MAX_BUNDLE_BYTES`].
    #[error("larger than {MAX_BUNDLE_BYTES} bytes")]
    TooLarge,
    /// Not strict JSON.
    #[error("not strict JSON: {0}")]
    NotStrict(#[from] StrictError),
    /// JSON, but not of this form.
    #[error("not a receipt bundle: {0}")]
    OtherForm(#[from] serde_json::Error),
    /// A completion is the whole receipt, and nobody has signed that another one belongs to it.
    #[error("a completion and another receipt in one bundle")]
    TwoReceipts,
}

impl Bundle {
    /// Reads a bundle. Unknown members are refused, since nobody would have checked them.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > MAX_BUNDLE_BYTES {
            return Err(BundleError::TooLarge);
        }
        let bundle: Self = serde_json::from_value(parse_strict(json, 8)?)?;
        if bundle.is_mixed() {
            return Err(BundleError::TwoReceipts);
        }
        Ok(bundle)
    }

    /// Whether there is a completion, and beside it what belongs to other receipts.
    pub(crate) fn is_mixed(&self) -> bool {
        let of_others = self.receipt.is_some()
            || self.signature.is_some()
            || self.batch.is_some()
            || self.dispatch.is_some()
            || self.signed_by == SignedBy::Coordinator;
        self.completion.is_some() && of_others
    }

    /// What the log's entry must name for this bundle; see [`receipt_hash`] and [`Completion::receipt_hash`].
    pub fn receipt_hash(&self) -> Digest {
        if let Some(completion) = &self.completion {
            return completion.receipt_hash();
        }
        receipt_hash(self.dispatch.as_ref(), self.receipt.as_ref(), self.signature.as_ref())
    }
}

/// What an entry of the log names as `receipt_hash`: SHA-256 over the canonical JSON of
/// `{"dispatch":{"receipt":…,"signature":…},"receipt":…,"signature":…}`, with `null` for what is absent.
///
/// A [`Batch`] is not in it: receipt and signature leave no second place that would hold.
pub fn receipt_hash(
    dispatch: Option<&SignedDispatch>,
    receipt: Option<&FullReceipt>,
    signature: Option<&Signature>,
) -> Digest {
    receipt_hash_of(dispatch, receipt.map(FullReceipt::signed_bytes).as_deref(), signature)
}

/// The same, where the full receipt is there as the bytes that were signed.
pub fn receipt_hash_of(
    dispatch: Option<&SignedDispatch>,
    receipt: Option<&[u8]>,
    signature: Option<&Signature>,
) -> Digest {
    let parts: [&[u8]; 7] = [
        b"{\"dispatch\":",
        &serde_json::to_vec(&dispatch).expect("texts can always be written"),
        b",\"receipt\":",
        receipt.unwrap_or(b"null"),
        b",\"signature\":",
        &serde_json::to_vec(&signature).expect("texts can always be written"),
        b"}",
    ];
    Digest::of(&parts.concat())
}
