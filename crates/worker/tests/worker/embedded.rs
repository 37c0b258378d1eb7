//! A worker with the embedded model: a cancelled answer ends, and the next one begins.

use crate::coordinator::{Coordinator, assignment};
use crate::player::{Player, config};
use docket_protocol::frames::{FromCoordinator, FromWorker, JobCancel, JobType};
use docket_worker::Event;
use docket_worker::engine::Gguf;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn a_cancelled_answer_makes_room_for_the_next() {
    let coordinator = Coordinator::open().await;
    let tiny = Arc::new(Gguf::tiny().await.unwrap());
    let mut worker = Player::start(config(coordinator.url(), vec![tiny]));
    let mut peer = coordinator.welcome().await;
    let chat = |job_id: &str, prompt: &str| {
        let payload = json!({"job_type": "LLM_INFER", "prompt": prompt, "answer": "chat", "max_tokens": 1000,
            "temperature": 2, "seed": 1});
        assignment(job_id, JobType::LlmInfer, &payload)
    };
    let story = chat("story", "Tell me a story.");
    peer.assign(&story).await;
    let heard = peer.hear().await;
    let Some(FromWorker::JobChunk(first)) = heard else { panic!("{heard:?}") };
    assert!(first.tokens.is_some_and(|tokens| tokens >= 1));
    let cancel = JobCancel { job_id: "story".into(), attempt: story.attempt, reason: "gone".into() };
    peer.send(FromCoordinator::JobCancel(cancel)).await;
    worker.event("dropped", |event| matches!(event, Event::JobDropped { .. })).await;

    let sum = chat("sum", "2+2?");
    peer.assign(&sum).await;
    loop {
        match peer.hear().await {
            Some(FromWorker::JobChunk(chunk)) if chunk.job_id == "story" => {} // was on its way
            Some(FromWorker::JobChunk(chunk)) => assert_eq!(chunk.job_id, "sum"),
            Some(FromWorker::JobComplete(complete)) => {
                assert_eq!(complete.job_id, "sum");
                break assert!(complete.full_receipt.unwrap().text_hash.is_some());
            }
            other => panic!("{other:?}"),
        }
    }
}
