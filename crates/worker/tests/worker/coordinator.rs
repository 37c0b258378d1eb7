//! The coordinator's side of the socket, played by a test step by step.

use docket_protocol::attempt::AttemptRef;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{
    AckStatus, Challenge, DoneStatus, FromCoordinator, FromWorker, JobAssign, JobComplete, JobDone, JobType,
    PrivacyClass, Register, RegisterAck, Terms, decode_from_worker, encode,
};
use docket_protocol::keys::PublicKey;
use docket_protocol::receipt::SignedDispatch;
use futures::{SinkExt, StreamExt};
use serde_json::json;
use serde_json::value::to_raw_value;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// Generous, because tests run unoptimized beside other work.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Long enough for something that must not come.
pub(crate) const A_WHILE: Duration = Duration::from_millis(300);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(result) = tokio::time::timeout(SOON, future).await else { panic!("waited too long for {what}") };
    result
}

pub(crate) struct Coordinator {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
    pub(crate) heartbeat_ms: u32,
}

impl Coordinator {
    pub(crate) async fn open() -> Self {
        Self::open_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub(crate) async fn open_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address, heartbeat_ms: 10_000 }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Waits for a connection and its first frame.
    pub(crate) async fn visitor(&self) -> Visitor {
        let (tcp, _) = soon("a connection", self.listener.accept()).await.unwrap();
        let mut socket = accept_async(tcp).await.unwrap();
        let FromWorker::Register(register) = read(&mut socket).await.unwrap() else {
            panic!("the first frame is no registration")
        };
        let key = PublicKey::from_hex(&register.provider_pubkey).unwrap();
        Visitor { socket, register: *register, key, heartbeat_ms: self.heartbeat_ms }
    }

    /// Lets the next worker in, with all the jobs that it still has.
    pub(crate) async fn welcome(&self) -> Peer {
        let visitor = self.visitor().await;
        let resumed = visitor.register.resume.iter().map(|resume| resume.job_id.clone()).collect();
        visitor.welcome(resumed).await
    }
}

/// A worker that has said who it is.
pub(crate) struct Visitor {
    socket: WebSocketStream<TcpStream>,
    pub(crate) register: Register,
    pub(crate) key: PublicKey,
    heartbeat_ms: u32,
}

impl Visitor {
    /// Has the key proven and lets the worker in.
    pub(crate) async fn welcome(mut self, resumed: Vec<String>) -> Peer {
        self.prove().await;
        let ack = RegisterAck {
            status: AckStatus::Ok,
            worker_id: self.key.to_hex(),
            error: None,
            session: Some("1-1".into()),
            heartbeat_ms: Some(self.heartbeat_ms),
            resumed,
        };
        let mut peer = Peer { socket: self.socket, register: self.register, key: self.key };
        peer.send(FromCoordinator::RegisterAck(Box::new(ack))).await;
        peer
    }

    async fn prove(&mut self) {
        assert!(self.register.prove);
        let challenge = FromCoordinator::Challenge(Challenge { nonce: "n-0123".into() });
        self.socket.send(Message::text(encode(&challenge))).await.unwrap();
        let answer = read(&mut self.socket).await;
        let Some(FromWorker::ChallengeResponse(answer)) = answer else { panic!("{answer:?}") };
        assert!(self.key.verify_registration("n-0123", &answer.signature));
        assert!(!self.key.verify_registration("n-0124", &answer.signature));
    }

    pub(crate) async fn refuse(mut self, code: &str) {
        let ack = json!({"type": "register_ack", "status": "error", "worker_id": "", "error": code});
        self.socket.send(Message::text(ack.to_string())).await.unwrap();
    }
}

/// A worker that was let in. Dropping it cuts the connection without a word.
pub(crate) struct Peer {
    socket: WebSocketStream<TcpStream>,
    pub(crate) register: Register,
    pub(crate) key: PublicKey,
}

