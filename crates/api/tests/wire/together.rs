//! Jobs that a worker ends together: one signature for all of their full receipts, and a verdict for each.

use crate::market::{Market, ORIGIN};
use crate::worker::{Manner, Worker};
use crate::{ANSWER, TASK};
use docket_protocol::frames::FromWorker;
use docket_protocol::keys::{Signature, SigningKey};
use docket_protocol::log::VerifierKey;
use docket_protocol::receipt::{Batch, Bundle, FullReceipt, sign_together};
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use hyper::StatusCode;
use serde_json::{Value, json};

/// A worker with three jobs in hand.
async fn busy(market: &Market) -> (Worker, Vec<Value>) {
    let offer = json!({"offer": {"models": [], "concurrency": 3}});
    let (mut worker, ack) = market.register(1, Manner::Proven, offer).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    let mut assigned = Vec::new();
    for _ in 0..3 {
        assert_eq!(market.post("/v1/jobs/commit/cheap", TASK).await.status, StatusCode::CREATED);
        assigned.push(worker.job().await);
    }
    (worker, assigned)
}

/// The deliveries of all jobs, under one signature.
fn signed_together(worker: &Worker, assigned: &[Value]) -> Vec<(FullReceipt, (Signature, Option<Batch>))> {
    let receipts: Vec<_> = assigned.iter().map(|assigned| worker.full_receipt(assigned, ANSWER)).collect();
    let signed_bytes: Vec<_> = receipts.iter().map(FullReceipt::signed_bytes).collect();
    receipts.into_iter().zip(sign_together(&worker.key, &signed_bytes)).collect()
}

fn frames(signed: Vec<(FullReceipt, (Signature, Option<Batch>))>) -> Vec<FromWorker> {
    signed.into_iter().map(|(full, signed)| Worker::completion(full, ANSWER, signed)).collect()
}

fn id(assigned: &Value) -> &str {
    assigned["job_id"].as_str().expect("a name")
}

async fn status(market: &Market, job: &str, wait: u8) -> Value {
    market.get(&format!("/v1/jobs/{job}?wait={wait}")).await.json()["status"].clone()
}

/// The next job that is taken from the worker, and why.
async fn refused(worker: &mut Worker) -> (String, Value) {
    loop {
        let frame = worker.next().await;
        if frame["type"] == "job_cancel" {
            return (id(&frame).to_owned(), frame["reason"].clone());
        }
    }
}

async fn bundle(market: &Market, job: &str) -> Bundle {
    let answer = market.get(&format!("/v1/jobs/{job}/receipt")).await;
    Bundle::parse(&answer.body).expect("a bundle")
}

fn pins(worker: &Worker, job: &str) -> Pins {
    let log =
        VerifierKey::new(ORIGIN, SigningKey::from_seed(&[9; 32]).public_key()).expect("a name for a key");
    Pins {
        job_id: Some(job.to_owned()),
        worker_key: Some(worker.key.public_key()),
        wallet: None,
        coordinator_vkey: Some(log),
        output: Some(ANSWER.as_bytes().to_vec()),
        seen: None,
    }
}

#[tokio::test]
async fn three_completions_in_one_go_are_settled_and_each_is_proven_by_the_one_signature() {
    let mut market = Market::open().await;
    let (mut worker, assigned) = busy(&market).await;
    let signed = signed_together(&worker, &assigned);
    let signature = signed[0].1.0;
    worker.send_together(frames(signed)).await;
    for assigned in &assigned {
        assert_eq!(status(&market, id(assigned), 30).await, "completed");
    }
    market.restart().await;
    for (index, assigned) in (0..).zip(&assigned) {
        let bundle = bundle(&market, id(assigned)).await;
        assert_eq!((bundle.signature, bundle.receipt.is_some()), (Some(signature), true));
        assert_eq!(bundle.batch.as_ref().map(|batch| (batch.index, batch.size)), Some((index, 3)));
        let verdict = verify(&bundle, &pins(&worker, id(assigned)));
        assert!(verdict.findings.iter().all(|finding| finding.holds == Holds::Proven), "{verdict}");
        assert!(verdict.to_string().contains("by one signature for 3 receipts"), "{verdict}");
        let elsewhere =
            Bundle { batch: bundle.batch.map(|batch| Batch { index: (index + 1) % 3, ..batch }), ..bundle };
        assert_eq!(verify(&elsewhere, &Pins::default()).holds(Claim::FullReceipt), Some(Holds::False));
    }
}

#[tokio::test]
async fn a_place_that_is_false_fails_its_own_job_only() {
    let lies: [fn(&mut Batch); 5] = [
        |batch| batch.path[0][0] ^= 1,
        |batch| batch.index = 0,
        |batch| batch.size = u64::MAX,
        |batch| (batch.index, batch.size) = (0, 0),
        |batch| batch.path.resize(64, [0; 32]),
    ];
    for lie in lies {
        let market = Market::open().await;
        let (mut worker, assigned) = busy(&market).await;
        let mut signed = signed_together(&worker, &assigned);
        lie(signed[1].1.1.as_mut().expect("they are three"));
        worker.send_together(frames(signed)).await;
        for honest in [0, 2] {
            assert_eq!(status(&market, id(&assigned[honest]), 30).await, "completed");
        }
        let liar = id(&assigned[1]);
        assert_eq!(refused(&mut worker).await, (liar.to_owned(), json!("bad_receipt")));
        assert_eq!(status(&market, liar, 0).await, "pending", "it is for another worker now");
    }
}

#[tokio::test]
async fn a_proven_signature_proves_no_receipt_that_is_not_in_its_tree() {
    let market = Market::open().await;
    let (mut worker, assigned) = busy(&market).await;
    let mut signed = signed_together(&worker, &assigned[..2]);
    let shared = signed[0].1.clone();
    worker.send_together(frames(signed.split_off(1))).await;
    assert_eq!(status(&market, id(&assigned[1]), 30).await, "completed");
    // The connection has proven this signature. The receipt of the third job takes the place of the first one.
    let third = worker.full_receipt(&assigned[2], ANSWER);
    worker.send_together(vec![Worker::completion(third, ANSWER, shared)]).await;
    assert_eq!(refused(&mut worker).await, (id(&assigned[2]).to_owned(), json!("bad_receipt")));
    // The first one comes later than the other, and is proven still.
    worker.send_together(frames(signed)).await;
    assert_eq!(status(&market, id(&assigned[0]), 30).await, "completed");
    let verdict = verify(&bundle(&market, id(&assigned[0])).await, &pins(&worker, id(&assigned[0])));
    assert_eq!(verdict.holds(Claim::FullReceipt), Some(Holds::Proven), "{verdict}");
}
