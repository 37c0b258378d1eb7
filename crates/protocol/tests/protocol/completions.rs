//! Bundles of nodes that have a wallet and no other key: what they prove, and every forgery.

use crate::bundles::lies;
use docket_core::id::WorkerId;
use docket_core::merkle::leaf_hash;
use docket_protocol::canonical;
use docket_protocol::digest::Digest;
use docket_protocol::keys::{Signature, SigningKey};
use docket_protocol::log::{Checkpoint, VerifierKey};
use docket_protocol::receipt::{
    Bundle, BundleError, BundleForm, LogProof, Movement, SignedBy, transfers_hash,
};
use docket_protocol::verify::{Claim, Holds, Pins, Verdict, verify};
use docket_protocol::wallet::{Completion, WalletKey};
use serde_json::{Value, json};

const ORIGIN: &str = "docket.example/log";
const JOB: &str = "17";
const TEXT: &str = "Grüße, \"world\"\n";

fn wallet(number: u8) -> WalletKey {
    WalletKey::from_bytes(&[number; 32]).unwrap()
}

fn log_key() -> SigningKey {
    SigningKey::from_seed(&[2; 32])
}

fn completion(key: &WalletKey, job: &str, text: &str) -> Completion {
    let output_hash = Digest::of(text.as_bytes());
    let signature = key.sign(Completion::message(job, output_hash).as_bytes()).to_string();
    Completion { address: key.address(), job_id: job.to_owned(), output_hash, signature }
}

fn account_of(key: &WalletKey) -> String {
    format!("worker:{}", WorkerId::of_wallet(&key.address().into()))
}

fn paid(to: &str, units: u128) -> Movement {
    Movement { asset: "tETH".to_owned(), from: "escrow".to_owned(), to: to.to_owned(), units }
}

/// The place of a completion in a log that has nothing else.
fn logged(completion: &Completion, transfers: Vec<Movement>) -> LogProof {
    let entry = json!({
        "at_ms": "1770638402010",
        "event": "settled",
        "format": "docket-entry/1",
        "job_hash": Digest::of(JOB.as_bytes()),
        "receipt_hash": completion.receipt_hash(),
        "transfers_hash": transfers_hash(Some(JOB), &transfers),
    });
    let entry = canonical::to_vec(&entry).unwrap();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 1, root: leaf_hash(&entry) };
    LogProof {
        origin: ORIGIN.to_owned(),
        index: 0,
        entry,
        transfers: Some(transfers),
        proof: Vec::new(),
        checkpoint: checkpoint.sign(&log_key()).unwrap(),
    }
}

fn bundle_of(completion: Completion, transfers: Vec<Movement>) -> Bundle {
    Bundle {
        format: BundleForm::V1,
        signed_by: SignedBy::Worker,
        receipt: None,
        signature: None,
        batch: None,
        dispatch: None,
        log: Some(logged(&completion, transfers)),
        completion: Some(completion),
        output: Some(json!({"text": TEXT}).to_string()),
        vouched: vec!["price".to_owned()],
    }
}

fn good() -> Bundle {
    let node = wallet(7);
    bundle_of(completion(&node, JOB, TEXT), vec![paid(&account_of(&node), 95), paid("burned", 5)])
}

/// All that a careful reader pins.
fn pins() -> Pins {
    Pins {
        job_id: Some(JOB.to_owned()),
        wallet: Some(wallet(7).address()),
        coordinator_vkey: Some(VerifierKey::new(ORIGIN, log_key().public_key()).unwrap()),
        output: Some(TEXT.as_bytes().to_vec()),
        ..Pins::default()
    }
}

fn lies_after(change: impl FnOnce(&mut Bundle)) -> Vec<Claim> {
    let mut bundle = good();
    change(&mut bundle);
    lies(&verify(&bundle, &pins()))
}

fn finding(verdict: &Verdict, claim: Claim) -> (Holds, &str, &str) {
    let finding = verdict.findings.iter().find(|finding| finding.claim == claim).unwrap();
    (finding.holds, &finding.by, &finding.detail)
}

#[test]
fn with_every_pin_all_that_a_wallet_signs_is_proven() {
    let verdict = verify(&good(), &pins());
    let (proven, rest): (Vec<_>, Vec<_>) =
        verdict.findings.iter().partition(|finding| finding.holds == Holds::Proven);
    let proven: Vec<_> = proven.into_iter().map(|finding| finding.claim).collect();
    assert_eq!(
        proven,
        [
            Claim::Job,
            Claim::WorkerKey,
            Claim::Completion,
            Claim::Agreement,
            Claim::Output,
            Claim::LogEntry,
            Claim::Transfers,
            Claim::Inclusion,
            Claim::Checkpoint,
        ],
        "{verdict}"
    );
    assert_eq!(rest.iter().map(|finding| finding.claim).collect::<Vec<_>>(), [Claim::Vouched]);
    let address = wallet(7).address().to_string();
    let words = format!("the wallet {address} signed job 17");
    assert_eq!(finding(&verdict, Claim::Completion), (Holds::Proven, &*address, &*words));
    assert_eq!(finding(&verdict, Claim::Output).1, address);
    assert_eq!(finding(&verdict, Claim::Transfers).1, ORIGIN);
    assert_eq!(Bundle::parse(&serde_json::to_vec(&good()).unwrap()).unwrap(), good());
}

