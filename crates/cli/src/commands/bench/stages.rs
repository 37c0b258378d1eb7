//! Where the coordinator's processor time goes: each part of a job's life by itself, on one thread.

mod life;
mod wire;

use super::child::Coordinator;
use super::work::{self, Kind};
use anyhow::{Context, Result, ensure};
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::routing::Index;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{
    FromCoordinator, FromWorker, JobAssign, JobComplete, decode_from_worker, encode,
};
use docket_protocol::keys::{Claim, PublicKey, Signature, SigningKey, all_hold};
use docket_protocol::receipt::{FullReceipt, SignedDispatch, receipt_hash, signed_message};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

/// The group in which the store's share is counted: what 256 jobs in flight bring about.
const USUAL_GROUP: usize = 128;

/// So many deliveries are judged together: what 256 jobs in flight bring about.
const TOGETHER: u8 = 8;

/// So many jobs that end together share a signature.
const SHARE: usize = 4;

/// How much processor time one run of a part takes.
const RUN: Duration = Duration::from_millis(20);

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
    let mut parts = Parts::default();
    parts.wires(folder).await?;
    parts.work()?;
    parts.choice();
    parts.store(folder).await?;
    Ok(parts.0)
}

#[derive(Default)]
struct Parts(Vec<Stage>);

impl Parts {
    /// A part of every life.
    fn counted(&mut self, name: &str, cpu_us: f64) {
        self.0.push(Stage { name: name.to_owned(), cpu_us, counted: true });
    }

    /// A variant, or what the worker bears.
    fn beside(&mut self, name: &str, cpu_us: f64) {
        self.0.push(Stage { name: name.to_owned(), cpu_us, counted: false });
    }

    async fn wires(&mut self, folder: &Path) -> Result<()> {
        let coordinator = Coordinator::start(&folder.join("wire"))?;
        self.counted("two requests over HTTP", 2.0 * wire::request(&coordinator).await?);
        let there_and_back = wire::frame_there_and_back(&coordinator).await?;
        self.counted("three frames over a WebSocket", 1.5 * there_and_back);
        coordinator.kill()
    }

    /// What is read, written, hashed and verified on the way.
    fn work(&mut self) -> Result<()> {
        let commit = Kind::Task.commit(0);
        self.counted("read a commit", each(|| read_commit(&commit).ok()));
        let key = SigningKey::from_seed(&[7; 32]);
        let assign = life::assignment(&commit)?;
        let one = std::slice::from_ref(&assign);
        let complete = work::complete(&key, one, Kind::Task)?.remove(0);
        let told = FromCoordinator::JobAssign(Box::new(assign.clone()));
        self.counted("write job_assign", each(|| encode(&told)));
        let frame = encode(&FromWorker::JobComplete(Box::new(complete.clone())));
        self.counted("read job_complete", each(|| decode_from_worker(&frame).ok()));
        let bytes = [assign.payload.get().as_bytes(), complete.output.get().as_bytes()];
        self.counted("hash request and output", each(|| bytes.map(Sha256::of)));
        let full = complete.full_receipt.as_deref().context("a completion without its full receipt")?;
        let signature = complete.full_signature.as_ref().context("a completion without its signature")?;
        let short = full.dispatch.as_ref().context("a receipt without its short form")?;
        let public = key.public_key();
        let verify = || full.is_signed_by(&public, signature, None) && short.is_signed_by(&public);
        self.beside("verify both receipts, alone", each(verify));
        let together = || {
            let claims = || [short.claim(&public), Claim::new(&public, &full.signed_bytes(), signature)];
            let claims: Vec<_> = (0..TOGETHER).flat_map(|_| claims()).collect();
            all_hold(&claims.iter().collect::<Vec<_>>())
        };
        let cpu_us = each(together) / f64::from(TOGETHER);
        self.counted(&format!("verify both receipts, {TOGETHER} jobs together"), cpu_us);
        self.counted("digest and keep both receipts", each(|| kept(short, full, signature)));
        self.beside("worker: sign both receipts", each(|| work::complete(&key, one, Kind::Task).ok()));
        self.sharing(&key, &assign)
    }

