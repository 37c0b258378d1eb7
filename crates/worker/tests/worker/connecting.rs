//! How a worker finds a coordinator, proves itself, and copes with one that misbehaves.

use crate::coordinator::{Coordinator, soon, task};
use crate::player::{Player, config};
use crate::typist::Typist;
use docket_protocol::frames::{FromCoordinator, JobType, MAX_FRAME_BYTES, ProviderType};
use docket_worker::Event;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

#[tokio::test]
async fn a_worker_proves_its_key_and_says_what_it_offers() {
    let coordinator = Coordinator::open().await;
    let mut config = config(coordinator.url(), vec![Typist::new()]);
    config.price_floor = Some(700);
    config.region = Some("eu-west".into());
    let key = config.key.public_key();
    let mut worker = Player::start(config);

    let peer = coordinator.welcome().await;
    assert_eq!(peer.key, key);
    assert_eq!(peer.register.provider_type, ProviderType::Desktop);
    assert_eq!(peer.register.capabilities, [JobType::LlmInfer, JobType::Task]);
    assert!(peer.register.resume.is_empty());
    let offer = peer.register.offer.as_ref().unwrap();
    assert_eq!((offer.models[0].name.as_str(), offer.models[0].context), ("typist", Some(64)));
    assert_eq!((offer.concurrency, offer.price_floor, offer.accept), (2, Some(700), false));
    assert_eq!(offer.region.as_deref(), Some("eu-west"));

    let connected = worker.event("connected", |event| matches!(event, Event::Connected { .. })).await;
    assert_eq!(connected, Event::Connected { worker_id: key.to_hex(), resumed: 0 });
}

#[tokio::test]
async fn a_coordinator_may_come_later_and_is_found_soon() {
    let address = Coordinator::open().await.address; // closed again at once
    let mut worker = Player::start(config(format!("http://{address}"), vec![]));
    let missing = worker.event("not connected", |event| matches!(event, Event::NotConnected { .. })).await;
    let said = missing.to_string();
    assert!(said.starts_with(&format!("nothing listens on {address}")), "{said}");

    let coordinator = Coordinator::open_at(address).await;
    let opened = Instant::now();
    coordinator.welcome().await;
    worker.event("connected", |event| matches!(event, Event::Connected { .. })).await;
    assert!(opened.elapsed() < Duration::from_secs(5), "{:?}", opened.elapsed());
}

#[tokio::test]
async fn what_is_no_coordinator_is_called_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut worker = Player::start(config(format!("ws://{}", listener.local_addr().unwrap()), vec![]));
    let (mut tcp, _) = soon("a connection", listener.accept()).await.unwrap();
    let mut request = [0; 1024];
    let length = tcp.read(&mut request).await.unwrap();
    assert!(request[..length].starts_with(b"GET /v1/worker HTTP/1.1\r\n"));
    tcp.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let missing = worker.event("not connected", |event| matches!(event, Event::NotConnected { .. })).await;
    assert!(missing.to_string().contains("HTTP 404"), "{missing}");
}

#[tokio::test]
async fn a_refusal_is_explained_and_tried_again() {
    let coordinator = Coordinator::open().await;
    let mut worker = Player::start(config(coordinator.url(), vec![]));
    coordinator.visitor().await.refuse("worker.already_connected").await;
    let refused = worker.event("refused", |event| matches!(event, Event::Refused { .. })).await;
    let Event::Refused { code, hint, retry_in } = refused else { unreachable!() };
    assert_eq!(code, "worker.already_connected");
    assert!(hint.contains("another worker is connected with this key"), "{hint}");
    assert!(retry_in < Duration::from_secs(1), "{retry_in:?}");
    coordinator.welcome().await;
    worker.event("connected", |event| matches!(event, Event::Connected { .. })).await;
}

#[tokio::test]
async fn a_barred_worker_does_not_knock_all_the_time() {
    let coordinator = Coordinator::open().await;
    let mut worker = Player::start(config(coordinator.url(), vec![]));
    coordinator.visitor().await.refuse("worker.suspended").await;
    let refused = worker.event("refused", |event| matches!(event, Event::Refused { .. })).await;
    let Event::Refused { retry_in, .. } = refused else { unreachable!() };
    assert_eq!(retry_in, Duration::from_secs(30));
    worker.shutdown.cancel();
    worker.has_left().await;
}

#[tokio::test]
async fn signs_of_life_come_in_time_and_say_how_busy_the_machine_is() {
    let mut coordinator = Coordinator::open().await;
    coordinator.heartbeat_ms = 200;
    let typist = Typist::new();
    let _worker = Player::start(config(coordinator.url(), vec![typist.clone()]));
    let mut peer = coordinator.welcome().await;
    assert_eq!(peer.heartbeat().await.active_jobs, 0);
    peer.assign(&crate::coordinator::prompt("j", "one")).await;
    typist.is_busy_with(1).await;
    peer.send(FromCoordinator::HeartbeatAck).await;
    peer.heartbeat().await; // may have been under way
    peer.send(FromCoordinator::HeartbeatAck).await;
    let metrics = peer.heartbeat().await;
    assert_eq!(metrics.active_jobs, 1);
    assert!(
        (0.0..=100.0).contains(&metrics.cpu_pct) && (0.0..=100.0).contains(&metrics.mem_pct),
        "{metrics:?}"
    );
}

