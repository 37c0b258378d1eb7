//! What went wrong in the system that this dialect comes from, and must not go wrong here.

use crate::market::{Market, Options};
use crate::worker::{Manner, Worker};
use crate::{ANSWER, TASK, private_task};
use docket_core::time::Millis;
use docket_engine::RESUME_GRACE;
use docket_protocol::instant;
use hyper::StatusCode;
use serde_json::{Value, json};

const CHEAP: &str = "/v1/jobs/commit/cheap";
const PROMPT: &str =
    r#"{"job_type":"LLM_INFER","user_id":"ann","payload":{"job_type":"LLM_INFER","prompt":"hello"}}"#;

async fn commit(market: &Market, path: &str, body: &str) -> String {
    let committed = market.post(path, body).await;
    assert_eq!(committed.status, StatusCode::CREATED, "{}", committed.text());
    committed.json()["job_id"].as_str().expect("an id").to_owned()
}

async fn show(market: &Market, job: &str) -> Value {
    market.get(&format!("/v1/jobs/{job}")).await.json()
}

/// The job once it is over.
async fn outcome(market: &Market, job: &str) -> Value {
    market.get(&format!("/v1/jobs/{job}?wait=30")).await.json()
}

/// Waits until a job has a worker that it was not refused by, and is in that worker's hands.
async fn held_by(worker: &mut Worker, job: &str) {
    assert_eq!(worker.job().await["job_id"], job);
}

#[tokio::test]
async fn the_price_is_that_of_kind_and_policy_together() {
    let market = Market::open().await;
    for (path, body, units) in [
        ("/v1/jobs/commit/fast", PROMPT, "10000"),
        (CHEAP, PROMPT, "5000"),
        ("/v1/jobs/commit/fast", TASK, "3000"),
        (CHEAP, TASK, "1000"),
    ] {
        let job = commit(&market, path, body).await;
        let shown = market.admin("GET", &format!("/jobs/{job}")).await.json();
        assert_eq!(shown["escrow"], json!({"units": units, "asset": "tUSDC", "decimals": 6}));
    }
}

#[tokio::test]
async fn a_rejected_job_goes_to_another_worker() {
    let market = Market::open().await;
    let mut first = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut first, &job).await;
    let mut second = market.worker(2, Manner::Dispatch).await;
    first.send(json!({"type": "job_reject", "job_id": job, "reason": "busy"})).await;
    held_by(&mut second, &job).await;
    second.complete(&job, ANSWER).await;
    let shown = outcome(&market, &job).await;
    assert_eq!(
        (&shown["status"], &shown["receipt"]["provider_pubkey"]),
        (&json!("completed"), &json!(second.pubkey()))
    );
}

#[tokio::test]
async fn a_rejected_job_without_another_worker_fails_in_time() {
    let market = Market::open().await;
    let mut only = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut only, &job).await;
    only.send(json!({"type": "job_reject", "job_id": job, "reason": "busy"})).await;
    wait_until(&market, &job, "funded").await;
    market.pass(Millis::seconds(30)).await;
    assert_eq!(show(&market, &job).await["result"], json!({"error": "no_eligible_worker"}));
}

