//! Receipts against those that Node made.

use crate::fixture;
use docket_protocol::attempt::AttemptRef;
use docket_protocol::canonical;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{FromCoordinator, JobAssign, decode_from_coordinator};
use docket_protocol::keys::{PublicKey, Signature, SigningKey};
use docket_protocol::receipt::{
    DispatchReceipt, FullReceipt, Model, ReceiptForm, Sampler, SignedDispatch, Usage, receipt_hash,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct ShortExamples {
    seed: String,
    public_key: String,
    output: String,
    signed: Vec<ShortExample>,
}

#[derive(Deserialize)]
struct ShortExample {
    receipt: DispatchReceipt,
    signature: Signature,
    text: String,
}

#[derive(Deserialize)]
struct FullExample {
    seed: String,
    receipt: FullReceipt,
    signature: Signature,
    text: String,
    receipt_hash: String,
    receipt_hash_of_nothing: String,
}

fn key(seed: &str) -> SigningKey {
    SigningKey::from_seed(&hex::decode(seed).unwrap().try_into().unwrap())
}

#[test]
fn short_receipts_are_signed_as_dispatch_signs_them() {
    let ShortExamples { seed, public_key, output, signed } = fixture::read("dispatch_receipt.json");
    let key = key(&seed);
    assert_eq!(key.public_key().to_hex(), public_key);
    assert_eq!(signed.len(), 3);
    for ShortExample { receipt, signature, text } in signed {
        assert_eq!(String::from_utf8(receipt.signed_bytes()).unwrap(), text);
        assert_eq!(receipt.output(), Some(Digest::of(output.as_bytes())));
        assert_eq!(receipt.worker(), Ok(key.public_key()));
        let ours = receipt.clone().sign(&key);
        assert_eq!(ours.signature, signature);
        assert!(ours.is_signed_by(&key.public_key()));
        assert!(!ours.is_signed_by(&SigningKey::from_seed(&[9; 32]).public_key()));
    }
}

#[test]
fn our_own_short_receipt_is_the_one_of_the_example() {
    let ShortExamples { seed, output, signed, .. } = fixture::read("dispatch_receipt.json");
    let output = Digest::of(output.as_bytes());
    let job_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
    let ours = DispatchReceipt::new(job_id, &key(&seed).public_key(), output, 1_770_638_402_000);
    assert_eq!(ours, signed[0].receipt);
}

#[test]
fn the_full_receipt_is_canonical_and_signed_as_in_the_example() {
    let example: FullExample = fixture::read("full_receipt.json");
    let key = key(&example.seed);
    assert_eq!(String::from_utf8(example.receipt.signed_bytes()).unwrap(), example.text);
    assert_eq!(canonical::to_vec(&example.receipt).unwrap(), example.text.as_bytes());
    assert_eq!(example.receipt.sign(&key), example.signature);
    assert!(example.receipt.is_signed_by(&key.public_key(), &example.signature, None));
    assert_eq!(example.receipt.hold, u128::MAX);
    assert_eq!(example.receipt.sampler.as_ref().unwrap().seed, Some(u64::MAX));
}

#[test]
fn the_log_names_receipts_by_their_canonical_hash() {
    let FullExample { receipt, signature, receipt_hash: expected, receipt_hash_of_nothing, .. } =
        fixture::read("full_receipt.json");
    let dispatch = receipt.dispatch.clone();
    assert_eq!(receipt_hash(dispatch.as_ref(), Some(&receipt), Some(&signature)).to_string(), expected);
    assert_eq!(receipt_hash(None, None, None).to_string(), receipt_hash_of_nothing);
    let parts = json!({"signature": signature, "receipt": receipt, "dispatch": dispatch});
    assert_eq!(Digest::of(&canonical::to_vec(&parts).unwrap()).to_string(), expected);
}

#[test]
fn any_changed_member_breaks_the_signature() {
    let example: FullExample = fixture::read("full_receipt.json");
    let public_key = key(&example.seed).public_key();
    let value = serde_json::to_value(&example.receipt).unwrap();
    let changes = [
        ("/asset", json!("EURC")),
        ("/assigned_at", json!("2026-02-09T12:00:00.121Z")),
        ("/attempt", json!("3-2")),
        ("/client", json!("quotes:mallory")),
        ("/completed_at", json!("2026-02-09T12:00:02.001Z")),
        ("/dispatch/receipt/job_id", json!("other")),
        ("/dispatch/signature", json!(Signature([0; 64]))),
        ("/hold", json!("0")),
        ("/job_id", json!("other")),
        ("/model/name", json!("llama3.3")),
        ("/model/weights_hash", json!(Digest([0; 32]))),
        ("/network", json!("ledger:main")),
        ("/output_hash", json!(Digest([0; 32]))),
        ("/price", json!("10001")),
        ("/request_hash", json!(Digest([0; 32]))),
        ("/sampler/seed", json!("1")),
        ("/sampler/temperature", json!("0.70")),
        ("/usage/completion_tokens", json!("41")),
        ("/usage/prompt_tokens", json!("13")),
        ("/worker", json!("00".repeat(32))),
    ];
    for (pointer, changed) in changes {
        let mut forged = value.clone();
        *forged.pointer_mut(pointer).unwrap() = changed;
        let forged: FullReceipt = serde_json::from_value(forged).unwrap();
        assert!(!forged.is_signed_by(&public_key, &example.signature, None), "{pointer}");
    }
    for absent in ["model", "sampler", "dispatch"] {
        let mut forged: Value = value.clone();
        forged.as_object_mut().unwrap().shift_remove(absent).unwrap();
        let forged: FullReceipt = serde_json::from_value(forged).unwrap();
        assert!(!forged.is_signed_by(&public_key, &example.signature, None), "without {absent}");
    }
}

#[test]
fn a_departure_from_the_terms_is_named() {
    let FullExample { receipt, .. } = fixture::read("full_receipt.json");
    let FromCoordinator::JobAssign(assign) = decode_from_coordinator(
        &json!({
            "type": "job_assign", "job_id": receipt.job_id, "job_type": "LLM_INFER", "payload": {}, "policy": "FAST",
            "privacy_class": "PUBLIC", "user_id": "u", "attempt": "3-1", "deadline": "2026-02-09T12:00:30.000Z",
            "sent_at": "2026-02-09T12:00:00.000Z",
            "terms": {
                "network": receipt.network, "client": receipt.client, "price": receipt.price.to_string(),
                "hold": receipt.hold.to_string(), "asset": receipt.asset, "request_hash": receipt.request_hash,
                "model": {"name": "llama3.2"},
            },
        })
        .to_string(),
    )
    .unwrap() else {
        panic!("another frame")
    };
    let JobAssign { terms, .. } = *assign;
    assert_eq!(terms.departed_from(&receipt), None);
    let departed = |change: fn(&mut FullReceipt)| {
        let mut receipt = receipt.clone();
        change(&mut receipt);
        terms.departed_from(&receipt)
    };
    assert_eq!(departed(|receipt| receipt.network.push('x')), Some("network"));
    assert_eq!(departed(|receipt| receipt.client.push('x')), Some("client"));
    assert_eq!(departed(|receipt| receipt.price += 1), Some("price"));
    assert_eq!(departed(|receipt| receipt.hold -= 1), Some("hold"));
    assert_eq!(departed(|receipt| receipt.asset.push('x')), Some("asset"));
    assert_eq!(departed(|receipt| receipt.request_hash.0[0] ^= 1), Some("request_hash"));
    assert_eq!(departed(|receipt| receipt.model = None), Some("model"));
    let mut strict = terms.clone();
    strict.model.as_mut().unwrap().weights_hash = Some(Digest([0; 32]));
    assert_eq!(strict.departed_from(&receipt), Some("model"));
}

fn any_short() -> impl Strategy<Value = DispatchReceipt> {
    let texts = (any::<String>(), any::<String>(), any::<String>(), any::<String>(), any::<Option<String>>());
    texts.prop_map(|(job_id, provider_pubkey, output_hash, completed_at, payment_ref)| DispatchReceipt {
        job_id,
        provider_pubkey,
        output_hash,
        completed_at,
        payment_ref,
    })
}

fn any_full() -> impl Strategy<Value = FullReceipt> {
    let texts = prop::array::uniform6(any::<String>());
    let digest = any::<[u8; 32]>().prop_map(Digest);
    let signed = (any_short(), any::<[u8; 32]>()).prop_map(|(receipt, half)| SignedDispatch {
        receipt,
        signature: Signature([half, half].concat().try_into().unwrap()),
    });
    let model = (any::<String>(), prop::option::of(digest.clone()))
        .prop_map(|(name, weights_hash)| Model { name, weights_hash });
    let sampler = any::<(Option<u64>, Option<u64>, Option<String>, Option<String>)>()
        .prop_map(|(max_tokens, seed, temperature, top_p)| Sampler { max_tokens, seed, temperature, top_p });
    let text_hash = prop::option::of(digest.clone());
    let parts =
        (prop::option::of(signed), prop::option::of(model), prop::option::of(sampler), digest, text_hash);
    (texts, parts, any::<(u128, u128, u64, u64, u32, i64)>()).prop_map(
        |(
            [asset, client, job_id, network, worker, _],
            (dispatch, model, sampler, digest, text_hash),
            numbers,
        )| {
            FullReceipt {
                asset,
                assigned_at_ms: numbers.5,
                attempt: AttemptRef { epoch: numbers.4, number: 1 },
                client,
                completed_at_ms: numbers.5,
                dispatch,
                format: ReceiptForm::V1,
                hold: numbers.0,
                job_id,
                model,
                network,
                output_hash: digest,
                price: numbers.1,
                request_hash: digest,
                sampler,
                text_hash,
                usage: Usage { completion_tokens: numbers.2, prompt_tokens: numbers.3 },
                worker,
            }
        },
    )
}

proptest! {
    #[test]
    fn a_full_receipt_is_always_written_canonically(full in any_full()) {
        prop_assert_eq!(full.signed_bytes(), canonical::to_vec(&full).unwrap());
        let parts = json!({"dispatch": full.dispatch, "receipt": full, "signature": null});
        let expected = Digest::of(&canonical::to_vec(&parts).unwrap());
        prop_assert_eq!(receipt_hash(full.dispatch.as_ref(), Some(&full), None), expected);
    }

    #[test]
    fn a_short_receipt_keeps_every_text(short in any_short()) {
        let bytes = short.signed_bytes();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(value["completed_at"].as_str(), Some(short.completed_at.as_str()));
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        prop_assert_eq!(keys, ["job_id", "provider_pubkey", "output_hash", "completed_at", "payment_ref"]);
    }
}

#[test]
fn a_short_receipt_with_a_key_of_small_order_names_no_worker() {
    let ShortExamples { signed, .. } = fixture::read("dispatch_receipt.json");
    let weak = DispatchReceipt { provider_pubkey: "00".repeat(32), ..signed[0].receipt.clone() };
    assert!(weak.worker().is_err());
    assert!(PublicKey::from_hex(&signed[0].receipt.provider_pubkey).is_ok());
}
