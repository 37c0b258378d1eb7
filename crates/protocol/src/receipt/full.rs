//! The full receipt: what was run, for whom, on which terms, and when.

use super::batch::{Batch, signed_message};
use super::dispatch::SignedDispatch;
use crate::attempt::AttemptRef;
use crate::digest::Digest;
use crate::fields;
use crate::instant;
use crate::keys::{PublicKey, Signature, SigningKey};
use serde::{Deserialize, Serialize};

/// The version of the form, `docket-receipt/1`. A reader refuses what it does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum ReceiptForm {
    /// The form described here.
    #[default]
    #[serde(rename = "docket-receipt/1")]
    V1,
}

/// All that a worker states about a job; where the worker could not, the coordinator states it.
///
/// What is signed is its canonical JSON. Fields stand here in canonical order and no number is a JSON
/// number, so that simply writing it gives the canonical bytes; a test compares.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullReceipt {
    /// What the amounts count, for instance `USDC`.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub asset: String,
    /// When the worker got the job, in milliseconds.
    #[serde(rename = "assigned_at", with = "instant")]
    pub assigned_at_ms: i64,
    /// Under which attempt.
    pub attempt: AttemptRef,
    /// Who pays, as the coordinator names it to workers.
    #[serde(deserialize_with = "fields::text::<256, _>")]
    pub client: String,
    /// When the output was complete, in milliseconds.
    #[serde(rename = "completed_at", with = "instant")]
    pub completed_at_ms: i64,
    /// The short receipt for the same output; absent only where the worker signed nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<SignedDispatch>,
    /// The version of this form.
    pub format: ReceiptForm,
    /// How much was held for the job, in the asset's minor units.
    #[serde(with = "fields::decimal")]
    pub hold: u128,
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// What was run, if the job asked for a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// The network on which the job settles.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub network: String,
    /// The digest of the output's bytes as they were delivered.
    pub output_hash: Digest,
    /// The agreed price, in the asset's minor units.
    #[serde(with = "fields::decimal")]
    pub price: u128,
    /// The digest of the request as the coordinator gave it in the terms.
    pub request_hash: Digest,
    /// How tokens were drawn, as far as the worker knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<Sampler>,
    /// The digest of the answer's text alone, in UTF-8: what somebody can check who has seen the text of a stream and
    /// not the output around it. For the answers of a chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_hash: Option<Digest>,
    /// What was counted.
    pub usage: Usage,
    /// The worker's key in hexadecimal.
    #[serde(deserialize_with = "fields::key_hex")]
    pub worker: String,
}

/// A model, by name and, where known, by its weights.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As the market calls it.
    #[serde(deserialize_with = "fields::text::<128, _>")]
    pub name: String,
    /// The digest of the weights' file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights_hash: Option<Digest>,
}

/// How tokens were drawn. Fractions are texts, such as `0.7`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampler {
    /// The bound on new tokens.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "fields::optional_decimal")]
    pub max_tokens: Option<u64>,
    /// What makes a run repeatable.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "fields::optional_decimal")]
    pub seed: Option<u64>,
    /// 0 is the most likely token, always.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<32, _>"
    )]
    pub temperature: Option<String>,
    /// The share of likelihood from which tokens are drawn.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "fields::optional_text::<32, _>"
    )]
    pub top_p: Option<String>,
}

/// Counted tokens; in a receipt as texts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Those of the answer.
    #[serde(with = "fields::decimal")]
    pub completion_tokens: u64,
    /// Those of the question.
    #[serde(with = "fields::decimal")]
    pub prompt_tokens: u64,
}

impl FullReceipt {
    /// The bytes that are signed: canonical JSON.
    pub fn signed_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts can always be written")
    }

    /// Signs the receipt alone. The signature stands beside it, never in it.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(&self.signed_bytes())
    }

    /// Whether the holder of this key signed the receipt, alone or in this batch. Says nothing about the key that the
    /// receipt names.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey, signature: &Signature, batch: Option<&Batch>) -> bool {
        signed_message(&self.signed_bytes(), batch, key)
            .is_some_and(|message| key.verify(&message, signature))
    }
}
