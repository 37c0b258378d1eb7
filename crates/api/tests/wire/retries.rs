//! A stock client sends a request once more when its answer did not come: it is led to the answer that it left, also by
//! another coordinator on the same store.

use crate::credits::{Developer, finish, request, serving};
use crate::http::Answer;
use crate::market::Market;
use crate::worker::{Manner, say};
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

const RETRY: (&str, &str) = ("x-stainless-retry-count", "1");

async fn retry(developer: &Developer<'_>) -> Answer {
    developer.ask("POST", "/v1/chat/completions", &[RETRY], &request(json!({}))).await
}

async fn jobs(developer: &Developer<'_>) -> Vec<Value> {
    developer.get("/v1/jobs").await.json()["data"].as_array().expect("jobs").clone()
}

#[tokio::test]
async fn a_retry_is_led_back_to_the_answer_that_its_client_left() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let left = developer.stream(json!({})).await;
    let assigned = worker.job().await;
    drop(left);
    let body = request(json!({"stream": true}));
    let retry = developer.ask("POST", "/v1/chat/completions", &[RETRY], &body);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (answer, ()) = tokio::join!(retry, async {
        say(&mut worker, &assigned, &["late"], 0).await;
        finish(&mut worker, &assigned, "late").await;
    });
    assert!(answer.text().contains(r#"{"content":"late"}"#), "{}", answer.text());
    assert_eq!(answer.header("x-decentral-job-id"), assigned["job_id"]);
    assert_eq!(developer.balance().await, 92, "it is charged once");
}

#[tokio::test]
async fn a_retry_is_led_to_what_was_left_last_and_not_to_an_earlier_answer_to_the_same_words() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let body = request(json!({"stream": true}));
    let (_, ()) = tokio::join!(developer.ask("POST", "/v1/chat/completions", &[], &body), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "early").await;
    });
    let left = developer.stream(json!({})).await;
    let assigned = worker.job().await;
    drop(left);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let retry = developer.ask("POST", "/v1/chat/completions", &[RETRY], &body);
    let (answer, ()) = tokio::join!(retry, finish(&mut worker, &assigned, "late"));
    assert!(answer.text().contains(r#"{"content":"late"}"#), "{}", answer.text());
    assert_eq!(answer.header("x-decentral-job-id"), assigned["job_id"]);
    assert_eq!(developer.balance().await, 84, "each is charged once");
}

/// A market in which one request was answered, and its coordinator ended just after.
async fn answered_and_started_again() -> (Market, String) {
    let mut market = Market::open().await;
    let secret = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
            let assigned = worker.job().await;
            finish(&mut worker, &assigned, "once").await;
        });
        assert_eq!(answer.status, StatusCode::OK);
        developer.secret
    };
    market.restart().await;
    (market, secret)
}

#[tokio::test]
async fn an_answer_that_a_restart_kept_back_is_there_for_the_retry_and_charged_once() {
    let (market, secret) = answered_and_started_again().await;
    let developer = Developer::known(&market, secret);
    let answer = retry(&developer).await;
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "once", "{}", answer.text());
    assert_eq!(jobs(&developer).await.len(), 1);
    assert_eq!(developer.balance().await, 92);
    // One retry was led to it: who asks again means another one.
    let mut worker = serving(&market, 1).await;
    let (answer, ()) = tokio::join!(retry(&developer), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "twice").await;
    });
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "twice");
    assert_eq!(developer.balance().await, 84);
}

