//! An OpenAI-compatible server that answers slowly, so that jobs are under way when something is killed.

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use futures::StreamExt;
use std::convert::Infallible;
use std::time::Duration;

const CHUNK: &str = r#"{"id":"c","object":"chat.completion.chunk","model":"slow","choices":[{"index":0,"delta":{"content":"done"},"finish_reason":null}]}"#;

/// Starts the server; answers its base URL. It ends with the runtime.
pub(crate) async fn start(takes: Duration) -> String {
    serve(post(move || answer(takes))).await
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
    serve(post(answer)).await
}

async fn serve(answers: MethodRouter) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let models = || async { r#"{"object":"list","data":[{"id":"slow","object":"model"}]}"# };
    let routes = Router::new().route("/v1/models", get(models)).route("/v1/chat/completions", answers);
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
