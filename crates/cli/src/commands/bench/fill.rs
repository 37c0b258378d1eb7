//! What a long history costs: throughput, lists, and the time to the first answer after a kill.

use super::child::Coordinator;
use super::fleet::Fleet;
use super::http::{Client, request, request_with};
use super::load::{Load, drive, micros, open};
use super::run::{WARM, data, size};
use super::work::Kind;
use crate::data::DataDir;
use anyhow::{Context, Result, bail, ensure};
use docket_core::id::ClientId;
use docket_store::{JobFilter, Reader, Sqlite};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LANES: usize = 256;
/// How often the filled and the empty store are measured in turn, and how often the coordinator is killed.
const TURNS: usize = 3;
/// How many lists are timed.
const LISTS: usize = 300;
/// How many of the jobs that were open at a kill are looked for after it.
const SOUGHT: usize = 200;

/// Fills a store with jobs over the wire, and compares it with an empty one.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many jobs the filled store has before it is measured.
    #[arg(long, default_value_t = 1_000_000)]
    jobs: u64,
    /// How many jobs each measured round has.
    #[arg(long, default_value_t = 20_000)]
    measured: u64,
    /// How many jobs are open when the coordinator is killed.
    #[arg(long, default_value_t = 10_000)]
    open: usize,
    /// The folder for the stores; a million jobs need about 5 GB there.
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
    /// Round by round, each beside the other.
    filled_jobs_per_s: Vec<f64>,
    empty_jobs_per_s: Vec<f64>,
    filled_lists: Lists,
    empty_lists: Lists,
    restarts: Vec<Restart>,
}

/// What the newest 20 jobs take: half of all asks, and all but one in a hundred.
#[derive(Clone, Copy, Serialize)]
struct Lists {
    /// Over HTTP, of all clients.
    operator_us: [f64; 2],
    /// In the store, of one client.
    client_us: [f64; 2],
}

#[derive(Serialize)]
struct Restart {
    /// How many open jobs the new process found.
    open: u64,
    /// From its start to its first answers: health, and a job that was open.
    first_answer_ms: f64,
}

struct Stand {
    data: PathBuf,
    coordinator: Coordinator,
    fleet: Fleet,
    reader: Arc<dyn Reader>,
}

impl Stand {
    async fn over(data: PathBuf) -> Result<Self> {
        let coordinator = Coordinator::start(&data)?;
        let fleet = Fleet::connect(coordinator.address, 8, 64, Kind::Task).await?;
        let reader = Sqlite::read_only(&data.join("docket.db"))?;
        Ok(Self { data, coordinator, fleet, reader })
    }

    /// Completes so many jobs; answers how many in a second.
    async fn complete(&mut self, jobs: u64, in_flight: usize) -> Result<f64> {
        let load = Load { kind: Kind::Task, jobs, in_flight, until: None };
        let driven = drive(self.coordinator.address, load, &mut self.fleet).await?;
        Ok(driven.lives.len() as f64 / driven.elapsed.as_secs_f64())
    }

    /// How long the newest 20 jobs take, as the operator asks for them and as the store finds one client's.
    async fn lists(&mut self) -> Result<Lists> {
        self.complete(20, 1).await?; // The first client has a whole list now, also in an empty store.
        let token = DataDir::open(&self.data)?.admin_token()?;
        let ask =
            request_with("GET", "/admin/v1/jobs?limit=20", &format!("authorization: Bearer {token}"), "");
        let mut client = Client::connect(self.coordinator.address).await?;
        let filter = JobFilter { client: Some(ClientId("quotes:bench-0".into())), before: None, limit: 20 };
        let (mut asked, mut read) = (Vec::with_capacity(LISTS), Vec::with_capacity(LISTS));
        for _ in 0..LISTS {
            let begun = Instant::now();
            let status = client.send(&ask).await?.status;
            asked.push(begun.elapsed());
            ensure!(status == 200, "the operator's list was answered with {status}");
            let begun = Instant::now();
            let jobs = self.reader.jobs(&filter).await?;
            read.push(begun.elapsed());
            ensure!(jobs.len() == 20, "a list of {} jobs instead of 20", jobs.len());
        }
        Ok(Lists { operator_us: micros(asked), client_us: micros(read) })
    }
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> Result<()> {
    let folder = data(&args.folder)?;
    let mut filled = Stand::over(folder.path().join("filled")).await?;
    fill(&mut filled, &args).await?;
    let mut empty = Stand::over(folder.path().join("empty")).await?;
    empty.complete(args.measured.min(WARM), LANES).await?;
    let (mut filled_jobs_per_s, mut empty_jobs_per_s) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        filled_jobs_per_s.push(filled.complete(args.measured, LANES).await?);
        empty_jobs_per_s.push(empty.complete(args.measured, LANES).await?);
    }
    let (filled_lists, empty_lists) = (filled.lists().await?, empty.lists().await?);
    empty.coordinator.kill()?;
    let bytes_per_job = size(&filled.data)? / (args.jobs + TURNS as u64 * args.measured);
    let restarts = kill_and_restart(filled, args.open).await?;
    print(
        &Report {
            jobs: args.jobs,
            bytes_per_job,
            filled_jobs_per_s,
            empty_jobs_per_s,
            filled_lists,
            empty_lists,
            restarts,
        },
        args.json,
    )
}

