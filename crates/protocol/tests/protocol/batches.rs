//! One signature for several full receipts: against the one that Node made, and for every number of them.

use crate::fixture;
use docket_core::merkle::{leaf_hash, prove_each};
use docket_protocol::canonical;
use docket_protocol::keys::{Claim, Signature, SigningKey};
use docket_protocol::receipt::{Batch, FullReceipt, MOST_TOGETHER, sign_together, signed_message};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

#[derive(Deserialize)]
struct Example {
    seed: String,
    receipts: Vec<FullReceipt>,
    statement: String,
    signature: Signature,
    batches: Vec<Batch>,
}

fn example() -> (Example, SigningKey) {
    let example: Example = fixture::read("receipt_batch.json");
    let key = SigningKey::from_seed(&hex::decode(&example.seed).unwrap().try_into().unwrap());
    (example, key)
}

fn texts(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("receipt {number}").into_bytes()).collect()
}

/// What the worker must have signed for this text in this place.
fn message(key: &SigningKey, text: &[u8], batch: Option<&Batch>) -> Option<Vec<u8>> {
    signed_message(text, batch, &key.public_key()).map(Cow::into_owned)
}

/// Whether the worker signed this text in this place.
fn holds(key: &SigningKey, text: &[u8], (signature, batch): &(Signature, Option<Batch>)) -> bool {
    message(key, text, batch.as_ref()).is_some_and(|message| key.public_key().verify(&message, signature))
}

#[test]
fn a_batch_is_signed_as_in_the_example() {
    let (Example { receipts, statement, signature, batches, .. }, key) = example();
    let signed_bytes: Vec<_> = receipts.iter().map(FullReceipt::signed_bytes).collect();
    let ours = sign_together(&key, &signed_bytes);
    assert_eq!(ours, batches.iter().map(|batch| (signature, Some(batch.clone()))).collect::<Vec<_>>());
    let worker = key.public_key();
    for ((receipt, bytes), batch) in receipts.iter().zip(&signed_bytes).zip(&batches) {
        let message = signed_message(bytes, Some(batch), &worker).unwrap();
        assert_eq!(String::from_utf8(message.into_owned()).unwrap(), statement);
        assert!(receipt.is_signed_by(&worker, &signature, Some(batch)));
        assert!(
            !receipt.is_signed_by(&worker, &signature, None),
            "it is no signature over the receipt alone"
        );
    }
    assert!(
        !receipts[0].is_signed_by(&worker, &receipts[0].sign(&key), Some(&batches[0])),
        "nor the other way"
    );
}

#[test]
fn a_statement_is_canonical_and_is_no_receipt() {
    let (Example { receipts, statement, .. }, _) = example();
    let value: Value = serde_json::from_str(&statement).unwrap();
    assert_eq!(canonical::to_vec(&value).unwrap(), statement.as_bytes());
    assert_eq!(value["format"], "docket-receipts/1");
    assert!(serde_json::from_str::<FullReceipt>(&statement).is_err());
    // Neither is it one if it says all that a receipt says beside its own.
    let mut both = serde_json::to_value(&receipts[0]).unwrap();
    assert_eq!(both["format"], "docket-receipt/1");
    for (name, member) in value.as_object().unwrap() {
        both[name] = member.clone();
    }
    assert!(serde_json::from_value::<FullReceipt>(both).is_err());
}

#[test]
fn one_receipt_alone_is_signed_as_ever() {
    let (Example { receipts, .. }, key) = example();
    assert_eq!(sign_together(&key, &[receipts[0].signed_bytes()]), [(receipts[0].sign(&key), None)]);
    assert_eq!(sign_together(&key, &texts(0)), []);
}

#[test]
fn more_receipts_than_may_share_a_signature_have_two() {
    let key = SigningKey::from_seed(&[1; 32]);
    let texts = texts(MOST_TOGETHER + 3);
    let signed = sign_together(&key, &texts);
    for place in [0, MOST_TOGETHER - 1, MOST_TOGETHER, MOST_TOGETHER + 2] {
        assert!(holds(&key, &texts[place], &signed[place]));
    }
    let sizes: Vec<_> = signed.iter().map(|(_, batch)| batch.as_ref().unwrap().size).collect();
    assert_eq!((sizes[0], sizes[MOST_TOGETHER - 1], sizes[MOST_TOGETHER]), (256, 256, 3));
    assert_eq!(signed[0].0, signed[MOST_TOGETHER - 1].0);
    assert_ne!(signed[0].0, signed[MOST_TOGETHER].0);
}

