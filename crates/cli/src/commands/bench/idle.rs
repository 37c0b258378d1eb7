//! What workers cost who only wait: memory each, and the processor time of their heartbeats.

use super::child::Coordinator;
use super::figures::mib;
use super::fleet::Fleet;
use super::run::data;
use super::usage;
use super::work::Kind;
use anyhow::{Result, ensure};
use serde::Serialize;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Connects idle workers with proven keys.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many workers; all of them connect from one address, which has room for 28000.
    #[arg(long, default_value_t = 10_000)]
    workers: usize,
    /// For how many seconds they are watched; a heartbeat comes every ten.
    #[arg(long, default_value_t = 15)]
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
    workers: usize,
    /// Bytes of resident memory that each worker adds, coordinator's state included.
    bytes_per_worker: u64,
    resident_mib: f64,
    /// Processor time of the coordinator for each connection, proof of the key included, microseconds.
    connect_cpu_us: f64,
    /// Share of one core that all heartbeats together take.
    heartbeat_cores: f64,
}

/// Measures and prints.
pub(crate) async fn run(args: Args) -> Result<()> {
    ensure!((1..=28_000).contains(&args.workers), "1 to 28000 workers");
    usage::allow_files(args.workers as u64 + 1_024)?;
    let folder = data(&args.folder)?;
    let coordinator = Coordinator::start(&folder.path().join("data"))?;
    // The first few bring caches and threads into being, which the others share.
    let first = Fleet::connect(coordinator.address, 64, 1, Kind::Task).await?;
    let before = coordinator.usage()?;
    let mut fleet = Fleet::connect(coordinator.address, args.workers, 1, Kind::Task).await?;
    let connected = coordinator.usage()?;
    let watched = Instant::now();
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs(args.seconds)) => {}
        error = fleet.broken() => return Err(error),
    }
    let (after, watched) = (coordinator.usage()?, watched.elapsed());
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / args.workers as f64;
    let report = Report {
        workers: args.workers,
        bytes_per_worker: after.resident.saturating_sub(before.resident) / args.workers as u64,
        resident_mib: mib(after.resident),
        connect_cpu_us: each(connected.cpu - before.cpu),
        heartbeat_cores: (after.cpu - connected.cpu).as_secs_f64() / watched.as_secs_f64(),
    };
    drop((first, fleet));
    coordinator.kill()?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    let Report { workers, bytes_per_worker, resident_mib, connect_cpu_us, heartbeat_cores } = report;
    println!("{workers} idle workers: {bytes_per_worker} bytes each, {resident_mib:.0} MiB in all");
    println!("connecting one: {connect_cpu_us:.0} us of processor time, proof of the key included");
    println!("their heartbeats together: {:.1} % of one core", heartbeat_cores * 100.0);
    Ok(())
}
