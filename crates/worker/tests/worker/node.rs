//! A worker that is a node says so at each connection, on its wallet's word.

use crate::coordinator::Coordinator;
use crate::player::{Player, config};
use docket_protocol::frames::NodeOffer;
use docket_protocol::keys::PublicKey;
use docket_protocol::wallet::WalletKey;
use docket_worker::{Event, NodeIdentity};

fn wallet() -> WalletKey {
    WalletKey::from_bytes(&[7; 32]).unwrap()
}

fn is_signed(node: &NodeOffer, worker: &PublicKey) -> bool {
    let text = NodeOffer::text(worker, node.gpu_tier, node.signed_at);
    node.signature.recover(text.as_bytes()) == Ok(node.address)
}

#[tokio::test]
async fn each_connection_has_a_word_of_the_wallet_of_its_own() {
    let coordinator = Coordinator::open().await;
    let mut config = config(coordinator.url(), vec![]);
    config.node = Some(NodeIdentity { wallet: wallet(), gpu_tier: 2 });
    let mut worker = Player::start(config);

    let peer = coordinator.welcome().await;
    let first = peer.register.node.clone().unwrap();
    assert_eq!((first.address, first.gpu_tier), (wallet().address(), 2));
    assert!(is_signed(&first, &peer.key));
    assert!(!is_signed(&NodeOffer { gpu_tier: 3, ..first.clone() }, &peer.key));

    drop(peer);
    worker.event("disconnected", |event| matches!(event, Event::Disconnected { .. })).await;
    let peer = coordinator.welcome().await;
    let second = peer.register.node.clone().unwrap();
    assert!(is_signed(&second, &peer.key));
    assert!(second.signed_at > first.signed_at, "{second:?} after {first:?}");
}

#[tokio::test]
async fn a_worker_without_a_wallet_is_no_node() {
    let coordinator = Coordinator::open().await;
    let _worker = Player::start(config(coordinator.url(), vec![]));
    assert_eq!(coordinator.welcome().await.register.node, None);
}

#[tokio::test]
async fn a_node_learns_why_it_is_refused() {
    let coordinator = Coordinator::open().await;
    let mut worker = Player::start(config(coordinator.url(), vec![]));
    for (code, word) in [("node.stale_signature", "clock"), ("enrolment.worker_taken", "another wallet")] {
        coordinator.visitor().await.refuse(code).await;
        let refused = worker.event("refused", |event| matches!(event, Event::Refused { .. })).await;
        assert!(refused.to_string().contains(word), "{refused}");
    }
}
