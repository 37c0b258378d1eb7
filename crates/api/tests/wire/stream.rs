//! An answer as it is being given: `GET /v1/jobs/{id}/stream`.

use crate::market::Market;
use crate::worker::{Manner, say};
use docket_protocol::digest::RunningHash;
use hyper::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PROMPT: &str =
    r#"{"job_type":"LLM_INFER","user_id":"ann","payload":{"job_type":"LLM_INFER","prompt":"count"}}"#;

async fn commit(market: &Market) -> String {
    let committed = market.post("/v1/jobs/commit/fast", PROMPT).await;
    committed.json()["job_id"].as_str().expect("an id").to_owned()
}

/// One who follows, and reads as the bytes come.
struct Follower {
    socket: TcpStream,
    heard: String,
}

impl Follower {
    async fn of(market: &Market, job: &str, more: &str) -> Self {
        let mut socket = TcpStream::connect(market.address()).await.expect("the coordinator listens");
        let request =
            format!("GET /v1/jobs/{job}/stream HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}\r\n");
        socket.write_all(request.as_bytes()).await.expect("the coordinator reads");
        Self { socket, heard: String::new() }
    }

    /// Reads until some text has come, or everything.
    async fn hear(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.heard.contains(text) {
            let read = tokio::time::timeout(Duration::from_secs(20), self.socket.read(&mut bytes));
            let length = read.await.expect("something in time").expect("the connection stands");
            assert!(length > 0, "it ended without {text}: {}", self.heard);
            self.heard.push_str(std::str::from_utf8(&bytes[..length]).expect("the tests' texts are short"));
        }
    }

    /// The names of the events that came.
    fn events(&self) -> Vec<&str> {
        self.heard.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
    }
}

#[tokio::test]
async fn text_is_told_as_it_arrives_and_the_job_at_the_end() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    let mut early = Follower::of(&market, &job, "").await;
    let assigned = worker.job().await;
    say(&mut worker, &assigned, &["one "], 0).await;
    early.hear(r#"{"text":"one "}"#).await;
    say(&mut worker, &assigned, &["one ", "two"], 1).await;
    early.hear(r#"{"text":"two"}"#).await;
    early.hear("id: 0-7").await;
    let mut late = Follower::of(&market, &job, "last-event-id: 0-4\r\n").await;
    late.hear(r#"{"text":"two"}"#).await;
    worker.complete(&job, r#"{"text":"one two"}"#).await;
    early.hear(r#""status":"completed""#).await;
    late.hear(r#""status":"completed""#).await;
    assert_eq!(early.events(), ["text", "text", "job"]);
    assert_eq!(late.events(), ["text", "job"]);
    // Whoever comes afterwards learns how it ended, and nobody is kept in memory.
    let mut last = Follower::of(&market, &job, "").await;
    last.hear(r#""status":"completed""#).await;
    assert_eq!(last.events(), ["job"]);
    assert_eq!(market.engine().census().relayed, 0);
    assert_eq!(market.get("/v1/jobs/nobody/stream").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_worker_begins_again() {
    let market = Market::open().await;
    let mut first = market.worker(1, Manner::Proven).await;
    let job = commit(&market).await;
    let mut follower = Follower::of(&market, &job, "").await;
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
