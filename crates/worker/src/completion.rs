//! From finished work to the frame that is paid for: both receipts, and the signatures over them.

use crate::engine::{ModelUsed, Outcome, Sampler};
use docket_protocol::digest::Digest;
use docket_protocol::frames::{JobAssign, JobComplete, TokenUsage};
use docket_protocol::keys::SigningKey;
use docket_protocol::receipt::{self, DispatchReceipt, FullReceipt, Model, ReceiptForm, sign_together};
use serde_json::value::RawValue;

/// So many full receipts share a signature at most. With more, the longer way to the root costs as much, in bytes and in
/// time, as the signature that it saves.
const SHARING: usize = 16;

/// Finished work, ready to be signed.
#[derive(Clone, Debug)]
pub struct Work {
    /// The output; its bytes are what is hashed, and they are passed on untouched.
    pub output: Box<RawValue>,
    /// The digest of the answer's text; for the answers of a chat.
    pub text_hash: Option<Digest>,
    /// What was counted.
    pub usage: TokenUsage,
    /// What was run. Must name the model of the job's terms, if they name one.
    pub model: Option<Model>,
    /// How tokens were drawn.
    pub sampler: Option<receipt::Sampler>,
    /// When the worker got the job, in milliseconds since 1970.
    pub assigned_at_ms: i64,
    /// When the output was complete, in milliseconds since 1970.
    pub completed_at_ms: i64,
}

impl Work {
    /// What an engine did, under the names of the protocol.
    pub(crate) fn of(outcome: Outcome, assigned_at_ms: i64, completed_at_ms: i64) -> Self {
        Self {
            output: outcome.output,
            text_hash: outcome.text_hash,
            usage: TokenUsage {
                prompt_tokens: outcome.usage.prompt_tokens,
                completion_tokens: outcome.usage.completion_tokens,
            },
            model: Some(model(outcome.model)),
            sampler: outcome.sampler.map(sampler),
            assigned_at_ms,
            // A clock that was set back must not give a receipt that contradicts itself.
            completed_at_ms: completed_at_ms.max(assigned_at_ms),
        }
    }
}

/// The completion of a job as it was assigned: the same job, attempt and terms, and the output as it stands. The short
/// receipt is signed, if one is wanted; the full one is left for [`sign_full_receipts`].
///
/// Everything that works for a coordinator goes through these two, so that a load generator costs what a worker costs.
pub fn complete(key: &SigningKey, assign: &JobAssign, work: Work) -> JobComplete {
    let worker = key.public_key();
    let output_hash = Digest::of(work.output.get().as_bytes());
    let short = || DispatchReceipt::new(&assign.job_id, &worker, output_hash, work.completed_at_ms).sign(key);
    let dispatch = (!assign.full_receipt_only).then(short);
    let terms = &assign.terms;
    let full = FullReceipt {
        asset: terms.asset.clone(),
        assigned_at_ms: work.assigned_at_ms,
        attempt: assign.attempt,
        client: terms.client.clone(),
        completed_at_ms: work.completed_at_ms,
        dispatch: dispatch.clone(),
        format: ReceiptForm::V1,
        hold: terms.hold,
        job_id: assign.job_id.clone(),
        model: work.model,
        network: terms.network.clone(),
        output_hash,
        price: terms.price,
        request_hash: terms.request_hash,
        sampler: work.sampler,
        text_hash: work.text_hash,
        usage: work.usage.into(),
        worker: worker.to_hex(),
    };
    let (receipt, receipt_signature) =
        dispatch.map_or((None, None), |short| (Some(short.receipt), Some(short.signature)));
    JobComplete {
        job_id: assign.job_id.clone(),
        output: work.output,
        output_hash,
        receipt,
        receipt_signature,
        attempt: Some(assign.attempt),
        usage: Some(work.usage),
        full_receipt: Some(Box::new(full)),
        full_signature: None,
        full_batch: None,
    }
}

/// Signs the full receipts of completions that are ready together: one alone by itself, several at once.
pub fn sign_full_receipts<'c>(key: &SigningKey, completions: impl IntoIterator<Item = &'c mut JobComplete>) {
    let with_bytes =
        |complete: &'c mut JobComplete| Some((complete.full_receipt.as_ref()?.signed_bytes(), complete));
    let (receipts, completions): (Vec<_>, Vec<_>) = completions.into_iter().filter_map(with_bytes).unzip();
    let signed = receipts.chunks(SHARING).flat_map(|receipts| sign_together(key, receipts));
    for (complete, (signature, batch)) in completions.into_iter().zip(signed) {
        (complete.full_signature, complete.full_batch) = (Some(signature), batch);
    }
}

fn model(used: ModelUsed) -> Model {
    Model { name: used.name.into_owned(), weights_hash: used.weights_sha256.map(Digest) }
}

fn sampler(used: Sampler) -> receipt::Sampler {
    receipt::Sampler {
        max_tokens: Some(used.max_tokens.into()),
        seed: used.seed,
        temperature: used.temperature.map(fraction),
        top_p: used.top_p.map(fraction),
    }
}

