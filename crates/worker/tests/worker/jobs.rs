//! One connection: jobs are taken, refused, carried out, streamed, signed, stopped and settled.

use crate::coordinator::{Coordinator, Peer, assignment, now_ms, prompt, task};
use crate::player::{Player, config};
use crate::typist::Typist;
use docket_protocol::digest::RunningHash;
use docket_protocol::frames::{FromCoordinator, FromWorker, JobAssign, JobCancel, JobComplete, JobType};
use docket_protocol::receipt::Model;
use docket_worker::Event;
use serde_json::{Value, json};
use std::sync::Arc;

async fn start() -> (Player, Arc<Typist>, Peer) {
    let coordinator = Coordinator::open().await;
    let typist = Typist::new();
    let worker = Player::start(config(coordinator.url(), vec![typist.clone()]));
    let peer = coordinator.welcome().await;
    (worker, typist, peer)
}

#[tokio::test]
async fn a_task_is_carried_out_signed_and_settled() {
    let (mut worker, _, mut peer) = start().await;
    let job = task("6f2c", "classify", "This product is amazing and works perfectly.");
    peer.assign(&job).await;
    let complete = peer.completion(&job).await;
    let output: Value = serde_json::from_str(complete.output.get()).unwrap();
    assert_eq!(output["sentiment"], "positive");
    let full = complete.full_receipt.unwrap();
    assert!(full.model.unwrap().name.starts_with("docket-tasks/"));
    assert!((full.assigned_at_ms - now_ms()).abs() < 60_000);

    peer.settle(&job, 42).await;
    let started = worker.event("started", |event| matches!(event, Event::JobStarted { .. })).await;
    assert_eq!(started, Event::JobStarted { job_id: "6f2c".into(), what: "classify".into() });
    worker.event("finished", |event| matches!(event, Event::JobFinished { .. })).await;
    let settled = worker.event("settled", |event| matches!(event, Event::JobSettled { .. })).await;
    assert_eq!(settled, Event::JobSettled { job_id: "6f2c".into(), log_index: Some(42) });
    assert!(peer.is_quiet().await);
}