#[tokio::test]
async fn a_coordinator_that_falls_silent_is_left_for_a_new_connection() {
    let mut coordinator = Coordinator::open().await;
    coordinator.heartbeat_ms = 200;
    let mut worker = Player::start(config(coordinator.url(), vec![]));
    let silent = coordinator.welcome().await;
    let ended = worker.event("disconnected", |event| matches!(event, Event::Disconnected { .. })).await;
    assert!(ended.to_string().contains("heartbeats were not answered"), "{ended}");
    coordinator.welcome().await;
    drop(silent);
}

#[tokio::test]
async fn frames_that_make_no_sense_are_passed_over() {
    let coordinator = Coordinator::open().await;
    let mut worker = Player::start(config(coordinator.url(), vec![]));
    let mut peer = coordinator.welcome().await;
    let deep = format!(r#"{{"type":"job_done","x":{}}}"#, "[".repeat(10_000));
    let long = format!(r#"{{"type":"job_done","job_id":"{}"}}"#, "j".repeat(MAX_FRAME_BYTES));
    for nonsense in
        ["", "hello", "[]", "{}", r#"{"type":"job_paint"}"#, r#"{"type":"job_cancel"}"#, &deep, &long]
    {
        peer.say(nonsense).await;
        worker.event("ignored", |event| matches!(event, Event::Ignored { .. })).await;
    }
    for out_of_place in [
        r#"{"type":"challenge","nonce":"again"}"#,
        r#"{"type":"register_ack","status":"error","worker_id":""}"#,
    ] {
        peer.say(out_of_place).await;
        worker.event("ignored", |event| matches!(event, Event::Ignored { .. })).await;
    }
    let stranger = json!({"type": "job_done", "job_id": "x", "status": "refused", "reason": "who?"});
    peer.say(stranger.to_string()).await;
    peer.say(r#"{"type":"error","code":"PARSE_ERROR","message":"what?"}"#).await;
    let complaint = worker.event("a complaint", |event| matches!(event, Event::Complaint { .. })).await;
    assert_eq!(complaint, Event::Complaint { code: "PARSE_ERROR".into(), message: "what?".into() });

    let job = task("still-here", "classify", "What a wonderful day!");
    peer.assign(&job).await;
    peer.completion(&job).await;
}

#[tokio::test]
async fn a_job_that_cannot_be_read_is_given_back() {
    let coordinator = Coordinator::open().await;
    let _worker = Player::start(config(coordinator.url(), vec![]));
    let mut peer = coordinator.welcome().await;
    peer.say(json!({"type": "job_assign", "job_id": "half-a-job", "job_type": "TASK"}).to_string()).await;
    let reason = peer.rejection("half-a-job").await;
    assert!(reason.contains("job_assign: missing field"), "{reason}");
}

#[tokio::test]
async fn a_worker_without_work_says_what_it_waits_for() {
    let coordinator = Coordinator::open().await;
    let mut config = config(coordinator.url(), vec![Typist::new()]);
    config.idle_after = Duration::from_millis(100);
    let mut worker = Player::start(config);
    let _peer = coordinator.welcome().await;
    for at_least in [100, 200, 400] {
        let idle = worker.event("idle", |event| matches!(event, Event::Idle { .. })).await;
        let Event::Idle { idle_for, offered } = idle else { unreachable!() };
        assert!(idle_for >= Duration::from_millis(at_least), "{idle_for:?}");
        let words =
            "the models typist and the tasks summarize, classify, extract_json, on a computer, 2 at a time";
        assert_eq!(&*offered, words);
    }
}

#[tokio::test]
async fn a_draining_coordinator_gives_nothing_new_and_is_found_again() {
    let coordinator = Coordinator::open().await;
    let typist = Typist::new();
    let mut worker = Player::start(config(coordinator.url(), vec![typist.clone()]));
    let mut peer = coordinator.welcome().await;
    let job = crate::coordinator::prompt("running", "one");
    peer.assign(&job).await;
    typist.is_busy_with(1).await;
    peer.send(FromCoordinator::Drain).await;
    peer.assign(&task("new", "classify", "Good.")).await;
    assert_eq!(peer.rejection("new").await, "draining");
    typist.give_turns(1);
    let heard = peer.hear().await;
    assert!(matches!(heard, Some(docket_protocol::frames::FromWorker::JobChunk(_))), "{heard:?}");
    peer.completion(&job).await;
    peer.settle(&job, 1).await;
    worker.event("settled", |event| matches!(event, Event::JobSettled { .. })).await;
    drop(peer);

    let mut peer = coordinator.welcome().await;
    assert!(peer.register.resume.is_empty());
    let job = task("after", "classify", "Good.");
    peer.assign(&job).await;
    peer.completion(&job).await;
}
