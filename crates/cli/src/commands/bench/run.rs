//! The ordinary run: rounds of full lives, first with many in flight, then one at a time.

use super::child::Coordinator;
use super::figures::{Report, Round, Span, median};
use super::fleet::Fleet;
use super::limits::{self, Syncs};
use super::load::{Driven, Load, drive};
use super::work::Kind;
use super::{chat, stages, usage};
use anyhow::{Context, Result, bail, ensure};
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Jobs before each measured round, so that caches and connections are warm.
pub(super) const WARM: u64 = 500;

/// A wire that can be driven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
enum Dialect {
    /// Commit, and wait for the result.
    #[default]
    Quotes,
    /// Chat, whole and streamed.
    Credits,
}

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Plan {
    /// Which wire is driven: jobs of `quotes`, or chat of `credits` beside asking the inference server directly.
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// How many jobs in each round; with less than 32 in flight, a tenth of them.
    #[arg(long, default_value_t = 20_000)]
    jobs: u64,
    /// Begin no more jobs in a round after so many seconds; for `credits`, how long each part is measured [4].
    #[arg(long)]
    seconds: Option<u64>,
    /// How many jobs are under way at a time; each value is measured by itself.
    #[arg(long, value_delimiter = ',', default_values_t = [256, 1])]
    in_flight: Vec<usize>,
    /// How often each value is measured; the median is printed last.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// How many workers are connected.
    #[arg(long, default_value_t = 8)]
    workers: usize,
    /// How many jobs each worker takes at a time, at most 256.
    #[arg(long, default_value_t = 64)]
    concurrency: u16,
    /// What is committed.
    #[arg(long, value_enum, default_value_t = Kind::Task)]
    kind: Kind,
    /// For `credits`: the inference server, a running `docket bench upstream`; by default one is started.
    #[arg(long, value_name = "HOST:PORT")]
    upstream: Option<String>,
    /// For `credits`: another gateway before the same server, measured in turn; may be given several times.
    #[arg(long, value_name = "NAME=HOST:PORT")]
    beside: Vec<String>,
    /// For `credits`: only the scenes whose names have this text, such as `1 at a time`.
    #[arg(long, value_name = "TEXT")]
    scene: Option<String>,
    /// A running coordinator, such as http://127.0.0.1:4010; by default one is started.
    #[arg(long)]
    url: Option<String>,
    /// The folder for the store of the coordinator that is started; it must be on the disk to be measured.
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// Also measure each part of a life by itself.
    #[arg(long, conflicts_with = "url")]
    stages: bool,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Plan {
    /// How many jobs a round has.
    fn measured(&self, in_flight: usize) -> u64 {
        if in_flight < 32 { self.jobs.div_ceil(10) } else { self.jobs }
    }

    /// How many jobs come before a round.
    fn warm(&self, in_flight: usize) -> u64 {
        self.measured(in_flight).min(WARM)
    }
}

/// Measures and prints.
pub(crate) async fn run(plan: Plan) -> Result<()> {
    ensure!(plan.in_flight.iter().all(|lanes| (1..=4096).contains(lanes)), "1 to 4096 jobs in flight");
    ensure!((1..=10_000).contains(&plan.workers), "1 to 10000 workers");
    if plan.dialect == Dialect::Credits {
        return chat::run(chat::Plan {
            rounds: plan.rounds,
            time: Duration::from_secs(plan.seconds.unwrap_or(4)),
            folder: &plan.folder,
            upstream: plan.upstream.as_deref(),
            beside: &plan.beside,
            scene: plan.scene.as_deref(),
            json: plan.json,
        })
        .await;
    }
    let report = match &plan.url {
        Some(url) => against_a_running_one(&plan, url).await?,
        None => against_a_child(&plan).await?,
    };
    if plan.json {
        println!("{}", serde_json::to_string(&report)?);
    }
    Ok(())
}

async fn against_a_running_one(plan: &Plan, url: &str) -> Result<Report> {
    let rounds = rounds(plan, resolve(url)?, None).await?;
    Ok(Report { rounds, bytes_per_job: None, bare_sync: None, stages: None })
}

async fn against_a_child(plan: &Plan) -> Result<Report> {
    let folder = data(&plan.folder)?;
    let before = limits::syncs(folder.path())?;
    let coordinator = Coordinator::start(&folder.path().join("data"))?;
    let rounds = rounds(plan, coordinator.address, Some(&coordinator)).await?;
    coordinator.stop()?;
    let jobs = rounds.iter().map(|round| round.jobs as u64 + plan.warm(round.in_flight)).sum::<u64>().max(1);
    let bytes_per_job = size(&folder.path().join("data"))? / jobs;
    let after = limits::syncs(folder.path())?;
    let bare_sync = Syncs::quieter(before, after);
    if !plan.json {
        println!("{bytes_per_job} bytes a job on disk, everything included");
        println!("a bare sync of 4 KiB here: {:.0} / {:.0} us", bare_sync.p50_us, bare_sync.p99_us);
    }
    let stages = if plan.stages { Some(stages::measure(folder.path()).await?) } else { None };
    if let (Some(stages), false) = (&stages, plan.json) {
        let whole = rounds.first().and_then(|round| round.coordinator).map(|costs| costs.cpu_us);
        stages::print(stages, whole);
    }
    Ok(Report { rounds, bytes_per_job: Some(bytes_per_job), bare_sync: Some(bare_sync), stages })
}

async fn rounds(plan: &Plan, address: SocketAddr, coordinator: Option<&Coordinator>) -> Result<Vec<Round>> {
    let mut fleet = Fleet::connect(address, plan.workers, plan.concurrency, plan.kind).await?;
    let mut all = Vec::new();
    for &in_flight in &plan.in_flight {
        let mut these = Vec::new();
        for _ in 0..plan.rounds {
            let warm = Load { kind: plan.kind, jobs: plan.warm(in_flight), in_flight, until: None };
            drive(address, warm, &mut fleet).await?;
            let until = plan.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
            let load = Load { jobs: plan.measured(in_flight), until, ..warm };
            let (driven, span) = measured(address, load, &mut fleet, coordinator).await?;
            let round = Round::of(in_flight, &driven, &span);
            if !plan.json {
                println!("{round}");
            }
            these.push(round);
        }
        if let (false, [_, _, ..], Some(median)) = (plan.json, &these[..], median(&these)) {
            println!("  median: {median}");
        }
        all.extend(these);
    }
    Ok(all)
}

/// Runs a load, and reads what it costs.
pub(super) async fn measured(
    address: SocketAddr,
    load: Load,
    fleet: &mut Fleet,
    coordinator: Option<&Coordinator>,
) -> Result<(Driven, Span)> {
    let used = || coordinator.map(Coordinator::usage).transpose();
    let (load_before, before) = (usage::of_this()?, used()?);
    let driven = drive(address, load, fleet).await?;
    if driven.lives.is_empty() {
        bail!("no job was completed in time");
    }
    let (load_after, after) = (usage::of_this()?, used()?);
    let coordinator = before.zip(after).map(|(before, after)| [before, after]);
    Ok((driven, Span { load: [load_before, load_after], coordinator }))
}

fn resolve(url: &str) -> Result<SocketAddr> {
    let host = url.strip_prefix("http://").context("a coordinator's URL begins with http://")?;
    let mut found =
        host.trim_end_matches('/').to_socket_addrs().with_context(|| format!("{url} has no address"))?;
    found.next().with_context(|| format!("{url} has no address"))
}

/// A folder for stores that is removed at the end, on the disk to be measured.
pub(super) fn data(within: &Path) -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("docket-bench-").tempdir_in(within);
    folder.with_context(|| format!("no folder can be made in {}", within.display()))
}

/// The bytes of all files in a folder.
pub(super) fn size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        sum += entry?.metadata()?.len();
    }
    Ok(sum)
}
