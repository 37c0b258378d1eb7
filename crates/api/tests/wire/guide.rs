//! The guide "Submit a Job", step by step, against the golden bodies.

use crate::fixture::check;
use crate::market::Market;
use crate::worker::Manner;
use crate::{ANSWER, TASK, private_task};
use docket_core::time::Millis;
use docket_protocol::digest::Digest;
use hyper::StatusCode;

#[tokio::test]
async fn each_quote_is_that_of_the_page() {
    let market = Market::open().await;
    for (kind, name) in [("LLM_INFER", "llm"), ("TASK", "task")] {
        for policy in ["AUTO", "FAST", "CHEAP"] {
            let answer = market.get(&format!("/v1/quote?job_type={kind}&policy={policy}")).await;
            assert_eq!(answer.status, StatusCode::OK);
            check(&format!("quote_{name}_{}.json", policy.to_lowercase()), &answer, &[]);
        }
        // Without a policy it is AUTO.
        check(
            &format!("quote_{name}_auto.json"),
            &market.get(&format!("/v1/quote?job_type={kind}")).await,
            &[],
        );
    }
}

#[tokio::test]
async fn a_task_is_committed_done_and_shown_with_its_receipt() {
    let market = Market::open().await;
    check("health.json", &market.get("/v1/health").await, &[]);
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let committed = market.post("/v1/jobs/commit/cheap", TASK).await;
    assert_eq!(committed.status, StatusCode::CREATED);
    let job = committed.json()["job_id"].as_str().expect("an id").to_owned();
    check("committed.json", &committed, &[("job_id", &job)]);
    check("pending.json", &market.get(&format!("/v1/jobs/{job}")).await, &[("job_id", &job)]);

    let assigned = worker.job().await;
    assert_eq!(assigned["job_id"], job.as_str());
    assert_eq!(assigned["job_type"], "TASK");
    assert_eq!(assigned["policy"], "CHEAP");
    assert_eq!(assigned["user_id"], "user_abc123");
    assert_eq!(assigned["payload"]["input"], "This product is amazing and works perfectly.");

    market.pass(Millis::seconds(2)).await;
    let (_, signature) = worker.receipt(&job, ANSWER);
    worker.complete(&job, ANSWER).await;
    let shown = market.get(&format!("/v1/jobs/{job}?wait=30")).await;
    let (pubkey, digest) = (worker.pubkey(), Digest::of(ANSWER.as_bytes()).to_string());
    let values = [
        ("job_id", job.as_str()),
        ("provider_pubkey", &pubkey),
        ("output_hash", &digest),
        ("signature", &signature),
    ];
    check("completed.json", &shown, &values);

    let receipt = market.get(&format!("/v1/jobs/{job}/receipt")).await;
    let log = &receipt.json()["log"];
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let (entry, hash, checkpoint) = (text(&log["entry"]), text(&log["proof"][0]), text(&log["checkpoint"]));
    let more = [("entry", entry.as_str()), ("hash", &hash), ("checkpoint", &checkpoint)];
    check("receipt.json", &receipt, &[&values[..], &more].concat());
}

#[tokio::test]
async fn a_prompt_is_committed_as_the_page_says() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let body = r#"{
"job_type": "LLM_INFER",
"user_id": "user_abc123",
"privacy_class": "PUBLIC",
"payload": {
"job_type": "LLM_INFER",
"prompt": "Explain quantum computing in one paragraph.",
"max_tokens": 256
}
}"#;
    let committed = market.post("/v1/jobs/commit/fast", body).await;
    assert_eq!(committed.status, StatusCode::CREATED);
    let job = worker.job().await;
    assert_eq!(job["payload"]["max_tokens"], 256);
    let id = job["job_id"].as_str().expect("an id");
    worker.complete(id, r#"{"text":"Qubits.","model":"llama3.2"}"#).await;
    let shown = market.get(&format!("/v1/jobs/{id}?wait=30")).await.json();
    assert_eq!(shown["status"], "completed");
    assert_eq!(shown["result"]["text"], "Qubits.");
}