/// Looks until the operator sees a job in a state.
async fn wait_until(market: &Market, job: &str, state: &str) {
    for _ in 0..2_000 {
        if market.admin("GET", &format!("/jobs/{job}")).await.json()["state"] == state {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{job} never became {state}");
}

#[tokio::test]
async fn a_key_that_was_ever_proven_must_be_proven_again() {
    let market = Market::open().await;
    drop(market.worker(1, Manner::Proven).await);
    market.pass(Millis::seconds(60)).await;
    let (_, ack) = market.knock(1, Manner::Dispatch).await;
    assert_eq!((&ack["status"], &ack["error"]), (&json!("error"), &json!("worker.proof_required")));
    market.worker(1, Manner::Proven).await;
}

#[tokio::test]
async fn a_live_key_is_not_displaced() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let (_, ack) = market.knock(1, Manner::Dispatch).await;
    assert_eq!(ack["error"], "worker.already_connected");
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
}

#[tokio::test]
async fn a_signature_by_another_key_proves_nothing() {
    let market = Market::open().await;
    let forged = json!({"provider_pubkey": docket_protocol::keys::SigningKey::from_seed(&[2; 32]).public_key().to_hex()});
    let (_, ack) = market.register(1, Manner::Proven, forged).await;
    assert_eq!((&ack["status"], &ack["error"]), (&json!("error"), &json!("worker.proof_invalid")));
}

#[tokio::test]
async fn an_unproven_worker_is_let_in_only_where_the_operator_says_so() {
    let market = Market::with(Options { allow_unproven: false, ..Options::default() }).await;
    let (_, ack) = market.knock(1, Manner::Dispatch).await;
    assert_eq!(ack["error"], "worker.proof_required");
    market.worker(1, Manner::Proven).await;
}

#[tokio::test]
async fn an_unproven_worker_never_sees_a_private_job() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let code =
        market.post("/v1/trust/create", r#"{"user_id":"user_abc123"}"#).await.json()["pairing_code"].clone();
    let claim = format!(r#"{{"pairing_code":{code},"provider_pubkey":"{}"}}"#, worker.pubkey());
    assert_eq!(market.post("/v1/trust/claim", &claim).await.status, StatusCode::OK);
    assert_eq!(market.post(CHEAP, &private_task()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let public = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &public).await;
}

#[tokio::test]
async fn a_heartbeat_for_another_key_is_refused() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": "11".repeat(32)})).await;
    assert_eq!(worker.next().await["type"], "error");
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    assert_eq!(worker.next().await["type"], "heartbeat_ack");
}

#[tokio::test]
async fn guesses_at_pairing_codes_are_limited() {
    let market = Market::open().await;
    let key = "11".repeat(32);
    let guess = |code: u32| format!(r#"{{"pairing_code":"{code:06X}","provider_pubkey":"{key}"}}"#);
    let mut last = StatusCode::BAD_REQUEST;
    for code in 0..101 {
        let answer = market.post("/v1/trust/claim", &guess(code)).await;
        last = answer.status;
        if last == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.text(), r#"{"error":"too_many_wrong_codes"}"#);
            assert!(!answer.header("retry-after").is_empty());
            break;
        }
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    // Not even a good code is looked at now, and an hour later it is.
    let code = market.post("/v1/trust/create", r#"{"user_id":"ann"}"#).await.json()["pairing_code"].clone();
    let good = format!(r#"{{"pairing_code":{code},"provider_pubkey":"{key}"}}"#);
    assert_eq!(market.post("/v1/trust/claim", &good).await.status, StatusCode::TOO_MANY_REQUESTS);
    market.pass(Millis::hours(1)).await;
    assert_eq!(market.post("/v1/trust/claim", &guess(0)).await.status, StatusCode::BAD_REQUEST);
}

/// Three workers deliver under a receipt that `spoil` has spoilt; the job must fail and nobody is paid.
async fn fails_with(spoil: impl Fn(&Worker, &str, &mut Value, &mut String)) {
    let market = Market::open().await;
    let job = commit(&market, CHEAP, TASK).await;
    for seed in 1..=3 {
        let mut worker = market.worker(seed, Manner::Dispatch).await;
        held_by(&mut worker, &job).await;
        let (mut receipt, mut signature) = worker.receipt(&job, ANSWER);
        spoil(&worker, &job, &mut receipt, &mut signature);
        worker.complete_with(&job, ANSWER, &receipt, &signature).await;
    }
    let shown = outcome(&market, &job).await;
    assert_eq!(shown["status"], "failed", "{shown}");
    assert_eq!((&shown["receipt"], &shown["result"]), (&Value::Null, &json!({"error": "bad_receipt"})));
    let check = market.admin("GET", "/ledger/check").await.json();
    assert_eq!((&check["agree"], &check["assets"][0]["owned"]), (&json!(true), &json!("0")), "{check}");
}

#[tokio::test]
async fn a_receipt_for_another_job_never_completes() {
    fails_with(|worker, _, receipt, signature| {
        (*receipt, *signature) = worker.receipt("a1b2c3d4-e5f6-7890-abcd-ef1234567890", ANSWER);
        // It must reach the job to be judged, so only the receipt names the other one.
    })
    .await;
}

#[tokio::test]
async fn a_receipt_for_another_output_never_completes() {
    fails_with(|worker, job, receipt, signature| {
        (*receipt, *signature) = worker.receipt(job, r#"{"sentiment":"negative"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_receipt_by_another_worker_never_completes() {
    fails_with(|_, job, receipt, signature| {
        let key = docket_protocol::keys::SigningKey::from_seed(&[99; 32]);
        let digest = docket_protocol::digest::Digest::of(ANSWER.as_bytes());
        let other =
            docket_protocol::receipt::DispatchReceipt::new(job, &key.public_key(), digest, 0).sign(&key);
        *receipt = serde_json::to_value(&other.receipt).expect("a receipt is JSON");
        *signature = other.signature.to_string();
    })
    .await;
}

#[tokio::test]
async fn a_bad_signature_never_completes() {
    fails_with(|worker, job, _, signature| {
        *signature = worker.receipt(job, "{}").1;
    })
    .await;
}

#[tokio::test]
async fn an_output_without_a_receipt_never_completes() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    let hash = docket_protocol::digest::Digest::of(b"{}").to_string();
    worker.send(json!({"type": "job_complete", "job_id": job, "output": {}, "output_hash": hash})).await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    assert_eq!(worker.next().await["type"], "heartbeat_ack");
    assert_eq!(show(&market, &job).await["status"], "pending");
    market.pass(Millis::seconds(30)).await;
    assert_eq!(show(&market, &job).await["status"], "failed");
}

#[tokio::test]
async fn a_receipt_may_come_before_or_after_its_output() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    for receipt_first in [true, false] {
        let job = commit(&market, CHEAP, TASK).await;
        held_by(&mut worker, &job).await;
        let (receipt, signature) = worker.receipt(&job, "7");
        let submit = json!({"type": "receipt_submit", "receipt": receipt, "signature": signature});
        let hash = docket_protocol::digest::Digest::of(b"7").to_string();
        let complete = json!({"type": "job_complete", "job_id": job, "output": 7, "output_hash": hash});
        let frames = if receipt_first { [submit, complete] } else { [complete, submit] };
        for frame in frames {
            worker.send(frame).await;
        }
        assert_eq!(outcome(&market, &job).await["result"], 7);
    }
}

#[tokio::test]
async fn an_output_that_is_an_error_is_a_failure() {
    let market = Market::open().await;
    let job = commit(&market, CHEAP, TASK).await;
    for seed in 1..=3 {
        let mut worker = market.worker(seed, Manner::Dispatch).await;
        held_by(&mut worker, &job).await;
        worker.complete(&job, r#"{"error":"out of memory"}"#).await;
    }
    let shown = outcome(&market, &job).await;
    assert_eq!((&shown["status"], &shown["result"]), (&json!("failed"), &json!({"error": "worker_error"})));
}

#[tokio::test]
async fn a_worker_may_leave_right_after_its_delivery() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    worker.complete(&job, ANSWER).await;
    drop(worker);
    assert_eq!(outcome(&market, &job).await["status"], "completed");
}

#[tokio::test]
async fn an_output_with_an_error_beside_a_result_is_a_result() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    worker.complete(&job, r#"{"error":null,"text":"fine"}"#).await;
    assert_eq!(outcome(&market, &job).await["status"], "completed");
}

#[tokio::test]
async fn the_bytes_of_the_output_are_those_that_were_signed() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    let output = r#"{ "b":1.0, "a" : "\u00fc", "n":12345678901234567890123 }"#;
    worker.complete(&job, output).await;
    outcome(&market, &job).await;
    let shown = market.get(&format!("/v1/jobs/{job}")).await;
    assert!(shown.text().contains(output), "{}", shown.text());
    assert_eq!(market.get(&format!("/v1/jobs/{job}/receipt")).await.json()["output"], output);
}

#[tokio::test]
async fn times_are_iso_with_milliseconds_and_a_failure_has_no_completion() {
    let market = Market::open().await;
    let job = commit(&market, CHEAP, TASK).await;
    market.pass(Millis(30_001)).await;
    let shown = show(&market, &job).await;
    let created = shown["created_at"].as_str().expect("a text");
    assert_eq!(instant::parse(created).map(instant::format).as_deref(), Some(created));
    assert_eq!(shown["completed_at"], Value::Null);
}

#[tokio::test]
async fn a_job_that_waits_survives_a_restart() {
    let mut market = Market::open().await;
    let job = commit(&market, CHEAP, TASK).await;
    market.restart().await;
    assert_eq!(show(&market, &job).await["status"], "pending");
    let mut worker = market.worker(1, Manner::Dispatch).await;
    market.pass(RESUME_GRACE).await;
    held_by(&mut worker, &job).await;
    worker.complete(&job, ANSWER).await;
    assert_eq!(outcome(&market, &job).await["status"], "completed");
}

#[tokio::test]
async fn a_job_in_a_workers_hands_survives_a_restart() {
    let mut market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market, CHEAP, TASK).await;
    let assigned = worker.job().await;
    market.restart().await;
    // The worker comes back with the work that it has.
    let resume = json!({"resume": [{"job_id": job, "attempt": assigned["attempt"]}]});
    let (mut worker, ack) = market.register(1, Manner::Proven, resume).await;
    assert_eq!(ack["resumed"], json!([job]));
    worker.complete(&job, ANSWER).await;
    let shown = outcome(&market, &job).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    let check = market.admin("GET", "/ledger/check").await.json();
    assert_eq!((&check["agree"], &check["assets"][0]["owned"]), (&json!(true), &json!("1000")), "{check}");
}

#[tokio::test]
async fn a_result_survives_a_restart() {
    let mut market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    worker.complete(&job, ANSWER).await;
    outcome(&market, &job).await;
    let before = market.get(&format!("/v1/jobs/{job}")).await;
    market.restart().await;
    assert_eq!(market.get(&format!("/v1/jobs/{job}")).await.text(), before.text());
}

#[tokio::test]
async fn the_same_work_twice_is_paid_once() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    held_by(&mut worker, &job).await;
    worker.complete(&job, ANSWER).await;
    worker.complete(&job, ANSWER).await;
    outcome(&market, &job).await;
    worker.complete(&job, ANSWER).await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    worker.next().await;
    let balance = market.admin("GET", &format!("/accounts/worker:{}", worker.pubkey())).await.json();
    assert_eq!(balance["balances"], json!([{"units": "950", "asset": "tUSDC", "decimals": 6}]));
}

#[tokio::test]
async fn a_worker_that_failed_again_and_again_rests_even_if_it_comes_back() {
    let market = Market::open().await;
    for _ in 0..3 {
        // Of three jobs that fail it is only ever given the next.
        let mut worker = market.worker(1, Manner::Dispatch).await;
        let job = commit(&market, CHEAP, TASK).await;
        held_by(&mut worker, &job).await;
        worker.complete(&job, r#"{"error":"out of memory"}"#).await;
        market.admin("POST", &format!("/jobs/{job}/cancel")).await;
        drop(worker);
        while market.engine().workers_online() > 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let job = commit(&market, CHEAP, TASK).await;
    let why = market.admin("GET", &format!("/jobs/{job}/why")).await.json();
    assert_eq!(why["unfit"], json!([{"reason": "cooling_down", "workers": 1}]));
    market.pass(Millis::seconds(5)).await;
    held_by(&mut worker, &job).await;
}
