//! A connection is cut, or the coordinator starts again: no work is lost, and none is signed for the wrong attempt.

use crate::coordinator::{Coordinator, Peer, prompt, task, under};
use crate::player::{Player, config};
use crate::typist::Typist;
use docket_protocol::frames::{FromWorker, JobChunk, Resume, encode};
use docket_worker::Event;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn start() -> (Coordinator, Player, Arc<Typist>, Peer) {
    let coordinator = Coordinator::open().await;
    let typist = Typist::new();
    let worker = Player::start(config(coordinator.url(), vec![typist.clone()]));
    let peer = coordinator.welcome().await;
    (coordinator, worker, typist, peer)
}

async fn chunk(peer: &mut Peer) -> JobChunk {
    let heard = peer.hear().await;
    let Some(FromWorker::JobChunk(chunk)) = heard else { panic!("{heard:?}") };
    chunk
}

#[tokio::test]
async fn a_running_job_survives_a_cut_and_a_new_attempt() {
    let (coordinator, mut worker, typist, mut peer) = start().await;
    let job = prompt("j", "one two three four");
    peer.assign(&job).await;
    typist.give_turns(1);
    let first = chunk(&mut peer).await;
    let cut = Instant::now();
    drop(peer);
    worker.event("disconnected", |event| matches!(event, Event::Disconnected { .. })).await;
    typist.give_turns(1); // the work goes on without a connection

    let mut peer = coordinator.welcome().await;
    assert!(cut.elapsed() < Duration::from_secs(2), "{:?}", cut.elapsed());
    assert_eq!(peer.register.resume, [Resume { job_id: "j".into(), attempt: job.attempt }]);
    let connected = worker.event("connected", |event| matches!(event, Event::Connected { .. })).await;
    assert!(matches!(connected, Event::Connected { resumed: 1, .. }), "{connected:?}");
    assert!(peer.is_quiet().await, "nothing is said before the job is assigned again");

    let again = under(&job, 2);
    peer.assign(&again).await;
    let repeated = chunk(&mut peer).await;
    assert_eq!(encode(&repeated), encode(&JobChunk { attempt: again.attempt, ..first.clone() }));
    let second = chunk(&mut peer).await;
    assert_eq!((second.seq, second.text.as_str(), second.tokens), (1, "two ", Some(2)));
    typist.give_turns(2);
    let (mut rest, mut tokens) = (String::new(), None);
    while rest != "three four" {
        let more = chunk(&mut peer).await;
        rest.push_str(&more.text);
        tokens = more.tokens;
    }
    assert_eq!((first.tokens, tokens), (Some(1), Some(4)));
    let complete = peer.completion(&again).await;
    assert_eq!(complete.output.get(), r#"{"text":"one two three four","model":"typist"}"#);
    typist.is_busy_with(0).await;
}

#[tokio::test]
async fn finished_work_is_signed_again_for_a_new_attempt_until_it_is_settled() {
    let (coordinator, mut worker, _, mut peer) = start().await;
    let job = task("j", "classify", "What a wonderful day!");
    peer.assign(&job).await;
    let first = peer.completion(&job).await;
    drop(peer); // and with it whatever the coordinator wanted to say

    let mut peer = coordinator.welcome().await;
    assert_eq!(peer.register.resume, [Resume { job_id: "j".into(), attempt: job.attempt }]);
    let again = under(&job, 2);
    peer.assign(&again).await;
    let second = peer.completion(&again).await;
    assert_eq!((second.output.get(), &second.receipt), (first.output.get(), &first.receipt));
    assert_ne!(second.full_signature, first.full_signature);
    let (first, second) = (first.full_receipt.unwrap(), second.full_receipt.unwrap());
    assert_eq!((first.attempt, second.attempt), (job.attempt, again.attempt));
    assert_eq!(
        (second.assigned_at_ms, second.completed_at_ms),
        (first.assigned_at_ms, first.completed_at_ms)
    );

    peer.settle(&again, 9).await;
    worker.event("settled", |event| matches!(event, Event::JobSettled { .. })).await;
    drop(peer);
    assert!(coordinator.welcome().await.register.resume.is_empty());
}

#[tokio::test]
async fn work_that_was_settled_while_nobody_heard_is_settled_after_all() {
    let (coordinator, mut worker, _, mut peer) = start().await;
    let job = task("j", "classify", "Good.");
    peer.assign(&job).await;
    peer.completion(&job).await;
    drop(peer);
    let mut peer = coordinator.visitor().await.welcome(vec![]).await;
    peer.settle(&job, 5).await;
    let settled = worker.event("settled", |event| matches!(event, Event::JobSettled { .. })).await;
    assert_eq!(settled, Event::JobSettled { job_id: "j".into(), log_index: Some(5) });
}

#[tokio::test]
async fn a_job_that_the_coordinator_has_given_to_another_is_stopped() {
    let (coordinator, mut worker, typist, mut peer) = start().await;
    peer.assign(&prompt("j", "one two")).await;
    typist.is_busy_with(1).await;
    drop(peer);
    let mut peer = coordinator.visitor().await.welcome(vec![]).await;
    typist.is_busy_with(0).await;
    let dropped = worker.event("dropped", |event| matches!(event, Event::JobDropped { .. })).await;
    assert!(dropped.to_string().contains("does not go on with it"), "{dropped}");
    assert!(peer.is_quiet().await);
}

#[tokio::test]
async fn another_job_under_an_old_name_is_begun_anew() {
    let (_coordinator, _worker, typist, mut peer) = start().await;
    peer.assign(&prompt("j", "one two")).await;
    typist.is_busy_with(1).await;
    let other = task("j", "classify", "Good.");
    peer.assign(&other).await;
    let complete = peer.completion(&other).await;
    assert!(complete.output.get().contains("sentiment"));
    typist.is_busy_with(0).await;
}

#[tokio::test]
async fn an_assignment_that_is_repeated_is_answered_again_and_run_once() {
    let (_coordinator, mut worker, _, mut peer) = start().await;
    let job = task("j", "classify", "Good.");
    peer.assign(&job).await;
    let first = peer.completion(&job).await;
    peer.assign(&job).await;
    let second = peer.completion(&job).await;
    assert_eq!(first.full_signature, second.full_signature);
    worker.event("started", |event| matches!(event, Event::JobStarted { .. })).await;
    peer.settle(&job, 1).await;
    let next = |event: &Event| matches!(event, Event::JobStarted { .. } | Event::JobSettled { .. });
    let event = worker.event("settled", next).await;
    assert!(matches!(event, Event::JobSettled { .. }), "{event:?}");
}
