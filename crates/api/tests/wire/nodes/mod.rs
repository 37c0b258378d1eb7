//! Nodes over the wire: who they are, who is advised, and whole jobs by HTTP.

mod challenges;
mod jobs;
mod life;
mod node;
mod receipts;
mod vectors;

use crate::http::Answer;
use crate::market::Market;
use docket_core::hash::Sha256;
use hyper::StatusCode;
use node::Node;
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../../../fixtures/registry/page.json");

fn page() -> Value {
    serde_json::from_str(PAGE).expect("it is JSON")
}

fn refused(answer: &Answer, status: StatusCode, code: &str) {
    let body = answer.json();
    assert_eq!((answer.status, &body["ok"], &body["code"]), (status, &json!(false), &json!(code)), "{body}");
    assert!(body["error"].as_str().is_some_and(|words| words.ends_with('.')), "{body}");
}

/// The names of an object's members in the order in which they are written.
fn order(text: &str, names: &[&str]) -> bool {
    let places: Vec<_> = names.iter().map(|name| text.find(&format!("\"{name}\":"))).collect();
    places.iter().all(Option::is_some) && places.is_sorted()
}

#[tokio::test]
async fn the_request_of_the_page_is_answered_as_the_page_shows_it() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    let page = page();
    let answer = market.post("/api/jobs/submit", &page["request"].to_string()).await;
    let (ours, theirs) = (answer.json(), &page["response"]);
    assert_eq!((answer.status, &ours["ok"]), (StatusCode::OK, &theirs["ok"]), "{ours}");
    let (ours, theirs) = (&ours["data"], &theirs["data"]);
    for same in ["modelId", "estimatedCostWei", "estimatedCostEth"] {
        assert_eq!(ours[same], theirs[same]);
    }
    let input = page["request"]["input"].as_str().expect("a prompt");
    assert_eq!(ours["inputHash"], Sha256::of(input.as_bytes()).to_string(), "a digest, and not the prompt");
    assert_eq!(ours["assignedNode"], node.owner.address());
    assert_eq!(ours["nodeReputation"], 50, "an unproven node is not a guilty one");
    let names: Vec<_> = theirs.as_object().expect("an object").keys().map(String::as_str).collect();
    let all: Vec<_> = ours.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, all, "nothing is missing, and nothing beside it");
    let in_order = [
        "ok",
        "data",
        "modelId",
        "assignedNode",
        "nodeReputation",
        "estimatedCostWei",
        "estimatedCostEth",
        "inputHash",
        "instructions",
        "step1",
        "step2",
    ];
    assert!(order(answer.text(), &in_order), "{}", answer.text());
    let step1 = ours["instructions"]["step1"].as_str().expect("words");
    assert!(step1.contains("0.0012 tETH") && step1.contains("/api/jobs/pay"), "{step1}");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_the_envelope() {
    let market = Market::open().await;
    let _node = Node::online(&market, 1, 1).await;
    let good = page()["request"].clone();
    let submit = async |change: fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        market.post("/api/jobs/submit", &body.to_string()).await
    };
    let invalid = |answer: &Answer| refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    invalid(&submit(|body| body["input"] = json!("")).await);
    invalid(&submit(|body| body["input"] = json!(7)).await);
    invalid(&submit(|body| body["input"] = json!("x".repeat(300_000))).await);
    invalid(&submit(|body| body["input"] = json!("a\0b")).await);
    invalid(&submit(|body| body["requesterAddress"] = json!("0x12")).await);
    invalid(&submit(|body| body["requesterAddress"] = Value::Null).await);
    invalid(&submit(|body| body["modelId"] = Value::Null).await);
    invalid(&market.post("/api/jobs/submit", "[").await);
    invalid(&market.post("/api/jobs/submit", "[]").await);
    let unknown = submit(|body| body["modelId"] = json!("gpt-9")).await;
    refused(&unknown, StatusCode::NOT_FOUND, "unknown_model");
    let upper =
        submit(|body| body["requesterAddress"] = json!("0xABC1230000000000000000000000000000000001")).await;
    assert_eq!(upper.status, StatusCode::OK, "any case will do");
    let more = submit(|body| body["surprise"] = json!({"a": [1]})).await;
    assert_eq!(more.status, StatusCode::OK, "what is not known is ignored");
    let large = market.post("/api/jobs/submit", &"x".repeat(600_000)).await;
    refused(&large, StatusCode::PAYLOAD_TOO_LARGE, "too_large");
    let kind = [("content-type", "text/plain")];
    let plain = market.send("POST", "/api/jobs/submit", &kind, good.to_string().as_bytes()).await;
    refused(&plain, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    refused(&market.get("/api/nothing").await, StatusCode::NOT_FOUND, "unknown_url");
    refused(&market.get("/api/jobs/submit/x").await, StatusCode::NOT_FOUND, "unknown_url");
    let wrong = market.send("DELETE", "/api/models", &[], b"").await;
    refused(&wrong, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    refused(&market.get("/api/jobs/12").await, StatusCode::NOT_FOUND, "job_not_found");
    refused(&market.get("/api/jobs/abc").await, StatusCode::NOT_FOUND, "job_not_found");
}

#[tokio::test]
async fn where_nobody_could_do_it_the_reasons_are_counted() {
    let market = Market::open().await;
    let ask = async |model: &str| {
        let mut body = page()["request"].clone();
        body["modelId"] = json!(model);
        market.post("/api/jobs/submit", &body.to_string()).await
    };
    let nobody = ask("llama-3.1-70b-compressed").await;
    refused(&nobody, StatusCode::SERVICE_UNAVAILABLE, "no_eligible_node");
    assert_eq!(nobody.json()["details"], json!({"reasons": {}}));
    assert_eq!(nobody.header("retry-after"), "10");
    let _low = Node::online(&market, 1, 1).await;
    let away = Node::start(&market, 2, 3, node::Manner::Honest).await;
    assert_eq!(away.register().await.status, StatusCode::CREATED);
    let other = Node::start(&market, 3, 3, node::Manner::Honest).await;
    let made = other.register_with(json!({"models": ["mistral-7b-compressed"]})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    other.alive().await;
    market.pass(docket_core::time::Millis::seconds(2)).await;
    let nobody = ask("llama-3.1-70b-compressed").await;
    refused(&nobody, StatusCode::SERVICE_UNAVAILABLE, "no_eligible_node");
    assert_eq!(nobody.json()["details"]["reasons"], json!({"lacks_model": 2, "offline": 1}));
    let nobody = ask("qwen2.5-14b-compressed").await;
    assert_eq!(nobody.json()["details"]["reasons"], json!({"lacks_model": 2, "offline": 1}));
    assert_eq!(ask("mistral-7b-compressed").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_table_of_models_has_class_context_and_price() {
    let market = Market::open().await;
    let models = market.get("/api/models").await.json();
    let models = models["data"]["models"].as_array().expect("a list").clone();
    let llama =
        models.iter().find(|model| model["modelId"] == "llama-3.1-8b-compressed").expect("it is there");
    let expected = json!({
        "modelId": "llama-3.1-8b-compressed", "gpuTier": 1, "contextLength": 131_072, "maxTokens": 1_024,
        "priceWei": "1200000000000000", "priceEth": "0.0012",
    });
    assert_eq!(llama, &expected);
}
