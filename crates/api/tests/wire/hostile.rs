//! Input that nobody should send: it is refused in the dialect's words, and the coordinator goes on.

use crate::TASK;
use crate::http::Answer;
use crate::market::{Market, Options};
use crate::worker::Manner;
use docket_api::Limits;
use hyper::StatusCode;
use serde_json::json;
use std::time::Duration;

const CHEAP: &str = "/v1/jobs/commit/cheap";
const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Whether an answer has the dialect's form, and holds nothing else.
fn error(answer: &Answer) -> String {
    let json = answer.json();
    let fields = json.as_object().expect("an object");
    assert_eq!(fields.len(), 1, "{json}");
    fields["error"].as_str().expect("a text").to_owned()
}

async fn still_works(market: &Market) {
    assert_eq!(market.post(CHEAP, TASK).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let market = Market::open().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_payload = TASK.replace(r#""task_type":"classify""#, &format!(r#""task_type":{deep}"#));
    for body in
        ["", "{", "nonsense", "[]", "7", "null", "\"text\"", &TASK[..TASK.len() - 1], &deep, &deep_payload]
    {
        let answer = market.post(CHEAP, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{:.40}", body);
        assert!(error(&answer).len() < 300, "{}", answer.text());
    }
    for body in [&[0xff, 0xfe][..], b"{\"job_type\":\"\xff\"}"] {
        let answer = market.send("POST", CHEAP, &JSON, body).await;
        assert_eq!(
            (answer.status, error(&answer)),
            (StatusCode::BAD_REQUEST, "Invalid JSON: not UTF-8".to_owned())
        );
    }
    still_works(&market).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let market =
        Market::with(Options { limits: Limits { body: 4_096, ..Limits::default() }, ..Options::default() })
            .await;
    let large = TASK.replace("amazing", &"a".repeat(5_000));
    for path in [CHEAP, "/v1/trust/create", "/v1/trust/claim"] {
        let answer = market.post(path, &large).await;
        assert_eq!(
            (answer.status, error(&answer)),
            (StatusCode::PAYLOAD_TOO_LARGE, "Request body too large".to_owned())
        );
    }
    // The length is not taken on trust.
    let chunked = format!(
        "POST {CHEAP} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n1388\r\n{}\r\n0\r\n\r\n",
        "a".repeat(0x1388)
    );
    assert!(market.raw(chunked.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    still_works(&market).await;
}

#[tokio::test]
async fn a_body_that_ends_early_makes_no_job() {
    let market = Market::open().await;
    let cut = format!("POST {CHEAP} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{TASK}", TASK.len() + 1);
    let answer = market.raw(cut.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(market.engine().census().open_jobs, 0);
    still_works(&market).await;
}

#[tokio::test]
async fn another_kind_of_content_is_refused() {
    let market = Market::open().await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
    ] {
        let answer = market.send("POST", CHEAP, &[("content-type", kind)], TASK.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(error(&answer), "Content-Type must be application/json");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let answer = market.send("POST", CHEAP, &[("content-type", kind)], TASK.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{kind}");
    }
}

#[tokio::test]
async fn heads_beyond_their_bound_are_refused() {
    let market = Market::open().await;
    let long = format!("GET /v1/health HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "a".repeat(64 * 1024));
    assert!(market.raw(long.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    let many = format!("GET /v1/health HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(1_000));
    assert!(market.raw(many.as_bytes()).await.starts_with("HTTP/1.1 431 "));
    let address = format!("GET /v1/jobs/{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(12_000));
    let answer = market.raw(address.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    still_works(&market).await;
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let market = Market::open().await;
    for bytes in
        [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"GET /v1/health HTTP/9.9\r\n\r\n", b"\0\0\0\0"]
    {
        let answer = market.raw(bytes).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"),
            "{answer}"
        );
    }
    still_works(&market).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_closed() {
    let limits = Limits { head_within: Duration::from_millis(100), ..Limits::default() };
    let market = Market::with(Options { limits, ..Options::default() }).await;
    let mut stream = tokio::net::TcpStream::connect(market.address()).await.expect("the coordinator listens");
    let mut answer = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("it is closed").ok();
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_at_once() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let market = Market::with(Options { limits, ..Options::default() }).await;
    let first = market.worker(1, Manner::Dispatch).await;
    let _second = market.worker(2, Manner::Dispatch).await;
    assert!(market.raw(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").await.is_empty());
    drop(first);
    for _ in 0..2_000 {
        if market.raw(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").await.starts_with("HTTP/1.1 200 ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the place of a closed connection was never given to another");
}

#[tokio::test]
async fn frames_that_are_none_are_answered_and_end_the_connection_in_the_end() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    for faulty in [json!(7), json!([]), json!({"type": "dance"}), json!({"type": "job_complete"})] {
        worker.send(faulty).await;
        assert_eq!(worker.next().await["type"], "error");
    }
    // A job that the worker does not have is no reason to end anything.
    worker.complete("a1b2c3d4-e5f6-7890-abcd-ef1234567890", "{}").await;
    worker.send(json!({"type": "heartbeat", "provider_pubkey": worker.pubkey()})).await;
    assert_eq!(worker.next().await["type"], "heartbeat_ack");
    for _ in 0..16 {
        worker.send(json!({"type": "dance"})).await;
    }
    while let Some(frame) = worker.perhaps().await {
        assert_eq!(frame["type"], "error");
    }
}
