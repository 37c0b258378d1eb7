//! An answer as it is being given: `GET /v1/jobs/{id}/stream`.

use crate::market::Market;
use crate::reader::Reader;
use crate::worker::{Manner, say};
use docket_protocol::digest::RunningHash;
use hyper::StatusCode;
use serde_json::json;

const PROMPT: &str =
    r#"{"job_type":"LLM_INFER","user_id":"ann","payload":{"job_type":"LLM_INFER","prompt":"count"}}"#;

async fn commit(market: &Market) -> String {
    let committed = market.post("/v1/jobs/commit/fast", PROMPT).await;
    committed.json()["job_id"].as_str().expect("an id").to_owned()
}

async fn follow(market: &Market, job: &str, more: &str) -> Reader {
    let request = format!("GET /v1/jobs/{job}/stream HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n");
    Reader::of(market, request).await
}

#[tokio::test]
async fn text_is_told_as_it_arrives_and_the_job_at_the_end() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    let mut early = follow(&market, &job, "").await;
    let assigned = worker.job().await;
    say(&mut worker, &assigned, &["one "], 0).await;
    early.hear(r#"{"text":"one "}"#).await;
    say(&mut worker, &assigned, &["one ", "two"], 1).await;
    early.hear(r#"{"text":"two"}"#).await;
    early.hear("id: 0-7").await;
    let mut late = follow(&market, &job, "last-event-id: 0-4\r\n").await;
    late.hear(r#"{"text":"two"}"#).await;
    worker.complete(&job, r#"{"text":"one two"}"#).await;
    early.hear(r#""status":"completed""#).await;
    late.hear(r#""status":"completed""#).await;
    assert_eq!(early.events(), ["text", "text", "job"]);
    assert_eq!(late.events(), ["text", "job"]);
    // Whoever comes afterwards learns how it ended, and nobody is kept in memory.
    let mut last = follow(&market, &job, "").await;
    last.hear(r#""status":"completed""#).await;
    assert_eq!(last.events(), ["job"]);
    assert_eq!(market.engine().census().relayed, 0);
    assert_eq!(market.get("/v1/jobs/nobody/stream").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_comes_beside_text_is_no_event_of_this_dialect() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    let mut follower = follow(&market, &job, "").await;
    let assigned = worker.job().await;
    let pieces = ["one ", r#"{"reasoning_content":"Hm."}"#, "two"];
    for upto in 1..=pieces.len() {
        say(&mut worker, &assigned, &pieces[..upto], upto - 1).await;
    }
    follower.hear(r#"{"text":"two"}"#).await;
    worker.complete(&job, r#"{"text":"one two","reasoning_content":"Hm."}"#).await;
    follower.hear(r#""status":"completed""#).await;
    assert_eq!(follower.events(), ["text", "text", "job"]);
    assert!(follower.heard.contains(r#""result":{"text":"one two","reasoning_content":"Hm."}"#));
}

#[tokio::test]
async fn another_worker_begins_again() {
    let market = Market::open().await;
    let mut first = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    let mut follower = follow(&market, &job, "").await;
    let assigned = first.job().await;
    say(&mut first, &assigned, &["eins "], 0).await;
    follower.hear("eins ").await;
    let mut second = market.worker(2, Manner::Proven).await;
    // A hash that is not that of its text: the attempt fails.
    first
        .send(json!({
            "type": "job_chunk", "job_id": job, "attempt": assigned["attempt"], "seq": 1, "text": "zwei",
            "running_hash": RunningHash::default().push("eins drei"),
        }))
        .await;
    let again = second.job().await;
    assert_eq!(again["job_id"], json!(job));
    say(&mut second, &again, &["one"], 0).await;
    follower.hear(r#"{"text":"one"}"#).await;
    second.complete(&job, r#"{"text":"one"}"#).await;
    follower.hear(r#""status":"completed""#).await;
    assert_eq!(follower.events(), ["text", "again", "text", "job"]);
}
