//! An OpenAI-compatible server that answers slowly, so that jobs are under way when something is killed.

use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use futures::StreamExt;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;

const CHAT: &str = "/v1/chat/completions";
const CHUNK: &str = r#"{"id":"c","object":"chat.completion.chunk","model":"slow","choices":[{"index":0,"delta":{"content":"done"},"finish_reason":null}]}"#;

/// Starts the server; answers its base URL. It ends with the runtime.
pub(crate) async fn start(takes: Duration) -> String {
    serve(CHAT, post(move || answer(takes))).await
}

/// Starts one whose answers break off after their first word.
pub(crate) async fn start_breaking() -> String {
    let answer = || async {
        let end = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok::<_, Infallible>(String::new())
        };
        let first = futures::stream::iter([Ok(format!("data: {CHUNK}\n\n"))]);
        let body = Body::from_stream(first.chain(futures::stream::once(end)));
        ([("content-type", "text/event-stream")], body)
    };
    serve(CHAT, post(answer)).await
}

/// Starts one that makes vectors of so many numbers.
pub(crate) async fn start_with_vectors(dimensions: usize) -> String {
    let answer = async move |Json(asked): Json<Value>| {
        let texts = asked["input"].as_array().map_or(0, Vec::len);
        let number = |text: usize, place: usize| 0.1 + (text * dimensions + place) as f32 * 1e-7;
        let vector = |text| (0..dimensions).map(|place| number(text, place)).collect::<Vec<f32>>();
        let data: Vec<_> = (0..texts).map(|text| json!({"index": text, "embedding": vector(text)})).collect();
        Json(json!({"data": data, "usage": {"prompt_tokens": texts}}))
    };
    serve("/v1/embeddings", post(answer)).await
}

async fn serve(path: &str, answers: MethodRouter) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let models = || async { r#"{"object":"list","data":[{"id":"slow","object":"model"}]}"# };
    let routes = Router::new().route("/v1/models", get(models)).route(path, answers);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/v1")
}

async fn answer(takes: Duration) -> impl IntoResponse {
    tokio::time::sleep(takes).await;
    let last = r#"{"id":"c","object":"chat.completion.chunk","model":"slow","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"id":"c","object":"chat.completion.chunk","model":"slow","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
    let body = format!("data: {CHUNK}\n\ndata: {last}\n\ndata: {usage}\n\ndata: [DONE]\n\n");
    ([("content-type", "text/event-stream")], body)
}
