//! Advice at a steady rate with many nodes, all of whom show life meanwhile.

use super::child::Coordinator;
use super::http::{Client, request};
use super::load::micros;
use super::run::data;
use super::usage::Usage;
use anyhow::{Context, Result, ensure};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::enrolment::Offer;
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, WorkerId};
use docket_core::routing::StakeTier;
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{ChallengeTerms, Config, Enclaves, Engine, HireTerms, StakeTerms};
use docket_protocol::wallet::{Heartbeat, WalletKey};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::future::try_join_all;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep_until;

/// How many nodes are enrolled, and first heard, at a time.
const LANES: u64 = 128;
/// How many connections ask, and how many show life.
const ASKERS: u64 = 16;
const BEATERS: u64 = 8;
/// The models that are asked for, of each class one.
const MODELS: [&str; 3] = ["llama-3.1-8b-compressed", "qwen2.5-14b-compressed", "llama-3.1-70b-compressed"];

/// Enrols nodes, lets all of them show life once a minute, and asks for advice at a steady rate over HTTP.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many nodes there are.
    #[arg(long, default_value_t = 100_000)]
    nodes: u64,
    /// How many requests for advice a second.
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,
    /// For how many seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The folder for the store.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Print one line of JSON at the end, and no progress.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    nodes: u64,
    /// From the start until it answers, in milliseconds.
    start_ms: f64,
    /// First heartbeats, and those during the measurement.
    first_beats_per_s: f64,
    beats_per_s: f64,
    asks_per_s: f64,
    /// From when a request was due: half of all, and all but one in a hundred.
    ask_us: [f64; 2],
    /// The same without heartbeats beside.
    alone_us: [f64; 2],
    /// Processor time of the coordinator over the measurement, as a share of one core.
    cores: f64,
    memory_mb: f64,
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = data(&args.folder)?;
    let place = folder.path().join("nodes");
    std::fs::create_dir_all(&place)?;
    enrol(&place, &args).await?;
    let coordinator = Coordinator::start(&place)?;
    let start_ms = coordinator.started.elapsed().as_secs_f64() * 1e3;
    let address = coordinator.address;
    let begun = Instant::now();
    first_beats(address, args.nodes).await?;
    let first_beats_per_s = args.nodes as f64 / begun.elapsed().as_secs_f64();
    let alone = ask(address, args.rate, args.seconds).await?;
    // Who signs is not measured, and does not keep those waiting who ask.
    let signed = sign_beats(args.nodes, args.seconds);
    let (before, begun, stop) = (coordinator.usage()?, Instant::now(), Arc::new(AtomicBool::new(false)));
    let beats = tokio::task::spawn_blocking({
        let (stop, runtime) =
            (stop.clone(), tokio::runtime::Builder::new_current_thread().enable_all().build()?);
        move || runtime.block_on(beat(address, signed, args.nodes, &stop))
    });
    let asks = ask(address, args.rate, args.seconds).await;
    stop.store(true, Ordering::Relaxed);
    let (asks, beats) = (asks?, beats.await??);
    let (after, span) = (coordinator.usage()?, begun.elapsed().as_secs_f64());
    coordinator.kill()?;
    let Usage { cpu, .. } = before;
    let report = Report {
        nodes: args.nodes,
        start_ms,
        first_beats_per_s,
        beats_per_s: beats as f64 / span,
        asks_per_s: asks.len() as f64 / span,
        ask_us: micros(asks),
        alone_us: micros(alone),
        cores: (after.cpu - cpu).as_secs_f64() / span,
        memory_mb: after.resident as f64 / f64::from(1 << 20),
    };
    print(&report, args.json)
}

/// The key of the node of this number.
fn key(number: u64) -> WalletKey {
    let bytes = Sha256::of(format!("bench node {number}").as_bytes()).0;
    WalletKey::from_bytes(&bytes).expect("a digest is a key, but for one in 2^128")
}

const fn tier(number: u64) -> u8 {
    (number % 3) as u8 + 1
}

fn endpoint(number: u64) -> String {
    format!("http://127.0.0.1:9/{number}")
}

/// Enrols nodes in a store that nobody else has open.
async fn enrol(place: &Path, args: &Args) -> Result<()> {
    let (store, writer) = Sqlite::file(place.join("docket.db")).open()?;
    let writer = std::thread::spawn(move || writer.run());
    let config = Config {
        ledger: Ledger::testnet(),
        scoring: docket_api::scoring,
        stake: StakeTerms { least: u128::MAX, tier: StakeTier::NONE },
        hires: HireTerms::DOCUMENTED,
        enclaves: Enclaves::none(),
        challenges: ChallengeTerms::NONE,
    };
    let clock = Clock::system(docket_engine::latest_known(store.start()));
    let engine = Engine::new(store, clock, Entropy::system(), config);
    let done = AtomicU64::new(0);
    let lanes = (0..LANES).map(|_| async {
        loop {
            let number = done.fetch_add(1, Ordering::Relaxed);
            if number >= args.nodes {
                return anyhow::Ok(());
            }
            let by = Wallet::from(key(number).address());
            let digest = Sha256::of(&number.to_be_bytes());
            let word = Word { dialect: Dialect::Registry, by, digest, at: engine.clock().now() };
            let offer = Offer {
                endpoint: Some(endpoint(number).into()),
                gpu_tier: tier(number),
                models: Vec::new(),
                concurrency: 4,
            };
            engine.enrol(word, WorkerId::of_wallet(&by), offer).await?;
            if number.is_multiple_of(20_000) && !args.json {
                println!("{number:>9} nodes");
            }
        }
    });
    try_join_all(lanes).await?;
    drop(engine);
    writer.join().ok().context("the writer has failed")?;
    Ok(())
}

