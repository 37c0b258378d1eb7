//! What honest bundles prove, and what they leave open.

use crate::bundles::{examples, lies};
use docket_protocol::keys::Signature;
use docket_protocol::receipt::{Bundle, BundleError, MAX_BUNDLE_BYTES, SignedBy};
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use serde_json::{Value, json};

#[test]
fn with_every_pin_everything_is_proven() {
    let examples = examples();
    let verdict = verify(&examples.full.bundle(), &examples.pins());
    assert!(verdict.ok());
    assert!(verdict.findings.iter().all(|finding| finding.holds == Holds::Proven), "{verdict}");
    assert_eq!(verdict.findings.len(), 11, "all claims but those of the coordinator alone: {verdict}");
    let by = |claim| &verdict.findings.iter().find(|finding| finding.claim == claim).unwrap().by;
    assert_eq!(by(Claim::Output), &examples.worker);
    assert_eq!(by(Claim::Checkpoint), "docket.example/log");
    assert!(verdict.to_string().contains(
        "proven      transfers           9500 USDC units from escrow to worker \
         8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c, 500 USDC units from escrow to treasury, \
         340282366920938463463374607431768201455 USDC units from escrow to client quotes:user_abc123 \
         (by docket.example/log)\n"
    ));
    assert!(verdict.to_string().contains(
        "full receipt        job a1b2c3d4-e5f6-7890-abcd-ef1234567890, attempt 3-1 with llama3.2: 12 tokens in, 40 out, \
         at a price of 10000 USDC (by 8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c)"
    ));
}

#[test]
fn the_text_of_a_chat_is_proven_beside_its_output() {
    let examples = examples();
    let bundle = examples.chat.bundle();
    let output = bundle.output.clone().map(String::into_bytes);
    let pins = Pins { output, seen: None, ..examples.pins() };
    let verdict = verify(&bundle, &pins);
    assert!(verdict.findings.iter().all(|finding| finding.holds == Holds::Proven), "{verdict}");
    assert_eq!(
        verdict.findings.len(),
        11,
        "all claims but consistency and those of the coordinator: {verdict}"
    );
    let text = verdict.findings.iter().find(|finding| finding.claim == Claim::Text).unwrap();
    assert_eq!(
        (&text.by, text.detail.as_str()),
        (&examples.worker, "sha256:f83e039796c6453a10f5519e39fd113901572316a1a8ea07cb525d2801dfd074")
    );

    let without = Bundle { output: None, ..bundle.clone() };
    assert_eq!(verify(&without, &Pins::default()).holds(Claim::Text), Some(Holds::NotProven));
    // The short receipt alone, however good, says nothing about the text.
    let unsigned = Bundle { signed_by: SignedBy::Coordinator, signature: None, log: None, ..bundle };
    let verdict = verify(&unsigned, &Pins { coordinator_vkey: None, ..pins });
    assert_eq!(verdict.holds(Claim::Output), Some(Holds::Proven));
    assert_eq!(verdict.holds(Claim::Text), Some(Holds::NotProven));
}

#[test]
fn a_signature_for_several_receipts_proves_each_and_says_for_how_many_it_stands() {
    let examples = examples();
    let bundle = examples.batched.bundle();
    let verdict = verify(&bundle, &Pins { seen: None, ..examples.pins() });
    assert!(verdict.findings.iter().all(|finding| finding.holds == Holds::Proven), "{verdict}");
    let full = verdict.findings.iter().find(|finding| finding.claim == Claim::FullReceipt).unwrap();
    assert_eq!(full.by, examples.worker);
    assert!(full.detail.ends_with("at a price of 10000 USDC, by one signature for 3 receipts"), "{verdict}");
    assert_eq!(bundle.receipt_hash(), Bundle { batch: None, ..bundle.clone() }.receipt_hash());
}

