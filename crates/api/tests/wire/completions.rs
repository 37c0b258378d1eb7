//! `POST /v1/completions`: a text is gone on with.

use crate::credits::{Developer, MODEL, finish};
use crate::market::Market;
use crate::tools::able;
use crate::worker::say;
use hyper::StatusCode;
use serde_json::{Value, json};

const ROUTE: &str = "/v1/completions";

fn body() -> Value {
    json!({"model": MODEL, "prompt": "Once upon", "max_tokens": 20})
}

#[tokio::test]
async fn a_text_is_gone_on_with_whole() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &[]).await;
    let mut worker = able(&market, 2, &["completions"]).await;
    let body = body();
    let (answer, sent) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, " a time").await;
        assigned["payload"].clone()
    });
    let expected = json!({
        "job_type": "LLM_INFER", "answer": "completion", "model": MODEL, "max_tokens": 20, "prompt": "Once upon",
    });
    assert_eq!(sent, expected);
    let body = answer.json();
    assert_eq!((&body["object"], &body["model"]), (&json!("text_completion"), &json!(MODEL)));
    assert!(body["id"].as_str().is_some_and(|id| id.starts_with("cmpl-")), "{body}");
    let choice = json!({"text": " a time", "index": 0, "logprobs": null, "finish_reason": "stop"});
    assert_eq!(body["choices"], json!([choice]));
    assert_eq!(body["usage"]["total_tokens"], 0);
    assert_eq!(developer.balance().await, 92);
}

#[tokio::test]
async fn a_text_is_gone_on_with_as_a_stream() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["completions"]).await;
    let mut asked = body();
    asked["stream_options"] = json!({"include_usage": true});
    let mut reader = developer.stream_at(ROUTE, asked).await;
    let assigned = worker.job().await;
    say(&mut worker, &assigned, &[" a"], 0).await;
    reader.hear(r#"[{"text":" a","index":0,"logprobs":null,"finish_reason":null}]"#).await;
    say(&mut worker, &assigned, &[" a", " time"], 1).await;
    finish(&mut worker, &assigned, " a time").await;
    reader.hear("data: [DONE]").await;
    assert!(!reader.heard.contains("delta") && reader.heard.contains(r#""finish_reason":"stop""#));
    assert!(reader.heard.contains(r#""choices":[],"usage":{"prompt_tokens""#), "{}", reader.heard);
    let path = format!("/v1/jobs/{}/stream", reader.job());
    let again = developer.ask("GET", &path, &[("last-event-id", "2")], &Value::Null).await;
    assert!(again.text().contains(r#""text":" time""#) && !again.text().contains(r#""text":" a""#));
}

#[tokio::test]
async fn where_no_live_worker_goes_on_with_texts_the_model_is_refused() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &["tools"]).await;
    let model = json!("model");
    for (name, status, code, param, words) in [
        (MODEL, StatusCode::BAD_REQUEST, "unsupported_parameter", &model, "at /v1/completions"),
        ("nobody", StatusCode::NOT_FOUND, "model_not_found", &Value::Null, "serves the model `nobody`"),
    ] {
        let mut body = body();
        body["model"] = json!(name);
        let answer = developer.ask("POST", ROUTE, &[], &body).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["code"], &error["param"]), (status, &json!(code), param));
        assert!(error["message"].as_str().is_some_and(|message| message.contains(words)), "{error}");
    }
    let mut body = body();
    body["echo"] = json!(true);
    let refused = developer.ask("POST", ROUTE, &[], &body).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]["param"]),
        (StatusCode::BAD_REQUEST, &json!("echo"))
    );
}
