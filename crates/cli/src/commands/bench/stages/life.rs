//! One job's life without wires: decided by the core, written by the store.

use anyhow::{Context, Result, bail};
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::decide::decide;
use docket_core::event::{Conduct, Delivery, Usage, Voucher};
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::{Attempt, ClientId, Dialect, JobId, PublicId, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Lapse, Policy, Ruling};
use docket_core::routing::{
    Audience, Candidate, Demand, Index, Lot, Models, Pace, Scoring, Skills, StakeTier, WorkerClass,
};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::attempt::AttemptRef;
use docket_protocol::digest::Digest;
use docket_protocol::frames::{JobAssign, JobType, PrivacyClass, Terms};
use docket_settlement::Ledger;
use docket_store::writer::Writer;
use docket_store::{Committed, Documents, Leaf, ResultDocument, Sqlite, Store, Write};
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

/// When everything here happens.
pub(super) const NOON: Timestamp = Timestamp(1_800_000_000_000);
const WORKER: WorkerId = WorkerId([9; 32]);
/// About so many bytes have an entry of the log,
const ENTRY: usize = 330;
/// what is asked,
const PAYLOAD: usize = 800;
/// what is answered,
const OUTPUT: usize = 80;
/// and both receipts.
const RECEIPTS: usize = 1_600;
/// A group is written in one turn; a few more for a future that lets others go first.
const TURNS: usize = 100;

/// What jobs here ask of a worker.
pub(super) const DEMAND: Demand<'static> = Demand {
    skills: Skills::TASK,
    model: None,
    needs: Features::NONE,
    min_gpu_tier: 0,
    region: None,
    price: Amount::new(950, Asset::TEST_USDC),
    audience: Audience::Anyone,
    must_be_proven: false,
    excluded: &[],
};

/// How workers are compared.
pub(super) fn scoring() -> Scoring {
    docket_api::scoring(&draft(1))
}

/// Idle workers, all alike.
pub(super) fn fleet(size: u16) -> Index {
    let mut index = Index::new();
    for number in 0..size {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        let id = WorkerId(Sha256::of(&key).0);
        index.insert(Candidate {
            id,
            class: WorkerClass::Desktop,
            skills: Skills::TASK,
            models: Models::default(),
            gpu_tier: 0,
            region: None,
            price_floor: Amount::zero(Asset::TEST_USDC),
            concurrency: 4,
            running: 0,
            last_seen: NOON,
            reputation: BasisPoints(number % 10_000),
            merit: BasisPoints(number % 10_000),
            tested: BasisPoints(5_000),
            pace: Pace::Usual,
            stake: StakeTier::NONE,
            deactivated: false,
            draining: false,
            proven: true,
            probation: None,
            cooling_until: None,
            lot: Lot::draw(1, &id, 0),
        });
    }
    index
}

/// A job as the coordinator gives it to a worker.
pub(super) fn assignment(commit: &str) -> Result<JobAssign> {
    let body: serde_json::Value = serde_json::from_str(commit)?;
    let payload = body.get("payload").context("a commit without a payload")?.to_string();
    Ok(JobAssign {
        job_id: "01923456-789a-7fff-bfff-ffffffffffff".to_owned(),
        job_type: JobType::Task,
        policy: "CHEAP".to_owned(),
        privacy_class: PrivacyClass::Public,
        user_id: "bench-0".to_owned(),
        attempt: AttemptRef { epoch: 1, number: 1 },
        deadline_ms: NOON.0,
        sent_at_ms: 0,
        terms: Terms {
            network: "ledger:testnet".to_owned(),
            client: "bench-0".to_owned(),
            price: 1_000,
            hold: 1_000,
            asset: "TEST_USDC".to_owned(),
            request_hash: Digest::of(payload.as_bytes()),
            model: None,
        },
        payload: RawValue::from_string(payload)?,
        whole: false,
        full_receipt_only: false,
    })
}

