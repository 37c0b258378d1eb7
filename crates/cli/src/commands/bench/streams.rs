//! What open streams cost: memory each, whether it grows while they last, and whether a client who does not read holds up
//! the others.

use super::chat::client::ages;
use super::chat::market::account;
use super::chat::upstream::micros;
use super::child::Coordinator;
use super::figures::mib;
use super::fleet::{Socket, hear, put, register};
use super::http::request_with;
use super::run::data;
use super::usage;
use anyhow::{Context, Result, bail, ensure};
use docket_protocol::digest::RunningHash;
use docket_protocol::frames::{FromCoordinator, FromWorker, JobAssign, JobChunk, JobType, OfferedModel};
use futures::SinkExt;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Says a word a second.
const STEADY: &str = "steady";
/// Says a kilobyte fifty times a second.
const HOSE: &str = "hose";
const HOSE_GAP: Duration = Duration::from_millis(20);
/// How many jobs a worker is given at a time, as long as it is new.
const EACH: usize = 8;
/// How many streams are opened at a time.
const AT_A_TIME: usize = 64;

/// Opens streams, each of which says a word a second, and watches.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many streams.
    #[arg(long, default_value_t = 10_000)]
    streams: usize,
    /// For how many seconds they are watched, once without and once with a client who does not read.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The folder for the store.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    streams: usize,
    /// Bytes of resident memory that each stream adds, its job included.
    bytes_per_stream: u64,
    resident_mib: f64,
    /// How much more it was at the end, in MiB.
    grown_mib: f64,
    words_per_s: f64,
    /// Processor time of the coordinator for each word, microseconds.
    cpu_us: f64,
    /// How old words are on arrival, microseconds: median, all but one in a hundred, the oldest.
    age_us: [u64; 3],
    /// The same while one client does not read what a fast worker says to it.
    age_beside_us: [u64; 3],
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> Result<()> {
    ensure!((1..=14_000).contains(&args.streams), "1 to 14000 streams");
    usage::allow_files(args.streams as u64 + 2_048)?;
    let folder = data(&args.folder)?;
    let place = folder.path().join("data");
    let coordinator = Coordinator::start(&place)?;
    let address = coordinator.address;
    let key = account(&place, address)?;
    let mut tasks = JoinSet::new();
    for _ in 0..args.streams.div_ceil(EACH) {
        tasks.spawn(speak(connect(address, STEADY).await?, Duration::from_secs(1), 1));
    }
    tasks.spawn(speak(connect(address, HOSE).await?, HOSE_GAP, 1_000));
    let before = coordinator.usage()?;
    let mut opened = Vec::with_capacity(args.streams);
    while opened.len() < args.streams {
        let batch = AT_A_TIME.min(args.streams - opened.len());
        let opening = (0..batch).map(|_| open(address, &key, STEADY));
        opened.extend(futures::future::try_join_all(opening).await?);
    }
    let (over, watched) = watch::channel(Vec::<u64>::new());
    let heard: Vec<_> =
        opened.into_iter().map(|stream| tokio::spawn(listen(stream, watched.clone()))).collect();
    // Whoever was opened first has waited for the last.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (from, since, open_usage) = (micros(), Instant::now(), coordinator.usage()?);
    watch_for(args.seconds, &mut tasks).await?;
    let (to, quiet, quiet_usage) = (micros(), since.elapsed(), coordinator.usage()?);
    let _silent = open(address, &key, HOSE).await?;
    watch_for(args.seconds, &mut tasks).await?;
    let (end, last) = (micros(), coordinator.usage()?);
    over.send_replace(vec![from, to, end]);
    let [mut alone, mut beside] = [Vec::new(), Vec::new()];
    for stream in heard {
        for (said, age) in stream.await?? {
            match said {
                said if (from..to).contains(&said) => alone.push(age),
                said if (to..end).contains(&said) => beside.push(age),
                _ => {}
            }
        }
    }
    let words = alone.len();
    let report = Report {
        streams: args.streams,
        bytes_per_stream: open_usage.resident.saturating_sub(before.resident) / args.streams as u64,
        resident_mib: mib(last.resident),
        grown_mib: mib(last.resident) - mib(open_usage.resident),
        words_per_s: words as f64 / quiet.as_secs_f64(),
        cpu_us: (quiet_usage.cpu - open_usage.cpu).as_secs_f64() * 1e6 / words.max(1) as f64,
        age_us: spread(alone),
        age_beside_us: spread(beside),
    };
    coordinator.kill()?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    let Report { streams, bytes_per_stream, resident_mib, grown_mib, words_per_s, cpu_us, .. } = report;
    println!("{streams} open streams: {bytes_per_stream} bytes each, {resident_mib:.0} MiB in all");
    println!("grown by {grown_mib:+.1} MiB while they lasted");
    println!("{words_per_s:.0} words a second, {cpu_us:.0} us of processor time each");
    for (words, [p50, p99, most]) in [
        ("age of a word on arrival", report.age_us),
        ("while one client does not read", report.age_beside_us),
    ] {
        println!("{words}: {p50} / {p99} us, the oldest {most} us");
    }
    Ok(())
}

