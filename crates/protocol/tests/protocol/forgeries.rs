//! What is found in every forged variant of a bundle that was perfect.

use crate::bundles::{examples, lies};
use docket_protocol::keys::SigningKey;
use docket_protocol::log::Checkpoint;
use docket_protocol::receipt::{
    Batch, Bundle, LogProof, Movement, SignedBy, SignedDispatch, sign_together, signed_message,
};
use docket_protocol::verify::{Claim, Holds, Pins, Seen, verify};

/// What is found when the full bundle was changed in some way.
fn lies_after(change: impl FnOnce(&mut Bundle)) -> Vec<Claim> {
    let examples = examples();
    let mut bundle = examples.full.bundle();
    change(&mut bundle);
    lies(&verify(&bundle, &examples.pins()))
}

#[test]
fn the_receipt_of_another_job_is_found() {
    let examples = examples();
    let verdict =
        verify(&examples.full.bundle(), &Pins { job_id: Some("other".to_owned()), ..examples.pins() });
    assert_eq!(lies(&verdict), [Claim::Job]);
    let renamed = lies_after(|bundle| bundle.receipt.as_mut().unwrap().job_id = "other".to_owned());
    assert_eq!(
        renamed,
        [Claim::Job, Claim::FullReceipt, Claim::Agreement, Claim::LogEntry, Claim::Transfers]
    );
    let short = lies_after(|bundle| bundle.dispatch.as_mut().unwrap().receipt.job_id = "other".to_owned());
    assert_eq!(short, [Claim::ShortReceipt, Claim::Agreement, Claim::LogEntry]);
}

#[test]
fn a_receipt_by_another_key_is_found() {
    let stranger = SigningKey::from_seed(&[9; 32]);
    // All is signed anew by a stranger, who also names its own key: perfect, but for the pin.
    let resigned = |bundle: &mut Bundle| {
        let full = bundle.receipt.as_mut().unwrap();
        let mut short = full.dispatch.clone().unwrap().receipt;
        short.provider_pubkey = stranger.public_key().to_hex();
        full.worker = short.provider_pubkey.clone();
        full.dispatch = Some(short.sign(&stranger));
        bundle.dispatch = full.dispatch.clone();
        bundle.signature = Some(full.sign(&stranger));
    };
    let claims = [Claim::WorkerKey, Claim::ShortReceipt, Claim::FullReceipt, Claim::LogEntry];
    assert_eq!(lies_after(resigned), claims);
    let mut bundle = examples().full.bundle();
    resigned(&mut bundle);
    bundle.log = None;
    let unpinned = verify(&bundle, &Pins::default());
    assert!(unpinned.ok());
    assert_eq!(unpinned.holds(Claim::WorkerKey), Some(Holds::NotProven), "without a pin nobody can tell");

    // The receipt still names the worker, but the stranger signed it.
    let signed_by_other = |bundle: &mut Bundle| {
        bundle.signature = bundle.receipt.as_ref().map(|full| full.sign(&stranger));
    };
    assert_eq!(lies_after(signed_by_other), [Claim::FullReceipt, Claim::LogEntry]);
}

#[test]
fn another_hash_or_another_output_is_found() {
    let rehashed = lies_after(|bundle| bundle.receipt.as_mut().unwrap().output_hash.0[0] ^= 1);
    assert_eq!(rehashed, [Claim::FullReceipt, Claim::Agreement, Claim::Output, Claim::LogEntry]);
    let short =
        lies_after(|bundle| bundle.dispatch.as_mut().unwrap().receipt.output_hash = "sha256:no".to_owned());
    assert_eq!(short, [Claim::ShortReceipt, Claim::Agreement, Claim::LogEntry]);
    assert_eq!(lies_after(|bundle| bundle.output = Some("{}".to_owned())), [Claim::Output]);
    let examples = examples();
    let received = Pins { output: Some(b"{}".to_vec()), ..examples.pins() };
    assert_eq!(lies(&verify(&examples.full.bundle(), &received)), [Claim::Output]);
    let bundle = Bundle { output: None, ..examples.full.bundle() };
    assert_eq!(lies(&verify(&bundle, &received)), [Claim::Output]);
    assert_eq!(verify(&bundle, &Pins::default()).holds(Claim::Output), Some(Holds::NotProven));
}

