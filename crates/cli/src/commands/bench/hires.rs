//! Jobs among agents: lists through every filter with a long history, and requests that wallets sign.

use super::child::Coordinator;
use super::http::{Client, request, request_with};
use super::load::micros;
use super::run::{data, size};
use anyhow::{Context, Result, ensure};
use docket_core::agent::hire::Order;
use docket_core::agent::identity::{Profile, StakeMove, Wallet, Word};
use docket_core::agent::role::Strategy;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::{AgentId, Dialect, PublicId};
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::routing::StakeTier;
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{ChallengeTerms, Config, Enclaves, Engine, HireTerms, NewHire, StakeTerms, Wish};
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{Action, Statement, WalletKey};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::future::try_join_all;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many agents there are.
const AGENTS: u64 = 1_000;
/// How many jobs are made at a time.
const LANES: u64 = 256;
/// How many lists are timed for each filter.
const LISTS: usize = 300;
/// How many wallets sign at a time.
const SIGNERS: u64 = 32;
const BUDGET: u128 = 10_000_000;

/// Fills a store with jobs for which agents hire each other, and asks for lists and steps over HTTP.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many jobs there are.
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
    /// For how many seconds signed requests are sent.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The folder for the store; a million jobs need about 3 GB there.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Print one line of JSON at the end, and no progress.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    jobs: u64,
    bytes_per_job: u64,
    /// From the start to the first list, in milliseconds.
    first_list_ms: f64,
    lists: Vec<List>,
    signed_per_s: f64,
    signed_us: [f64; 2],
}

/// What one list takes: half of all asks, and all but one in a hundred.
#[derive(Serialize)]
struct List {
    query: String,
    total: u64,
    us: [f64; 2],
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = data(&args.folder)?;
    let place = folder.path().join("hires");
    std::fs::create_dir_all(&place)?;
    fill(&place, &args).await?;
    let coordinator = Coordinator::start(&place)?;
    let mut client = Client::connect(coordinator.address).await?;
    ask(&mut client, "").await?;
    let first_list_ms = coordinator.started.elapsed().as_secs_f64() * 1e3;
    let mut lists = Vec::new();
    for query in queries() {
        lists.push(time(&mut client, query).await?);
    }
    let (signed_per_s, signed_us) = sign(coordinator.address, args.seconds).await?;
    coordinator.kill()?;
    let bytes_per_job = size(&place)? / args.jobs.max(1);
    print(
        &Report { jobs: args.jobs, bytes_per_job, first_list_ms, lists, signed_per_s, signed_us },
        args.json,
    )
}

/// Every documented filter by itself, some together, and a page far behind.
fn queries() -> Vec<String> {
    let owner = key(1).address();
    let mut queries: Vec<String> =
        ["", "status=OPEN", "status=FUNDED", "status=REJECTED", "status=DISPUTED"].map(str::to_owned).into();
    queries.extend(["strategyType=RUBRIC", "clientId=1", "providerId=2", "evaluatorId=3"].map(str::to_owned));
    queries.push(format!("ownerAddress={owner}"));
    queries.push("status=FUNDED&strategyType=RUBRIC&clientId=1".to_owned());
    queries.push("status=OPEN&strategyType=PROGRAM&page=1000".to_owned());
    queries.push("limit=100".to_owned());
    queries
}

/// The key of the wallet that owns the agent of this number.
fn key(number: u64) -> WalletKey {
    let bytes = Sha256::of(format!("bench {number}").as_bytes()).0;
    WalletKey::from_bytes(&bytes).expect("a digest is a key, but for one in 2^128")
}

fn word(number: u64, said: u64, now: Timestamp) -> Word {
    let digest = Sha256::of(format!("{number} {said}").as_bytes());
    Word { dialect: Dialect::Agents, by: Wallet::from(key(number).address()), digest, at: now }
}

/// Makes agents and jobs in a store that nobody else has open.
async fn fill(place: &Path, args: &Args) -> Result<()> {
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
    let said = AtomicU64::new(0);
    for number in 1..=AGENTS {
        let words = || word(number, said.fetch_add(1, Ordering::Relaxed), engine.clock().now());
        let agent = engine
            .register_agent(Profile { name: format!("bench {number}").into(), ..Profile::default() }, words())
            .await?;
        ensure!(agent.id == AgentId(number), "agents are counted from 1");
        let account = Account::Client(words().by.client(Dialect::Agents));
        let amount = Amount::new(u128::from(u64::MAX), engine.ledger().asset());
        engine.credit(account, amount, &format!("bench {number}")).await?;
        let half = amount.with_units(amount.units / 2);
        engine.move_agent_stake(agent.id, words(), StakeMove::Deposit, half).await?;
    }
    let (done, begun) = (AtomicU64::new(0), Instant::now());
    let lanes = (0..LANES).map(|_| async {
        while done.fetch_add(1, Ordering::Relaxed) < args.jobs {
            let at = said.fetch_add(4, Ordering::Relaxed);
            make(&engine, at).await?;
            let made = done.load(Ordering::Relaxed);
            if made.is_multiple_of(100_000) && !args.json {
                println!("{made:>9} jobs, {:.0} a second", made as f64 / begun.elapsed().as_secs_f64());
            }
        }
        anyhow::Ok(())
    });
    try_join_all(lanes).await?;
    drop(engine);
    writer.join().ok().context("the writer has failed")?;
    Ok(())
}

