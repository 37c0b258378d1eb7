//! A client's way through the market, and the whole of `docket up`.

use crate::process::{Docket, PATIENCE};
use reqwest::Client;
use serde_json::{Value, json};
use std::time::Instant;

/// A client of the dialect `quotes` who never gives up, as a patient agent would.
#[derive(Clone)]
pub(crate) struct Buyer {
    pub(crate) url: String,
    pub(crate) http: Client,
}

impl Buyer {
    pub(crate) fn new(url: &str) -> Self {
        // The client wants a provider of TLS even where it never speaks it.
        rustls::crypto::ring::default_provider().install_default().ok();
        Self { url: url.to_owned(), http: Client::builder().timeout(PATIENCE).build().unwrap() }
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(format!("{}{path}", self.url)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(crate) async fn commit(&self, path: &str, body: &Value) -> (u16, Value) {
        let response = self.http.post(format!("{}{path}", self.url)).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Commits under a key until it is acknowledged, whatever happens to the coordinator.
    pub(crate) async fn insist(&self, path: &str, body: &Value, key: &str) -> String {
        let start = Instant::now();
        loop {
            let request =
                self.http.post(format!("{}{path}", self.url)).header("idempotency-key", key).json(body);
            if let Ok(response) = request.send().await
                && response.status() == 201
                && let Ok(answer) = response.json::<Value>().await
            {
                return answer["job_id"].as_str().unwrap().to_owned();
            }
            assert!(start.elapsed() < PATIENCE, "the job was never acknowledged");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// Waits until a job is final, whatever happens to the coordinator.
    pub(crate) async fn outcome(&self, id: &str) -> Value {
        let start = Instant::now();
        loop {
            let request = self.http.get(format!("{}/v1/jobs/{id}?wait=5", self.url));
            if let Ok(response) = request.send().await
                && let Ok(job) = response.json::<Value>().await
            {
                if matches!(job["status"].as_str(), Some("completed" | "failed")) {
                    return job;
                }
                assert_eq!(job["status"], "pending", "{job}");
            }
            assert!(start.elapsed() < PATIENCE * 2, "the job was never finished");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}

/// A task as the page has it.
pub(crate) fn classify(text: &str) -> Value {
    json!({"job_type": "TASK", "user_id": "ann", "privacy_class": "PUBLIC",
        "payload": {"job_type": "TASK", "task_type": "classify", "input": text}})
}

/// A prompt as the page has it.
pub(crate) fn prompt(text: &str) -> Value {
    json!({"job_type": "LLM_INFER", "user_id": "ann", "privacy_class": "PUBLIC",
        "payload": {"job_type": "LLM_INFER", "prompt": text, "max_tokens": 256}})
}

#[tokio::test]
async fn a_newcomer_buys_a_task_and_an_inference() {
    let (up, ready) = Docket::up();
    let buyer = Buyer::new(ready["url"].as_str().unwrap());

    let (status, quote) = buyer.get("/v1/quote?job_type=TASK&policy=AUTO").await;
    assert_eq!(
        (status, &quote["price"], &quote["policy_resolved"]),
        (200, &json!("$0.001"), &json!("CHEAP"))
    );
    let task = classify("This product is amazing and works perfectly.");
    let (status, committed) = buyer.commit(quote["endpoint"].as_str().unwrap(), &task).await;
    assert_eq!(status, 201);
    let job = buyer.outcome(committed["job_id"].as_str().unwrap()).await;
    assert_eq!((&job["status"], &job["result"]["sentiment"]), (&json!("completed"), &json!("positive")));
    assert_eq!(job["receipt"]["provider_pubkey"], ready["worker"]);

    if cfg!(feature = "gguf") {
        let body = prompt("Explain quantum computing in one paragraph.");
        let (status, committed) = buyer.commit("/v1/jobs/commit/fast", &body).await;
        assert_eq!(status, 201);
        let job = buyer.outcome(committed["job_id"].as_str().unwrap()).await;
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["result"]["model"], "tiny-qwen3");
        let text = job["result"]["text"].as_str().unwrap();
        assert!(text.to_lowercase().contains("quantum"), "{text}");
    }
    assert!(up.terminate().success(), "a drained process ends well");
}
