//! A worker that was told to stop: it takes nothing new, ends what it has, and goes.

use crate::coordinator::{Coordinator, Peer, prompt, task, under};
use crate::player::{Player, config};
use crate::typist::Typist;
use docket_protocol::frames::FromWorker;
use docket_worker::Event;
use std::sync::Arc;
use std::time::Duration;

async fn start(grace: Duration) -> (Coordinator, Player, Arc<Typist>, Peer) {
    let coordinator = Coordinator::open().await;
    let typist = Typist::new();
    let mut config = config(coordinator.url(), vec![typist.clone()]);
    config.grace = grace;
    let mut worker = Player::start(config);
    let peer = coordinator.welcome().await;
    worker.event("connected", |event| matches!(event, Event::Connected { .. })).await;
    (coordinator, worker, typist, peer)
}

async fn drain(worker: &mut Player, peer: &mut Peer) {
    worker.shutdown.cancel();
    let heard = peer.hear().await;
    assert!(matches!(heard, Some(FromWorker::Drain)), "{heard:?}");
    worker.event("leaving", |event| matches!(event, Event::Leaving { .. })).await;
}

#[tokio::test]
async fn a_worker_finishes_what_it_has_and_waits_for_the_judgement() {
    let (_coordinator, mut worker, typist, mut peer) = start(Duration::from_secs(30)).await;
    let job = prompt("j", "one");
    peer.assign(&job).await;
    typist.is_busy_with(1).await;
    drain(&mut worker, &mut peer).await;
    peer.assign(&task("new", "classify", "Good.")).await;
    assert_eq!(peer.rejection("new").await, "draining");
    typist.give_turns(1);
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    peer.completion(&job).await;
    assert!(peer.is_quiet().await);
    assert!(worker.is_running(), "the work is not judged yet");
    peer.settle(&job, 3).await;
    worker.event("settled", |event| matches!(event, Event::JobSettled { .. })).await;
    assert!(peer.hear().await.is_none(), "the worker says goodbye");
    worker.has_left().await;
}

#[tokio::test]
async fn a_worker_without_work_leaves_at_once() {
    let (_coordinator, mut worker, _, mut peer) = start(Duration::from_secs(30)).await;
    drain(&mut worker, &mut peer).await;
    assert!(peer.hear().await.is_none());
    worker.has_left().await;
}

#[tokio::test]
async fn what_does_not_end_within_the_grace_is_handed_back() {
    let (_coordinator, mut worker, typist, mut peer) = start(Duration::from_millis(300)).await;
    peer.assign(&prompt("j", "one")).await;
    typist.is_busy_with(1).await;
    drain(&mut worker, &mut peer).await;
    assert_eq!(peer.rejection("j").await, "draining");
    typist.is_busy_with(0).await;
    assert!(peer.hear().await.is_none());
    worker.has_left().await;
}

#[tokio::test]
async fn a_leaving_worker_comes_back_to_deliver_after_a_cut() {
    let (coordinator, mut worker, typist, mut peer) = start(Duration::from_secs(30)).await;
    let job = prompt("j", "one");
    peer.assign(&job).await;
    typist.is_busy_with(1).await;
    drain(&mut worker, &mut peer).await;
    drop(peer);
    let mut peer = coordinator.welcome().await;
    assert_eq!(peer.register.resume.len(), 1);
    assert!(matches!(peer.hear().await, Some(FromWorker::Drain)));
    let again = under(&job, 2);
    peer.assign(&again).await;
    typist.give_turns(1);
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    peer.completion(&again).await;
    peer.settle(&again, 3).await;
    assert!(peer.hear().await.is_none());
    worker.has_left().await;
}

#[tokio::test]
async fn a_worker_does_not_wait_for_ever_for_a_judgement() {
    let (_coordinator, mut worker, _, mut peer) = start(Duration::from_secs(600)).await;
    let job = task("j", "classify", "Good.");
    peer.assign(&job).await;
    peer.completion(&job).await;
    drain(&mut worker, &mut peer).await;
    assert!(peer.hear().await.is_none());
    let dropped = worker.event("dropped", |event| matches!(event, Event::JobDropped { .. })).await;
    assert!(dropped.to_string().contains("had not judged it"), "{dropped}");
    worker.has_left().await;
}

#[tokio::test]
async fn a_worker_that_finds_no_coordinator_leaves_at_once() {
    let address = Coordinator::open().await.address; // closed again at once
    let mut worker = Player::start(config(address.to_string(), vec![]));
    worker.event("not connected", |event| matches!(event, Event::NotConnected { .. })).await;
    worker.shutdown.cancel();
    worker.has_left().await;
}