#[tokio::test]
async fn who_waits_for_a_coordinator_that_ends_finds_his_job_at_the_next() {
    let mut market = Market::open().await;
    let (secret, held) = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let _cut_off = developer.stream(json!({})).await;
        let held = worker.job().await;
        market.engine().stop_accepting();
        (developer.secret, held)
    };
    market.restart().await;
    let developer = Developer::known(&market, secret);
    let job = &held["job_id"];
    let offer = json!({
        "offer": {"models": [{"name": "qwen3-8b"}], "concurrency": 8},
        "resume": [{"job_id": job, "attempt": held["attempt"]}],
    });
    let (mut worker, ack) = market.register(1, Manner::Proven, offer).await;
    assert_eq!(ack["resumed"], json!([job]), "{ack}");
    let body = request(json!({"stream": true}));
    let again = developer.ask("POST", "/v1/chat/completions", &[RETRY], &body);
    let (answer, ()) = tokio::join!(again, async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "after all").await;
    });
    assert!(answer.text().contains(r#"{"content":"after all"}"#), "{}", answer.text());
    assert_eq!(answer.header("x-decentral-job-id"), *job);
    assert_eq!(developer.credits().await, [92, 0, 8], "it is charged once");
}

#[tokio::test]
async fn whom_a_restart_cut_off_and_who_does_not_come_back_pays_nothing() {
    let mut market = Market::open().await;
    let (secret, cut_off) = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let _stream = developer.stream(json!({})).await;
        let cut_off = worker.job().await;
        let nobody_waits = developer.ask("POST", "/v1/jobs", &[], &request(json!({"max_tokens": 3}))).await;
        assert_eq!(nobody_waits.status, StatusCode::CREATED);
        market.engine().stop_accepting();
        (developer.secret, cut_off)
    };
    market.restart().await;
    let developer = Developer::known(&market, secret);
    let status = async |job: &str| developer.get(&format!("/v1/jobs/{job}")).await.json()["status"].clone();
    let cut_off = cut_off["job_id"].as_str().expect("an id");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(status(cut_off).await, "refunded", "he has five seconds to come back");
    let withdrawn = async {
        while status(cut_off).await != "refunded" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), withdrawn).await.expect("it is withdrawn");
    let open: Vec<_> = jobs(&developer).await.into_iter().filter(|job| job["status"] == "pending").collect();
    assert_eq!(open.len(), 1, "for this nobody had waited");
    assert_eq!(developer.credits().await, [92, 8, 8]);
}

#[tokio::test]
async fn after_a_restart_only_a_retry_of_the_same_words_under_the_same_key_finds_the_answer() {
    let (market, secret) = answered_and_started_again().await;
    let developer = Developer::known(&market, secret);
    let other = Developer::rich(&market).await;
    assert_eq!(retry(&other).await.json()["error"]["code"], "model_not_found", "it is a request of its own");
    let others = request(json!({"max_tokens": 7}));
    let answer = developer.ask("POST", "/v1/chat/completions", &[RETRY], &others).await;
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
    assert_eq!(developer.chat(json!({})).await.json()["error"]["code"], "model_not_found", "no retry");
    assert_eq!(retry(&developer).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_retry_that_comes_a_minute_later_is_a_request_of_its_own() {
    let (market, secret) = answered_and_started_again().await;
    let developer = Developer::known(&market, secret);
    market.pass(Millis::seconds(60)).await;
    let mut worker = serving(&market, 1).await;
    let (answer, ()) = tokio::join!(retry(&developer), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "anew").await;
    });
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "anew");
    assert_eq!(jobs(&developer).await.len(), 2);
}

#[tokio::test]
async fn what_was_submitted_without_waiting_is_nobodys_retry() {
    let mut market = Market::open().await;
    let secret = {
        let developer = Developer::rich(&market).await;
        let _worker = serving(&market, 1).await;
        let submitted = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await;
        assert_eq!(submitted.status, StatusCode::CREATED);
        developer.secret
    };
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_eq!(retry(&developer).await.json()["error"]["code"], "model_not_found");
    assert_eq!(jobs(&developer).await.len(), 1);
}

