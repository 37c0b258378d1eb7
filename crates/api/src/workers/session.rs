//! One worker's connection, from its first frame to its last.

mod parts;

use super::outbound::{frame, is_full_enough};
use super::receipts::{Receipts, Wanted};
use super::register::{Registered, register};
use super::shared::Shared;
use crate::app::App;
use crate::serve::Place;
use axum::extract::ws::{Message, WebSocket};
use docket_core::event::{Fault, Usage};
use docket_core::refusal::Refusal;
use docket_engine::{Arrival, Connection, EngineError, Piece, ToWorker};
use docket_protocol::frames::{
    ErrorFrame, FromCoordinator, FromWorker, JobComplete, ReceiptSubmit, clip, decode_from_worker, encode,
};
use docket_protocol::keys::PublicKey;
use docket_protocol::receipt::SignedDispatch;
use futures::SinkExt;
use parts::Gathered;
use std::collections::HashMap;
use std::future::pending;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep};
use tokio_util::task::TaskTracker;

/// How long a frame may take to be written before the worker counts as gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// So many faulty frames in a row end a connection.
const FAULTS: u32 = 16;
/// The reason with which a worker that shuts down gives its jobs back.
const DRAINING: &str = "draining";
/// How long a worker may wait to hear what he need not act upon: in that time there is often more to tell him.
const PATIENCE: Duration = Duration::from_millis(20);
/// So many halves of a delivery may wait for their other half.
const HALVES: usize = 512;

/// A socket that speaks in frames.
pub(super) struct Socket {
    socket: WebSocket,
    faults: u32,
}

/// What is wrong with a frame, for the worker.
struct Unreadable {
    code: &'static str,
    words: String,
}

impl Socket {
    /// Sends a frame; `None` if the connection has ended.
    pub(super) async fn send(&mut self, frame: &FromCoordinator) -> Option<()> {
        self.put(frame).await?;
        self.flush().await
    }

    /// Writes a frame, which may stay here until [`Self::flush`]; `None` if the connection has ended.
    async fn put(&mut self, frame: &FromCoordinator) -> Option<()> {
        let message = Message::Text(encode(frame).into());
        tokio::time::timeout(WRITE_WITHIN, self.socket.feed(message)).await.ok()?.ok()
    }

    /// Sends what was written; `None` if the connection has ended.
    async fn flush(&mut self) -> Option<()> {
        tokio::time::timeout(WRITE_WITHIN, self.socket.flush()).await.ok()?.ok()
    }

    /// Tells the worker what was wrong with a frame; `None` if the connection has ended, or should.
    pub(super) async fn complain(&mut self, code: &str, message: &str) -> Option<()> {
        self.faults += 1;
        let error = ErrorFrame { code: code.to_owned(), message: clip(message) };
        self.send(&FromCoordinator::Error(error)).await?;
        (self.faults < FAULTS).then_some(())
    }

    /// The next frame within a time; `None` if the connection has ended.
    pub(super) async fn receive(&mut self, within: Duration) -> Option<FromWorker> {
        let frame = async {
            loop {
                match self.hear().await? {
                    Ok(frame) => return Some(frame),
                    Err(fault) => self.complain(fault.code, &fault.words).await?,
                }
            }
        };
        tokio::time::timeout(within, frame).await.ok()?
    }

    /// The next frame, or what is wrong with it; `None` if the connection has ended. Can be dropped at any point
    /// without losing a frame.
    async fn hear(&mut self) -> Option<Result<FromWorker, Unreadable>> {
        let text = loop {
            match self.socket.recv().await?.ok()? {
                Message::Text(text) => break text,
                Message::Binary(_) => {
                    return Some(Err(Unreadable {
                        code: "PARSE_ERROR",
                        words: "frames are texts".to_owned(),
                    }));
                }
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Close(_) => return None,
            }
        };
        let frame = decode_from_worker(&text);
        if frame.is_ok() {
            self.faults = 0;
        }
        Some(frame.map_err(|error| Unreadable { code: error.code(), words: error.to_string() }))
    }
}

