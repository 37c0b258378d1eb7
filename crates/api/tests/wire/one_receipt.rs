//! Jobs whose full receipt is enough, and jobs that need the short one too.

use crate::credits::{Developer, MODEL, request, serving};
use crate::market::Market;
use crate::worker::{Manner, Worker};
use crate::{ANSWER, TASK};
use docket_core::time::Millis;
use docket_protocol::frames::FromWorker;
use docket_protocol::receipt::{Bundle, FullReceipt, sign_together};
use docket_protocol::verify::{Claim, Holds, Pins, verify};
use hyper::StatusCode;
use serde_json::{Value, json};

/// The full receipt for an output, without a short one in it.
fn alone(worker: &Worker, assigned: &Value, output: &str) -> FullReceipt {
    FullReceipt { dispatch: None, ..worker.full_receipt(assigned, output) }
}

/// Delivers an output with this receipt.
async fn deliver(worker: &mut Worker, full: FullReceipt, output: &str) {
    let signed = sign_together(&worker.key, &[full.signed_bytes()]).remove(0);
    worker.send_together(vec![Worker::completion(full, output, signed)]).await;
}

#[tokio::test]
async fn a_chat_is_proven_by_the_full_receipt_alone() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let output = json!({"text": "one two three", "model": MODEL, "finish_reason": "stop"}).to_string();
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        assert_eq!(assigned["full_receipt_only"], true);
        let full = alone(&worker, &assigned, &output);
        deliver(&mut worker, full, &output).await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let id = answer.header("x-decentral-job-id").to_owned();
    developer.job(&id).await;
    let receipt = developer.get(&format!("/v1/jobs/{id}/receipt")).await;
    assert!(receipt.json()["dispatch"].is_null());
    let bundle = Bundle::parse(&receipt.body).expect("a bundle");
    let pins = Pins { worker_key: Some(worker.key.public_key()), ..Pins::default() };
    let verdict = verify(&bundle, &pins);
    assert!(verdict.ok(), "{verdict}");
    for claim in [Claim::Job, Claim::WorkerKey, Claim::FullReceipt, Claim::Output] {
        assert_ne!(verdict.holds(claim), Some(Holds::False), "{claim}: {verdict}");
    }
    assert_eq!(verdict.holds(Claim::FullReceipt), Some(Holds::Proven), "{verdict}");
    assert_eq!(verdict.holds(Claim::ShortReceipt), None, "there is none to be judged: {verdict}");
    let altered = Bundle::parse(receipt.text().replace("one two", "one ten").as_bytes()).expect("a bundle");
    assert_eq!(verify(&altered, &pins).holds(Claim::Output), Some(Holds::False));
}

#[tokio::test]
async fn a_full_receipt_of_another_worker_job_or_price_proves_no_chat() {
    let faults: [fn(&mut FullReceipt); 3] = [
        |full| full.price += 1,
        |full| full.worker = "00".repeat(32),
        |full| full.job_id = "job_mlf4dxc00000000000".to_owned(),
    ];
    let output = json!({"text": "one", "model": MODEL, "finish_reason": "stop"}).to_string();
    for fault in faults {
        let market = Market::open().await;
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let begun = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
        let assigned = worker.job().await;
        let mut full = alone(&worker, &assigned, &output);
        fault(&mut full);
        let signed = sign_together(&worker.key, &[full.signed_bytes()]).remove(0);
        let FromWorker::JobComplete(mut complete) = Worker::completion(full, &output, signed) else {
            unreachable!("it is a completion")
        };
        complete.job_id = assigned["job_id"].as_str().expect("a name").to_owned();
        worker.send_together(vec![FromWorker::JobComplete(complete)]).await;
        let cancelled = worker.next().await;
        assert_eq!((&cancelled["type"], &cancelled["reason"]), (&json!("job_cancel"), &json!("bad_receipt")));
        assert_eq!(developer.job(begun["id"].as_str().expect("a name")).await["status"], "pending");
        assert_eq!(developer.balance().await, 92, "nothing but the hold has moved");
    }
}

#[tokio::test]
async fn a_job_whose_client_is_shown_a_short_receipt_needs_it() {
    let market = Market::open().await;
    let offer = json!({"offer": {"models": [], "concurrency": 1}});
    let (mut worker, _) = market.register(1, Manner::Proven, offer).await;
    let job = market.post("/v1/jobs/commit/cheap", TASK).await.json()["job_id"].clone();
    let job = job.as_str().expect("a name");
    let assigned = worker.job().await;
    assert!(assigned["full_receipt_only"].is_null());
    let full = alone(&worker, &assigned, ANSWER);
    deliver(&mut worker, full, ANSWER).await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    assert_eq!(worker.next().await["type"], "heartbeat_ack");
    let status = || async { market.get(&format!("/v1/jobs/{job}")).await.json()["status"].clone() };
    assert_eq!(status().await, "pending");
    market.pass(Millis::seconds(30)).await;
    assert_eq!(status().await, "failed");
}