#[tokio::test]
async fn an_answer_is_streamed_as_it_comes_under_a_running_hash() {
    let (_worker, typist, mut peer) = start().await;
    let job = prompt("story", "Once upon a time");
    peer.assign(&job).await;
    let mut hash = RunningHash::default();
    for (seq, word) in ["Once ", "upon ", "a ", "time"].into_iter().enumerate() {
        assert!(seq > 0 || peer.is_quiet().await);
        typist.give_turns(1);
        let heard = peer.hear().await;
        let Some(FromWorker::JobChunk(chunk)) = heard else { panic!("{heard:?}") };
        assert_eq!((chunk.seq as usize, chunk.text.as_str()), (seq, word));
        assert_eq!((chunk.job_id.as_str(), chunk.attempt), ("story", job.attempt));
        assert_eq!((chunk.running_hash, chunk.tokens), (hash.push(word), Some(chunk.seq + 1)));
    }
    let complete = peer.completion(&job).await;
    assert_eq!(complete.output.get(), r#"{"text":"Once upon a time","model":"typist"}"#);
    assert_eq!(complete.usage.unwrap().completion_tokens, 4);
    assert_eq!(complete.full_receipt.unwrap().text_hash, None);
}

#[tokio::test]
async fn jobs_that_end_together_share_a_signature() {
    let (_worker, typist, mut peer) = start().await;
    let jobs = [prompt("a", "one"), prompt("b", "two")];
    for job in &jobs {
        peer.assign(job).await;
    }
    typist.is_busy_with(2).await;
    typist.give_turns(2); // everything here is on one thread: both are done before the worker looks
    for _ in &jobs {
        let heard = peer.hear().await;
        assert!(matches!(heard, Some(FromWorker::JobChunk(_))), "{heard:?}");
    }
    let (first, second) = (peer.completion(&jobs[0]).await, peer.completion(&jobs[1]).await);
    assert_eq!(first.full_signature, second.full_signature);
    let place = |complete: JobComplete| complete.full_batch.map(|batch| (batch.index, batch.size));
    assert_eq!((place(first), place(second)), (Some((0, 2)), Some((1, 2))));
}

#[tokio::test]
async fn words_that_are_ready_together_are_sent_together() {
    let (_worker, typist, mut peer) = start().await;
    let story = "word ".repeat(500);
    typist.give_turns(500);
    let job = prompt("story", &story);
    peer.assign(&job).await;
    let (mut text, mut chunks) = (String::new(), 0);
    while text.len() < story.len() {
        let heard = peer.hear().await;
        let Some(FromWorker::JobChunk(chunk)) = heard else { panic!("{heard:?}") };
        assert_eq!(chunk.seq, chunks);
        text.push_str(&chunk.text);
        chunks += 1;
    }
    assert_eq!(text, story);
    assert!(chunks < 250, "{chunks} frames for 500 words");
    peer.completion(&job).await;
}

#[tokio::test]
async fn the_model_of_the_terms_is_the_model_that_is_run() {
    let (_worker, typist, mut peer) = start().await;
    typist.give_turns(1);
    let mut job = prompt("j", "one");
    job.terms.model = Some(Model { name: "typist".into(), weights_hash: None });
    peer.assign(&job).await;
    peer.hear().await; // the only word
    peer.completion(&job).await;

    job.job_id = "other".into();
    job.terms.model = Some(Model { name: "gpt-9".into(), weights_hash: None });
    peer.assign(&job).await;
    let reason = peer.rejection("other").await;
    assert!(reason.contains("does not have the model `gpt-9`"), "{reason}");
}

#[tokio::test]
async fn what_the_worker_cannot_do_is_left_to_others() {
    let (mut worker, _, mut peer) = start().await;
    let llm = JobType::LlmInfer;
    let odd = |job_id: &str, job_type, payload: Value| assignment(job_id, job_type, &payload);
    let cases: Vec<(JobAssign, &str)> = vec![
        (odd("a", llm, json!({"job_type": "LLM_INFER", "prompt": "x", "model": "gpt-9"})), "gpt-9"),
        (odd("b", llm, json!({"job_type": "LLM_INFER"})), "prompt is missing"),
        (odd("c", llm, json!({"job_type": "TASK", "task_type": "classify", "input": "x"})), "another type"),
        (odd("d", JobType::Task, json!({"job_type": "TASK", "task_type": "paint", "input": "x"})), "paint"),
        (odd("e", JobType::Task, json!(7)), "payload"),
        (JobAssign { deadline_ms: now_ms() - 5_000, ..task("f", "classify", "x") }, "the deadline passed 5"),
    ];
    for (job, expected) in cases {
        peer.assign(&job).await;
        let reason = peer.rejection(&job.job_id).await;
        assert!(reason.contains(expected), "{reason}");
        worker.event("rejected", |event| matches!(event, Event::JobRejected { .. })).await;
    }
}

#[tokio::test]
async fn more_jobs_than_places_are_refused() {
    let (_worker, typist, mut peer) = start().await;
    let jobs: Vec<_> = ["a", "b", "c"].map(|job_id| prompt(job_id, "one")).into();
    for job in &jobs {
        peer.assign(job).await;
    }
    assert_eq!(peer.rejection("c").await, "busy: all 2 places are taken");
    typist.give_turns(2);
    let mut done = vec![];
    while done.len() < 2 {
        match peer.hear().await {
            Some(FromWorker::JobChunk(_)) => {}
            Some(FromWorker::JobComplete(complete)) => done.push(complete.job_id),
            other => panic!("{other:?}"),
        }
    }
    done.sort();
    assert_eq!(done, ["a", "b"]);
    // Its place is free as soon as the work is done, also before it is settled.
    typist.give_turns(1);
    peer.assign(&jobs[2]).await;
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    peer.completion(&jobs[2]).await;
}

#[tokio::test]
async fn a_cancelled_job_stops_and_is_not_heard_of_again() {
    let (mut worker, typist, mut peer) = start().await;
    let job = prompt("j", "one two three");
    peer.assign(&job).await;
    typist.give_turns(1);
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    let cancel = |number| {
        let attempt = docket_protocol::attempt::AttemptRef { epoch: 1, number };
        FromCoordinator::JobCancel(JobCancel { job_id: "j".into(), attempt, reason: "gone".into() })
    };
    peer.send(cancel(0)).await; // of an attempt before this one
    peer.say("what comes after it").await;
    worker.event("ignored", |event| matches!(event, Event::Ignored { .. })).await;
    typist.give_turns(1);
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    peer.send(cancel(1)).await;
    typist.is_busy_with(0).await;
    let dropped = worker.event("dropped", |event| matches!(event, Event::JobDropped { .. })).await;
    assert_eq!(dropped, Event::JobDropped { job_id: "j".into(), reason: "cancelled: gone".into() });
    typist.give_turns(9);
    assert!(peer.is_quiet().await);
}

#[tokio::test]
async fn an_engine_that_fails_or_breaks_fails_its_job_and_no_other() {
    let (mut worker, typist, mut peer) = start().await;
    for (text, expected) in [("fail", "the ribbon broke"), ("panic", "it panicked")] {
        let job = prompt(text, text);
        peer.assign(&job).await;
        assert_eq!(peer.failure(&job).await, format!("the engine failed: {expected}"));
        worker.event("failed", |event| matches!(event, Event::JobFailed { .. })).await;
    }
    typist.is_busy_with(0).await;
    typist.give_turns(1);
    let job = prompt("next", "one");
    peer.assign(&job).await;
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    peer.completion(&job).await;
}

#[tokio::test]
async fn a_job_ends_at_its_deadline() {
    let (_worker, typist, mut peer) = start().await;
    let job = JobAssign { deadline_ms: now_ms() + 400, ..prompt("j", "one two") };
    peer.assign(&job).await;
    typist.give_turns(1);
    assert!(matches!(peer.hear().await, Some(FromWorker::JobChunk(_))));
    assert_eq!(peer.failure(&job).await, "the deadline has passed");
    assert!(now_ms() >= job.deadline_ms);
    typist.is_busy_with(0).await;
}

#[tokio::test]
async fn an_output_that_no_frame_can_carry_fails_the_job() {
    let (_worker, _, mut peer) = start().await;
    // Deeper than frames may be nested, though not than what the task extracts.
    let deep = format!("{}1{}", r#"{"a":["#.repeat(40), "]}".repeat(40));
    let job = task("deep", "extract_json", &format!("Here it is: {deep}"));
    peer.assign(&job).await;
    let error = peer.failure(&job).await;
    assert!(error.contains("nested at most"), "{error}");

    let fits = format!("{}1{}", r#"{"a":["#.repeat(20), "]}".repeat(20));
    let job = task("fits", "extract_json", &format!("{fits} and {fits} and {fits}"));
    peer.assign(&job).await;
    peer.completion(&job).await;
}

#[tokio::test]
async fn a_worker_that_wants_to_be_asked_accepts_first() {
    let coordinator = Coordinator::open().await;
    let mut config = config(coordinator.url(), vec![]);
    config.accept = true;
    let _worker = Player::start(config);
    let mut peer = coordinator.welcome().await;
    assert!(peer.register.offer.as_ref().unwrap().accept);
    let job = task("j", "classify", "Good.");
    peer.assign(&job).await;
    let heard = peer.hear().await;
    let Some(FromWorker::JobAccept(accept)) = heard else { panic!("{heard:?}") };
    assert_eq!((accept.job_id.as_str(), accept.attempt), ("j", job.attempt));
    peer.completion(&job).await;
}

#[tokio::test]
async fn refused_work_is_told_and_forgotten() {
    let (mut worker, _, mut peer) = start().await;
    let job = task("j", "classify", "Good.");
    peer.assign(&job).await;
    peer.completion(&job).await;
    let refused = json!({"type": "job_done", "job_id": "j", "attempt": "1-1", "status": "refused",
        "reason": "receipt.other_output"});
    peer.say(refused.to_string()).await;
    let event = worker.event("refused", |event| matches!(event, Event::JobRefused { .. })).await;
    assert_eq!(event, Event::JobRefused { job_id: "j".into(), reason: "receipt.other_output".into() });
    assert!(event.is_trouble());
}

#[tokio::test]
async fn a_coordinator_that_does_not_read_is_still_listened_to() {
    const JOBS: usize = 16;
    let coordinator = Coordinator::open().await;
    let typist = Typist::new();
    let mut config = config(coordinator.url(), vec![typist.clone()]);
    config.concurrency = Some(16);
    let mut worker = Player::start(config);
    let mut peer = coordinator.welcome().await;
    // Answers of far more bytes than sockets hold, and nobody takes them.
    let story = "x".repeat(600 << 10);
    typist.give_turns(JOBS);
    for number in 0..JOBS {
        peer.assign(&prompt(&format!("j{number}"), &story)).await;
        worker.event("finished", |event| matches!(event, Event::JobFinished { .. })).await;
    }
    let attempt = docket_protocol::attempt::AttemptRef { epoch: 1, number: 1 };
    let last = format!("j{}", JOBS - 1);
    let cancel = JobCancel { job_id: last.clone(), attempt, reason: "gone".into() };
    peer.send(FromCoordinator::JobCancel(cancel)).await;
    worker.event("dropped", |event| matches!(event, Event::JobDropped { .. })).await;

    let mut complete = 0;
    while complete < JOBS - 1 {
        match peer.hear().await {
            Some(FromWorker::JobChunk(chunk)) => assert_ne!(chunk.job_id, last),
            Some(FromWorker::JobComplete(_)) => complete += 1,
            other => panic!("{other:?}"),
        }
    }
}
