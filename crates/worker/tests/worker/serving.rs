//! A worker before a model server: words go through at once, and a cancel goes through as well.

use crate::coordinator::{Coordinator, Peer, assignment};
use crate::player::{Player, config};
use crate::server::Server;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{FromCoordinator, FromWorker, JobAssign, JobCancel, JobType};
use docket_worker::engine::{EngineSpec, Engines};
use serde_json::json;
use std::sync::Arc;

async fn start(server: &Server) -> (Player, Peer) {
    let coordinator = Coordinator::open().await;
    let spec: EngineSpec = format!("openai+tools:{}", server.url).parse().unwrap();
    let engine = Arc::new(Engines::start(&[spec], None).await.unwrap());
    let worker = Player::start(config(coordinator.url(), vec![engine]));
    let peer = coordinator.welcome().await;
    (worker, peer)
}

fn chat(job_id: &str) -> JobAssign {
    let payload = json!({"job_type": "LLM_INFER", "prompt": "Say something.", "answer": "chat"});
    assignment(job_id, JobType::LlmInfer, &payload)
}

#[tokio::test]
async fn each_word_reaches_the_coordinator_before_the_server_says_the_next() {
    let server = Server::start(&["It ", "rains."]).await;
    let (_worker, mut peer) = start(&server).await;
    let offer = peer.register.offer.as_ref().unwrap();
    let features: Vec<_> = offer.models[0].features.iter().map(|feature| feature.name()).collect();
    assert_eq!(features, ["chat", "tools", "json", "seed", "penalties"]);

    let job = chat("j");
    peer.assign(&job).await;
    for (seq, word) in ["It ", "rains."].into_iter().enumerate() {
        server.give_turn(); // the next is given only once this one was heard
        let heard = peer.hear().await;
        let Some(FromWorker::JobChunk(chunk)) = heard else { panic!("{heard:?}") };
        assert_eq!((chunk.seq as usize, chunk.text.as_str(), chunk.tokens), (seq, word, Some(chunk.seq + 1)));
    }
    let complete = peer.completion(&job).await;
    let output = r#"{"text":"It rains.","model":"served","finish_reason":"stop"}"#;
    assert_eq!(complete.output.get(), output);
    assert_eq!(complete.full_receipt.unwrap().text_hash, Some(Digest::of(b"It rains.")));
}

#[tokio::test]
async fn a_cancelled_job_hangs_up_on_the_server() {
    let mut server = Server::start(&["It ", "rains."]).await;
    let (_worker, mut peer) = start(&server).await;
    let job = chat("j");
    peer.assign(&job).await;
    server.give_turn();
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    let cancel = JobCancel { job_id: "j".into(), attempt: job.attempt, reason: "gone".into() };
    peer.send(FromCoordinator::JobCancel(cancel)).await;
    server.is_left().await;
}
