//! The short receipt: five fields, signed exactly as Dispatch's workers sign them.

use crate::digest::Digest;
use crate::fields;
use crate::instant;
use crate::keys::{Claim, KeyError, PublicKey, Signature, SigningKey};
use serde::{Deserialize, Serialize, Serializer};

/// What a worker states in the form of the `quotes` dialect, written in the order of the fields here.
///
/// The worker signs `JSON.stringify` of it, so every text is kept exactly as it came.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DispatchReceipt {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// The worker's key in hexadecimal.
    #[serde(deserialize_with = "fields::key_hex")]
    pub provider_pubkey: String,
    /// The digest of the output, with or without `sha256:`.
    #[serde(deserialize_with = "fields::text::<71, _>")]
    pub output_hash: String,
    /// An instant, in the worker's own words.
    #[serde(deserialize_with = "fields::text::<64, _>")]
    pub completed_at: String,
    /// Always `null` so far; kept because it is part of what is signed.
    #[serde(default, deserialize_with = "fields::optional_text::<256, _>")]
    pub payment_ref: Option<String>,
}

impl DispatchReceipt {
    /// What a worker of ours states, not signed yet.
    pub fn new(job_id: &str, worker: &PublicKey, output: Digest, completed_at_ms: i64) -> Self {
        Self {
            job_id: job_id.to_owned(),
            provider_pubkey: worker.to_hex(),
            output_hash: output.to_string(),
            completed_at: instant::format(completed_at_ms),
            payment_ref: None,
        }
    }

    /// The bytes that are signed: no spaces, the five fields in their order.
    pub fn signed_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts can always be written")
    }

    /// The output's digest; `None` if the text is none.
    pub fn output(&self) -> Option<Digest> {
        Digest::parse(&self.output_hash)
    }

    /// The key that the receipt names. Nothing is verified yet.
    pub fn worker(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_hex(&self.provider_pubkey)
    }

    /// Signs the receipt.
    pub fn sign(self, key: &SigningKey) -> SignedDispatch {
        SignedDispatch { signature: key.sign(&self.signed_bytes()), receipt: self }
    }
}

/// A short receipt with its signature.
///
/// Here the fields of the receipt are written in canonical order, because this is a part of canonical forms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDispatch {
    /// What was signed.
    #[serde(serialize_with = "in_canonical_order")]
    pub receipt: DispatchReceipt,
    /// By whom is for the reader to decide: give the key to [`Self::is_signed_by`].
    pub signature: Signature,
}

impl SignedDispatch {
    /// Whether the holder of this key signed the receipt. Says nothing about the key that the receipt names.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verify(&self.receipt.signed_bytes(), &self.signature)
    }

    /// That the holder of this key signed the receipt; not judged yet.
    pub fn claim(&self, key: &PublicKey) -> Claim {
        Claim::new(key, &self.receipt.signed_bytes(), &self.signature)
    }
}

fn in_canonical_order<S: Serializer>(receipt: &DispatchReceipt, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Canonical<'a> {
        completed_at: &'a str,
        job_id: &'a str,
        output_hash: &'a str,
        payment_ref: &'a Option<String>,
        provider_pubkey: &'a str,
    }
    let DispatchReceipt { job_id, provider_pubkey, output_hash, completed_at, payment_ref } = receipt;
    Canonical { completed_at, job_id, output_hash, payment_ref, provider_pubkey }.serialize(serializer)
}
