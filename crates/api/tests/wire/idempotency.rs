//! The same request under the same key makes one job, whatever happens in between.

use crate::http::Answer;
use crate::market::Market;
use crate::worker::Manner;
use crate::{ANSWER, TASK};
use hyper::StatusCode;

async fn commit(market: &Market, path: &str, key: &str, body: &str) -> Answer {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    market.send("POST", path, &headers, body.as_bytes()).await
}

const CHEAP: &str = "/v1/jobs/commit/cheap";

#[tokio::test]
async fn a_repeat_finds_the_same_job() {
    let mut market = Market::open().await;
    let first = commit(&market, CHEAP, "k1", TASK).await;
    let second = commit(&market, CHEAP, "k1", TASK).await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.text(), second.text());
    assert_eq!(market.engine().census().open_jobs, 1);
    // A draft standard puts the key in quotes: it is the same key.
    assert_eq!(commit(&market, CHEAP, "\"k1\"", TASK).await.text(), first.text());
    market.restart().await;
    assert_eq!(commit(&market, CHEAP, "k1", TASK).await.text(), first.text());
    // A job that is over is found as well.
    let mut worker = market.worker(1, Manner::Dispatch).await;
    market.pass(docket_engine::RESUME_GRACE).await;
    let job = worker.job().await["job_id"].as_str().expect("an id").to_owned();
    worker.complete(&job, ANSWER).await;
    market.get(&format!("/v1/jobs/{job}?wait=30")).await;
    assert_eq!(commit(&market, CHEAP, "k1", TASK).await.text(), first.text());
}

#[tokio::test]
async fn another_request_under_a_used_key_is_refused() {
    let market = Market::open().await;
    commit(&market, CHEAP, "k1", TASK).await;
    let reused = r#"{"error":"idempotency_key_reused"}"#;
    for (path, body) in [(CHEAP, TASK.replace("amazing", "awful")), ("/v1/jobs/commit/fast", TASK.to_owned())]
    {
        let answer = commit(&market, path, "k1", &body).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::UNPROCESSABLE_ENTITY, reused));
    }
    // Keys belong to a user.
    let other = commit(&market, CHEAP, "k1", &TASK.replace("user_abc123", "bob")).await;
    assert_eq!(other.status, StatusCode::CREATED);
    assert_eq!(market.engine().census().open_jobs, 2);
}

#[tokio::test]
async fn of_many_repeats_at_once_one_makes_the_job() {
    let market = Market::open().await;
    let repeats = (0..20).map(|_| commit(&market, CHEAP, "k1", TASK));
    let answers = futures::future::join_all(repeats).await;
    for answer in &answers {
        assert_eq!((answer.status, answer.text()), (StatusCode::CREATED, answers[0].text()));
    }
    assert_eq!(market.engine().census().open_jobs, 1);
}

#[tokio::test]
async fn a_key_has_bounds() {
    let market = Market::open().await;
    for key in [String::new(), "a b".to_owned(), "k".repeat(256), "\u{fc}".to_owned()] {
        let answer = commit(&market, CHEAP, &key, TASK).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{key}");
    }
    assert_eq!(commit(&market, CHEAP, &"k".repeat(255), TASK).await.status, StatusCode::CREATED);
}