#[test]
fn without_pins_keys_are_called_self_claimed() {
    let verdict = verify(&examples().full.bundle(), &Pins::default());
    assert!(verdict.ok());
    for claim in [Claim::WorkerKey, Claim::Checkpoint, Claim::Inclusion] {
        assert_eq!(verdict.holds(claim), Some(Holds::NotProven), "{claim}");
    }
    assert!(verdict.to_string().contains("self-claimed"));
    for claim in [Claim::ShortReceipt, Claim::FullReceipt, Claim::Agreement, Claim::Output, Claim::LogEntry] {
        assert_eq!(verdict.holds(claim), Some(Holds::Proven), "{claim}");
    }
    assert_eq!(verdict.holds(Claim::Job), None);
    assert_eq!(verdict.holds(Claim::Consistency), None);
    assert_eq!(verdict.holds(Claim::Transfers), Some(Holds::NotProven));
    let fits =
        "transfers           the entry fits, and no pinned key vouches for it: 9500 USDC units from escrow";
    assert!(verdict.to_string().contains(fits), "{verdict}");
}

#[test]
fn a_short_receipt_says_what_it_does_not_prove() {
    let examples = examples();
    let verdict = verify(&examples.short.bundle(), &Pins { seen: None, ..examples.pins() });
    assert!(verdict.ok());
    assert_eq!(verdict.holds(Claim::ShortReceipt), Some(Holds::Proven));
    assert_eq!(verdict.holds(Claim::Output), Some(Holds::Proven));
    assert_eq!(verdict.holds(Claim::Inclusion), Some(Holds::Proven));
    assert_eq!(verdict.holds(Claim::FullReceipt), Some(Holds::NotProven));
    let vouched = verdict.findings.iter().filter(|finding| finding.claim == Claim::Vouched);
    assert_eq!(
        vouched.map(|finding| finding.detail.as_str()).collect::<Vec<_>>(),
        ["only its word for price", "only its word for usage"]
    );
    let transfers = verdict.findings.iter().find(|finding| finding.claim == Claim::Transfers).unwrap();
    assert_eq!(
        (transfers.holds, transfers.detail.as_str()),
        (Holds::NotProven, "the bundle does not say what moved")
    );
}

#[test]
fn a_broken_stream_rests_on_the_coordinator_alone() {
    let examples = examples();
    let pins = Pins { seen: None, ..examples.pins() };
    let bundle = examples.broken_stream.bundle();
    let verdict = verify(&bundle, &pins);
    assert!(verdict.ok());
    let full = verdict.findings.iter().find(|finding| finding.claim == Claim::FullReceipt).unwrap();
    assert_eq!((full.holds, full.by.as_str()), (Holds::Proven, "docket.example/log"));
    assert_eq!(verdict.holds(Claim::WorkerKey), Some(Holds::NotProven), "the worker signed nothing");
    assert_eq!(verdict.holds(Claim::ShortReceipt), Some(Holds::NotProven));

    let unpinned = verify(&bundle, &Pins { coordinator_vkey: None, ..pins.clone() });
    assert!(unpinned.ok());
    for claim in [Claim::FullReceipt, Claim::Output, Claim::Job] {
        assert_eq!(unpinned.holds(claim), Some(Holds::NotProven), "{claim}");
    }

    let disowned = Bundle { signed_by: SignedBy::Worker, ..bundle };
    assert_eq!(lies(&verify(&disowned, &pins)), [Claim::FullReceipt], "the worker's signature is missing");
}

#[test]
fn the_coordinator_may_also_sign_what_it_states() {
    let examples = examples();
    let mut bundle = examples.broken_stream.bundle();
    bundle.log = None;
    bundle.signature = bundle.receipt.as_ref().map(|full| full.sign(&examples.coordinator()));
    let pins = Pins { seen: None, ..examples.pins() };
    assert_eq!(verify(&bundle, &pins).holds(Claim::FullReceipt), Some(Holds::Proven));
    assert_eq!(verify(&bundle, &Pins::default()).holds(Claim::FullReceipt), Some(Holds::NotProven));
    bundle.signature = Some(Signature([1; 64]));
    assert_eq!(lies(&verify(&bundle, &pins)), [Claim::FullReceipt]);
}

