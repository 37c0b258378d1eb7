//! Nodes register, show life and go.

use super::node::{Manner, Node};
use super::refused;
use crate::market::Market;
use crate::worker::Manner::Proven;
use docket_core::agent::identity::Wallet;
use docket_core::id::WorkerId;
use docket_core::time::Millis;
use docket_protocol::frames::NodeOffer;
use docket_protocol::keys::SigningKey;
use hyper::StatusCode;
use serde_json::json;

#[tokio::test]
async fn a_node_is_online_while_it_shows_life_and_two_minutes_longer() {
    let market = Market::open().await;
    let node = Node::start(&market, 1, 2, Manner::Honest).await;
    let made = node.register().await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let expected = json!({
        "address": node.owner.address(), "endpoint": node.endpoint(), "gpuTier": 2, "models": null,
        "reputation": 50, "reputationPoints": 5_000, "active": true, "state": "active", "online": false,
        "lastHeartbeat": null, "openJobs": 0, "concurrency": 4, "jobsCompleted": 0, "jobsFailed": 0,
        "registeredAt": "2026-02-09T12:00:00.000Z",
    });
    assert_eq!(made.json()["data"], expected);
    let beat = node.send(&node.beat(0)).await.json();
    let expected = json!({"ok": true, "data": {"received": true, "nextPingIn": 60, "serverTime": "2026-02-09T12:00:00.000Z"}});
    assert_eq!(beat, expected);
    assert_eq!(node.shown().await["online"], true);
    market.pass(Millis::seconds(120)).await;
    assert_eq!(node.shown().await["online"], true);
    market.pass(Millis(2)).await;
    assert_eq!(node.shown().await["online"], false);
    node.alive().await;
    assert_eq!(node.shown().await["online"], true);
    let stats = market.get("/api/explorer/stats").await.json()["data"].clone();
    assert_eq!((&stats["totalNodes"], &stats["onlineNodes"]), (&json!(1), &json!(1)));
    assert_eq!(stats["nodesByTier"], json!({"2": {"registered": 1, "online": 1}}));
}

#[tokio::test]
async fn a_heartbeat_is_its_wallets_of_now_and_comes_once() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    market.pass(Millis::seconds(90)).await;
    let good = node.beat(0);
    let mut unsigned = good.clone();
    unsigned.as_object_mut().expect("an object").remove("signature");
    refused(&node.send(&unsigned).await, StatusCode::UNAUTHORIZED, "bad_signature");
    for (name, value) in [
        ("endpoint", json!("http://127.0.0.1:9/")),
        ("gpuTier", json!(3)),
        ("timestamp", json!(good["timestamp"].as_i64().expect("seconds") + 1)),
        ("signature", json!("0x12")),
    ] {
        let mut forged = good.clone();
        forged[name] = value;
        refused(&node.send(&forged).await, StatusCode::UNAUTHORIZED, "bad_signature");
    }
    refused(&node.send(&node.beat(-61)).await, StatusCode::UNAUTHORIZED, "stale_signature");
    refused(&node.send(&node.beat(62)).await, StatusCode::UNAUTHORIZED, "stale_signature");
    assert_eq!(node.send(&good).await.status, StatusCode::OK);
    refused(&node.send(&good).await, StatusCode::CONFLICT, "replayed");
    refused(&node.send(&node.beat(-5)).await, StatusCode::CONFLICT, "replayed");
    let stranger = Node::start(&market, 2, 1, Manner::Honest).await;
    refused(&stranger.send(&stranger.beat(0)).await, StatusCode::NOT_FOUND, "node_not_found");
}

#[tokio::test]
async fn a_heartbeat_may_move_the_endpoint_and_change_the_class() {
    let mut market = Market::open().await;
    {
        let mut node = Node::online(&market, 1, 1).await;
        market.pass(Millis::seconds(5)).await;
        node.tier = 3;
        node.alive().await;
        assert_eq!(node.shown().await["gpuTier"], 3);
        let stats = market.get("/api/explorer/stats").await.json();
        assert_eq!(stats["data"]["nodesByTier"], json!({"3": {"registered": 1, "online": 1}}));
    }
    market.restart().await;
    let shown = market.get("/api/nodes").await.json();
    assert_eq!(shown["data"]["total"], 1);
    let node = &shown["data"]["nodes"][0];
    assert_eq!(
        (&node["gpuTier"], &node["online"]),
        (&json!(3), &json!(false)),
        "nobody is online after a start"
    );
}