#[tokio::test]
async fn a_job_that_nobody_takes_fails_after_thirty_seconds() {
    let market = Market::open().await;
    let committed = market.post("/v1/jobs/commit/cheap", TASK).await.json();
    let job = committed["job_id"].as_str().expect("an id");
    market.pass(Millis(29_999)).await;
    check("pending.json", &market.get(&format!("/v1/jobs/{job}")).await, &[("job_id", job)]);
    market.pass(Millis(1)).await;
    check("failed.json", &market.get(&format!("/v1/jobs/{job}")).await, &[("job_id", job)]);
    let receipt = market.get(&format!("/v1/jobs/{job}/receipt")).await;
    assert_eq!((receipt.status, receipt.text()), (StatusCode::NOT_FOUND, r#"{"error":"no_receipt"}"#));
}

#[tokio::test]
async fn a_private_job_without_a_trusted_worker_is_refused_and_kept_as_failed() {
    let market = Market::open().await;
    let _stranger = market.worker(1, Manner::Proven).await;
    let refused = market.post("/v1/jobs/commit/cheap", &private_task()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let job = refused.json()["job_id"].as_str().expect("an id").to_owned();
    check("no_trusted_worker.json", &refused, &[("job_id", &job)]);
    check("failed_private.json", &market.get(&format!("/v1/jobs/{job}")).await, &[("job_id", &job)]);
}

#[tokio::test]
async fn a_paired_worker_gets_the_private_job_and_no_other_does() {
    let market = Market::open().await;
    let mut stranger = market.worker(1, Manner::Proven).await;
    let mut friend = market.worker(2, Manner::Proven).await;
    let created = market.post("/v1/trust/create", r#"{"user_id":"user_abc123"}"#).await;
    assert_eq!(created.status, StatusCode::CREATED);
    let code = created.json()["pairing_code"].as_str().expect("a code").to_owned();
    assert!(code.len() == 6 && code.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')), "{code}");
    check("trust_created.json", &created, &[("pairing_code", &code)]);
    let claim = format!(r#"{{"pairing_code":"{code}","provider_pubkey":"{}"}}"#, friend.pubkey());
    check("trust_claimed.json", &market.post("/v1/trust/claim", &claim).await, &[]);
    let listed = market.get("/v1/trust/list?user_id=user_abc123").await;
    check("trust_list.json", &listed, &[("provider_pubkey", &friend.pubkey())]);

    let again = market.post("/v1/trust/claim", &claim).await;
    assert_eq!((again.status, again.text()), (StatusCode::BAD_REQUEST, r#"{"error":"already_claimed"}"#));

    let committed = market.post("/v1/jobs/commit/cheap", &private_task()).await;
    assert_eq!(committed.status, StatusCode::CREATED);
    let job = friend.job().await;
    assert_eq!(job["privacy_class"], "PRIVATE");
    friend.complete(job["job_id"].as_str().expect("an id"), ANSWER).await;
    // A public job shows that the stranger was there all the time, and got only that.
    let busy = market.post("/v1/jobs/commit/cheap", TASK).await;
    let public = busy.json()["job_id"].clone();
    let seen = tokio::select! { job = stranger.job() => job, job = friend.job() => job };
    assert_eq!(seen["job_id"], public);
}

#[tokio::test]
async fn an_expired_code_is_refused() {
    let market = Market::open().await;
    let code = market.post("/v1/trust/create", r#"{"user_id":"ann"}"#).await.json()["pairing_code"].clone();
    market.pass(Millis::hours(1)).await;
    let key = "11".repeat(32);
    let claim = format!(r#"{{"pairing_code":{code},"provider_pubkey":"{key}"}}"#);
    let expired = market.post("/v1/trust/claim", &claim).await;
    assert_eq!((expired.status, expired.text()), (StatusCode::BAD_REQUEST, r#"{"error":"expired"}"#));
}

#[tokio::test]
async fn a_long_poll_returns_as_soon_as_the_job_is_final() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    let committed = market.post("/v1/jobs/commit/cheap", TASK).await.json();
    let job = committed["job_id"].as_str().expect("an id").to_owned();
    worker.job().await;
    let path = format!("/v1/jobs/{job}?wait=60");
    let finish = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        worker.complete(&job, ANSWER).await;
    };
    // Far below the sixty seconds that it may wait.
    let both = async { tokio::join!(market.get(&path), finish).0 };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), both).await.expect("in time");
    assert_eq!(answer.json()["status"], "completed");
    let at_once = tokio::time::timeout(std::time::Duration::from_secs(20), market.get(&path)).await;
    assert_eq!(at_once.expect("in time").json()["status"], "completed");
}