/// Serves one worker until it goes, and then gives back the connection's place.
///
/// Each idle worker keeps this future in memory, so nothing stands in it twice: what an `async fn` is given it
/// keeps beside what it makes of it.
pub(super) fn run(
    app: Arc<App>,
    socket: WebSocket,
    loopback: bool,
    place: Place,
) -> impl Future<Output = ()> + Send {
    let mut socket = Socket { socket, faults: 0 };
    let (outbound, mut inbox) = mpsc::unbounded_channel();
    async move {
        // Boxed, so that an idle connection does not keep room for what only its beginning needed.
        let registered = Box::pin(register(&app, &mut socket, loopback, outbound)).await;
        if let Some(registered) = registered {
            let mut session = Box::new(Session::new(app, registered));
            session.serve(&mut socket, &mut inbox).await;
            Box::pin(session.end()).await;
        }
        drop(place);
    }
}

struct Session {
    app: Arc<App>,
    registered: Registered,
    /// Deliveries that wait for their receipt, by job.
    completed: HashMap<String, Box<JobComplete>>,
    /// Receipts that came before their delivery, by job.
    receipts: HashMap<String, SignedDispatch>,
    /// A delivery that is larger than a frame, as far as it has come.
    gathered: Option<Box<Gathered>>,
    /// What the receipts of the jobs in the worker's hands have to be, by job.
    wanted: HashMap<Arc<str>, Arc<Wanted>>,
    /// Signatures that stand under several receipts.
    shared: Arc<Shared>,
    /// What was said and is being judged.
    tasks: TaskTracker,
    /// When to send what was written and can wait, if there is any. Boxed, as most workers only wait.
    sends: Option<Pin<Box<Sleep>>>,
}

impl Session {
    fn new(app: Arc<App>, registered: Registered) -> Self {
        Self {
            app,
            registered,
            completed: HashMap::new(),
            receipts: HashMap::new(),
            gathered: None,
            wanted: HashMap::new(),
            shared: Arc::default(),
            tasks: TaskTracker::new(),
            sends: None,
        }
    }

    const fn connection(&self) -> Connection {
        self.registered.welcome.connection
    }

    async fn serve(&mut self, socket: &mut Socket, inbox: &mut mpsc::UnboundedReceiver<Box<ToWorker>>) {
        let (key, ours) = (&self.registered.key, self.registered.ours);
        tracing::info!(worker = %key, ours, "a worker has connected");
        loop {
            let alive = tokio::select! {
                message = inbox.recv() => Box::pin(self.tell_all(socket, message, inbox)).await,
                heard = socket.hear() => match heard {
                    None => None,
                    Some(Ok(frame)) => Box::pin(self.hear(socket, frame)).await,
                    Some(Err(fault)) => Box::pin(socket.complain(fault.code, &fault.words)).await,
                },
                () = due(&mut self.sends) => {
                    self.sends = None;
                    socket.flush().await
                }
            };
            if alive.is_none() {
                break;
            }
        }
        tracing::info!(worker = %self.registered.key, "a worker's connection has ended");
    }

    /// What the worker said before it went still counts: its work may be in there.
    async fn end(self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.app.engine.disconnect(self.connection());
    }

    /// Tells the worker all that is there to be told, in one go; and in a moment, if none of it asks him for anything.
    async fn tell_all(
        &mut self,
        socket: &mut Socket,
        first: Option<Box<ToWorker>>,
        inbox: &mut mpsc::UnboundedReceiver<Box<ToWorker>>,
    ) -> Option<()> {
        let (mut next, mut can_wait) = (Some(first?), true);
        while let Some(message) = next {
            if matches!(*message, ToWorker::Close) {
                socket.flush().await?;
                return None;
            }
            can_wait &= matches!(*message, ToWorker::Done { .. });
            self.tell(socket, *message).await?;
            next = inbox.try_recv().ok();
        }
        if can_wait {
            self.sends.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
            return Some(());
        }
        self.sends = None;
        socket.flush().await
    }