async fn fill(stand: &mut Stand, args: &Args) -> Result<()> {
    const STEP: u64 = 100_000;
    let mut done = 0;
    while done < args.jobs {
        let step = STEP.min(args.jobs - done);
        let jobs_per_s = stand.complete(step, LANES).await?;
        done += step;
        if !args.json {
            println!("{done:>9} jobs stored, the last {step} at {jobs_per_s:.0} jobs/s");
        }
    }
    Ok(())
}

/// Kills the coordinator under load with jobs open, starts it again, and looks for what it had acknowledged.
async fn kill_and_restart(stand: Stand, open_jobs: usize) -> Result<Vec<Restart>> {
    let Stand { data, mut coordinator, mut fleet, .. } = stand;
    let (mut opened, mut restarts) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let address = coordinator.address;
        // Nobody here does inference, so these wait for a worker; each start gives them 30 s again.
        let missing = open_jobs.saturating_sub(usize::try_from(coordinator.open_jobs)?);
        opened.extend(open(address, Kind::Infer, missing, LANES).await?);
        let load = Load { kind: Kind::Task, jobs: u64::MAX, in_flight: 64, until: None };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            ended = drive(address, load, &mut fleet) => bail!("the load ended before the kill: {ended:?}"),
        }
        coordinator.kill()?;
        coordinator = Coordinator::start(&data)?;
        let first_answer_ms = look_for(&coordinator, &opened).await?;
        restarts.push(Restart { open: coordinator.open_jobs, first_answer_ms });
        fleet = Fleet::connect(coordinator.address, 8, 64, Kind::Task).await?;
    }
    coordinator.kill()?;
    Ok(restarts)
}

/// Asks for health and for jobs that were acknowledged; answers when the first of them was there, in milliseconds
/// from the start.
async fn look_for(coordinator: &Coordinator, opened: &[String]) -> Result<f64> {
    let mut client = Client::connect(coordinator.address).await?;
    look(&mut client, "/v1/health").await?;
    let mut first_answer_ms = None;
    for job in opened.iter().step_by((opened.len() / SOUGHT).max(1)) {
        look(&mut client, &format!("/v1/jobs/{job}")).await?;
        first_answer_ms.get_or_insert_with(|| coordinator.started.elapsed().as_secs_f64() * 1e3);
    }
    first_answer_ms.context("no job was open")
}

async fn look(client: &mut Client, path: &str) -> Result<()> {
    let answer = client.send(&request("GET", path, "")).await?;
    ensure!(answer.status == 200, "{path} was answered with {} after the restart", answer.status);
    Ok(())
}

fn print(report: &Report, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let Report { jobs, bytes_per_job, filled_jobs_per_s, empty_jobs_per_s, .. } = report;
    let middle = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    let (filled, empty) = (middle(filled_jobs_per_s), middle(empty_jobs_per_s));
    println!("{jobs} jobs stored: {bytes_per_job} bytes each on disk, everything included");
    println!("  {filled:.0} jobs/s beside {empty:.0} in an empty store: {:.2} of it", filled / empty);
    let beside = |what: &str, [p50, p99]: [f64; 2], [empty_p50, empty_p99]: [f64; 2]| {
        println!("  newest 20 {what}: {p50:.0} / {p99:.0} us beside {empty_p50:.0} / {empty_p99:.0}");
    };
    let (filled, empty) = (report.filled_lists, report.empty_lists);
    beside("over HTTP", filled.operator_us, empty.operator_us);
    beside("of a client, in the store", filled.client_us, empty.client_us);
    for Restart { open, first_answer_ms } in &report.restarts {
        println!(
            "  killed under load with {open} jobs open: first answers {first_answer_ms:.0} ms after the start"
        );
    }
    Ok(())
}
