//! What is known of every request, and how often one address may ask.

use crate::market::{Market, Options};
use crate::worker::Manner;
use crate::{ANSWER, TASK};
use docket_api::Limits;
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::Value;
use std::collections::HashSet;

#[tokio::test]
async fn every_answer_names_its_request() {
    let market = Market::open().await;
    let mut seen = HashSet::new();
    for path in ["/v1/health", "/nothing", "/v1/jobs/commit/fast", "/admin/v1/jobs", "/livez", "/checkpoint"]
    {
        let id = market.get(path).await.header("x-request-id").to_owned();
        assert!(!id.is_empty() && seen.insert(id), "{path}");
    }
    let answer = market.send("GET", "/v1/health", &[("x-request-id", "trace-7f3c")], b"").await;
    assert_eq!(answer.header("x-request-id"), "trace-7f3c");
    let long = "a".repeat(65);
    for unsound in ["a b", "<script>", &long] {
        let answer = market.send("GET", "/v1/health", &[("x-request-id", unsound)], b"").await;
        assert_ne!(answer.header("x-request-id"), unsound);
    }
}

#[tokio::test]
async fn the_metrics_tell_what_has_happened() {
    let market = Market::open().await;
    let mut worker = market.worker(1, Manner::Dispatch).await;
    market.post("/v1/jobs/commit/cheap", TASK).await;
    let job = worker.job().await["job_id"].as_str().expect("an id").to_owned();
    worker.complete(&job, ANSWER).await;
    market.get(&format!("/v1/jobs/{job}?wait=30")).await;
    market.post("/v1/jobs/commit/cheap", "nonsense").await;
    market.get("/nothing").await;
    let metrics = market.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "docket_workers_connected 1",
        "docket_jobs_open 0",
        "docket_jobs_running 0",
        "docket_log_entries 2",
        "docket_store_stopped 0",
        "docket_draining 0",
        r#"docket_jobs_ended_total{state="settled"} 1"#,
        r#"docket_http_requests_total{route="/v1/jobs/commit/cheap",method="POST",status="201"} 1"#,
        r#"docket_http_requests_total{route="/v1/jobs/commit/cheap",method="POST",status="400"} 1"#,
        r#"docket_http_requests_total{route="/v1/jobs/{id}",method="GET",status="200"} 1"#,
        r#"docket_http_requests_total{route="/",method="GET",status="101"} 1"#,
        r#"docket_http_requests_total{route="unmatched",method="GET",status="404"} 1"#,
        "# EOF",
    ] {
        assert!(metrics.text().lines().any(|found| found == line), "{line}\n{}", metrics.text());
    }
    // Funded, settled, and the worker's registration.
    let commits = metrics.text().lines().find_map(|line| line.strip_prefix("docket_commit_seconds_count "));
    assert_eq!(commits, Some("3"));
}

#[tokio::test]
async fn an_address_that_asks_too_often_has_to_wait() {
    let limits = Limits { rate_per_second: 1, rate_burst: 2, ..Limits::default() };
    let market = Market::with(Options { limits, ..Options::default() }).await;
    for path in ["/v1/health", "/v1/quote?job_type=TASK"] {
        assert_eq!(market.get(path).await.status, StatusCode::OK);
    }
    for path in ["/v1/health", "/checkpoint", "/nothing"] {
        let refused = market.get(path).await;
        assert_eq!(
            (refused.status, refused.text()),
            (StatusCode::TOO_MANY_REQUESTS, r#"{"error":"too_many_requests"}"#),
            "{path}"
        );
        assert_eq!(refused.header("retry-after"), "1");
        assert!(!refused.header("x-request-id").is_empty());
    }
    // Who has an API key is told how much is left, in the form of OpenAI's interface.
    let refused = market.send("GET", "/v1/models", &[("authorization", "Bearer x")], b"").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    let left = ["retry-after", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"];
    assert_eq!(left.map(|name| refused.header(name).to_owned()), ["1", "2", "0"]);
    assert_eq!(refused.header("x-ratelimit-reset-requests"), "2000ms");
    // Those who watch, work or operate are not counted.
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(market.get(path).await.status, StatusCode::OK);
    }
    market.worker(1, Manner::Proven).await;
    assert_eq!(market.admin("GET", "/status").await.status, StatusCode::OK);
    market.pass(Millis::seconds(1)).await;
    assert_eq!(market.get("/v1/health").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_description_names_what_is_served() {
    let market = Market::open().await;
    let document = market.get("/openapi.json").await;
    assert_eq!(document.header("content-type"), "application/json");
    let document = document.json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let path = path.replace("{path}", "0/000").replace("{id}", "x").replace("{account}", "treasury");
            let answer = if path.starts_with("/admin/v1") {
                let path = path.strip_prefix("/admin/v1").expect("the prefix");
                market.admin(&method.to_uppercase(), path).await
            } else {
                market.send(&method.to_uppercase(), &path, &[("last-event-id", "of no event")], b"").await
            };
            let status = answer.status.as_u16().to_string();
            let documented = operation["responses"].as_object().expect("answers");
            assert!(documented.contains_key(&status), "{method} {path}: {status}");
            let kind = answer.header("content-type").split(';').next().expect("a kind");
            let kinds = documented[&status]["content"].as_object().expect("kinds");
            assert!(kinds.contains_key(kind), "{method} {path}: {kind} not among {kinds:?}");
            assert_ne!(operation["summary"], Value::Null);
        }
    }
}