#[test]
fn a_batch_of_another_form_than_ours_is_none() {
    let read = |batch: Value| serde_json::from_value::<Batch>(batch).is_ok();
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert!(read(json!({"index": 1, "size": 2, "path": [hash]})));
    assert!(!read(json!({"index": 1, "size": 2})));
    assert!(!read(json!({"index": -1, "size": 2, "path": [hash]})));
    assert!(!read(json!({"index": "1", "size": 2, "path": [hash]})));
    assert!(!read(json!({"index": 1, "size": 2, "path": ["AAAA"]})));
    assert!(!read(json!({"index": 1, "size": 2, "path": vec![hash; 65]})));
    assert!(!read(json!({"index": 1, "size": 2, "path": [hash], "root": hash})));
}

#[test]
fn the_claims_of_a_batch_are_one_claim() {
    let (key, texts) = (SigningKey::from_seed(&[1; 32]), texts(4));
    let worker = key.public_key();
    let claims = |signed: Vec<(Signature, Option<Batch>)>| {
        let claim = |(text, (signature, batch)): (&Vec<u8>, (Signature, Option<Batch>))| {
            Claim::new(&worker, &signed_message(text, batch.as_ref(), &worker).unwrap(), &signature)
        };
        texts.iter().zip(signed).map(claim).collect::<Vec<_>>()
    };
    let together = claims(sign_together(&key, &texts));
    assert!(together.iter().all(|claim| *claim == together[0] && claim.holds()));
    let alone = claims(texts.iter().map(|text| (key.sign(text), None)).collect());
    assert!(alone.iter().all(|claim| *claim != together[0]) && alone[0] != alone[1]);
}

#[test]
fn every_receipt_of_a_batch_of_any_size_leads_to_what_was_signed() {
    let key = SigningKey::from_seed(&[1; 32]);
    for size in 1..=64 {
        let texts = texts(size);
        let signed = sign_together(&key, &texts);
        assert!(signed.iter().all(|(signature, _)| *signature == signed[0].0) && signed.len() == size);
        assert!(holds(&key, &texts[0], &signed[0]));
        let message = |place: usize| message(&key, &texts[place], signed[place].1.as_ref());
        assert!(size == 1 || (0..size).all(|place| message(place) == message(0)), "{size}");
    }
}

proptest! {
    #[test]
    fn a_receipt_holds_in_its_own_place_only(size in 2..=64_usize, place in 0..64_usize, other in 1..64_usize) {
        let (key, texts) = (SigningKey::from_seed(&[1; 32]), texts(size));
        let (place, other) = (place % size, (place + 1 + other % (size - 1)) % size);
        let signed = sign_together(&key, &texts);
        let signed_message = message(&key, &texts[place], signed[place].1.as_ref());
        prop_assert_ne!(place, other);
        prop_assert_ne!(message(&key, &texts[place], signed[other].1.as_ref()), signed_message.clone());
        prop_assert_ne!(message(&key, &texts[other], signed[place].1.as_ref()), signed_message);
    }

    #[test]
    fn a_forged_place_leads_elsewhere(size in 2..=40_usize, index in 0..40_usize, at in 0..8_usize, by in 1..=255_u8) {
        let (key, texts) = (SigningKey::from_seed(&[1; 32]), texts(size));
        let text = &texts[index % size];
        let (_, batch) = sign_together(&key, &texts).swap_remove(index % size);
        let batch = batch.unwrap();
        let signed_message = message(&key, text, Some(&batch));
        prop_assert!(signed_message.is_some());
        let at = at % batch.path.len();
        let mut other = batch.clone();
        other.path[at][at] ^= by;
        let forged = [
            other,
            Batch { index: (batch.index + 1) % batch.size, ..batch.clone() },
            Batch { index: batch.size, ..batch.clone() },
            Batch { size: batch.size + 1, ..batch.clone() },
            Batch { size: batch.size - 1, ..batch.clone() },
            Batch { path: [&batch.path[..], &[[by; 32]]].concat(), ..batch.clone() },
            Batch { path: batch.path[1..].to_vec(), ..batch.clone() },
            Batch { path: batch.path[..batch.path.len() - 1].to_vec(), ..batch.clone() },
        ];
        for forged in forged {
            prop_assert_ne!(message(&key, text, Some(&forged)), signed_message.clone(), "{:?}", forged);
        }
        // Neither is the root of the tree a receipt of it.
        let (root, _) = prove_each(texts.iter().map(|text| leaf_hash(text)).collect());
        prop_assert_ne!(message(&key, &root, Some(&batch)), signed_message);
    }
}