#[tokio::test]
async fn a_retry_of_what_came_to_nothing_is_tried_anew() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        worker.job().await;
        market.pass(Millis::seconds(120)).await;
    });
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT, "{}", answer.text());
    assert_eq!(answer.json()["error"]["code"], "timed_out");
    let mut worker = serving(&market, 2).await;
    let (answer, assigned) = tokio::join!(retry(&developer), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "at last").await;
        assigned
    });
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "at last", "{}", answer.text());
    assert_eq!(answer.header("x-decentral-job-id"), assigned["job_id"]);
    assert_eq!(developer.balance().await, 92, "the first has cost nothing");
}

/// What has become of the request nobody knows, so it is not to be sent again.
fn refused_without_retry(answer: &Answer) {
    let told = (answer.status, answer.header("x-should-retry"));
    assert_eq!(told, (StatusCode::INTERNAL_SERVER_ERROR, "false"), "{}", answer.text());
}

/// The store fails over another's request, while a client waits.
async fn store_fails_before_the_end(path: &str, body: Value) {
    let mut market = Market::open().await;
    let secret = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let (answer, ()) = tokio::join!(developer.ask("POST", path, &[], &body), async {
            worker.job().await;
            market.break_disk();
            let other = developer.chat(json!({"user": "another"})).await;
            assert_eq!(other.header("x-should-retry"), "false");
        });
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", answer.text());
        assert_eq!(answer.json()["error"]["code"], "internal_error");
        assert_eq!(answer.header("x-should-retry"), "false", "what has become of the charge is unknown");
        // Whoever comes now is told at once: nothing was written for him, or something may have been.
        refused_without_retry(&developer.ask("POST", path, &[], &body).await);
        developer.secret
    };
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_eq!(developer.credits().await, [92, 8, 8], "it is still held, once");
}

#[tokio::test]
async fn an_answer_that_cannot_be_settled_is_told_all_the_same_and_is_not_charged() {
    let mut market = Market::open().await;
    let secret = {
        let developer = Developer::rich(&market).await;
        let mut worker = serving(&market, 1).await;
        let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
            let assigned = worker.job().await;
            market.break_disk();
            finish(&mut worker, &assigned, "unwritten").await;
        });
        assert_eq!(answer.json()["choices"][0]["message"]["content"], "unwritten", "{}", answer.text());
        assert_eq!(answer.header("x-decentral-settlement-tx"), "", "nothing is said of what is not written");
        refused_without_retry(&developer.chat(json!({})).await);
        developer.secret
    };
    market.restart().await;
    let developer = Developer::known(&market, secret);
    assert_eq!(developer.credits().await, [92, 8, 8], "it is still held");
}

#[tokio::test]
async fn who_waits_when_the_store_fails_is_told_not_to_try_again() {
    store_fails_before_the_end("/v1/chat/completions", request(json!({}))).await;
}

#[tokio::test]
async fn so_is_who_waits_for_a_stream() {
    store_fails_before_the_end("/v1/chat/completions", request(json!({"stream": true}))).await;
}

#[tokio::test]
async fn so_is_who_waits_for_a_response() {
    store_fails_before_the_end("/v1/responses", json!({"model": "qwen3-8b", "input": "Count"})).await;
}

#[tokio::test]
async fn what_somebody_has_withdrawn_is_not_tried_again() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = serving(&market, 1).await;
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        let path = format!("/v1/jobs/{}/cancel", assigned["job_id"].as_str().expect("a name"));
        assert_eq!(developer.ask("POST", &path, &[], &Value::Null).await.status, StatusCode::OK);
    });
    assert_eq!((answer.status, answer.header("x-should-retry")), (StatusCode::CONFLICT, "false"));
    assert_eq!(answer.json()["error"]["code"], "job_cancelled");
}

#[tokio::test]
async fn what_has_cost_nothing_may_be_tried_again() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    market.engine().stop_accepting();
    let _worker = serving(&market, 1).await;
    let answer = developer.chat(json!({})).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text());
    assert_eq!((answer.headers.get("x-should-retry"), answer.header("retry-after")), (None, "1"));
}