/// One job; some are paid in, some of those have a provider, and some are withdrawn.
async fn make(engine: &Arc<Engine>, at: u64) -> Result<()> {
    let (kind, now) = (at / 4, engine.clock().now());
    let client = kind % AGENTS + 1;
    let strategy = Strategy::ALL[usize::try_from(kind % 3)?];
    let order = Order {
        strategy,
        program: Some(ContentHash([1; 32])),
        rubric: Some(ContentHash([2; 32])),
        capital: None,
        deadline: now + Millis::hours(24 * 30),
        grace: Millis(0),
        judge: None,
        rewards_early: false,
    };
    let budget = Amount::new(BUDGET, engine.ledger().asset());
    let new =
        NewHire { client: AgentId(client), budget, order, title: "A job".into(), description: "".into() };
    let job = engine.hire(new, word(client, at, now)).await?;
    let id: &PublicId = &job.public_id;
    match kind % 16 {
        0..4 => {
            engine.step(id, Wish::Fund { budget: None }, word(client, at + 1, now)).await?;
            if kind % 16 == 0 {
                let provider = client % AGENTS + 1;
                engine
                    .step(id, Wish::Engage { provider: AgentId(provider) }, word(client, at + 2, now))
                    .await?;
                engine.offer(id, AgentId(provider), word(provider, at + 3, now)).await?;
            }
        }
        4..6 => drop(engine.step(id, Wish::Cancel, word(client, at + 1, now)).await?),
        _ => {}
    }
    Ok(())
}

async fn ask(client: &mut Client, query: &str) -> Result<u64> {
    let answer = client.send(&request("GET", &format!("/api/v1/jobs?{query}"), "")).await?;
    ensure!(answer.status == 200, "{query} was answered with {}", answer.status);
    let body: serde_json::Value = serde_json::from_slice(answer.body)?;
    body["pagination"]["total"].as_u64().context("a list without its total")
}

async fn time(client: &mut Client, query: String) -> Result<List> {
    let total = ask(client, &query).await?;
    let ask = request("GET", &format!("/api/v1/jobs?{query}"), "");
    let mut times = Vec::with_capacity(LISTS);
    for _ in 0..LISTS {
        let begun = Instant::now();
        let status = client.send(&ask).await?.status;
        times.push(begun.elapsed());
        ensure!(status == 200, "{query} was answered with {status}");
    }
    Ok(List { query, total, us: micros(times) })
}

/// Wallets post jobs, each as soon as its last one is answered.
async fn sign(address: SocketAddr, seconds: u64) -> Result<(f64, [f64; 2])> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let clock = Clock::system(Timestamp(0));
    let lanes = (1..=SIGNERS).map(|number| {
        let clock = clock.clone();
        async move {
            let (key, mut client) = (key(number), Client::connect(address).await?);
            let mut times = Vec::new();
            while Instant::now() < until {
                let at = clock.now();
                let request = posting(&key, number, times.len(), at);
                let begun = Instant::now();
                let answer = client.send(&request).await?;
                times.push(begun.elapsed());
                let said = String::from_utf8_lossy(answer.body);
                ensure!(answer.status == 200, "a signed request was answered with {}: {said}", answer.status);
            }
            anyhow::Ok(times)
        }
    });
    let begun = Instant::now();
    let times = try_join_all(lanes).await?.concat();
    let per_s = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((per_s, micros(times)))
}

fn posting(key: &WalletKey, client: u64, count: usize, at: Timestamp) -> Vec<u8> {
    let deadline = at.0 / 1_000 + 1_000_000;
    let hash = format!("0x{}", ContentHash([2; 32]));
    let body = format!(
        "{{\"clientId\":\"{client}\",\"budget\":\"{BUDGET}\",\"deadline\":\"{deadline}\",\"strategyType\":\"RUBRIC\",\
         \"rubricHash\":\"{hash}\",\"title\":\"{count}\"}}"
    );
    let digest = Some(Digest::of(body.as_bytes()));
    let message = Statement { action: Action::CREATE_JOB, resource: "new", at, body: digest }.to_string();
    let headers = format!(
        "x-wallet-address: {}\r\nx-wallet-signature: {}\r\nx-wallet-timestamp: {}",
        key.address(),
        key.sign(message.as_bytes()),
        at.0
    );
    request_with("POST", "/api/v1/jobs", &headers, &body)
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let Report { jobs, bytes_per_job, first_list_ms, lists, signed_per_s, signed_us: [p50, p99] } = report;
    println!(
        "{jobs} jobs: {bytes_per_job} bytes each on disk; the first list {first_list_ms:.0} ms after the start"
    );
    for List { query, total, us: [p50, p99] } in lists {
        println!("  {p50:>7.0} / {p99:>7.0} us  of {total:>8}  {query}");
    }
    println!("  {signed_per_s:.0} signed requests a second with {SIGNERS} wallets, {p50:.0} / {p99:.0} us");
    Ok(())
}
