//! Many vectors at once: from a model server through worker, coordinator and database to the client and his proof.

use crate::process::{Docket, PATIENCE, run};
use crate::upstream;
use reqwest::Client;
use serde_json::{Value, json};

const TEXTS: usize = 300;
const DIMENSIONS: usize = 1_536;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_batch_of_vectors_comes_whole_and_survives_a_kill() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let engine = format!("openai+embeddings:{}#slow", upstream::start_with_vectors(DIMENSIONS).await);
    let args = ["--data", data.to_str().unwrap(), "--engine", &engine];
    let http = Client::builder().timeout(PATIENCE).build().unwrap();
    let (up, ready) = Docket::up_with(&args);
    let text = |ready: &Value, name: &str| ready[name].as_str().unwrap().to_owned();
    let asked = json!({"model": "slow", "input": vec!["a text"; TEXTS]});
    let url = format!("{}/v1/embeddings", text(&ready, "url"));
    let answer = http.post(url).bearer_auth(text(&ready, "api_key")).json(&asked).send().await.unwrap();
    let job = answer.headers()["x-decentral-job-id"].to_str().unwrap().to_owned();
    let body = answer.text().await.unwrap();
    assert!(body.len() > 4 << 20, "{}", body.len());
    let answer: Value = serde_json::from_str(&body).unwrap();
    let vectors = answer["data"].as_array().unwrap();
    assert_eq!(vectors.len(), TEXTS);
    let last = &vectors[TEXTS - 1]["embedding"][DIMENSIONS - 1];
    assert_eq!(last.as_f64().unwrap() as f32, 0.1 + (TEXTS * DIMENSIONS - 1) as f32 * 1e-7);

    up.kill_9();
    let (_up, ready) = Docket::up_with(&args);
    let url = format!("{}/v1/jobs/{job}/receipt", text(&ready, "url"));
    let receipt = http.get(url).bearer_auth(text(&ready, "api_key")).send().await.unwrap();
    let file = folder.path().join("receipt.json");
    std::fs::write(&file, receipt.bytes().await.unwrap()).unwrap();
    let (status, words, error) = run(["verify", file.to_str().unwrap()]);
    assert!(status.success(), "{words}{error}");
}