#[tokio::test]
async fn only_the_wallet_registers_and_only_endpoints_that_may_be_sent_to() {
    let market = Market::open().await;
    let (node, other) =
        (Node::start(&market, 1, 1, Manner::Honest).await, Node::start(&market, 2, 1, Manner::Honest).await);
    let answer = node.register_with(json!({"address": other.owner.address()})).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "bad_signature");
    for endpoint in
        ["http://10.0.0.1/", "ftp://example.com/", "http://me@example.com/", "http://169.254.169.254/"]
    {
        let answer = node.register_with(json!({"endpoint": endpoint})).await;
        refused(&answer, StatusCode::BAD_REQUEST, "bad_endpoint");
    }
    for (name, value) in [
        ("gpuTier", json!(0)),
        ("gpuTier", json!(4)),
        ("gpuTier", json!("2")),
        ("concurrency", json!(0)),
        ("concurrency", json!(257)),
        ("models", json!("llama")),
        ("models", json!([7])),
    ] {
        let answer = node.register_with(json!({name: value})).await;
        refused(&answer, StatusCode::BAD_REQUEST, "invalid_request");
    }
    let answer = node.register_with(json!({"models": ["gpt-9"]})).await;
    refused(&answer, StatusCode::NOT_FOUND, "unknown_model");
    assert_eq!(market.get("/api/nodes").await.json()["data"], json!({"nodes": [], "total": 0}));
}

#[tokio::test]
async fn who_has_gone_gets_nothing_and_may_come_back() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    let ask = async || market.post("/api/jobs/submit", &super::page()["request"].to_string()).await.status;
    assert_eq!(ask().await, StatusCode::OK);
    market.pass(Millis(5)).await;
    let gone = node.deactivate().await;
    assert_eq!(
        (gone.status, &gone.json()["data"]["state"]),
        (StatusCode::OK, &json!("left")),
        "{}",
        gone.text()
    );
    assert_eq!(ask().await, StatusCode::SERVICE_UNAVAILABLE);
    market.pass(Millis::seconds(2)).await;
    node.alive().await;
    assert_eq!(ask().await, StatusCode::SERVICE_UNAVAILABLE, "showing life is not coming back");
    assert_eq!(node.register().await.json()["data"]["state"], "active");
    market.pass(Millis::seconds(2)).await;
    node.alive().await;
    assert_eq!(ask().await, StatusCode::OK);
    let events = market.get("/api/explorer/feed").await.json()["data"].clone();
    assert_eq!(events["total"], 1, "it is registered once: {events}");
    assert_eq!(events["events"][0]["type"], "node_registered");
    assert_eq!(events["events"][0]["data"], json!({"address": node.owner.address(), "gpuTier": 1}));
}

#[tokio::test]
async fn who_has_gone_is_not_the_operators_to_bring_back() {
    let market = Market::open().await;
    let node = Node::online(&market, 1, 1).await;
    let path = |address: &str| format!("/nodes/{address}/reinstate");
    let address = node.owner.address();
    let active = market.admin("POST", &path(&address.to_lowercase())).await;
    let worker = WorkerId::of_wallet(&Wallet::from(node.owner.key.address())).to_string();
    let expected = json!({"worker": worker, "address": address, "gpu_tier": 1, "state": "active"});
    assert_eq!((active.status, active.json()), (StatusCode::OK, expected));
    market.pass(Millis(5)).await;
    assert_eq!(node.deactivate().await.json()["data"]["active"], false);
    let back = market.admin("POST", &path(&address)).await;
    assert_eq!((back.status, &back.json()["code"]), (StatusCode::CONFLICT, &json!("enrolment.left")));
    assert_eq!(node.shown().await["state"], "left");
    market.pass(Millis(5)).await;
    assert_eq!(node.register().await.json()["data"]["state"], "active", "it brings itself back");
    let nobody = market.admin("POST", &path("0xabc1230000000000000000000000000000000001")).await;
    assert_eq!((nobody.status, &nobody.json()["code"]), (StatusCode::NOT_FOUND, &json!("request.not_found")));
    assert_eq!(market.admin("POST", &path("7")).await.status, StatusCode::BAD_REQUEST);
    let stranger = market.send("POST", &format!("/admin/v1{}", path(&address)), &[], b"").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_endpoint_and_a_worker_of_one_wallet_do_not_take_the_node_from_each_other() {
    let market = Market::open().await;
    let endpoint = Node::online(&market, 1, 1).await;
    let knock = async || {
        let (key, now) = (SigningKey::from_seed(&[1; 32]).public_key(), market.engine().clock().now());
        let node = NodeOffer::sign(&endpoint.owner.key, &key, 2, now.0);
        market.register(1, Proven, json!({"node": node})).await
    };
    market.pass(Millis::seconds(119)).await;
    let (_, ack) = knock().await;
    assert_eq!(ack["error"], "enrolment.in_use", "it showed life two minutes ago");
    assert_eq!(endpoint.shown().await["gpuTier"], 1);
    market.pass(Millis::seconds(2)).await;
    let (worker, ack) = knock().await;
    assert_eq!(ack["status"], "ok", "{ack}");
    assert_eq!(endpoint.shown().await["gpuTier"], 2);
    refused(&endpoint.send(&endpoint.beat(0)).await, StatusCode::CONFLICT, "keeps_connection");
    market.pass(Millis(1)).await;
    refused(&endpoint.register().await, StatusCode::CONFLICT, "node_in_use");
    assert_eq!(endpoint.deactivate().await.json()["data"]["state"], "left");
    market.pass(Millis(1)).await;
    let moved = endpoint.register().await;
    assert_eq!(moved.json()["data"]["endpoint"], endpoint.endpoint(), "{}", moved.text());
    drop(worker);
}
