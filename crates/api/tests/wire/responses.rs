//! `POST /v1/responses`: the same chats in OpenAI's newer words.

use crate::credits::{Developer, MODEL, finish};
use crate::market::Market;
use crate::reader::Reader;
use crate::tools::able;
use crate::worker::{Worker, say};
use hyper::StatusCode;
use serde_json::{Value, json};

pub(crate) const ROUTE: &str = "/v1/responses";
const BEGUN: &str = r#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"arguments":""}}]}"#;
const NAMED: &str = r#"{"tool_calls":[{"index":0,"function":{"name":"rain"}}]}"#;
const MORE: &str = r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#;

fn asked(more: Value) -> Value {
    let mut body = json!({"model": MODEL, "input": "Rain?", "instructions": "Be brief."});
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!([{"type": "function", "name": "rain", "parameters": {"type": "object"}}])
}

/// The events of a stream, each as its type and its data; their numbers must count from 0.
fn events(reader: &Reader) -> Vec<(String, Value)> {
    let lines: Vec<_> = reader.heard.lines().collect();
    let named = lines.windows(2).filter_map(|pair| {
        let (name, data) = (pair[0].strip_prefix("event: ")?, pair[1].strip_prefix("data: ")?);
        Some((name.to_owned(), serde_json::from_str::<Value>(data).expect("data is JSON")))
    });
    let events: Vec<_> = named.collect();
    for (number, (name, data)) in events.iter().enumerate() {
        assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(number)), "{data}");
    }
    events
}

#[tokio::test]
async fn a_response_is_the_answer_of_a_chat_in_items() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let body = asked(json!({"max_output_tokens": 20, "metadata": {"a": "b"}}));
    let (answer, sent) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "It rains.").await;
        assigned["payload"].clone()
    });
    let talk = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Rain?"}]);
    assert_eq!((&sent["messages"], &sent["max_tokens"]), (&talk, &json!(20)));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let job = answer.header("x-decentral-job-id").to_owned();
    let response = answer.json();
    let name = job.strip_prefix("job_").expect("a name");
    assert_eq!(response["id"], json!(format!("resp_{name}")));
    assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
    let part = json!({"type": "output_text", "text": "It rains.", "annotations": [], "logprobs": []});
    let message = json!({
        "type": "message", "id": format!("msg_{name}_0"), "status": "completed", "role": "assistant", "content": [part],
    });
    assert_eq!(response["output"], json!([message]));
    assert_eq!((&response["store"], &response["metadata"]), (&json!(true), &json!({"a": "b"})));
    let usage = json!({
        "input_tokens": 0, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 0,
    });
    assert_eq!((&response["usage"], &response["error"]), (&usage, &Value::Null));
    assert_eq!(developer.balance().await, 92);

    let output = json!({
        "text": "", "model": MODEL, "finish_reason": "tool_calls",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "rain", "arguments": "{}"}}],
    });
    let body = asked(json!({"tools": tools()}));
    let (answer, ()) = tokio::join!(developer.ask("POST", ROUTE, &[], &body), async {
        let assigned = worker.job().await;
        worker.complete(assigned["job_id"].as_str().expect("a name"), &output.to_string()).await;
    });
    let response = answer.json();
    let call = &response["output"][0];
    assert_eq!(
        (&call["type"], &call["call_id"], &call["name"]),
        (&json!("function_call"), &json!("c1"), &json!("rain"))
    );
    assert_eq!((&call["arguments"], response["output"].as_array().map(Vec::len)), (&json!("{}"), Some(1)));
}

