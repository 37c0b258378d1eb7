//! Where the coordinator's processor time goes: each part of a job's life by itself, on one thread.

mod life;
mod wire;

use super::child::Coordinator;
use super::work::{self, Kind};
use anyhow::{Context, Result};
use docket_core::hash::Sha256;
use docket_core::routing::Index;
use docket_protocol::frames::{FromCoordinator, FromWorker, decode_from_worker, encode};
use docket_protocol::keys::SigningKey;
use docket_protocol::receipt::{SignedDispatch, receipt_hash};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// The group in which the store's share is counted: what 256 jobs in flight bring about.
const USUAL_GROUP: usize = 128;

/// What one part of a life costs.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Stage {
    /// What is done.
    pub(super) name: String,
    /// Processor time for each job, microseconds.
    pub(super) cpu_us: f64,
    /// Whether it is a part of the sum; the others are variants and what the worker bears.
    pub(super) counted: bool,
}

/// Measures every part. Takes some seconds.
pub(super) async fn measure(folder: &Path) -> Result<Vec<Stage>> {
    let mut stages = Vec::new();
    let mut add = |name: &str, cpu_us: f64, counted: bool| {
        stages.push(Stage { name: name.to_owned(), cpu_us, counted });
    };
    let coordinator = Coordinator::start(&folder.join("wire"))?;
    add("two requests over HTTP", 2.0 * wire::request(&coordinator).await?, true);
    add("three frames over a WebSocket", 1.5 * wire::frame_there_and_back(&coordinator).await?, true);
    coordinator.kill()?;

    let commit = Kind::Task.commit(0);
    add(
        "read a commit",
        each(|| {
            black_box(read_commit(&commit).ok());
        }),
        true,
    );

    let key = SigningKey::from_seed(&[7; 32]);
    let assign = life::assignment(&commit)?;
    let complete = work::complete(&key, &assign, Kind::Task)?;
    let told = FromCoordinator::JobAssign(Box::new(assign.clone()));
    add(
        "write job_assign",
        each(|| {
            black_box(encode(&told));
        }),
        true,
    );
    let frame = encode(&FromWorker::JobComplete(Box::new(complete.clone())));
    add(
        "read job_complete",
        each(|| {
            black_box(decode_from_worker(&frame).ok());
        }),
        true,
    );
    let (request, output) = (assign.payload.get().as_bytes(), complete.output.get().as_bytes());
    add(
        "hash request twice, output once",
        each(|| {
            black_box([request, request, output].map(Sha256::of));
        }),
        true,
    );

    let full = complete.full_receipt.as_deref().context("a completion without its full receipt")?;
    let signature = complete.full_signature.as_ref().context("a completion without its signature")?;
    let short = full.dispatch.as_ref().context("a receipt without its short form")?;
    let public = key.public_key();
    add(
        "verify both receipts",
        each(|| {
            black_box(full.is_signed_by(&public, signature) & short.is_signed_by(&public));
        }),
        true,
    );
    add(
        "digest and keep both receipts",
        each(|| {
            black_box(kept(short, full, signature));
        }),
        true,
    );

    let mut fleet = life::fleet(10_000);
    let workers: Vec<_> = fleet.candidates().map(|worker| worker.id).collect();
    let mut turn = 0;
    add(
        "find a worker among 10000, and a heartbeat",
        each(|| {
            turn += 1;
            route(&mut fleet, &workers, turn);
        }),
        true,
    );
    add(
        "decide, change, leaf",
        each(|| {
            black_box(life::decided(turn));
        }),
        true,
    );
    for group in [1, 16, USUAL_GROUP] {
        let cpu = life::stored(&folder.join(format!("group-{group}.db")), group).await?;
        add(&format!("store two changes, in groups of {group}"), cpu, group == USUAL_GROUP);
    }
    add(
        "worker: sign both receipts",
        each(|| {
            black_box(work::complete(&key, &assign, Kind::Task).ok());
        }),
        false,
    );
    Ok(stages)
}

/// Prints the parts and their sum, beside what was measured as a whole.
pub(super) fn print(stages: &[Stage], whole_us: Option<f64>) {
    for Stage { name, cpu_us, counted } in stages {
        println!("{cpu_us:>8.2} us  {}{name}", if *counted { "" } else { "(not in the sum) " });
    }
    let sum: f64 = stages.iter().filter(|stage| stage.counted).map(|stage| stage.cpu_us).sum();
    println!("{sum:>8.2} us  the sum");
    if let Some(whole) = whole_us {
        println!("{whole:>8.2} us  the coordinator's whole processor time for a job in the run above");
    }
}

/// What a commit costs to read, as the route reads it: the fields first, then the payload by its kind.
fn read_commit(body: &str) -> Result<usize> {
    #[derive(Deserialize)]
    struct Commit<'a> {
        #[serde(borrow)]
        job_type: &'a RawValue,
        #[serde(borrow)]
        user_id: &'a RawValue,
        #[serde(borrow)]
        payload: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Payload<'a> {
        #[serde(borrow)]
        task_type: std::borrow::Cow<'a, str>,
        #[serde(borrow)]
        input: std::borrow::Cow<'a, str>,
    }
    let commit: Commit<'_> = serde_json::from_str(body)?;
    let payload: Payload<'_> = serde_json::from_str(commit.payload.get())?;
    let sizes = [
        commit.job_type.get().len(),
        commit.user_id.get().len(),
        payload.task_type.len(),
        payload.input.len(),
    ];
    Ok(sizes.iter().sum())
}

fn kept(
    short: &SignedDispatch,
    full: &docket_protocol::receipt::FullReceipt,
    signature: &docket_protocol::keys::Signature,
) -> (docket_protocol::digest::Digest, Vec<u8>) {
    let digest = receipt_hash(Some(short), Some(full), Some(signature));
    (digest, serde_json::to_vec(&(short, full, signature)).unwrap_or_default())
}

fn route(fleet: &mut Index, workers: &[docket_core::id::WorkerId], turn: u64) {
    let shortlist = fleet.shortlist(&life::DEMAND, &life::scoring(), life::NOON, turn);
    if let Some(chosen) = shortlist.chosen {
        fleet.update(&chosen.worker, |worker| worker.running += 1);
        fleet.update(&chosen.worker, |worker| worker.running -= 1);
    }
    let seen = workers[(turn.wrapping_mul(7_919) % workers.len() as u64) as usize];
    fleet.update(&seen, |worker| worker.last_seen = life::NOON);
}

/// The processor time of one call, microseconds: the least of several runs, which other work disturbed least.
fn each(mut call: impl FnMut()) -> f64 {
    const CALLS: u32 = 2_000;
    let mut run = || {
        let before = thread_cpu();
        (0..CALLS).for_each(|_| call());
        (thread_cpu() - before).as_secs_f64() * 1e6 / f64::from(CALLS)
    };
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The processor time of this thread so far.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