async fn watch_for(seconds: u64, workers: &mut JoinSet<Result<()>>) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(seconds)) => Ok(()),
        Some(ended) = workers.join_next() => bail!("a worker has ended: {ended:?}"),
    }
}

/// The median, all but one in a hundred, and the greatest.
fn spread(mut values: Vec<u64>) -> [u64; 3] {
    values.sort_unstable();
    let last = values.len().saturating_sub(1);
    [last / 2, last * 99 / 100, last].map(|place| values.get(place).copied().unwrap_or_default())
}

async fn connect(address: SocketAddr, model: &str) -> Result<Socket> {
    let concurrency = u16::try_from(EACH)?;
    let offered = OfferedModel {
        name: model.to_owned(),
        weights_hash: None,
        context: None,
        parameters: None,
        features: Default::default(),
    };
    Ok(register(address, concurrency, JobType::LlmInfer, vec![offered]).await?.1)
}

/// A job that is being answered.
struct Speech {
    assign: Box<JobAssign>,
    hash: RunningHash,
    seq: u32,
}

/// Works: each job gets a word at every tick, and never ends.
async fn speak(mut socket: Socket, every: Duration, length: usize) -> Result<()> {
    let mut speeches: Vec<Speech> = Vec::new();
    let mut tick = tokio::time::interval(every);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                for speech in &mut speeches {
                    put(&mut socket, &speech.next(length)).await?;
                }
                socket.flush().await?;
            }
            frame = hear(&mut socket) => match frame? {
                FromCoordinator::JobAssign(assign) => {
                    let mut speech = Speech { assign, hash: RunningHash::default(), seq: 0 };
                    put(&mut socket, &speech.next(length)).await?;
                    socket.flush().await?;
                    speeches.push(speech);
                }
                FromCoordinator::JobCancel(cancel) => {
                    speeches.retain(|speech| *speech.assign.job_id != *cancel.job_id);
                }
                _ => {}
            },
        }
    }
}

impl Speech {
    fn next(&mut self, length: usize) -> FromWorker {
        let text = format!("@{}@{}", micros(), " ".repeat(length));
        let seq = self.seq;
        self.seq += 1;
        FromWorker::JobChunk(JobChunk {
            job_id: self.assign.job_id.clone(),
            attempt: self.assign.attempt,
            seq,
            running_hash: self.hash.push(&text),
            text,
            delta: None,
            tokens: Some(self.seq),
        })
    }
}

/// Asks for a stream, and waits for its first word.
async fn open(address: SocketAddr, key: &str, model: &str) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if model == HOSE {
        socket.set_recv_buffer_size(4 * 1024)?;
    }
    let mut stream = socket.connect(address).await.context("a client could not connect")?;
    stream.set_nodelay(true)?;
    let body = serde_json::json!({
        "model": model, "stream": true, "max_tokens": 10_000, "messages": [{"role": "user", "content": "Go on"}],
    });
    let header = format!("authorization: Bearer {key}");
    stream.write_all(&request_with("POST", "/v1/chat/completions", &header, &body.to_string())).await?;
    let mut buffer = Vec::with_capacity(1024);
    while !buffer.contains(&b'@') {
        ensure!(stream.read_buf(&mut buffer).await? > 0, "a stream was cut off");
        if buffer.starts_with(b"HTTP/1.1 ") && !buffer.starts_with(b"HTTP/1.1 200") {
            bail!("{}", String::from_utf8_lossy(&buffer));
        }
    }
    Ok(stream)
}

/// Reads words until it is over: when each was said, and how old it was.
async fn listen(mut stream: TcpStream, mut over: watch::Receiver<Vec<u64>>) -> Result<Vec<(u64, u64)>> {
    let mut heard = Vec::new();
    let mut buffer = Vec::with_capacity(1024);
    loop {
        tokio::select! {
            read = stream.read_buf(&mut buffer) => {
                ensure!(read? > 0, "a stream was cut off");
                let mut found = Vec::new();
                let end = ages(&buffer, &mut found);
                buffer.drain(..end);
                let now = micros();
                heard.extend(found.into_iter().map(|age| (now - age, age)));
            }
            _ = over.changed() => return Ok(heard),
        }
    }
}