fn heartbeat(number: u64, at: Timestamp) -> Vec<u8> {
    let key = key(number);
    let beat = Heartbeat {
        address: key.address(),
        seconds: at.0 / 1_000,
        gpu_tier: None,
        endpoint: endpoint(number),
    };
    let signature = key.sign(beat.message().as_bytes());
    let Heartbeat { address, seconds, endpoint, .. } = beat;
    let body = format!(
        "{{\"address\":\"{address}\",\"endpoint\":\"{endpoint}\",\"timestamp\":{seconds},\"signature\":\"{signature}\"}}"
    );
    request("POST", "/api/nodes/heartbeat", &body)
}

async fn show_life(client: &mut Client, heartbeat: &[u8]) -> Result<()> {
    let answer = client.send(heartbeat).await?;
    let said = String::from_utf8_lossy(answer.body);
    ensure!(answer.status == 200, "a heartbeat was answered with {}: {said}", answer.status);
    Ok(())
}

async fn first_beats(address: SocketAddr, nodes: u64) -> Result<()> {
    let (clock, next) = (Clock::system(Timestamp(0)), AtomicU64::new(0));
    let lanes = (0..LANES).map(|_| async {
        let mut client = Client::connect(address).await?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= nodes {
                return anyhow::Ok(());
            }
            show_life(&mut client, &heartbeat(number, clock.now())).await?;
        }
    });
    try_join_all(lanes).await?;
    Ok(())
}

/// When the turn of this number is, if each of so many has one a minute.
fn turn_at(turn: u64, nodes: u64) -> Duration {
    Duration::from_micros(turn * 60_000_000 / nodes.max(1))
}

/// The heartbeats of so many seconds, and some more, signed ahead.
fn sign_beats(nodes: u64, seconds: u64) -> Vec<Vec<u8>> {
    let now = Clock::system(Timestamp(0)).now();
    let turns = (0..).take_while(|turn| turn_at(*turn, nodes).as_secs() < seconds + 2);
    // The nodes have shown life just now, and their clocks go on by a second at least.
    turns
        .map(|turn| {
            heartbeat(
                turn % nodes.max(1),
                now + Millis::seconds(20 + i64::try_from(turn / nodes.max(1)).unwrap_or(0)),
            )
        })
        .collect()
}

/// Every node once a minute, in turns; answers how many have.
async fn beat(address: SocketAddr, signed: Vec<Vec<u8>>, nodes: u64, stop: &AtomicBool) -> Result<u64> {
    let (next, begun) = (AtomicU64::new(0), tokio::time::Instant::now());
    let lanes = (0..BEATERS).map(|_| async {
        let mut client = Client::connect(address).await?;
        while !stop.load(Ordering::Relaxed) {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(heartbeat) = signed.get(usize::try_from(turn)?) else { break };
            sleep_until(begun + turn_at(turn, nodes)).await;
            show_life(&mut client, heartbeat).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(lanes).await?;
    Ok(next.load(Ordering::Relaxed))
}

/// Asks at a steady rate, whether the last request was answered or not; each is timed from when it was due, or, where this
/// timer was late and nothing else, from when it was sent.
async fn ask(address: SocketAddr, rate: u64, seconds: u64) -> Result<Vec<Duration>> {
    let begun = tokio::time::Instant::now() + Duration::from_millis(20);
    let (next, all) = (Arc::new(AtomicU64::new(0)), rate * seconds);
    let lanes = (0..ASKERS).map(|lane| {
        let next = next.clone();
        async move {
            let mut client = Client::connect(address).await?;
            let mut times = Vec::new();
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                if turn >= all {
                    return anyhow::Ok(times);
                }
                let due = begun + Duration::from_micros(turn * 1_000_000 / rate);
                let begun = if due > tokio::time::Instant::now() {
                    sleep_until(due).await;
                    tokio::time::Instant::now()
                } else {
                    due
                };
                let model = MODELS[usize::try_from(turn % 3)?];
                let body = format!(
                    "{{\"modelId\":\"{model}\",\"input\":\"Explain number {turn}.\",\
                     \"requesterAddress\":\"0x{:040x}\"}}",
                    turn * ASKERS + lane
                );
                let answer = client.send(&request("POST", "/api/jobs/submit", &body)).await?;
                let said = String::from_utf8_lossy(answer.body);
                ensure!(answer.status == 200, "a request was answered with {}: {said}", answer.status);
                times.push(begun.elapsed());
            }
        }
    });
    Ok(try_join_all(lanes).await?.concat())
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let Report { nodes, start_ms, first_beats_per_s, beats_per_s, asks_per_s, cores, memory_mb, .. } = report;
    let [[p50, p99], [alone50, alone99]] = [report.ask_us, report.alone_us];
    println!("{nodes} nodes: ready {start_ms:.0} ms after the start, {memory_mb:.0} MB");
    println!("  {first_beats_per_s:.0} first heartbeats a second");
    println!("  {asks_per_s:.0} advices a second, {alone50:.0} / {alone99:.0} us");
    println!(
        "  beside {beats_per_s:.0} heartbeats a second: {p50:.0} / {p99:.0} us, {cores:.2} cores in all"
    );
    Ok(())
}