    /// The same where jobs that end together share a signature.
    fn sharing(&mut self, key: &SigningKey, assign: &JobAssign) -> Result<()> {
        let public = key.public_key();
        let jobs: Vec<_> = (0..TOGETHER)
            .map(|number| JobAssign { job_id: format!("{number}{}", assign.job_id), ..assign.clone() })
            .collect();
        let shares = jobs.chunks(SHARE).map(|share| work::complete(key, share, Kind::Task));
        let completions = shares.collect::<Result<Vec<_>>>()?.concat();
        let together = || {
            let claims: BTreeSet<_> =
                completions.iter().flat_map(|complete| claims(&public, complete)).flatten().collect();
            all_hold(&claims.iter().collect::<Vec<_>>())
        };
        ensure!(together(), "what was signed together does not hold");
        let each_us = each(together) / f64::from(TOGETHER);
        self.beside(
            &format!("verify both receipts, {TOGETHER} jobs together, {SHARE} to a signature"),
            each_us,
        );
        let sign = each(|| work::complete(key, &jobs[..SHARE], Kind::Task).ok()) / SHARE as f64;
        self.beside(&format!("worker: sign both receipts, {SHARE} jobs together"), sign);
        Ok(())
    }

    fn choice(&mut self) {
        let mut fleet = life::fleet(10_000);
        let workers: Vec<_> = fleet.candidates().map(|worker| worker.id).collect();
        let mut turn = 0;
        let choose = each(|| {
            turn += 1;
            route(&mut fleet, &workers, turn);
        });
        self.counted("find a worker among 10000, and a heartbeat", choose);
        self.counted("decide, change, leaf", each(|| life::decided(turn)));
    }

    async fn store(&mut self, folder: &Path) -> Result<()> {
        for group in [1, 16, USUAL_GROUP] {
            let cpu_us = life::stored(&folder.join(format!("group-{group}.db")), group).await?;
            let name = format!("store two changes, in groups of {group}");
            if group == USUAL_GROUP { self.counted(&name, cpu_us) } else { self.beside(&name, cpu_us) }
        }
        Ok(())
    }
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

/// What both receipts of a completion claim.
fn claims(key: &PublicKey, complete: &JobComplete) -> Option<[Claim; 2]> {
    let full = complete.full_receipt.as_deref()?;
    let signed_bytes = full.signed_bytes();
    let message = signed_message(&signed_bytes, complete.full_batch.as_ref(), key)?;
    let of_full = Claim::new(key, &message, complete.full_signature.as_ref()?);
    Some([full.dispatch.as_ref()?.claim(key), of_full])
}

fn kept(short: &SignedDispatch, full: &FullReceipt, signature: &Signature) -> (Digest, Vec<u8>) {
    let digest = receipt_hash(Some(short), Some(full), Some(signature));
    (digest, serde_json::to_vec(&(short, full, signature)).unwrap_or_default())
}

fn route(fleet: &mut Index, workers: &[WorkerId], turn: u64) {
    let shortlist = fleet.shortlist(&life::DEMAND, &life::scoring(), life::NOON, turn);
    if let Some(chosen) = shortlist.chosen {
        fleet.update(&chosen.worker, |worker| worker.running += 1);
        fleet.update(&chosen.worker, |worker| worker.running -= 1);
    }
    let seen = workers[(turn.wrapping_mul(7_919) % workers.len() as u64) as usize];
    fleet.update(&seen, |worker| worker.last_seen = life::NOON);
}

/// The processor time of one call, microseconds: the least of several runs, which other work disturbed least.
fn each<R>(mut call: impl FnMut() -> R) -> f64 {
    let mut run = || {
        let (before, mut calls) = (thread_cpu(), 0_u32);
        loop {
            (0..20).for_each(|_| {
                black_box(call());
            });
            calls += 20;
            let used = thread_cpu() - before;
            if used > RUN {
                return used.as_secs_f64() * 1e6 / f64::from(calls);
            }
        }
    };
    (0..5).map(|_| run()).fold(f64::INFINITY, f64::min)
}

/// The processor time of this thread so far.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