#[tokio::test]
async fn the_events_of_a_response_come_in_their_order() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let mut reader = developer.stream_at(ROUTE, asked(json!({"tools": tools()}))).await;
    let assigned = worker.job().await;
    let pieces = [r#"{"reasoning_content":"Hm."}"#, "I ", "ask.", BEGUN, NAMED, MORE];
    for upto in 1..=pieces.len() {
        say(&mut worker, &assigned, &pieces[..upto], upto - 1).await;
    }
    reader.hear("function_call_arguments.delta").await;
    let output = json!({
        "text": "I ask.", "model": MODEL, "finish_reason": "tool_calls", "reasoning_content": "Hm.",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "rain", "arguments": "{}"}}],
    });
    worker.complete(assigned["job_id"].as_str().expect("a name"), &output.to_string()).await;
    reader.hear("event: response.completed").await;
    reader.hear("0\r\n\r\n").await;
    assert!(!reader.heard.contains("[DONE]"), "{}", reader.heard);
    let events = events(&reader);
    let mut names: Vec<_> =
        events.iter().map(|(name, _)| name.strip_prefix("response.").expect("of a response")).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "reasoning_text.delta",
            "reasoning_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ]
    );
    let of = |kind: &str| -> Vec<&Value> {
        events.iter().filter(|(name, _)| name == kind).map(|(_, data)| data).collect()
    };
    let done: Vec<_> = of("response.output_item.done").iter().map(|data| data["item"].clone()).collect();
    let completed = of("response.completed")[0]["response"].clone();
    assert_eq!(completed["output"], Value::Array(done), "the whole is what its parts were");
    let text: String =
        of("response.output_text.delta").iter().filter_map(|data| data["delta"].as_str()).collect();
    assert_eq!((text.as_str(), &completed["output"][1]["content"][0]["text"]), ("I ask.", &json!("I ask.")));
    assert_eq!(of("response.created")[0]["response"]["status"], "in_progress");
    assert_eq!(of("response.created")[0]["response"]["id"], completed["id"]);
}

/// A streamed response whose worker fails after `It `, read to its end.
pub(crate) async fn broken_off(developer: &Developer<'_>, worker: &mut Worker) -> Reader {
    let mut reader = developer.stream_at(ROUTE, asked(json!({}))).await;
    let assigned = worker.job().await;
    say(worker, &assigned, &["It "], 0).await;
    reader.hear("It ").await;
    worker.send(json!({"type": "job_fail", "job_id": assigned["job_id"], "error": "out of memory"})).await;
    reader.hear("event: error").await;
    reader.hear("0\r\n\r\n").await;
    reader
}

#[tokio::test]
async fn what_breaks_off_has_failed_and_says_why() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let reader = broken_off(&developer, &mut worker).await;
    let events = events(&reader);
    let (name, failed) = &events[events.len() - 2];
    assert_eq!((name.as_str(), &failed["response"]["status"]), ("response.failed", &json!("failed")));
    assert_eq!(failed["response"]["error"]["code"], "stream_broken_off");
    assert_eq!(events.last().expect("one").1["code"], "stream_broken_off");
}

#[tokio::test]
async fn a_response_is_refused_and_retried_as_a_chat_is() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    for (more, code, param) in [
        (json!({"tools": tools()}), "unsupported_parameter", json!("tools")),
        (json!({"text": {"format": {"type": "json_object"}}}), "unsupported_parameter", json!("text.format")),
        (json!({"conversation": "conv_1"}), "unsupported_parameter", json!("conversation")),
        (json!({"model": "nobody"}), "model_not_found", Value::Null),
    ] {
        let answer = developer.ask("POST", ROUTE, &[], &asked(more)).await;
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &param), "{error}");
    }
    let left = developer.stream_at(ROUTE, asked(json!({}))).await;
    let assigned = worker.job().await;
    drop(left);
    let body = asked(json!({"stream": true}));
    let retry = developer.ask("POST", ROUTE, &[("x-stainless-retry-count", "1")], &body);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let (answer, ()) = tokio::join!(retry, finish(&mut worker, &assigned, "late"));
    assert!(answer.text().contains(r#""delta":"late""#), "{}", answer.text());
    assert_eq!(answer.header("x-decentral-job-id"), assigned["job_id"]);
    assert_eq!(developer.balance().await, 92, "it is charged once");
}