    async fn tell(&mut self, socket: &mut Socket, message: ToWorker) -> Option<()> {
        match &message {
            ToWorker::Assign(assignment) => {
                let job = &assignment.job;
                let terms = self.app.engine.terms(job, &assignment.payload);
                let wanted = Wanted { terms, full_only: is_full_enough(job) };
                self.wanted.insert(job.public_id.text.clone(), Arc::new(wanted));
            }
            ToWorker::Cancel { job, .. } | ToWorker::Done { job, .. } => {
                self.wanted.remove(job);
                self.completed.remove(&**job);
                self.receipts.remove(&**job);
                self.gathered.take_if(|gathered| gathered.is_of(job));
            }
            ToWorker::Drain | ToWorker::Close => {}
        }
        match frame(&self.app, message, self.registered.ours) {
            Some(frame) => socket.put(&frame).await,
            None => Some(()),
        }
    }

    async fn hear(&mut self, socket: &mut Socket, frame: FromWorker) -> Option<()> {
        if !self.app.engine.heartbeat(self.connection()) {
            return None; // The worker has a newer connection.
        }
        match frame {
            FromWorker::Heartbeat(heartbeat) => {
                if !heartbeat.provider_pubkey.eq_ignore_ascii_case(&self.registered.key.to_hex()) {
                    return socket.complain("INVALID_MSG", "a heartbeat for another key").await;
                }
                return socket.send(&FromCoordinator::HeartbeatAck).await;
            }
            FromWorker::JobComplete(complete) => self.take_completion(complete),
            FromWorker::JobPart(part) => self.take_part(part),
            FromWorker::ReceiptSubmit(submit) => self.take_receipt(*submit),
            FromWorker::JobAccept(accept) => {
                let (app, connection) = (self.app.clone(), self.connection());
                self.tasks.spawn(async move {
                    report(app.engine.accept(connection, &accept.job_id).await, &accept.job_id);
                });
            }
            FromWorker::JobReject(reject) => {
                let fault = if reject.reason == DRAINING { Fault::HandedBack } else { Fault::Declined };
                self.hand_back(reject.job_id, fault);
            }
            FromWorker::JobFail(fail) => self.hand_back(fail.job_id, Fault::WorkerError),
            FromWorker::JobChunk(chunk) => {
                let piece = Piece {
                    attempt: chunk.attempt.into(),
                    number: chunk.seq,
                    text: &chunk.text,
                    delta: chunk.delta.as_ref().map(|delta| delta.get()),
                    running_hash: chunk.running_hash,
                    tokens: chunk.tokens,
                };
                let connection = self.connection();
                report(self.app.engine.relay(connection, &chunk.job_id, piece).await, &chunk.job_id);
            }
            FromWorker::Drain => self.app.engine.drain_worker(self.connection()),
            FromWorker::Register(_) | FromWorker::ChallengeResponse(_) => {
                return socket.complain("UNKNOWN_MSG", "this connection is registered already").await;
            }
        }
        Some(())
    }

    fn hand_back(&self, job: String, reason: Fault) {
        let (app, connection) = (self.app.clone(), self.connection());
        self.tasks.spawn(async move {
            report(app.engine.hand_back(connection, &job, reason).await, &job);
        });
    }

