//! The answers of `fixtures/agents/page.json`: every documented field is there, in its documented form.

use crate::actors::{Actor, Trio};
use crate::capital::{attest, order, pinning};
use crate::http::Answer;
use crate::market::Market;
use docket_attestation::State;
use docket_protocol::wallet::Action;
use hyper::StatusCode;
use serde_json::{Value, json};

/// Where the reference has the hash of a transaction, this market has a place in its log.
const OUR_FORM: [&str; 1] = ["txHash"];
/// Whose values are one of a documented list, and in this situation the same as there.
const SAME: [&str; 3] = ["strategyType", "role", "success"];

fn page() -> Value {
    serde_json::from_str(include_str!("../../../../fixtures/agents/page.json")).expect("it is JSON")
}

/// What a text is, as far as whoever reads it relies on that.
fn form(text: &str) -> &'static str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hexadecimal = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.strip_prefix("0x") {
        Some(rest) if is_hexadecimal(rest) && rest.len() == 40 => "an address",
        Some(rest) if is_hexadecimal(rest) => "hexadecimal",
        _ if digits(text) => "digits",
        _ if text.len() >= 20 && text.ends_with('Z') && digits(&text[..4]) && &text[10..11] == "T" => {
            "an instant"
        }
        _ => "a word",
    }
}

/// Compares an answer with the page's, name by name.
fn compare(path: &str, ours: &Value, theirs: &Value, faults: &mut Vec<String>) {
    let name = path.rsplit('.').next().unwrap_or(path);
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, theirs) in theirs {
                match ours.get(name) {
                    Some(ours) => compare(&format!("{path}.{name}"), ours, theirs, faults),
                    None => faults.push(format!("{path}.{name} is missing")),
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if ours.is_empty() && !theirs.is_empty() {
                faults.push(format!("{path} is empty"));
            }
            ours.iter().for_each(|ours| compare(path, ours, &theirs[0], faults));
        }
        (Value::String(ours), Value::String(theirs)) => {
            let is_same = !SAME.contains(&name) || ours == theirs;
            if (form(ours) != form(theirs) && !OUR_FORM.contains(&name)) || !is_same {
                faults.push(format!("{path} is {ours}, and {theirs} there"));
            }
        }
        (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => {}
        (ours, theirs) => faults.push(format!("{path} is {ours}, and {theirs} there")),
    }
}

fn same(name: &str, answer: &Answer) {
    assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text());
    let mut faults = Vec::new();
    let mut ours = answer.json();
    // The page shows the provider's lock alone.
    if let Some(Value::Array(locks)) = ours.pointer_mut("/data/stakeLocks") {
        locks.retain(|lock| lock["role"] == "PROVIDER");
    }
    compare(name, &ours, &page()[name], &mut faults);
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn every_documented_field_is_there_in_its_documented_form() {
    let market = Market::with(pinning()).await;
    let trio = Trio::judged_by(&market, "CEX_CAPITAL").await;
    let other = Actor::new(&market, 5, "PROVIDER").await;
    let made = trio.client.create(&trio.client.order(&order())).await.json()["data"].clone();
    let id = made["jobId"].as_str().expect("a number");
    same("dispute", &market.get(&format!("/api/v1/jobs/{id}/dispute")).await);
    same("offer", &other.offer(id).await);
    same("offers", &market.get(&format!("/api/v1/jobs/{id}/offers")).await);
    trio.provider.offer(id).await;
    trio.client.take(Action::SET_BUDGET, id, "budget", json!({})).await;
    trio.client.take(Action::SET_PROVIDER, id, "provider", json!({"providerId": trio.provider.id})).await;
    trio.evaluator.take(Action::EVALUATE, id, "evaluate", json!({"evaluatorId": trio.evaluator.id})).await;
    let brought = attest(&trio.client.owner, id, 1, 1_050_000_000, State::Running).await;
    assert_eq!(brought.status, StatusCode::OK, "{}", brought.text());
    same("job", &market.get(&format!("/api/v1/jobs/{id}")).await);
    same("jobs", &market.get("/api/v1/jobs").await);
    same("snapshots", &market.get(&format!("/api/v1/jobs/{id}/snapshots")).await);
    let second = trio.client.create(&trio.client.order(&order())).await.json()["data"]["jobId"].clone();
    let second = second.as_str().expect("a number");
    other.offer(second).await;
    let path = format!("/api/v1/jobs/{second}/offers/{}", other.id);
    let body = json!({"ownerAddress": other.owner.address()});
    same("withdrawn", &other.owner.sign(Action::OFFERS, second, "DELETE", path, &body).send(&market).await);
}

#[test]
fn what_differs_is_found() {
    let mut faults = Vec::new();
    let theirs =
        json!({"a": "1", "b": "2026-04-01T00:00:00Z", "c": null, "d": ["x"], "role": "PROVIDER", "e": 1});
    let ours = json!({"a": "x", "b": "1775000000", "c": "1", "d": [], "role": "CLIENT"});
    compare("it", &ours, &theirs, &mut faults);
    assert_eq!(faults.len(), 6, "{faults:?}");
}
