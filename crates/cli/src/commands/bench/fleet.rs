//! Workers for a measured run: real sockets and proven keys, an answer that costs nothing to make.

use super::work::Kind;
use crate::data::random;
use anyhow::{Context, Result, bail};
use docket_protocol::frames::{
    AckStatus, ChallengeResponse, FromCoordinator, FromWorker, Heartbeat, JobAssign, JobType,
    MAX_FRAME_BYTES, Offer, OfferedModel, ProviderType, Register, decode_from_coordinator, encode,
};
use docket_protocol::keys::{PublicKey, SigningKey};
use futures::stream::{self, StreamExt, TryStreamExt};
use futures::{FutureExt, SinkExt, Stream};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How many connect at a time.
const AT_A_TIME: usize = 64;
const BUFFER: usize = 4 * 1024;

pub(super) type Socket = WebSocketStream<TcpStream>;

/// Connected workers. They work until this is dropped.
pub(super) struct Fleet {
    /// The keys that may sign receipts.
    pub(super) keys: Vec<PublicKey>,
    tasks: JoinSet<Result<()>>,
}

impl Fleet {
    /// Connects so many workers, each taking so many jobs at a time.
    pub(super) async fn connect(
        address: SocketAddr,
        workers: usize,
        concurrency: u16,
        kind: Kind,
    ) -> Result<Self> {
        let mut fleet = Self { keys: Vec::with_capacity(workers), tasks: JoinSet::new() };
        let mut connecting = connections(address, workers, concurrency, kind);
        while let Some((key, socket)) = connecting.try_next().await? {
            fleet.keys.push(key.public_key());
            fleet.tasks.spawn(work(socket, key, kind));
        }
        Ok(fleet)
    }

    /// Resolves only if a worker has ended, which none should.
    pub(super) async fn broken(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error.context("a worker has ended"),
            _ => anyhow::anyhow!("a worker has ended"),
        }
    }
}

/// A worker that does nothing but show life.
pub(super) struct Beating {
    socket: Socket,
    heartbeat: FromWorker,
}

impl Beating {
    /// Connects one.
    pub(super) async fn connect(address: SocketAddr) -> Result<Self> {
        let (key, socket) = register(address, 1, JobType::Task, Vec::new()).await?;
        Ok(Self { socket, heartbeat: heartbeat(&key) })
    }

    /// Sends a heartbeat and waits for its answer.
    pub(super) async fn beat(&mut self) -> Result<()> {
        say(&mut self.socket, &self.heartbeat).await?;
        match hear(&mut self.socket).await? {
            FromCoordinator::HeartbeatAck => Ok(()),
            other => bail!("an unexpected frame: {}", encode(&other)),
        }
    }
}

fn heartbeat(key: &SigningKey) -> FromWorker {
    FromWorker::Heartbeat(Heartbeat { provider_pubkey: key.public_key().to_hex(), metrics: None })
}

fn connections(
    address: SocketAddr,
    workers: usize,
    concurrency: u16,
    kind: Kind,
) -> impl Stream<Item = Result<(SigningKey, Socket)>> + Unpin {
    let connect = move |_| async move { register(address, concurrency, kind.job_type(), Vec::new()).await };
    Box::pin(stream::iter(0..workers).map(connect).buffer_unordered(AT_A_TIME))
}

/// Connects a worker, and proves its key.
pub(super) async fn register(
    address: SocketAddr,
    concurrency: u16,
    work: JobType,
    models: Vec<OfferedModel>,
) -> Result<(SigningKey, Socket)> {
    let key = SigningKey::from_seed(&random()?);
    let stream = TcpStream::connect(address).await.context("a worker could not connect")?;
    stream.set_nodelay(true)?;
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(MAX_FRAME_BYTES));
    let url = format!("ws://{address}/v1/worker");
    let (mut socket, _) = client_async_with_config(url, stream, Some(limits)).await?;
    say(&mut socket, &introduction(&key, concurrency, work, models)).await?;
    loop {
        match hear(&mut socket).await? {
            FromCoordinator::Challenge(challenge) => {
                let signature = key.sign_registration(&challenge.nonce);
                say(&mut socket, &FromWorker::ChallengeResponse(ChallengeResponse { signature })).await?;
            }
            FromCoordinator::RegisterAck(ack) if ack.status == AckStatus::Ok => return Ok((key, socket)),
            FromCoordinator::RegisterAck(ack) => {
                bail!("a worker was refused: {}", ack.error.unwrap_or_default())
            }
            _ => {}
        }
    }
}

fn introduction(key: &SigningKey, concurrency: u16, work: JobType, models: Vec<OfferedModel>) -> FromWorker {
    FromWorker::Register(Box::new(Register {
        provider_pubkey: key.public_key().to_hex(),
        provider_type: ProviderType::Desktop,
        capabilities: vec![work],
        pricing_hint: None,
        prove: true,
        offer: Some(Offer {
            models,
            concurrency,
            gpu_tier: None,
            region: None,
            price_floor: None,
            accept: false,
        }),
        node: None,
        resume: Vec::new(),
        agent: Some("docket-bench".to_owned()),
    }))
}

async fn work(mut socket: Socket, key: SigningKey, kind: Kind) -> Result<()> {
    let heartbeat = heartbeat(&key);
    let every = Duration::from_millis(docket_engine::HEARTBEAT.0.unsigned_abs());
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    loop {
        tokio::select! {
            _ = beat.tick() => put(&mut socket, &heartbeat).await?,
            frame = hear(&mut socket) => {
                let mut assigned = Vec::new();
                assigned.extend(job(frame?)?);
                // What came together is answered together.
                while let Some(frame) = hear(&mut socket).now_or_never() {
                    assigned.extend(job(frame?)?);
                }
                for complete in super::work::complete(&key, &assigned, kind)? {
                    put(&mut socket, &FromWorker::JobComplete(Box::new(complete))).await?;
                }
            }
        }
        socket.flush().await?;
    }
}

/// The job that a frame gives, if it gives one.
fn job(frame: FromCoordinator) -> Result<Option<JobAssign>> {
    match frame {
        FromCoordinator::JobAssign(assign) => Ok(Some(*assign)),
        FromCoordinator::Error(error) => bail!("{}: {}", error.code, error.message),
        FromCoordinator::JobCancel(cancel) => bail!("a job was taken back: {}", cancel.reason),
        FromCoordinator::JobDone(_) | FromCoordinator::HeartbeatAck => Ok(None),
        other => bail!("an unexpected frame: {}", encode(&other)),
    }
}

async fn say(socket: &mut Socket, frame: &FromWorker) -> Result<()> {
    Ok(socket.send(Message::text(encode(frame))).await?)
}

/// Writes a frame, which may stay here until the next flush.
pub(super) async fn put(socket: &mut Socket, frame: &FromWorker) -> Result<()> {
    Ok(socket.feed(Message::text(encode(frame))).await?)
}

/// The next frame. Can be dropped at any point without losing one.
pub(super) async fn hear(socket: &mut Socket) -> Result<FromCoordinator> {
    loop {
        match socket.next().await.context("the coordinator closed a worker's connection")?? {
            Message::Text(text) => return Ok(decode_from_coordinator(&text)?),
            Message::Close(_) => bail!("the coordinator closed a worker's connection"),
            _ => {}
        }
    }
}
