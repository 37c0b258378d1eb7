//! Nodes are tested by jobs like any other, and their reputation follows.

use super::node::{Manner, Node};
use super::page;
use crate::http::Answer;
use crate::market::{Market, Options};
use crate::wallets::Owner;
use docket_core::time::Millis;
use docket_protocol::wallet::WalletKey;
use hyper::StatusCode;
use serde_json::{Value, json};

/// A market that trusts the first node.
async fn trusting() -> Market {
    let trusted = WalletKey::from_bytes(&[1; 32]).expect("a key").address().to_string();
    Market::with(Options { trusted: vec![trusted], ..Options::default() }).await
}

async fn operator(market: &Market, node: &Owner<'_>, method: &str, what: &str) -> Answer {
    market.admin(method, &format!("/nodes/{}/{what}", node.address())).await
}

/// A little time passes in which all of them show life, and what is on its way arrives.
async fn go_on(market: &Market, nodes: &[&Node<'_>]) {
    market.pass(Millis::seconds(20)).await;
    for node in nodes {
        node.alive().await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
}

/// The node is challenged, once there are references, and what came of it.
async fn challenged(market: &Market, trusted: &Node<'_>, node: &Node<'_>) -> Value {
    let nodes = [trusted, node];
    for _ in 0..400 {
        let answer = operator(market, &node.owner, "POST", "challenge").await;
        if answer.status == StatusCode::CREATED {
            break;
        }
        let code = answer.json()["code"].clone();
        // It may have been drawn in the meantime.
        if code == "challenge.open" {
            break;
        }
        assert_eq!(code, "challenge.no_reference", "{}", answer.text());
        go_on(market, &nodes).await;
    }
    for _ in 0..400 {
        go_on(market, &nodes).await;
        let all = operator(market, &node.owner, "GET", "challenges").await.json();
        let last = all["data"][0].clone();
        if last["state"] != "open" && last != Value::Null {
            return last;
        }
    }
    panic!("a challenge comes to an end")
}

/// The trusted node, and another; both are online.
async fn two(market: &Market, manner: Manner) -> (Node<'_>, Node<'_>) {
    let only = json!({"models": ["mistral-7b-compressed"]});
    let trusted = Node::start(market, 1, 1, Manner::Model).await;
    let node = Node::start(market, 2, 1, manner).await;
    for one in [&trusted, &node] {
        assert_eq!(one.register_with(only.clone()).await.status, StatusCode::CREATED);
        one.alive().await;
    }
    (trusted, node)
}

async fn tested(manner: Manner) -> (Value, Value, Value) {
    let market = trusting().await;
    let (trusted, node) = two(&market, manner).await;
    let challenge = challenged(&market, &trusted, &node).await;
    let shown = node.shown().await;
    assert_eq!(trusted.shown().await["reputationPoints"], 5_000, "references say nothing of who makes them");
    let posted = node.heard();
    let names = |job: &Value| job.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    let (_, first) = &posted[0];
    assert_eq!(first["modelId"], "mistral-7b-compressed");
    assert_eq!(first["maxTokens"], 1_024, "as a client's job of this model");
    let mut body = page()["request"].clone();
    body["modelId"] = json!("mistral-7b-compressed");
    market.pass(Millis::seconds(2)).await;
    let advice = market.post("/api/jobs/submit", &body.to_string()).await.json();
    assert_eq!(names(first).len(), 9);
    assert_eq!(market.books().await, Vec::<String>::new());
    (challenge, shown, advice["data"]["assignedNode"].clone())
}

#[tokio::test]
async fn a_node_that_runs_the_model_passes_and_gains_a_hundred_points() {
    let (challenge, shown, advised) = tested(Manner::Model).await;
    assert_eq!((&challenge["state"], &challenge["why"]), (&json!("passed"), &Value::Null), "{challenge}");
    assert_eq!(challenge["questions"].as_array().map(Vec::len), Some(2), "two that agree are enough");
    assert_eq!((&shown["reputationPoints"], &shown["reputation"]), (&json!(5_100), &json!(51)));
    assert_eq!((&shown["active"], &advised), (&json!(true), &shown["address"]), "it is the best now");
}

#[tokio::test]
async fn a_node_that_runs_another_model_is_refuted_and_gets_nothing_more() {
    let (challenge, shown, advised) = tested(Manner::OtherModel).await;
    assert_eq!(
        (&challenge["state"], &challenge["why"]),
        (&json!("failed"), &json!("other_answers")),
        "{challenge}"
    );
    assert_eq!(challenge["questions"].as_array().map(Vec::len), Some(4));
    assert_eq!((&shown["reputationPoints"], &shown["reputation"]), (&json!(3_000), &json!(30)));
    assert_eq!((&shown["active"], &shown["state"]), (&json!(false), &json!("refuted")));
    assert_ne!(advised, shown["address"]);
}

#[tokio::test]
async fn the_operator_lets_a_refuted_node_have_jobs_again() {
    let market = trusting().await;
    let (trusted, node) = two(&market, Manner::OtherModel).await;
    assert_eq!(challenged(&market, &trusted, &node).await["state"], "failed");
    for _ in 0..2 {
        let back = operator(&market, &node.owner, "POST", "reinstate").await;
        assert_eq!((back.status, &back.json()["state"]), (StatusCode::OK, &json!("active")));
    }
    let shown = node.shown().await;
    assert_eq!((&shown["state"], &shown["reputationPoints"]), (&json!("active"), &json!(3_000)));
    drop(trusted);
    market.pass(Millis::seconds(121)).await;
    node.alive().await;
    let mut body = page()["request"].clone();
    body["modelId"] = json!("mistral-7b-compressed");
    let advice = market.post("/api/jobs/submit", &body.to_string()).await;
    assert_eq!(advice.json()["data"]["assignedNode"], shown["address"], "{}", advice.text());
}

#[tokio::test]
async fn where_nobody_is_trusted_nobody_is_challenged() {
    let market = Market::open().await;
    let node = Node::online(&market, 2, 1).await;
    let answer = operator(&market, &node.owner, "POST", "challenge").await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text());
    let all = operator(&market, &node.owner, "GET", "challenges").await.json();
    assert_eq!(all, json!({"data": []}));
}
