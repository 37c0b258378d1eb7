//! `POST /v1/embeddings`: texts become vectors.

use crate::credits::{Developer, MODEL, finish, request};
use crate::market::Market;
use crate::tools::able;
use crate::worker::{Manner, Worker};
use hyper::StatusCode;
use serde_json::{Value, json};

const ROUTE: &str = "/v1/embeddings";

async fn embed(worker: &mut Worker) -> Value {
    let assigned = worker.job().await;
    let job = assigned["job_id"].as_str().expect("a name").to_owned();
    worker.complete(&job, &format!(r#"{{"model":"{MODEL}","embeddings":[[0.1,-2.5],[1.0,0.0]]}}"#)).await;
    assigned["payload"].clone()
}

#[tokio::test]
async fn texts_become_vectors_at_one_price() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &[]).await;
    let mut worker = able(&market, 2, &["embeddings"]).await;
    let body = json!({"model": MODEL, "input": ["one", "two"], "dimensions": 2});
    let (answer, sent) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), embed(&mut worker));
    let expected = json!({
        "job_type": "LLM_INFER", "answer": "embeddings", "model": MODEL, "input": ["one", "two"], "dimensions": 2,
    });
    assert_eq!(sent, expected);
    let vector =
        |index: u8, embedding: Value| json!({"object": "embedding", "index": index, "embedding": embedding});
    assert_eq!(answer.json()["data"], json!([vector(0, json!([0.1, -2.5])), vector(1, json!([1.0, 0.0]))]));
    let rest = (&answer.json()["object"], &answer.json()["model"], &answer.json()["usage"]);
    assert_eq!(rest, (&json!("list"), &json!(MODEL), &json!({"prompt_tokens": 0, "total_tokens": 0})));
    let id = answer.header("x-decentral-job-id").to_owned();
    assert_eq!(developer.job(&id).await["credits_charged"], 1);
    assert_eq!(developer.balance().await, 99);
    let stream = developer.get(&format!("/v1/jobs/{id}/stream")).await;
    assert_eq!(stream.status, StatusCode::CONFLICT, "{}", stream.text());
    let body = json!({"model": MODEL, "input": ["one", "two"], "encoding_format": "base64"});
    let (answer, _) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), embed(&mut worker));
    assert_eq!(answer.json()["data"][0], vector(0, json!("zczMPQAAIMA=")));
}

/// Asks for what the model is not for: it is named, and nothing is held.
async fn assert_refused(developer: &Developer<'_>, path: &str, body: Value, words: &str) {
    let answer = developer.ask("POST", path, &[], &body).await;
    let error = &answer.json()["error"];
    let told = (answer.status, &error["code"], &error["param"]);
    let expected = (StatusCode::BAD_REQUEST, &json!("unsupported_parameter"), &json!("model"));
    assert_eq!(told, expected, "{path} {error}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{error}");
    assert_eq!(developer.balance().await, 100, "{path}");
}

#[tokio::test]
async fn where_no_live_worker_makes_vectors_the_model_is_refused() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &["completions"]).await;
    let body = json!({"model": MODEL, "input": "one"});
    assert_refused(&developer, ROUTE, body, "at /v1/embeddings").await;
    let unknown = developer.ask("POST", ROUTE, &[], &json!({"model": "nobody", "input": "one"})).await;
    assert_eq!(unknown.json()["error"]["code"], "model_not_found");
    let tokens = developer.ask("POST", ROUTE, &[], &json!({"model": MODEL, "input": [1, 2]})).await;
    let error = &tokens.json()["error"];
    assert_eq!((&error["code"], &error["param"]), (&json!("unsupported_parameter"), &json!("input")));
    assert_eq!(developer.balance().await, 100);
}

#[tokio::test]
async fn a_model_that_only_makes_vectors_is_asked_for_nothing_else() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut vectors = able(&market, 1, &["embeddings"]).await;
    for (path, body) in [
        ("/v1/chat/completions", request(json!({}))),
        ("/v1/chat/completions", request(json!({"stream": true, "seed": 1}))),
        ("/v1/jobs", request(json!({}))),
        ("/v1/responses", json!({"model": MODEL, "input": "Rain?"})),
        ("/v1/completions", json!({"model": MODEL, "prompt": "Once"})),
    ] {
        assert_refused(&developer, path, body, "at /v1/embeddings").await;
    }
    assert_eq!(developer.get("/v1/jobs").await.json()["data"], json!([]));
    // As soon as one answers with it, chats go there and nowhere else.
    let mut plain = able(&market, 2, &[]).await;
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = plain.job().await;
        finish(&mut plain, &assigned, "one").await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let submit = async || developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
    let (first, second) = (submit().await, submit().await);
    assert_eq!(plain.job().await["job_id"], first["id"]);
    assert_eq!(developer.job(second["id"].as_str().expect("a name")).await["status"], "pending");
    let body = json!({"model": MODEL, "input": ["one", "two"]});
    let (answer, _) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), embed(&mut vectors));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test]
async fn a_model_is_for_both_if_its_worker_says_so() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut both = able(&market, 1, &["chat", "embeddings"]).await;
    let model = developer.get(&format!("/v1/models/{MODEL}")).await.json();
    assert_eq!(model["decentral"]["features"], json!(["chat", "embeddings"]));
    let (answer, ()) = tokio::join!(developer.chat(json!({})), async {
        let assigned = both.job().await;
        finish(&mut both, &assigned, "one").await;
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let body = json!({"model": MODEL, "input": "one"});
    let (answer, _) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), embed(&mut both));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

#[tokio::test]
async fn a_prompt_of_the_other_dialect_is_not_for_who_only_makes_vectors() {
    let market = Market::open().await;
    let offer = json!({"offer": {"models": [{"name": MODEL, "features": ["embeddings"]}], "concurrency": 1}});
    let (_vectors, ack) = market.register(1, Manner::Proven, offer).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    let prompt = json!({
        "job_type": "LLM_INFER", "user_id": "ann", "payload": {"job_type": "LLM_INFER", "prompt": "Rain?"},
    });
    let committed = market.post("/v1/jobs/commit/fast", &prompt.to_string()).await;
    assert_eq!(committed.status, StatusCode::CREATED);
    let mut unnamed = market.worker(2, Manner::Dispatch).await;
    assert_eq!(unnamed.job().await["job_id"], committed.json()["job_id"]);
}
