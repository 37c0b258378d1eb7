//! Receipts of nodes: what a wallet signed, or what a worker signed that is a node.

use super::jobs::{MODEL, PROMPT, Requester, show};
use super::node::Node;
use crate::market::{Market, ORIGIN};
use crate::worker::Manner;
use docket_core::agent::identity::Wallet;
use docket_core::id::WorkerId;
use docket_protocol::frames::NodeOffer;
use docket_protocol::keys::SigningKey;
use docket_protocol::log::VerifierKey;
use docket_protocol::receipt::{Bundle, SignedBy};
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use docket_protocol::wallet::WalletKey;
use serde_json::json;

/// What a reader of any of them knows.
fn pins(job: &str) -> Pins {
    let log = VerifierKey::new(ORIGIN, SigningKey::from_seed(&[9; 32]).public_key());
    Pins {
        job_id: Some(job.to_owned()),
        coordinator_vkey: Some(log.expect("a name for a key")),
        ..Pins::default()
    }
}

fn altered(text: &str, from: &str, to: &str) -> Bundle {
    let other = text.replacen(from, to, 1);
    assert_ne!(other, text);
    Bundle::parse(other.as_bytes()).expect("a bundle")
}

async fn paid(ann: &Requester<'_>) -> String {
    ann.pay().await.json()["data"]["jobId"].as_str().expect("a number").to_owned()
}

#[tokio::test]
async fn what_a_wallet_signed_verifies_offline_and_not_with_a_letter_changed() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    let ann = Requester::of(&market, 7);
    ann.ask().await;
    let job = paid(&ann).await;
    assert_eq!(show(&market, &job).await["status"], "completed");
    let answer = ann.read(&job, "receipt").await;
    let bundle = Bundle::parse(&answer.body).expect("a bundle");
    assert_eq!(bundle.signed_by, SignedBy::Worker);
    assert_eq!(bundle.vouched, ["client", "price", "request", "usage"]);
    let address = node.owner.key.address();
    let pins = Pins { wallet: Some(address), ..pins(&job) };
    let verdict = verify(&bundle, &Pins { output: Some(PROMPT.to_uppercase().into_bytes()), ..pins.clone() });
    for finding in verdict.findings.iter().filter(|finding| finding.claim != Claim::Vouched) {
        assert_eq!(finding.holds, Holds::Proven, "{verdict}");
    }
    for claim in [Claim::Completion, Claim::Agreement, Claim::Output, Claim::Inclusion, Claim::Transfers] {
        assert_eq!(verdict.holds(claim), Some(Holds::Proven), "{claim}: {verdict}");
    }
    let worker = WorkerId::of_wallet(&Wallet::from(address));
    let moved = format!(
        "1140000000000000 tETH units from escrow to worker {worker}, 60000000000000 tETH units from escrow to burned"
    );
    assert!(verdict.to_string().contains(&moved), "{verdict}");
    let other = altered(answer.text(), "QUANTUM", "QUANTUN");
    assert_eq!(verify(&other, &pins).holds(Claim::Output), Some(Holds::False));
    let other = altered(answer.text(), r#""units":"1140000000000000""#, r#""units":"1140000000000001""#);
    assert_eq!(verify(&other, &pins).holds(Claim::Transfers), Some(Holds::False));
}

#[tokio::test]
async fn a_worker_that_is_a_node_signs_the_receipts_that_it_always_signs() {
    let market = Market::open().await;
    let (wallet, key) = (WalletKey::from_bytes(&[5; 32]).expect("a key"), SigningKey::from_seed(&[1; 32]));
    let node = NodeOffer::sign(&wallet, &key.public_key(), 1, market.engine().clock().now().0);
    let served = MODEL.trim_end_matches("-compressed");
    let more = json!({"node": node, "offer": {"models": [{"name": served}], "concurrency": 1}});
    let (mut worker, ack) = market.register(1, Manner::Proven, more).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    let ann = Requester::of(&market, 7);
    assert_eq!(ann.ask().await["assignedNode"], wallet.address().to_string());
    let job = paid(&ann).await;
    let assigned = worker.job().await;
    assert_eq!(assigned["job_id"], job.as_str());
    let output = json!({"text": "an answer", "model": served, "finish_reason": "stop"}).to_string();
    worker.complete(&job, &output).await;
    let done = show(&market, &job).await;
    assert_eq!(
        (&done["status"], &done["assignedNode"]),
        (&json!("completed"), &json!(wallet.address().to_string()))
    );
    assert_eq!(ann.read(&job, "result").await.json()["data"]["output"], "an answer");
    let answer = ann.read(&job, "receipt").await;
    let pins = Pins { worker_key: Some(key.public_key()), ..pins(&job) };
    let verdict = verify(&Bundle::parse(&answer.body).expect("a bundle"), &pins);
    assert!(verdict.ok(), "{verdict}");
    for claim in [Claim::Job, Claim::WorkerKey, Claim::ShortReceipt, Claim::Output, Claim::Transfers] {
        assert_eq!(verdict.holds(claim), Some(Holds::Proven), "{claim}: {verdict}");
    }
    assert_eq!(verdict.holds(Claim::Completion), None);
    let other = altered(answer.text(), "an answer", "no answer");
    assert_eq!(verify(&other, &pins).holds(Claim::Output), Some(Holds::False));
}