impl Peer {
    pub(crate) async fn send(&mut self, frame: FromCoordinator) {
        self.say(encode(&frame)).await;
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn assign(&mut self, assign: &JobAssign) {
        self.send(FromCoordinator::JobAssign(Box::new(assign.clone()))).await;
    }

    pub(crate) async fn settle(&mut self, assign: &JobAssign, log_index: u64) {
        let done = JobDone {
            job_id: assign.job_id.clone(),
            attempt: Some(assign.attempt),
            status: DoneStatus::Settled,
            reason: None,
            log_index: Some(log_index),
        };
        self.send(FromCoordinator::JobDone(done)).await;
    }

    /// The next frame that is no sign of life; `None` once the worker has closed the connection.
    pub(crate) async fn hear(&mut self) -> Option<FromWorker> {
        // As a whole, because signs of life alone are no reason to go on waiting.
        soon("a frame about jobs", async {
            loop {
                match read(&mut self.socket).await {
                    Some(FromWorker::Heartbeat(heartbeat)) => {
                        assert_eq!(heartbeat.provider_pubkey, self.key.to_hex());
                        self.send(FromCoordinator::HeartbeatAck).await;
                    }
                    other => return other,
                }
            }
        })
        .await
    }

    /// The next sign of life; anything else is not expected.
    pub(crate) async fn heartbeat(&mut self) -> docket_protocol::frames::Metrics {
        let heard = read(&mut self.socket).await;
        let Some(FromWorker::Heartbeat(heartbeat)) = heard else { panic!("{heard:?}") };
        heartbeat.metrics.unwrap()
    }

    /// The completion of a job, with everything that it proves checked.
    pub(crate) async fn completion(&mut self, assign: &JobAssign) -> JobComplete {
        let heard = self.hear().await;
        let Some(FromWorker::JobComplete(complete)) = heard else { panic!("no completion but {heard:?}") };
        check(&self.key, assign, &complete);
        *complete
    }

    pub(crate) async fn rejection(&mut self, job_id: &str) -> String {
        let heard = self.hear().await;
        let Some(FromWorker::JobReject(reject)) = heard else { panic!("no rejection but {heard:?}") };
        assert_eq!(reject.job_id, job_id);
        reject.reason
    }

    pub(crate) async fn failure(&mut self, assign: &JobAssign) -> String {
        let heard = self.hear().await;
        let Some(FromWorker::JobFail(fail)) = heard else { panic!("no failure but {heard:?}") };
        assert_eq!((fail.job_id.as_str(), fail.attempt), (assign.job_id.as_str(), Some(assign.attempt)));
        fail.error
    }

    /// Whether the worker says nothing about jobs for a while.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(A_WHILE, self.hear()).await.is_err()
    }
}

async fn read(socket: &mut WebSocketStream<TcpStream>) -> Option<FromWorker> {
    match soon("a frame", socket.next()).await {
        Some(Ok(Message::Text(text))) => Some(decode_from_worker(&text).unwrap()),
        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        Some(Ok(other)) => panic!("{other:?}"),
    }
}

/// Everything that a coordinator checks, and that `verify` checks afterwards.
fn check(key: &PublicKey, assign: &JobAssign, complete: &JobComplete) {
    assert_eq!((complete.job_id.as_str(), complete.attempt), (assign.job_id.as_str(), Some(assign.attempt)));
    assert_eq!(complete.output_hash, complete.received_hash());
    let full = complete.full_receipt.as_ref().unwrap();
    assert!(full.is_signed_by(key, &complete.full_signature.unwrap(), complete.full_batch.as_ref()));
    let receipt = complete.receipt.clone().unwrap();
    let dispatch = SignedDispatch { receipt, signature: complete.receipt_signature.unwrap() };
    assert!(dispatch.is_signed_by(key));
    assert_eq!(dispatch.receipt.job_id, assign.job_id);
    assert_eq!(dispatch.receipt.output(), Some(complete.output_hash));
    assert_eq!(full.dispatch.as_ref(), Some(&dispatch));
    assert_eq!(assign.terms.departed_from(full), None);
    assert_eq!((&full.job_id, full.attempt), (&assign.job_id, assign.attempt));
    assert_eq!((full.output_hash, &full.worker), (complete.output_hash, &key.to_hex()));
    assert!(full.assigned_at_ms <= full.completed_at_ms);
}

pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// A job for a built-in task.
pub(crate) fn task(job_id: &str, task_type: &str, input: &str) -> JobAssign {
    let payload = json!({"job_type": "TASK", "task_type": task_type, "input": input});
    assignment(job_id, JobType::Task, &payload)
}

/// A job for a language model.
pub(crate) fn prompt(job_id: &str, prompt: &str) -> JobAssign {
    let payload = json!({"job_type": "LLM_INFER", "prompt": prompt});
    assignment(job_id, JobType::LlmInfer, &payload)
}

pub(crate) fn assignment(job_id: &str, job_type: JobType, payload: &serde_json::Value) -> JobAssign {
    let payload = to_raw_value(payload).unwrap();
    JobAssign {
        job_id: job_id.into(),
        job_type,
        policy: "FAST".into(),
        privacy_class: PrivacyClass::Public,
        user_id: "alice".into(),
        attempt: AttemptRef { epoch: 1, number: 1 },
        deadline_ms: now_ms() + 60_000,
        sent_at_ms: now_ms(),
        terms: Terms {
            network: "ledger:test".into(),
            client: "alice".into(),
            price: 10_000,
            hold: 12_000,
            asset: "USDC".into(),
            request_hash: Digest::of(payload.get().as_bytes()),
            model: None,
        },
        payload,
        whole: false,
        full_receipt_only: false,
    }
}

/// The same job after the coordinator has started again.
pub(crate) fn under(assign: &JobAssign, epoch: u32) -> JobAssign {
    JobAssign { attempt: AttemptRef { epoch, number: 1 }, ..assign.clone() }
}