    /// A receipt may come with its delivery, before it, or after it.
    fn take_completion(&mut self, mut complete: Box<JobComplete>) {
        let receipt = match (complete.receipt.take(), complete.receipt_signature.take()) {
            (Some(receipt), Some(signature)) => Some(SignedDispatch { receipt, signature }),
            _ => self.receipts.remove(&complete.job_id),
        };
        if is_error(&complete) {
            return self.hand_back(complete.job_id, Fault::WorkerError);
        }
        match receipt {
            Some(receipt) => self.deliver(complete, Some(receipt)),
            None if self.has_enough(&complete) => self.deliver(complete, None),
            // Without its other half it waits until the job's deadline.
            None if self.completed.len() < HALVES => {
                self.completed.insert(complete.job_id.clone(), complete);
            }
            None => {}
        }
    }

    /// Whether the full receipt of a completion is there, and enough.
    fn has_enough(&self, complete: &JobComplete) -> bool {
        complete.full_receipt.is_some()
            && self.wanted.get(&*complete.job_id).is_some_and(|wanted| wanted.full_only)
    }

    fn take_receipt(&mut self, submit: ReceiptSubmit) {
        let signed = SignedDispatch { receipt: submit.receipt, signature: submit.signature };
        match self.completed.remove(&signed.receipt.job_id) {
            Some(complete) => self.deliver(complete, Some(signed)),
            None if self.receipts.len() < HALVES => {
                self.receipts.insert(signed.receipt.job_id.clone(), signed);
            }
            None => {}
        }
    }

    /// Checks signatures and settles, beside whatever else the connection does.
    fn deliver(&self, complete: Box<JobComplete>, dispatch: Option<SignedDispatch>) {
        let Some(wanted) = self.wanted.get(&*complete.job_id).cloned() else {
            return report::<()>(Err(Refusal::StaleAttempt.into()), &complete.job_id);
        };
        let (app, connection, key) = (self.app.clone(), self.connection(), self.registered.key);
        let shared = self.shared.clone();
        self.tasks.spawn(async move {
            let job = complete.job_id.clone();
            report(deliver(&app, connection, &key, &shared, &wanted, *complete, dispatch).await, &job);
        });
    }
}

/// Ends when it is time; never, if there is none.
async fn due(time: &mut Option<Pin<Box<Sleep>>>) {
    match time {
        Some(time) => time.as_mut().await,
        None => pending().await,
    }
}

async fn deliver(
    app: &App,
    connection: Connection,
    key: &PublicKey,
    shared: &Shared,
    wanted: &Wanted,
    complete: JobComplete,
    dispatch: Option<SignedDispatch>,
) -> Result<(), EngineError> {
    let usage = usage(&complete);
    let receipts = Receipts {
        dispatch,
        full: complete.full_receipt.map(|full| *full),
        signature: complete.full_signature,
        batch: complete.full_batch,
        completion: None,
    };
    let Some(proof) = receipts.proof(key, wanted, &app.signatures, shared).await else {
        app.engine.hand_back(connection, &complete.job_id, Fault::BadReceipt).await?;
        return Err(Refusal::ReceiptMissing.into());
    };
    let output: Arc<[u8]> = complete.output.get().as_bytes().into();
    let arrival = Arrival { job: complete.job_id.into(), output, usage, proof };
    app.engine.deliver(connection, arrival).await?;
    Ok(())
}

/// What is billed: the worker's count, but no more than one token for each byte that arrived.
fn usage(complete: &JobComplete) -> Usage {
    let relayed = complete.output.get().len() as u64;
    let counted = complete.usage.as_ref();
    Usage {
        input: counted.map_or(0, |usage| u64::from(usage.prompt_tokens)),
        output: counted.map_or(0, |usage| u64::from(usage.completion_tokens).min(relayed)),
    }
}

/// One of Dispatch's workers reports a failure as an output of the form `{"error": …}`. That is no result.
fn is_error(complete: &JobComplete) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Failure {
        #[serde(rename = "error")]
        _error: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Failure>(complete.output.get()).is_ok()
}

fn report<T>(result: Result<T, EngineError>, job: &str) {
    if let Err(error) = result {
        tracing::info!(%job, %error, "a worker's message about a job was refused");
    }
}