/// A fraction as the shortest text that reads back as the same number, within the 32 bytes of its field.
fn fraction(number: f64) -> String {
    let text = number.to_string();
    if text.len() <= 32 { text } else { format!("{number:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{FinishReason, Usage};
    use docket_protocol::frames::{FromWorker, decode_from_worker, encode};

    const ASSIGN: &str = r#"{"job_id":"6f2c","job_type":"LLM_INFER","payload":{"prompt":"x"},"policy":"FAST",
        "privacy_class":"PUBLIC","user_id":"u","attempt":"3-1","deadline":"2026-02-09T12:00:02.000Z","sent_at":"2026-02-09T12:00:00.000Z",
        "terms":{"network":"ledger:test","client":"alice","price":"10000","hold":"10000","asset":"USDC",
        "request_hash":"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "model":{"name":"tiny"}}}"#;

    fn outcome() -> Outcome {
        Outcome {
            output: RawValue::from_string(r#"{"text":"Grüße","model":"tiny"}"#.into()).unwrap(),
            text_hash: Some(Digest::of("Grüße".as_bytes())),
            usage: Usage { prompt_tokens: 4, completion_tokens: 2, estimated: false },
            finish_reason: FinishReason::Stop,
            model: ModelUsed { name: "tiny".into(), weights_sha256: Some([7; 32]) },
            sampler: Some(Sampler {
                temperature: Some(0.7),
                top_p: Some(5e-324),
                seed: Some(u64::MAX),
                max_tokens: 256,
            }),
        }
    }

    /// After its way over the wire.
    fn sent(complete: JobComplete) -> JobComplete {
        let frame = encode(&FromWorker::JobComplete(Box::new(complete)));
        let FromWorker::JobComplete(complete) = decode_from_worker(&frame).unwrap() else {
            panic!("{frame}")
        };
        *complete
    }

    #[test]
    fn a_completion_proves_itself_after_its_way_over_the_wire() {
        let key = SigningKey::from_seed(&[7; 32]);
        let assign: JobAssign = serde_json::from_str(ASSIGN).unwrap();
        let mut complete = complete(&key, &assign, Work::of(outcome(), 1_000, 900));
        sign_full_receipts(&key, [&mut complete]);
        let complete = sent(complete);

        assert_eq!(complete.full_batch, None, "it was alone");
        assert_eq!(complete.output_hash, complete.received_hash());
        let public = key.public_key();
        let full = complete.full_receipt.unwrap();
        assert!(full.is_signed_by(&public, &complete.full_signature.unwrap(), None));
        let dispatch = full.dispatch.clone().unwrap();
        assert!(dispatch.is_signed_by(&public));
        assert_eq!(
            (complete.receipt, complete.receipt_signature),
            (Some(dispatch.receipt), Some(dispatch.signature))
        );
        assert_eq!(assign.terms.departed_from(&full), None);
        assert_eq!((full.attempt, complete.attempt), (assign.attempt, Some(assign.attempt)));
        assert_eq!((full.assigned_at_ms, full.completed_at_ms), (1_000, 1_000));
        assert_eq!(full.text_hash, Some(Digest::of("Grüße".as_bytes())));
        let sampler = full.sampler.unwrap();
        assert_eq!((sampler.seed, sampler.max_tokens), (Some(u64::MAX), Some(256)));
        assert_eq!((sampler.temperature.as_deref(), sampler.top_p.as_deref()), (Some("0.7"), Some("5e-324")));
    }

    #[test]
    fn no_short_receipt_is_made_where_the_full_one_is_enough() {
        let key = SigningKey::from_seed(&[7; 32]);
        let assign = JobAssign { full_receipt_only: true, ..serde_json::from_str(ASSIGN).unwrap() };
        let mut complete = complete(&key, &assign, Work::of(outcome(), 1_000, 1_100));
        sign_full_receipts(&key, [&mut complete]);
        let complete = sent(complete);
        assert_eq!((complete.receipt, complete.receipt_signature), (None, None));
        let full = complete.full_receipt.unwrap();
        assert_eq!((&full.dispatch, &full.worker), (&None, &key.public_key().to_hex()));
        assert_eq!(full.output_hash, complete.output_hash);
        assert!(full.is_signed_by(&key.public_key(), &complete.full_signature.unwrap(), None));
    }

    #[test]
    fn completions_that_are_ready_together_share_one_signature() {
        let key = SigningKey::from_seed(&[7; 32]);
        let mut completions: Vec<_> = (0..18)
            .map(|number| {
                let assign = ASSIGN.replace("6f2c", &format!("job-{number}"));
                complete(&key, &serde_json::from_str(&assign).unwrap(), Work::of(outcome(), 1_000, 1_100))
            })
            .collect();
        sign_full_receipts(&key, &mut completions);
        let mut places = Vec::new();
        for complete in completions.into_iter().map(sent) {
            let (batch, signature) = (complete.full_batch.unwrap(), complete.full_signature.unwrap());
            let full = complete.full_receipt.unwrap();
            assert!(full.is_signed_by(&key.public_key(), &signature, Some(&batch)));
            assert!(full.dispatch.unwrap().is_signed_by(&key.public_key()));
            places.push((batch.index, batch.size, signature));
        }
        let (first, last) = (places[0].2, places[17].2);
        let expected = (0..16).map(|index| (index, 16, first)).chain([(0, 2, last), (1, 2, last)]);
        assert_eq!(places, expected.collect::<Vec<_>>());
        assert_ne!(first, last);
    }
}
