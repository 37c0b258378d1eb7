//! A coordinator that is killed while a client waits: his retry finds the answer, which is charged once.

use crate::process::{Docket, PATIENCE, wait_until};
use crate::upstream;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_finds_the_answer_after_a_kill() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engine = format!("openai:{}", upstream::start(Duration::from_secs(1)).await);
    let args = ["--data", data.to_str().unwrap(), "--engine", &engine];
    let http = Client::builder().timeout(PATIENCE).build().unwrap();
    let body = json!({"model": "slow", "messages": [{"role": "user", "content": "Count"}]});
    let ask = |ready: &Value| -> RequestBuilder {
        let url = format!("{}/v1/chat/completions", ready["url"].as_str().unwrap());
        http.post(url).bearer_auth(ready["api_key"].as_str().unwrap()).json(&body)
    };
    let get = async |ready: &Value, path: &str| -> Value {
        let url = format!("{}/v1/{path}", ready["url"].as_str().unwrap());
        let answer = http.get(url).bearer_auth(ready["api_key"].as_str().unwrap()).send().await.unwrap();
        answer.json().await.unwrap()
    };
    let (up, ready) = Docket::up_with(&args);
    let before = get(&ready, "credits").await["balance"].as_u64().unwrap();
    let waiting = tokio::spawn(ask(&ready).send());
    let handle = tokio::runtime::Handle::current();
    wait_until("the job is durable", || {
        let jobs = tokio::task::block_in_place(|| handle.block_on(get(&ready, "jobs")));
        !jobs["data"].as_array().unwrap().is_empty()
    });
    up.kill_9();
    assert!(waiting.await.unwrap().is_err(), "the answer did not come");

    let (_up, ready) = Docket::up_with(&args);
    let answer = ask(&ready).header("x-stainless-retry-count", "1").send().await.unwrap();
    assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
    let job = answer.headers()["x-decentral-job-id"].to_str().unwrap().to_owned();
    let said: Value = answer.json().await.unwrap();
    assert_eq!(said["choices"][0]["message"]["content"], "done");
    let jobs = get(&ready, "jobs").await;
    assert_eq!(jobs["data"].as_array().unwrap().len(), 1, "{jobs}");
    assert_eq!(jobs["data"][0]["id"], json!(job));
    let charged = jobs["data"][0]["credits_charged"].as_u64().unwrap();
    assert_eq!(get(&ready, "credits").await["balance"], json!(before - charged), "it is charged once");
}