fn draft(number: u64) -> Job {
    let policy = Policy {
        source: Ledger::testnet().source().clone(),
        split: Split { platform: BasisPoints(500), ..Split::default() },
        fund_within: Millis::seconds(30),
        match_within: Millis::seconds(30),
        rematch_within: Millis::seconds(30),
        run_within: Millis::seconds(30),
        finish_within: Millis::seconds(60),
        attempts: 3,
        lapse: Lapse::Failed,
        evaluation: None,
        dispute_window: Millis(0),
        arbitration: Arbitration { within: Millis(0), default: Ruling::ForWorker },
        stream_within: None,
        metering: None,
        staked: None,
        tier: None,
    };
    let ask =
        Ask { skill: Skill::Task, model: None, speed: Speed::Cheap, private: false, needs: Features::NONE };
    Job::new(
        JobId(number),
        PublicId { dialect: Dialect::Quotes, text: format!("01923456-789a-7fff-bfff-{number:012x}").into() },
        ClientId(format!("quotes:bench-{}", number % 256).into()),
        Arc::new(ask),
        Amount::new(1_000, Asset::TEST_USDC),
        Arc::new(policy),
        NOON,
    )
}

fn commands() -> [Command; 3] {
    let attempt = Attempt { epoch: 1, number: 1 };
    let delivery = Delivery {
        by: WORKER.into(),
        attempt,
        output: Sha256([1; 32]).into(),
        receipt: Sha256([2; 32]),
        voucher: Voucher::Worker,
        usage: Usage { input: 160, output: 16 },
        conduct: Conduct::default(),
    };
    [
        Command::Fund,
        Command::Assign { worker: WORKER, epoch: 1, accept_within: None },
        Command::Submit { delivery, charge: Charge::Whole },
    ]
}

/// Decides a whole life, and makes what would be written of it; answers how much money has moved.
pub(super) fn decided(number: u64) -> usize {
    let mut job = draft(number);
    let mut transfers = 0;
    for command in commands() {
        let Ok(event) = decide(&job, &command, NOON) else { return 0 };
        let change = Change::of(&job, event, NOON);
        if change.moves_money() {
            transfers += leaf(number).entry.len().min(1) * change.transfers.len();
        }
        if let Some(after) = change.job {
            job = (*after.after).clone();
        }
    }
    transfers
}

fn leaf(number: u64) -> Leaf {
    let mut entry = vec![b'x'; ENTRY];
    entry[..8].copy_from_slice(&number.to_be_bytes());
    Leaf::new(entry)
}

/// Whole lives written to a new database, so many side by side; processor time for each, microseconds.
pub(super) async fn stored(path: &Path, group: usize) -> Result<f64> {
    let (store, mut writer) = Sqlite::file(path).open()?;
    let rounds = (2_500 / group).clamp(16, 250);
    let mut number = 0;
    let mut before = super::thread_cpu();
    for round in 0..rounds + rounds / 4 {
        if round == rounds / 4 {
            before = super::thread_cpu(); // What came before has warmed the caches.
        }
        let mut jobs: Vec<Job> = (0..group as u64).map(|place| draft(number + place + 1)).collect();
        number += group as u64;
        for command in commands() {
            let writes = jobs.iter().map(|job| write(job, &command)).collect::<Result<Vec<_>>>()?;
            let committed = commit(&store, &mut writer, writes).await?;
            jobs = committed
                .into_iter()
                .map(|done| Ok((*done.job.context("a job's change without a job")?).clone()))
                .collect::<Result<_>>()?;
        }
    }
    let cpu = super::thread_cpu() - before;
    Ok(cpu.as_secs_f64() * 1e6 / (rounds * group) as f64)
}

fn write(job: &Job, command: &Command) -> Result<Write> {
    let change = Change::of(job, decide(job, command, NOON)?, NOON);
    let payload = matches!(command, Command::Fund).then(|| vec![b'p'; PAYLOAD].into());
    let result = matches!(command, Command::Submit { .. }).then(|| ResultDocument {
        output: vec![b'o'; OUTPUT].into(),
        receipt: vec![b'r'; RECEIPTS].into(),
        decision: r#"{"chosen":null,"next":[],"unfit":[]}"#.into(),
    });
    let leaf = change.moves_money().then(|| leaf(job.id.0));
    Ok(Write { change, documents: Documents { payload, result, ..Documents::default() }, leaf })
}

/// Commits all of them at once, pumping the writer on this thread.
async fn commit(store: &Store, writer: &mut Writer, writes: Vec<Write>) -> Result<Vec<Committed>> {
    // Without the runtime's budget, which would send this task to the back of a queue of one.
    let all = futures::future::join_all(writes.into_iter().map(|write| store.commit(write)));
    let mut waiting = Box::pin(tokio::task::unconstrained(all));
    for _ in 0..TURNS {
        if let Poll::Ready(done) = futures::poll!(&mut waiting) {
            return Ok(done.into_iter().collect::<Result<_, _>>()?);
        }
        writer.pump();
    }
    bail!("the writer did not answer within {TURNS} turns")
}
