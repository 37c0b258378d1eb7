//! Workers that enrol as nodes when they connect, on the word of a wallet.

use crate::market::Market;
use crate::worker::{Manner, Worker};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, WorkerId};
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_engine::{EngineError, LOST_AFTER};
use docket_protocol::frames::NodeOffer;
use docket_protocol::keys::{PublicKey, SigningKey};
use docket_protocol::wallet::{LIFETIME, SKEW, WalletKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

fn wallet(number: u8) -> WalletKey {
    WalletKey::from_bytes(&[number; 32]).expect("a key")
}

fn key(seed: u8) -> PublicKey {
    SigningKey::from_seed(&[seed; 32]).public_key()
}

/// What the worker of a seed says, signed by a wallet now.
fn offer(market: &Market, seed: u8, by: u8, gpu_tier: u8) -> NodeOffer {
    NodeOffer::sign(&wallet(by), &key(seed), gpu_tier, market.engine().clock().now().0)
}

async fn knock(market: &Market, seed: u8, node: &NodeOffer) -> (Worker, Value) {
    let more = json!({"node": node, "offer": {"models": [{"name": "m"}], "concurrency": 3}});
    market.register(seed, Manner::Proven, more).await
}

async fn enters(market: &Market, seed: u8, by: u8, gpu_tier: u8) -> Worker {
    let (worker, ack) = knock(market, seed, &offer(market, seed, by, gpu_tier)).await;
    assert_eq!(ack["status"], "ok", "{ack}");
    worker
}

async fn is_refused(market: &Market, seed: u8, node: &NodeOffer, code: &str) {
    let (mut worker, ack) = knock(market, seed, node).await;
    assert_eq!((&ack["status"], &ack["error"]), (&json!("error"), &json!(code)));
    assert_eq!(worker.perhaps().await, None, "the connection ends");
}

async fn leaves(market: &Market, worker: Worker) {
    let before = market.engine().workers_online();
    drop(worker);
    for _ in 0..2_000 {
        if market.engine().workers_online() < before {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the worker is still there");
}

/// The node of a wallet's number, and whether it is online.
fn node(market: &Market, by: u8) -> Option<(Arc<Enrolment>, bool)> {
    match market.engine().node(Wallet::from(wallet(by).address())) {
        Ok(node) => Some((node.enrolment, node.online.is_some())),
        Err(EngineError::Refused(Refusal::NotEnrolled)) => None,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_worker_is_an_online_node_while_it_is_connected() {
    let market = Market::open().await;
    let worker = enters(&market, 1, 7, 2).await;
    let (enrolment, online) = node(&market, 7).expect("it is enrolled");
    assert!(online);
    assert_eq!(enrolment.worker, WorkerId::from(key(1)));
    assert_eq!((enrolment.offer.gpu_tier, enrolment.offer.concurrency), (2, 3));
    assert_eq!(market.engine().presence().online, BTreeMap::from([(2, 1)]));
    leaves(&market, worker).await;
    let (_, online) = node(&market, 7).expect("it stays enrolled");
    assert!(!online);
}

#[tokio::test]
async fn the_operator_sees_of_each_worker_as_which_node_it_is_enrolled() {
    let market = Market::open().await;
    let worker = enters(&market, 1, 7, 3).await;
    let plain = market.worker(2, Manner::Proven).await;
    let shown = market.admin("GET", &format!("/workers/{}", worker.pubkey())).await.json();
    let expected = json!({"address": wallet(7).address(), "gpu_tier": 3, "state": "active"});
    assert_eq!(shown["node"], expected);
    let shown = market.admin("GET", &format!("/workers/{}", plain.pubkey())).await.json();
    assert_eq!(shown["node"], Value::Null);
    let rows = market.admin("GET", "/workers").await.json();
    let nodes = rows["data"].as_array().expect("a list").iter().filter(|row| row["node"] == expected);
    assert_eq!(nodes.count(), 1);
}

#[tokio::test]
async fn what_the_wallet_has_not_signed_for_this_worker_is_refused() {
    let market = Market::open().await;
    let sound = offer(&market, 1, 7, 2);
    let of_other_wallet = NodeOffer { address: wallet(8).address(), ..sound.clone() };
    let of_other_class = NodeOffer { gpu_tier: 3, ..sound.clone() };
    let of_other_worker = offer(&market, 2, 7, 2);
    for forged in [of_other_wallet, of_other_class, of_other_worker] {
        is_refused(&market, 1, &forged, "node.bad_signature").await;
    }
    is_refused(&market, 1, &offer(&market, 1, 7, 4), "node.unknown_tier").await;
    assert_eq!((node(&market, 7), node(&market, 8)), (None, None));
    assert_eq!(market.engine().workers_online(), 0);
    knock(&market, 1, &sound).await;
    assert!(node(&market, 7).is_some(), "what was sound holds");
}

#[tokio::test]
async fn a_word_is_good_for_five_minutes_and_not_before_its_time() {
    let market = Market::open().await;
    let early = offer(&market, 1, 7, 2);
    market.pass(Millis(LIFETIME.0 + 1)).await;
    is_refused(&market, 1, &early, "node.stale_signature").await;
    let now = market.engine().clock().now();
    let ahead = NodeOffer::sign(&wallet(7), &key(1), 2, now.0 + SKEW.0 + 1);
    is_refused(&market, 1, &ahead, "node.stale_signature").await;
    assert_eq!(node(&market, 7), None);
    enters(&market, 1, 7, 2).await;
}

#[tokio::test]
async fn a_worker_that_does_not_prove_its_key_is_no_node() {
    let market = Market::open().await;
    let more = json!({"node": offer(&market, 1, 7, 2)});
    let (_, ack) = market.register(1, Manner::Dispatch, more).await;
    assert_eq!(ack["error"], "worker.proof_required");
    assert_eq!(node(&market, 7), None);
}

#[tokio::test]
async fn coming_back_with_the_same_writes_nothing_and_another_class_is_taken_up() {
    let mut market = Market::open().await;
    let worker = enters(&market, 1, 7, 2).await;
    let (first, _) = node(&market, 7).expect("it is enrolled");
    leaves(&market, worker).await;
    market.pass(Millis(60_000)).await;
    let worker = enters(&market, 1, 7, 2).await;
    assert_eq!(node(&market, 7), Some((first.clone(), true)));
    drop(worker);
    market.restart().await;
    assert_eq!(node(&market, 7), Some((first.clone(), false)), "it is remembered");
    market.pass(Millis(1)).await;
    let _worker = enters(&market, 1, 7, 3).await;
    let (changed, online) = node(&market, 7).expect("it is enrolled");
    assert_eq!((changed.offer.gpu_tier, changed.version, online), (3, first.version.next(), true));
}

/// Whose the node of a wallet's number is, by the seed of his key.
fn has_node(market: &Market, by: u8, seed: u8) -> bool {
    node(market, by).is_some_and(|(enrolment, _)| enrolment.worker == WorkerId::from(key(seed)))
}

async fn owner_has_it_go(market: &Market, by: u8) {
    let (by, at) = (Wallet::from(wallet(by).address()), market.engine().clock().now());
    let word = Word { dialect: Dialect::Registry, by, digest: Sha256::of(b"go"), at };
    market.engine().leave(word).await.expect("it is its owner's word");
}

#[tokio::test]
async fn a_node_stays_with_its_worker_while_that_is_connected_and_then_goes_over() {
    let market = Market::open().await;
    let first = enters(&market, 1, 7, 2).await;
    for _ in 0..2 {
        market.pass(Millis(1)).await;
        is_refused(&market, 2, &offer(&market, 2, 7, 2), "enrolment.in_use").await;
        assert!(has_node(&market, 7, 1), "whoever comes later does not take it");
    }
    assert_eq!(market.engine().wallet_of(&WorkerId::from(key(2))), None);
    leaves(&market, first).await;
    market.pass(Millis(1)).await;
    let first = enters(&market, 1, 7, 2).await;
    assert!(has_node(&market, 7, 1), "the same one comes back as ever");
    leaves(&market, first).await;
    market.pass(Millis(1)).await;
    let second = enters(&market, 2, 7, 2).await;
    let (enrolment, online) = node(&market, 7).expect("it is enrolled");
    assert_eq!((enrolment.worker, online), (WorkerId::from(key(2)), true));
    assert_eq!(market.engine().wallet_of(&WorkerId::from(key(1))), None);
    market.pass(Millis(1)).await;
    is_refused(&market, 1, &offer(&market, 1, 7, 2), "enrolment.in_use").await;
    let presence = market.engine().presence();
    let one = BTreeMap::from([(2, 1)]);
    assert_eq!((&presence.enrolled, &presence.online), (&one, &one));
    // It has its way back: the worker was this wallet's before.
    leaves(&market, second).await;
    market.pass(Millis(1)).await;
    let _first = enters(&market, 1, 7, 2).await;
    assert!(has_node(&market, 7, 1));
    assert_eq!(market.engine().presence().online, one);
}

#[tokio::test]
async fn a_node_goes_over_from_a_worker_that_is_silent_or_that_its_owner_has_had_go() {
    let market = Market::open().await;
    let _silent = enters(&market, 1, 7, 2).await;
    market.pass(Millis(LOST_AFTER.0 + 1)).await;
    let second = enters(&market, 2, 7, 2).await;
    assert!(has_node(&market, 7, 2));
    market.pass(Millis(1)).await;
    owner_has_it_go(&market, 7).await;
    market.pass(Millis(1)).await;
    let _third = enters(&market, 3, 7, 2).await;
    assert!(has_node(&market, 7, 3));
    let shown = market.admin("GET", &format!("/workers/{}", second.pubkey())).await.json();
    assert_eq!((&shown["node"], &shown["live"]["connected"]), (&Value::Null, &json!(true)));
    assert_eq!(market.engine().presence().online, BTreeMap::from([(2, 1)]));
}

#[tokio::test]
async fn a_worker_that_comes_without_its_wallets_word_is_no_node() {
    let market = Market::open().await;
    for (seed, by) in [(1, 7), (2, 8)] {
        let worker = enters(&market, seed, by, 2).await;
        leaves(&market, worker).await;
    }
    let _plain = [market.worker(1, Manner::Proven).await, market.worker(2, Manner::Proven).await];
    let are_offline = || [7, 8].iter().all(|by| node(&market, *by).is_some_and(|(_, online)| !online));
    assert!(are_offline(), "they are here as workers alone");
    market.pass(Millis(1)).await;
    owner_has_it_go(&market, 7).await;
    assert!(are_offline(), "what changes of an enrolment does not make a node of it");
    assert_eq!(market.engine().presence().online, BTreeMap::new());
    let _other = enters(&market, 3, 8, 2).await;
    assert!(has_node(&market, 8, 3), "it does not stand in another's way");
    assert_eq!(market.engine().presence().online, BTreeMap::from([(2, 1)]));
}

#[tokio::test]
async fn a_worker_is_of_one_wallet_for_ever() {
    let market = Market::open().await;
    let worker = enters(&market, 1, 7, 2).await;
    leaves(&market, worker).await;
    is_refused(&market, 1, &offer(&market, 1, 8, 2), "enrolment.worker_taken").await;
    assert_eq!(node(&market, 8), None);
    let (enrolment, _) = node(&market, 7).expect("it is enrolled");
    assert_eq!(enrolment.worker, WorkerId::from(key(1)));
}