#[test]
fn a_bundle_without_a_place_in_the_log_says_so() {
    let examples = examples();
    let bundle = Bundle { log: None, ..examples.full.bundle() };
    let verdict = verify(&bundle, &examples.pins());
    assert!(verdict.ok());
    assert_eq!(verdict.holds(Claim::Inclusion), Some(Holds::NotProven));
    assert_eq!(verdict.holds(Claim::Checkpoint), None);
    assert_eq!(verdict.holds(Claim::FullReceipt), Some(Holds::Proven));
}

#[test]
fn more_than_the_receipt_says_may_not_be_taken() {
    let examples = examples();
    let transfers = |member: &str, value: Value| {
        let mut bundle = examples.full.bundle.clone();
        bundle["receipt"][member] = value;
        let bundle = Bundle::parse(&serde_json::to_vec(&bundle).unwrap()).unwrap();
        let verdict = verify(&bundle, &examples.pins());
        let finding = verdict.findings.iter().find(|finding| finding.claim == Claim::Transfers).unwrap();
        (finding.holds, finding.detail.clone())
    };
    assert_eq!(transfers("price", json!("10000")).0, Holds::Proven);
    assert_eq!(
        transfers("price", json!("9999")),
        (Holds::False, "10000 USDC units were taken at a price of 9999".to_owned())
    );
    let (holds, detail) = transfers("asset", json!("EUR"));
    assert_eq!(holds, Holds::False);
    assert!(detail.ends_with(", and the receipt counts in EUR"), "{detail}");
}

#[test]
fn a_bundle_reads_back_and_is_bounded() {
    let examples = examples();
    for example in
        [&examples.full, &examples.short, &examples.broken_stream, &examples.batched, &examples.chat]
    {
        let bundle = example.bundle();
        assert_eq!(Bundle::parse(&serde_json::to_vec(&bundle).unwrap()).unwrap(), bundle);
    }
    let text = examples.full.bundle.to_string();
    let twice = text.replacen('{', r#"{"signature":null,"#, 1);
    assert!(matches!(Bundle::parse(twice.as_bytes()), Err(BundleError::NotStrict(_))));
    let large = text + &" ".repeat(MAX_BUNDLE_BYTES);
    assert!(matches!(Bundle::parse(large.as_bytes()), Err(BundleError::TooLarge)));
    let changed = |pointer: &str, value: Value| {
        let mut bundle = examples.full.bundle.clone();
        *bundle.pointer_mut(pointer).unwrap() = value;
        Bundle::parse(bundle.to_string().as_bytes())
    };
    for (pointer, value) in [
        ("/format", json!("docket-bundle/2")),
        ("/receipt/format", json!("docket-receipt/2")),
        ("/signed_by", json!("nobody")),
        ("/signature", json!("AAAA")),
        ("/receipt/price", json!(10_000)),
        ("/receipt/usage", json!({"prompt_tokens": "1", "completion_tokens": "1", "bonus": "1"})),
        ("/log/proof", json!(["AAAA"])),
        ("/log/proof", json!(vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; 65])),
        ("/log/index", json!(-1)),
        ("/log/transfers", Value::Null),
        ("/log/transfers", json!(vec![examples.full.bundle["log"]["transfers"][0].clone(); 17])),
        ("/log/transfers/0/units", json!(9_500)),
        ("/log/transfers/0/units", json!("09500")),
        ("/log/transfers/0/units", json!("-1")),
        ("/log/transfers/0/to", json!("x".repeat(1_041))),
        (
            "/log/transfers/0",
            json!({"asset": "USDC", "from": "escrow", "to": "treasury", "units": "1", "why": "fee"}),
        ),
    ] {
        assert!(matches!(changed(pointer, value), Err(BundleError::OtherForm(_))), "{pointer}");
    }
    let unknown = json!({"format": "docket-bundle/1", "approved": true}).to_string();
    assert!(Bundle::parse(unknown.as_bytes()).unwrap_err().to_string().contains("approved"));
}
