//! `previous_response_id`: a response goes on from a stored one.

use crate::credits::{Developer, MODEL, finish};
use crate::http::Answer;
use crate::market::Market;
use crate::responses::{ROUTE, broken_off};
use crate::responses_again::asked;
use crate::tools::able;
use crate::worker::{Worker, say};
use docket_core::id::ClientId;
use docket_core::key::Limits;
use docket_core::ledger::Account;
use hyper::StatusCode;
use serde_json::{Value, json};

async fn ask(developer: &Developer<'_>, more: Value) -> Answer {
    developer.ask("POST", ROUTE, &[], &asked(more)).await
}

/// Asks for a response, which the worker answers with a text; and what the model was told.
async fn answered(developer: &Developer<'_>, worker: &mut Worker, more: Value, text: &str) -> (Value, Value) {
    let (answer, told) = tokio::join!(ask(developer, more), async {
        let assigned = worker.job().await;
        finish(worker, &assigned, text).await;
        assigned["payload"]["messages"].clone()
    });
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    (answer.json(), told)
}

fn said(role: &str, text: &str) -> Value {
    json!({"role": role, "content": text})
}

fn id(response: &Value) -> &str {
    response["id"].as_str().expect("a name")
}

/// The code and the parameter of a refusal.
fn refusal(answer: &Answer) -> (u16, String, String) {
    let error = &answer.json()["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (answer.status.as_u16(), text("code"), text("param"))
}

async fn books(developer: &Developer<'_>) -> Value {
    developer.get("/v1/credits").await.json()
}

fn not_found() -> (u16, String, String) {
    (400, "previous_response_not_found".to_owned(), "previous_response_id".to_owned())
}

#[tokio::test]
async fn what_was_said_before_comes_first_without_its_instructions() {
    let mut market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let first = json!({"instructions": "Be brief.", "input": [said("developer", "In prose."), said("user", "Rain?")]});
    let (first, _) = answered(&developer, &mut worker, first, "It rains.").await;
    assert_eq!(first["previous_response_id"], Value::Null);

    let more = json!({"previous_response_id": id(&first), "instructions": "Be long.", "input": "Where?"});
    let (second, told) = answered(&developer, &mut worker, more, "In Bern.").await;
    let before = [said("system", "In prose."), said("user", "Rain?"), said("assistant", "It rains.")];
    let told_second = [&[said("system", "Be long.")], &before[..], &[said("user", "Where?")]].concat();
    assert_eq!(told, json!(told_second));
    assert_eq!(second["previous_response_id"], first["id"]);
    let again = developer.get(&format!("{ROUTE}/{}", id(&second))).await.json();
    assert_eq!(again, second);
    assert_eq!(developer.balance().await, 84, "each costs what it costs");

    let secret = developer.secret.clone();
    drop(worker);
    market.restart().await;
    let developer = Developer::known(&market, secret);
    let mut worker = able(&market, 1, &[]).await;
    let more = json!({"previous_response_id": id(&second), "input": "Sure?"});
    let (third, told) = answered(&developer, &mut worker, more, "Yes.").await;
    let since = [said("user", "Where?"), said("assistant", "In Bern."), said("user", "Sure?")];
    assert_eq!(told, json!([&before[..], &since].concat()), "through the whole chain");

    // Who goes on twice from one response has two conversations.
    let more = json!({"previous_response_id": id(&first), "input": "Really?"});
    let (_, told) = answered(&developer, &mut worker, more, "Yes.").await;
    assert_eq!(told, json!([&before[..], &[said("user", "Really?")]].concat()));

    // What was told stays told: only the deleted one itself is gone.
    let path = format!("{ROUTE}/{}", id(&second));
    assert_eq!(developer.ask("DELETE", &path, &[], &Value::Null).await.status, StatusCode::OK);
    let gone = ask(&developer, json!({"previous_response_id": id(&second)})).await;
    assert_eq!(refusal(&gone), not_found());
    let more = json!({"previous_response_id": id(&third), "input": "Thanks."});
    let (_, told) = answered(&developer, &mut worker, more, "You are welcome.").await;
    assert_eq!(told.as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn calls_are_answered_in_the_response_after_them() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &["tools"]).await;
    let tools = json!([{"type": "function", "name": "rain", "parameters": {"type": "object"}}]);
    let call =
        |id: &str| json!({"id": id, "type": "function", "function": {"name": "rain", "arguments": "{}"}});
    let output = json!({
        "text": "I ask.", "model": MODEL, "finish_reason": "tool_calls", "reasoning_content": "Hm.",
        "tool_calls": [call("c1"), call("c2")],
    });
    let (first, ()) = tokio::join!(ask(&developer, json!({"tools": tools})), async {
        let assigned = worker.job().await;
        worker.complete(assigned["job_id"].as_str().expect("a name"), &output.to_string()).await;
    });
    let first = first.json();
    let answers =
        ["c1", "c2"].map(|id| json!({"type": "function_call_output", "call_id": id, "output": "Yes."}));
    let more = json!({"previous_response_id": id(&first), "input": answers});
    let (_, told) = answered(&developer, &mut worker, more, "It rains.").await;
    let tool = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": "Yes."});
    let calling = json!({"role": "assistant", "content": "I ask.", "tool_calls": [call("c1"), call("c2")]});
    assert_eq!(told, json!([said("user", "Rain?"), calling, tool("c1"), tool("c2")]), "no thought is told");

    // Who cannot read calls is not asked.
    let refused = ask(&developer, json!({"previous_response_id": id(&first), "model": "plain"})).await;
    assert_eq!(refusal(&refused), (400, "unsupported_parameter".to_owned(), "tools".to_owned()));
}

#[tokio::test]
async fn a_streamed_response_goes_on_and_is_gone_on_from_at_once() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let (first, _) = answered(&developer, &mut worker, json!({}), "It rains.").await;
    let mut body = asked(json!({"previous_response_id": id(&first), "input": "Where?"}));
    body["stream"] = json!(true);
    let mut reader = developer.stream_at(ROUTE, body).await;
    let assigned = worker.job().await;
    assert_eq!(assigned["payload"]["messages"].as_array().map(Vec::len), Some(3));
    let name = assigned["job_id"].as_str().expect("a name").replacen("job_", "resp_", 1);
    say(&mut worker, &assigned, &["In Bern."], 0).await;
    reader.hear(&format!(r#""previous_response_id":"{}""#, id(&first))).await;
    let early = ask(&developer, json!({"previous_response_id": name})).await;
    assert_eq!(refusal(&early), not_found(), "it has no answer yet");
    finish(&mut worker, &assigned, "In Bern.").await;
    reader.hear("event: response.completed").await;
    let (_, told) = answered(&developer, &mut worker, json!({"previous_response_id": name}), "Yes.").await;
    assert_eq!(told.as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn what_is_not_there_is_not_gone_on_from() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let colleague = Developer::with(&market, 0, Limits::default()).await;
    let client = ClientId("somebody else".into());
    let (secret, _) =
        market.engine().create_key(client.clone(), "other".into(), Limits::default()).await.expect("a key");
    let stranger =
        Developer { market: &market, account: Account::Client(client), secret: secret.expose().to_owned() };
    let mut worker = able(&market, 1, &[]).await;
    let (stored, _) = answered(&developer, &mut worker, json!({}), "It rains.").await;
    let (unstored, _) = answered(&developer, &mut worker, json!({"store": false}), "It rains.").await;
    let chat = tokio::join!(developer.chat(json!({})), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "one").await;
    });
    let job = chat.0.header("x-decentral-job-id").to_owned();
    let broken = broken_off(&developer, &mut worker).await.job().replacen("job_", "resp_", 1);
    let before = (books(&developer).await, developer.get("/v1/jobs?limit=100").await.json());

    for through in [&colleague, &stranger] {
        let refused = ask(through, json!({"previous_response_id": id(&stored)})).await;
        assert_eq!(refusal(&refused), not_found());
    }
    let of_chat = job.replacen("job_", "resp_", 1);
    let unknown = "resp_1".to_owned();
    for name in [id(&unstored), &job, &of_chat, &broken, &unknown, "", "resp_", "resp_\0", "resp_%", "x"] {
        let refused = ask(&developer, json!({"previous_response_id": name})).await;
        assert_eq!(refusal(&refused), not_found(), "{name:?}");
        assert_eq!(refused.json()["error"]["docs"], "/docs/errors#previous_response_not_found");
    }
    for wrong in [json!(7), json!({}), json!("x".repeat(513))] {
        let refused = ask(&developer, json!({"previous_response_id": wrong})).await;
        assert_eq!(refusal(&refused), (400, "invalid_request".to_owned(), "previous_response_id".to_owned()));
    }
    assert_eq!((books(&developer).await, developer.get("/v1/jobs?limit=100").await.json()), before);
}

#[tokio::test]
async fn a_conversation_grows_to_the_bound_of_a_request_and_no_further() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let long = "x".repeat(200 * 1024);
    let (first, _) = answered(&developer, &mut worker, json!({"input": long}), "It rains.").await;
    let balance = developer.balance().await;
    let more = json!({"previous_response_id": id(&first), "input": "y".repeat(56 * 1024)});
    let refused = ask(&developer, more).await;
    assert_eq!(refusal(&refused), (413, "request_too_large".to_owned(), String::new()));
    assert_eq!(developer.balance().await, balance);
    let more = json!({"previous_response_id": id(&first), "input": "y".repeat(55 * 1024)});
    let (_, told) = answered(&developer, &mut worker, more, "Yes.").await;
    assert_eq!(told.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn a_repeat_finds_its_job_though_what_it_went_on_from_is_deleted() {
    let market = Market::open().await;
    let developer = Developer::rich(&market).await;
    let mut worker = able(&market, 1, &[]).await;
    let (first, _) = answered(&developer, &mut worker, json!({}), "It rains.").await;
    let body = asked(json!({"previous_response_id": id(&first), "input": "Where?"}));
    let named = [("idempotency-key", "k")];
    let (second, ()) = tokio::join!(developer.ask("POST", ROUTE, &named, &body), async {
        let assigned = worker.job().await;
        finish(&mut worker, &assigned, "In Bern.").await;
    });
    assert_eq!(second.status, StatusCode::OK, "{}", second.text());
    let balance = developer.balance().await;
    let path = format!("{ROUTE}/{}", id(&first));
    assert_eq!(developer.ask("DELETE", &path, &[], &Value::Null).await.status, StatusCode::OK);
    let again = developer.ask("POST", ROUTE, &named, &body).await;
    assert_eq!((again.status, again.text()), (StatusCode::OK, second.text()));
    assert_eq!(developer.balance().await, balance);
    let other = developer.ask("POST", ROUTE, &[("idempotency-key", "l")], &body).await;
    assert_eq!(refusal(&other), not_found());
}