#[test]
fn without_pins_a_wallet_is_called_self_claimed() {
    let verdict = verify(&good(), &Pins::default());
    assert!(verdict.ok(), "{verdict}");
    assert_eq!(verdict.holds(Claim::WorkerKey), Some(Holds::NotProven));
    assert!(finding(&verdict, Claim::WorkerKey).2.starts_with("self-claimed: "), "{verdict}");
    assert_eq!(verdict.holds(Claim::Completion), Some(Holds::Proven), "whoever it is has signed this");
    assert_eq!(verdict.holds(Claim::Output), Some(Holds::Proven));
    let bare = Bundle { output: None, log: None, ..good() };
    let verdict = verify(&bare, &Pins::default());
    assert!(verdict.ok(), "{verdict}");
    assert_eq!(verdict.holds(Claim::Output), Some(Holds::NotProven));
    assert_eq!(verdict.holds(Claim::Agreement), None, "nobody says who was paid");
}

#[test]
fn one_letter_changed_in_the_answer_is_found() {
    let other = TEXT.replace('w', "v");
    let changed = |bundle: &mut Bundle| bundle.output = Some(json!({"text": other}).to_string());
    assert_eq!(lies_after(changed), [Claim::Output]);
    let mut bundle = good();
    changed(&mut bundle);
    for output in [None, Some(other.clone().into_bytes())] {
        assert_eq!(lies(&verify(&bundle, &Pins { output, ..pins() })), [Claim::Output]);
    }
    let received = Pins { output: Some(other.into_bytes()), ..pins() };
    assert_eq!(lies(&verify(&Bundle { output: None, ..good() }, &received)), [Claim::Output]);
    for output in [
        json!({"text": TEXT, "model": "better"}).to_string(),
        format!(r#"{{"text":"{{}}","text":{}}}"#, json!(TEXT)),
        TEXT.to_owned(),
    ] {
        let found = lies_after(|bundle| bundle.output = Some(output.clone()));
        assert_eq!(found, [Claim::Output], "nobody signed what stands beside the text: {output}");
    }
}

#[test]
fn the_completion_of_another_job_is_found() {
    let renamed = lies_after(|bundle| bundle.completion.as_mut().unwrap().job_id = "18".to_owned());
    assert_eq!(renamed, [Claim::Job, Claim::Completion, Claim::LogEntry, Claim::Transfers]);
    let signed = lies_after(|bundle| bundle.completion = Some(completion(&wallet(7), "18", TEXT)));
    assert_eq!(signed, [Claim::Job, Claim::LogEntry, Claim::Transfers]);
}

#[test]
fn a_completion_by_another_wallet_is_found() {
    let stranger = wallet(9);
    let resigned = lies_after(|bundle| bundle.completion = Some(completion(&stranger, JOB, TEXT)));
    assert_eq!(resigned, [Claim::WorkerKey, Claim::Agreement, Claim::LogEntry]);
    let in_its_name = lies_after(|bundle| {
        bundle.completion.as_mut().unwrap().signature = completion(&stranger, JOB, TEXT).signature;
    });
    assert_eq!(in_its_name, [Claim::Completion, Claim::LogEntry]);
    // The log names all of it: but somebody else was paid.
    let bundle = bundle_of(completion(&stranger, JOB, TEXT), vec![paid(&account_of(&wallet(7)), 95)]);
    let verdict = verify(&bundle, &Pins { wallet: Some(stranger.address()), ..pins() });
    assert_eq!(lies(&verdict), [Claim::Agreement], "{verdict}");
}

#[test]
fn a_key_is_no_wallet_and_a_wallet_no_key() {
    let key = SigningKey::from_seed(&[1; 32]).public_key();
    assert_eq!(
        lies(&verify(&good(), &Pins { worker_key: Some(key), wallet: None, ..pins() })),
        [Claim::WorkerKey]
    );
    let examples = crate::bundles::examples();
    let pinned = Pins { worker_key: None, wallet: Some(wallet(7).address()), ..examples.pins() };
    assert_eq!(lies(&verify(&examples.full.bundle(), &pinned)), [Claim::WorkerKey]);
}

#[test]
fn a_completion_beside_another_receipt_is_refused() {
    let other = crate::bundles::examples().full.bundle();
    let changes: [fn(&mut Bundle, &Bundle); 4] = [
        |bundle, other| bundle.receipt = other.receipt.clone(),
        |bundle, other| bundle.dispatch = other.dispatch.clone(),
        |bundle, _| bundle.signature = Some(Signature([1; 64])),
        |bundle, _| bundle.signed_by = SignedBy::Coordinator,
    ];
    for change in changes {
        let mut bundle = good();
        change(&mut bundle, &other);
        assert!(lies(&verify(&bundle, &pins())).contains(&Claim::Agreement));
        let read = Bundle::parse(&serde_json::to_vec(&bundle).unwrap());
        assert!(matches!(read, Err(BundleError::TwoReceipts)), "{read:?}");
    }
    let changed = |name: &str, value: Value| {
        let mut bundle = serde_json::to_value(good()).unwrap();
        bundle["completion"][name] = value;
        Bundle::parse(bundle.to_string().as_bytes())
    };
    for (name, value) in [
        ("address", json!("0x12")),
        ("job_id", json!("x".repeat(65))),
        ("output_hash", json!("sha256:12")),
        ("signature", json!("0".repeat(133))),
        ("model", json!("another")),
    ] {
        assert!(matches!(changed(name, value), Err(BundleError::OtherForm(_))), "{name}");
    }
}
