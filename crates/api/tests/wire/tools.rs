//! What only some models honour: it goes to workers that declare it, and what they call, think and refuse comes back.

use crate::credits::{Developer, MODEL, request};
use crate::market::Market;
use crate::worker::{Manner, Worker, say};
use docket_core::time::Millis;
use hyper::StatusCode;
use serde_json::{Value, json};

const BEGUN: &str =
    r#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"rain","arguments":""}}]}"#;
const MORE: &str = r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"in\":"}}]}"#;
const REST: &str = r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"Bern\"}"}}]}"#;

/// A worker of the model with these features, one job at a time.
pub(crate) async fn able(market: &Market, seed: u8, features: &[&str]) -> Worker {
    let models = json!([{"name": MODEL, "features": features}, {"name": "plain"}]);
    let offer = json!({"offer": {"models": models, "concurrency": 1}});
    let (worker, ack) = market.register(seed, Manner::Proven, offer).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    worker
}

fn tools() -> Value {
    let parameters = json!({"type": "object", "properties": {"z": {}, "a": {"type": "string"}}});
    json!([{"type": "function", "function": {"name": "rain", "parameters": parameters}}])
}

fn call() -> Value {
    json!({"id": "c1", "type": "function", "function": {"name": "rain", "arguments": "{\"in\":\"Bern\"}"}})
}

fn name(assigned: &Value) -> &str {
    assigned["job_id"].as_str().expect("a name")
}

async fn finish(worker: &mut Worker, assigned: &Value, output: &Value) {
    worker.complete(name(assigned), &output.to_string()).await;
}

fn called() -> Value {
    json!({"text": "", "model": MODEL, "finish_reason": "tool_calls", "tool_calls": [call()]})
}

#[tokio::test]
async fn calls_of_tools_come_back_whole() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let asked = json!({"tools": tools(), "tool_choice": "required", "parallel_tool_calls": false});
    let (answer, sent) = tokio::join!(developer.chat(asked), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, &called()).await;
        assigned["payload"].clone()
    });
    // The order of a schema is that of the answer, so it stays.
    assert_eq!(sent["tools"].to_string(), tools().to_string());
    assert_eq!((&sent["tool_choice"], &sent["parallel_tool_calls"]), (&json!("required"), &json!(false)));
    let choice = json!({
        "index": 0, "logprobs": null, "finish_reason": "tool_calls",
        "message": {"role": "assistant", "content": null, "refusal": null, "tool_calls": [call()]},
    });
    assert_eq!(answer.json()["choices"], json!([choice]));
    let talk = json!([
        {"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": null, "tool_calls": [call()]},
        {"role": "tool", "tool_call_id": "c1", "content": "Yes."},
    ]);
    let output =
        json!({"text": "It rains.", "model": MODEL, "finish_reason": "stop", "reasoning_content": "Hm."});
    let (answer, sent) = tokio::join!(developer.chat(json!({"messages": talk})), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, &output).await;
        assigned["payload"]["messages"].clone()
    });
    assert_eq!(sent, talk);
    let message =
        json!({"role": "assistant", "content": "It rains.", "refusal": null, "reasoning_content": "Hm."});
    assert_eq!(answer.json()["choices"][0]["message"], message);
}