#[test]
fn another_text_is_found() {
    let examples = examples();
    let lies_about = |change: fn(&mut Bundle)| {
        let mut bundle = examples.chat.bundle();
        change(&mut bundle);
        let output = bundle.output.clone().map(String::into_bytes);
        lies(&verify(&bundle, &Pins { output, seen: None, ..examples.pins() }))
    };
    assert_eq!(lies_about(|_| ()), []);
    let other = lies_about(|bundle| bundle.output = bundle.output.take().map(|text| text.replace("ü", "u")));
    assert_eq!(other, [Claim::Output, Claim::Text]);
    for no_text in ["{}", r#"{"text":null}"#, r#"{"text":"Grüße","text":"Grüße"}"#, "Grüße"] {
        let mut bundle = examples.chat.bundle();
        bundle.output = Some(no_text.to_owned());
        assert_eq!(lies(&verify(&bundle, &Pins::default())), [Claim::Output, Claim::Text], "{no_text}");
    }
    // The worker itself names another text than it delivered.
    let worker = SigningKey::from_seed(&[1; 32]);
    let mut bundle = examples.chat.bundle();
    let full = bundle.receipt.as_mut().unwrap();
    full.text_hash.as_mut().unwrap().0[0] ^= 1;
    bundle.signature = Some(full.sign(&worker));
    bundle.log = None;
    assert_eq!(lies(&verify(&bundle, &Pins::default())), [Claim::Text]);
}

#[test]
fn tampered_terms_and_usage_are_found() {
    let claims = [Claim::FullReceipt, Claim::LogEntry];
    assert_eq!(lies_after(|bundle| bundle.receipt.as_mut().unwrap().usage.completion_tokens += 1), claims);
    assert_eq!(lies_after(|bundle| bundle.receipt.as_mut().unwrap().price += 1), claims);
    assert_eq!(lies_after(|bundle| bundle.signature = None), claims);
    assert_eq!(lies_after(|bundle| bundle.dispatch = None), [Claim::Agreement, Claim::LogEntry]);
    let emptied = lies_after(|bundle| {
        (bundle.receipt, bundle.signature, bundle.dispatch) = (None, None, None);
    });
    assert_eq!(emptied, [Claim::ShortReceipt, Claim::LogEntry]);
}

#[test]
fn two_receipts_that_do_not_agree_are_found() {
    // The worker itself signs two stories.
    let worker = SigningKey::from_seed(&[1; 32]);
    let two_stories = |bundle: &mut Bundle| {
        let full = bundle.receipt.as_mut().unwrap();
        let mut short = full.dispatch.clone().unwrap().receipt;
        short.output_hash = "00".repeat(32);
        full.dispatch = Some(short.sign(&worker));
        bundle.dispatch = full.dispatch.clone();
        bundle.signature = Some(full.sign(&worker));
    };
    assert_eq!(lies_after(two_stories), [Claim::Agreement, Claim::LogEntry]);
}

#[test]
fn a_wrong_inclusion_proof_is_found() {
    let log = |change: fn(&mut LogProof)| lies_after(|bundle| change(bundle.log.as_mut().unwrap()));
    assert_eq!(log(|log| log.proof[0][0] ^= 1), [Claim::Inclusion]);
    assert_eq!(log(|log| log.proof.truncate(2)), [Claim::Inclusion]);
    assert_eq!(log(|log| log.proof.push([0; 32])), [Claim::Inclusion]);
    assert_eq!(log(|log| log.index = 5), [Claim::Inclusion]);
    assert_eq!(log(|log| log.index = 7), [Claim::Inclusion]);
    let other_entry = log(|log| log.entry = br#"{"kind":"job_settled","receipt_hash":"sha256:00"}"#.to_vec());
    assert_eq!(other_entry, [Claim::LogEntry, Claim::Inclusion]);
}

#[test]
fn an_entry_must_be_canonical_and_name_these_receipts() {
    let entry = |change: fn(String) -> String| {
        lies_after(|bundle| {
            let log = bundle.log.as_mut().unwrap();
            log.entry = change(String::from_utf8(log.entry.clone()).unwrap()).into_bytes();
        })
    };
    let claims = [Claim::LogEntry, Claim::Inclusion];
    assert_eq!(entry(|entry| entry.replace("\":", "\": ")), claims);
    assert_eq!(entry(|entry| entry.replace("receipt_hash", "receipt_hush")), claims);
    assert_eq!(entry(|entry| format!("[{entry}]")), claims);
    assert_eq!(entry(|entry| entry.replacen('{', r#"{"a":1,"a":1,"#, 1)), claims);
    assert_eq!(entry(|_| String::new()), claims);
}

#[test]
fn changed_transfers_are_found() {
    let lies = |change: fn(&mut Vec<Movement>)| {
        lies_after(|bundle| change(bundle.log.as_mut().unwrap().transfers.as_mut().unwrap()))
    };
    let changes: [fn(&mut Vec<Movement>); 8] = [
        |transfers| transfers[0].units += 1,
        |transfers| transfers[0].asset = "tUSDC".to_owned(),
        |transfers| transfers[0].to = format!("worker:{}", "11".repeat(32)),
        |transfers| transfers[2].from = "vesting".to_owned(),
        |transfers| transfers.swap(0, 1),
        |transfers| transfers.truncate(2),
        |transfers| transfers.push(transfers[0].clone()),
        Vec::clear,
    ];
    for change in changes {
        assert_eq!(lies(change), [Claim::Transfers]);
    }
    let mut bundle = examples().full.bundle();
    bundle.log.as_mut().unwrap().transfers.as_mut().unwrap()[0].units = 9_501;
    let unpinned = verify(&bundle, &Pins::default());
    assert_eq!(unpinned.holds(Claim::Transfers), Some(Holds::False), "whoever signed the log");
    assert!(unpinned.to_string().contains(
        "FALSE       transfers           the entry names other transfers than 9501 USDC units from escrow to worker 8a88"
    ));
}

#[test]
fn without_the_entry_in_the_log_no_transfer_is_proven() {
    let examples = examples();
    let transfers_after = |change: fn(&mut Bundle)| {
        let mut bundle = examples.full.bundle();
        change(&mut bundle);
        verify(&bundle, &examples.pins()).holds(Claim::Transfers)
    };
    assert_eq!(transfers_after(|_| ()), Some(Holds::Proven));
    let changes: [fn(&mut Bundle); 6] = [
        |bundle| bundle.log = None,
        |bundle| bundle.log.as_mut().unwrap().transfers = None,
        |bundle| bundle.log.as_mut().unwrap().proof[0][0] ^= 1,
        |bundle| bundle.log.as_mut().unwrap().checkpoint = "x".to_owned(),
        |bundle| bundle.log.as_mut().unwrap().entry = br#"{"event":"settled"}"#.to_vec(),
        |bundle| (bundle.receipt, bundle.dispatch) = (None, None),
    ];
    for change in changes {
        assert_eq!(transfers_after(change), Some(Holds::NotProven));
    }
}

#[test]
fn a_checkpoint_by_another_key_or_of_another_log_is_found() {
    let examples = examples();
    let stranger = SigningKey::from_seed(&[9; 32]);
    let signed_by = |key: &SigningKey, origin: &str| {
        let mut bundle = examples.full.bundle();
        let log = bundle.log.as_mut().unwrap();
        let checkpoint = Checkpoint::read_unverified(&log.checkpoint).unwrap();
        log.checkpoint = Checkpoint { origin: origin.to_owned(), ..checkpoint }.sign(key).unwrap();
        bundle
    };
    let forged = signed_by(&stranger, "docket.example/log");
    let verdict = verify(&forged, &examples.pins());
    assert_eq!(lies(&verdict), [Claim::Checkpoint]);
    assert_eq!(verdict.holds(Claim::Inclusion), Some(Holds::NotProven));
    assert!(verify(&forged, &Pins::default()).ok(), "without a pin nobody can tell");

    let elsewhere = signed_by(&examples.coordinator(), "docket.example/other");
    assert_eq!(lies(&verify(&elsewhere, &examples.pins())), [Claim::Checkpoint]);
    assert_eq!(
        lies(&verify(&elsewhere, &Pins::default())),
        [Claim::Checkpoint],
        "the bundle says another log"
    );
    assert_eq!(
        lies_after(|bundle| bundle.log.as_mut().unwrap().checkpoint = "x".to_owned()),
        [Claim::Checkpoint]
    );
}

#[test]
fn a_log_that_shrank_or_forked_is_found() {
    let examples = examples();
    let bundle = examples.full.bundle();
    let now = Checkpoint::read_unverified(&bundle.log.as_ref().unwrap().checkpoint).unwrap();
    let seen = |checkpoint: Checkpoint, proof: Option<Vec<[u8; 32]>>| {
        let pins = Pins { seen: Some(Seen { checkpoint, proof }), ..examples.pins() };
        verify(&bundle, &pins).holds(Claim::Consistency)
    };
    let Seen { checkpoint: earlier, proof } = examples.full.seen(&examples);
    assert_eq!(seen(earlier.clone(), proof.clone()), Some(Holds::Proven));
    assert_eq!(seen(earlier.clone(), None), Some(Holds::NotProven));
    assert_eq!(seen(now.clone(), None), Some(Holds::Proven));

    let other_past = Checkpoint { root: [9; 32], ..earlier.clone() };
    assert_eq!(seen(other_past, proof.clone()), Some(Holds::False), "the past was rewritten");
    let fork = Checkpoint { root: [9; 32], ..now.clone() };
    assert_eq!(seen(fork, None), Some(Holds::False), "two roots of one size");
    let larger = Checkpoint { size: 9, root: [9; 32], ..now.clone() };
    assert_eq!(seen(larger.clone(), proof), Some(Holds::False), "what was seen had more entries, and others");
    assert_eq!(seen(larger, None), Some(Holds::NotProven));
    let other_log = Checkpoint { origin: "docket.example/other".to_owned(), ..now };
    assert_eq!(seen(other_log, None), Some(Holds::False));
}

#[test]
fn a_key_of_small_order_proves_nothing() {
    let weak = "00".repeat(32);
    let mut bundle = Bundle { log: None, receipt: None, signature: None, ..examples().full.bundle() };
    let SignedDispatch { receipt, .. } = bundle.dispatch.as_mut().unwrap();
    receipt.provider_pubkey = weak;
    assert_eq!(lies(&verify(&bundle, &Pins::default())), [Claim::WorkerKey, Claim::ShortReceipt]);
}

#[test]
fn no_text_of_a_bundle_can_forge_a_line_of_the_verdict() {
    let worker = SigningKey::from_seed(&[1; 32]);
    let mut bundle = examples().full.bundle();
    let full = bundle.receipt.as_mut().unwrap();
    full.asset = "USDC\nproven      checkpoint\u{1b}[2K".to_owned();
    bundle.signature = Some(full.sign(&worker));
    bundle.log.as_mut().unwrap().transfers.as_mut().unwrap()[0].to = "you\nproven      transfers".to_owned();
    let verdict = verify(&bundle, &Pins::default());
    assert_eq!(verdict.to_string().lines().count(), verdict.findings.len());
    assert!(!verdict.to_string().contains('\u{1b}'));
}

#[test]
fn what_the_coordinator_states_must_be_what_its_log_names() {
    let examples = examples();
    let pins = Pins { seen: None, ..examples.pins() };
    let lies_about_full = |change: fn(&mut Bundle)| {
        let mut bundle = examples.broken_stream.bundle();
        change(&mut bundle);
        let verdict = verify(&bundle, &pins);
        assert_eq!(verdict.holds(Claim::FullReceipt), Some(Holds::NotProven), "nobody vouches any more");
        lies(&verdict)
    };
    assert_eq!(lies_about_full(|bundle| bundle.receipt.as_mut().unwrap().price += 1), [Claim::LogEntry]);
    assert_eq!(lies_about_full(|bundle| bundle.log.as_mut().unwrap().proof[0][0] ^= 1), [Claim::Inclusion]);
    let forged = lies_about_full(|bundle| {
        let log = bundle.log.as_mut().unwrap();
        let checkpoint = Checkpoint::read_unverified(&log.checkpoint).unwrap();
        log.checkpoint = checkpoint.sign(&SigningKey::from_seed(&[9; 32])).unwrap();
    });
    assert_eq!(forged, [Claim::Checkpoint]);
}

/// What is found when the bundle whose receipt shares its signature was changed in some way.
fn lies_of_batch(change: impl FnOnce(&mut Bundle)) -> Vec<Claim> {
    let examples = examples();
    let mut bundle = examples.batched.bundle();
    change(&mut bundle);
    lies(&verify(&bundle, &Pins { seen: None, ..examples.pins() }))
}

#[test]
fn a_forged_place_in_a_batch_is_found() {
    let batch = |change: fn(&mut Batch)| lies_of_batch(|bundle| change(bundle.batch.as_mut().unwrap()));
    assert_eq!(batch(|_| ()), []);
    let changes: [fn(&mut Batch); 14] = [
        |batch| batch.path[0][0] ^= 1,
        |batch| batch.path[1][31] ^= 128,
        |batch| batch.path.swap(0, 1),
        |batch| batch.path.push([0; 32]),
        |batch| batch.path.truncate(1),
        |batch| batch.path.clear(),
        |batch| batch.index = 0,
        |batch| batch.index = 2,
        |batch| batch.index = 3,
        |batch| (batch.index, batch.size, batch.path) = (0, 1, Vec::new()),
        |batch| (batch.index, batch.size) = (0, 0),
        |batch| batch.size = 4,
        |batch| batch.size = 257,
        |batch| batch.size = u64::MAX,
    ];
    for change in changes {
        assert_eq!(batch(change), [Claim::FullReceipt]);
    }
}

#[test]
fn a_receipt_in_the_place_of_its_sibling_is_found() {
    // The worker signs for these two at once; each is shown with what belongs to the other.
    let worker = SigningKey::from_seed(&[1; 32]);
    let mine = examples().batched.bundle().receipt.unwrap();
    let mut sibling = mine.clone();
    sibling.usage.completion_tokens += 1;
    let signed = sign_together(&worker, &[mine.signed_bytes(), sibling.signed_bytes()]);
    let with = |place: usize, sibling: bool| {
        lies_of_batch(|bundle| {
            let (signature, batch) = signed[place].clone();
            (bundle.signature, bundle.batch, bundle.log) = (Some(signature), batch, None);
            bundle.receipt.as_mut().unwrap().usage.completion_tokens += u64::from(sibling);
        })
    };
    assert_eq!((with(0, false), with(1, true)), (vec![], vec![]), "each in its own place");
    assert_eq!((with(1, false), with(0, true)), (vec![Claim::FullReceipt], vec![Claim::FullReceipt]));
}

#[test]
fn a_batch_with_the_receipt_of_another_job_or_of_another_worker_is_found() {
    let renamed = lies_of_batch(|bundle| bundle.receipt.as_mut().unwrap().job_id = "other".to_owned());
    assert_eq!(
        renamed,
        [Claim::Job, Claim::FullReceipt, Claim::Agreement, Claim::LogEntry, Claim::Transfers]
    );
    // A stranger signs a batch in which he has put the receipt of a worker: its own statement, or that of the worker.
    let (worker, stranger) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[9; 32]));
    let by_stranger = lies_of_batch(|bundle| {
        let receipt = bundle.receipt.as_ref().unwrap().signed_bytes();
        let (signature, batch) = sign_together(&stranger, &[receipt, b"another".to_vec()]).swap_remove(0);
        (bundle.signature, bundle.batch) = (Some(signature), batch);
    });
    assert_eq!(by_stranger, [Claim::FullReceipt, Claim::LogEntry]);
    let words_of_the_worker = lies_of_batch(|bundle| {
        let receipt = bundle.receipt.as_ref().unwrap().signed_bytes();
        let message = signed_message(&receipt, bundle.batch.as_ref(), &worker.public_key()).unwrap();
        bundle.signature = Some(stranger.sign(&message));
    });
    assert_eq!(words_of_the_worker, [Claim::FullReceipt, Claim::LogEntry]);
    // And the statement of a stranger about its own key is not that of the worker, even if the worker signed its root.
    let words_of_the_stranger = lies_of_batch(|bundle| {
        let receipt = bundle.receipt.as_ref().unwrap().signed_bytes();
        let message = signed_message(&receipt, bundle.batch.as_ref(), &stranger.public_key()).unwrap();
        bundle.signature = Some(worker.sign(&message));
    });
    assert_eq!(words_of_the_stranger, [Claim::FullReceipt, Claim::LogEntry]);
}

#[test]
fn a_place_in_another_tree_of_the_same_worker_is_found() {
    let worker = SigningKey::from_seed(&[1; 32]);
    let receipt = examples().batched.bundle().receipt.unwrap().signed_bytes();
    let tree = |other: &[u8]| sign_together(&worker, &[receipt.clone(), other.to_vec()]).swap_remove(0);
    let ((signature, _), (_, other_batch)) = (tree(b"a"), tree(b"b"));
    let mixed = lies_of_batch(|bundle| (bundle.signature, bundle.batch) = (Some(signature), other_batch));
    assert_eq!(mixed, [Claim::FullReceipt, Claim::LogEntry]);
}

#[test]
fn a_batch_cannot_be_left_away_or_put_where_none_was() {
    assert_eq!(lies_of_batch(|bundle| bundle.batch = None), [Claim::FullReceipt]);
    let place = examples().batched.bundle().batch;
    assert_eq!(lies_after(|bundle| bundle.batch = place.clone()), [Claim::FullReceipt]);
    assert_eq!(lies_of_batch(|bundle| bundle.signature = None), [Claim::FullReceipt, Claim::LogEntry]);
    assert_eq!(
        lies_of_batch(|bundle| (bundle.receipt, bundle.signature) = (None, None)),
        [Claim::FullReceipt, Claim::LogEntry]
    );
    let by_coordinator = lies_of_batch(|bundle| {
        let receipt = bundle.receipt.as_ref().unwrap().signed_bytes();
        let signed = sign_together(&examples().coordinator(), &[receipt, b"another".to_vec()]).swap_remove(0);
        bundle.signed_by = SignedBy::Coordinator;
        (bundle.signature, bundle.batch) = (Some(signed.0), signed.1);
    });
    assert_eq!(by_coordinator, [Claim::FullReceipt, Claim::LogEntry], "the coordinator signs no batches");
}

#[test]
fn a_signature_over_the_receipt_alone_is_none_for_a_batch_and_no_batch_is_of_one() {
    let worker = SigningKey::from_seed(&[1; 32]);
    let bytes = examples().batched.bundle().receipt.unwrap().signed_bytes();
    let alone = lies_of_batch(|bundle| bundle.signature = Some(worker.sign(&bytes)));
    assert_eq!(alone, [Claim::FullReceipt, Claim::LogEntry]);
    let of_one = Batch { index: 0, size: 1, path: Vec::new() };
    assert_eq!(signed_message(&bytes, Some(&of_one), &worker.public_key()), None);
}