#[tokio::test]
async fn calls_of_tools_are_streamed_in_their_parts_and_can_be_taken_up_again() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let mut reader =
        developer.stream(json!({"tools": tools(), "stream_options": {"include_usage": true}})).await;
    let assigned = worker.job().await;
    let pieces = [r#"{"reasoning_content":"Hm."}"#, "I ask. ", BEGUN, MORE, REST];
    say(&mut worker, &assigned, &pieces[..4], 0).await;
    reader.hear(r#""arguments":"{\"in\":"#).await;
    assert!(reader.heard.contains(r#""delta":{"reasoning_content":"Hm."}"#), "{}", reader.heard);
    assert!(reader.heard.contains(&format!(r#""delta":{BEGUN}"#)), "{}", reader.heard);
    let place =
        reader.heard.lines().rev().find_map(|line| line.strip_prefix("id: ")).expect("an id").to_owned();
    say(&mut worker, &assigned, &pieces, 4).await;
    reader.hear("Bern").await;
    let output = json!({
        "text": "I ask. ", "model": MODEL, "finish_reason": "tool_calls", "tool_calls": [call()],
        "reasoning_content": "Hm.",
    });
    let path = format!("/v1/jobs/{}/stream", reader.job());
    let from = [("last-event-id", place.as_str())];
    let (resumed, ()) = tokio::join!(developer.ask("GET", &path, &from, &Value::Null), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        finish(&mut worker, &assigned, &output).await;
    });
    reader.hear("data: [DONE]").await;
    assert_eq!(reader.heard.matches("tool_calls\":[").count(), 3, "each part once: {}", reader.heard);
    assert_eq!(reader.heard.matches("I ask. ").count(), 1);
    assert!(reader.heard.contains(r#""finish_reason":"tool_calls""#));
    let resumed = resumed.text();
    assert!(resumed.contains("Bern") && !resumed.contains("rain") && !resumed.contains("I ask"), "{resumed}");
    assert!(!resumed.contains(r#""role""#) && resumed.ends_with("data: [DONE]\n\n"), "{resumed}");
    // Once it has ended, nobody remembers the order: it is told again from its beginning, which names the role.
    let again = developer.ask("GET", &path, &from, &Value::Null).await;
    let again = again.text();
    assert!(again.contains(r#""role":"assistant""#) && again.contains("I ask. "), "{again}");
    assert!(again.contains(r#""name":"rain","arguments":"{\"in\":\"Bern\"}""#), "{again}");
}

#[tokio::test]
async fn how_likely_tokens_were_comes_with_them() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["logprobs"]).await;
    let mut reader = developer.stream(json!({"logprobs": true, "top_logprobs": 1})).await;
    let assigned = worker.job().await;
    let payload = &assigned["payload"];
    assert_eq!((&payload["logprobs"], &payload["top_logprobs"]), (&json!(true), &json!(1)));
    let likely = json!({"content": [{"token": "Hi", "logprob": -0.30000000000000004}]});
    let part = json!({"logprobs": likely}).to_string();
    say(&mut worker, &assigned, &["Hi", &part], 0).await;
    reader.hear(r#""delta":{},"logprobs":{"content":[{"token":"Hi","logprob":-0.30000000000000004}]"#).await;
    let output = json!({"text": "Hi", "model": MODEL, "finish_reason": "stop", "logprobs": likely});
    finish(&mut worker, &assigned, &output).await;
    reader.hear("data: [DONE]").await;
    let id = reader.job();
    assert_eq!(developer.job(&id).await["status"], "settled");
}

#[tokio::test]
async fn who_calls_other_tools_than_he_streamed_is_not_paid_for_it() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let mut reader = developer.stream(json!({"tools": tools()})).await;
    let assigned = worker.job().await;
    say(&mut worker, &assigned, &["x ", BEGUN, MORE, REST], 0).await;
    reader.hear("Bern").await;
    let mut other = called();
    other["text"] = json!("x ");
    other["tool_calls"][0]["function"]["arguments"] = json!("{\"in\":\"Basel\"}");
    finish(&mut worker, &assigned, &other).await;
    reader.hear("stream_broken_off").await;
    let id = reader.job();
    assert_eq!(developer.job(&id).await["usage"]["completion_tokens"], 4, "what arrived is charged");
    let receipt = developer.get(&format!("/v1/jobs/{id}/receipt")).await.json();
    let output: Value = match &receipt["output"] {
        Value::String(text) => serde_json::from_str(text).expect("an output is JSON"),
        output => output.clone(),
    };
    assert_eq!(output["tool_calls"], json!([call()]), "{receipt}");
}

#[tokio::test]
async fn what_no_live_worker_declares_is_refused_by_name_at_once() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &[]).await;
    let _seeds = able(&market, 2, &["seed", "json"]).await;
    let _tools = able(&market, 3, &["tools"]).await;
    let tool_talk = json!([
        {"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "c1", "content": "Yes."},
    ]);
    for (model, more, param) in [
        (MODEL, json!({"logprobs": true}), "logprobs"),
        (MODEL, json!({"presence_penalty": 1}), "presence_penalty"),
        (MODEL, json!({"tools": tools(), "seed": 7}), "seed"),
        (MODEL, json!({"logit_bias": {"50256": -100}}), "logit_bias"),
        ("plain", json!({"tools": tools()}), "tools"),
        ("plain", json!({"messages": tool_talk}), "tools"),
        ("plain", json!({"response_format": {"type": "json_object"}}), "response_format"),
    ] {
        let mut body = request(more);
        body["model"] = json!(model);
        for path in ["/v1/chat/completions", "/v1/jobs"] {
            let answer = developer.ask("POST", path, &[], &body).await;
            let error = &answer.json()["error"];
            assert_eq!(
                (answer.status, &error["code"], &error["param"]),
                (StatusCode::BAD_REQUEST, &json!("unsupported_parameter"), &json!(param)),
                "{body}"
            );
        }
    }
    assert_eq!(developer.balance().await, 100);
    let model = developer.get(&format!("/v1/models/{MODEL}")).await.json();
    assert_eq!(model["decentral"]["active_workers"], 3);
    assert_eq!(model["decentral"]["features"], json!(["chat", "tools", "json", "seed"]));
    let parameters = json!(["tools", "tool_choice", "parallel_tool_calls", "response_format", "seed"]);
    assert_eq!(model["decentral"]["supported_parameters"], parameters);
}

#[tokio::test]
async fn a_job_waits_for_a_worker_that_can_do_it_also_after_a_restart() {
    let mut market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut busy = able(&market, 1, &["tools"]).await;
    let mut idle = able(&market, 2, &[]).await;
    let submit = async |developer: &Developer<'_>| {
        let answer = developer.ask("POST", "/v1/jobs", &[], &request(json!({"tools": tools()}))).await;
        answer.json()["id"].as_str().expect("a name").to_owned()
    };
    let first = submit(&developer).await;
    assert_eq!(busy.job().await["job_id"], json!(first));
    let second = submit(&developer).await;
    let third = developer.ask("POST", "/v1/jobs", &[], &request(json!({}))).await.json();
    assert_eq!(idle.job().await["job_id"], third["id"], "the idle worker is passed over by the one before");
    market.restart().await;
    market.pass(Millis::seconds(6)).await;
    let mut idle = able(&market, 2, &[]).await;
    assert_eq!(idle.job().await["job_id"], third["id"]);
    finish(&mut idle, &json!({"job_id": third["id"]}), &json!({"text": "x", "model": MODEL})).await;
    while idle.next().await["type"] != "job_done" {}
    let mut able = able(&market, 3, &["tools"]).await;
    let assigned = able.job().await;
    assert_eq!(assigned["job_id"], json!(first));
    finish(&mut able, &assigned, &called()).await;
    assert_eq!(able.job().await["job_id"], json!(second));
}

#[tokio::test]
async fn biases_of_tokens_go_to_a_worker_that_declares_them() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let _plain = able(&market, 1, &["completions"]).await;
    let mut worker = able(&market, 2, &["logit_bias", "completions"]).await;
    let biases = json!({"50256": -100, "0": 0.5});
    let prompt = json!({"model": MODEL, "prompt": "Once", "logit_bias": biases});
    for (path, body) in
        [("/v1/chat/completions", request(json!({"logit_bias": biases}))), ("/v1/completions", prompt)]
    {
        let (answer, sent) = tokio::join!(developer.ask("POST", path, &[], &body), async {
            let assigned = worker.job().await;
            let output = json!({"text": "x", "model": MODEL, "finish_reason": "stop"});
            finish(&mut worker, &assigned, &output).await;
            assigned["payload"].clone()
        });
        assert_eq!((answer.status, &sent["logit_bias"]), (StatusCode::OK, &biases), "{}", answer.text());
    }
    let model = developer.get(&format!("/v1/models/{MODEL}")).await.json();
    assert_eq!(model["decentral"]["supported_parameters"], json!(["logit_bias"]));
}
