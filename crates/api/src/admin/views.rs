//! What the operator is shown of jobs, workers and money.

use super::reputation::Explanation;
use docket_core::enrolment::Enrolment;
use docket_core::id::Dialect;
use docket_core::job::{Job, State};
use docket_core::money::{Amount, Asset};
use docket_core::reputation::{Parts, Reputation};
use docket_core::time::Timestamp;
use docket_core::worker::Worker;
use docket_engine::WorkerView;
use docket_protocol::attempt::AttemptRef;
use docket_protocol::instant;
use docket_protocol::wallet::Address;
use serde::Serialize;

/// Money: minor units as decimal text, and what they are of.
#[derive(Serialize)]
pub(super) struct Money {
    units: String,
    asset: String,
    decimals: u8,
}

impl Money {
    pub(super) fn signed(units: i128, asset: Asset) -> Self {
        Self { units: units.to_string(), asset: asset.name().to_owned(), decimals: asset.decimals() }
    }
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        let Amount { units, asset } = amount;
        Self { units: units.to_string(), asset: asset.name().to_owned(), decimals: asset.decimals() }
    }
}

/// A job, as far as its row tells.
#[derive(Serialize)]
pub(super) struct JobView {
    id: String,
    dialect: &'static str,
    client: String,
    /// The core's name of the state.
    pub(super) state: &'static str,
    /// Why it ended without work, as a code.
    reason: Option<&'static str>,
    #[serde(rename = "final")]
    is_final: bool,
    skill: &'static str,
    model: Option<String>,
    speed: &'static str,
    private: bool,
    price: Money,
    charge: Option<Money>,
    escrow: Money,
    vesting: Money,
    worker: Option<String>,
    attempt: Option<AttemptRef>,
    attempts: u32,
    /// Those who had it and do not any more.
    tried: Vec<String>,
    created_at: String,
    finish_by: Option<String>,
    deadline: Option<String>,
    ended_at: Option<String>,
    version: u64,
}

pub(super) fn at(instant: Timestamp) -> String {
    instant::format(instant.0)
}

impl From<&Job> for JobView {
    fn from(job: &Job) -> Self {
        let delivered = job.delivery().and_then(|delivery| Some((delivery.worker()?, delivery.attempt)));
        let (worker, attempt) = job.holder().or(delivered).unzip();
        let (reason, charge) = match &job.state {
            State::Closed { reason, .. } => (Some(reason.code()), None),
            State::Settled { charge, .. } => (None, Some(*charge)),
            _ => (None, None),
        };
        Self {
            id: job.public_id.text.to_string(),
            dialect: Dialect::name(job.public_id.dialect),
            client: job.client.0.to_string(),
            state: job.state.name(),
            reason,
            is_final: job.state.is_final(),
            // What agents do for each other needs no skill of a worker.
            skill: if job.hire.is_some() { "hire" } else { job.ask.skill.name() },
            model: job.ask.model.as_deref().map(str::to_owned),
            speed: job.ask.speed.name(),
            private: job.ask.private,
            price: job.price.into(),
            charge: charge.map(Money::from),
            escrow: job.escrow.into(),
            vesting: job.vesting.into(),
            worker: worker.map(|worker| worker.to_string()),
            attempt: attempt.map(AttemptRef::from),
            attempts: job.attempts,
            tried: job.tried.iter().map(ToString::to_string).collect(),
            created_at: at(job.created_at),
            finish_by: job.finish_by.map(at),
            deadline: job.state.deadline().map(at),
            ended_at: job.ended_at.map(at),
            version: job.version.0,
        }
    }
}

/// A worker: what is kept of it, and what it is doing now.
#[derive(Serialize)]
pub(super) struct WorkerRow {
    id: String,
    proven: bool,
    suspended: bool,
    completed: u32,
    failed: u32,
    /// By jobs alone, in hundredths of a percent of the best.
    reputation_bps: u16,
    reputation: ReputationView,
    /// What it has put down as a surety.
    stake: Money,
    first_seen: String,
    /// `null` unless it is enrolled for jobs that ask for a class of hardware.
    node: Option<NodeView>,
    /// `null` unless it is connected, or expected back.
    live: Option<Live>,
}

/// A worker, and what each dialect makes of its history.
#[derive(Serialize)]
pub(super) struct WorkerDetails {
    #[serde(flatten)]
    pub(super) row: WorkerRow,
    #[serde(flatten)]
    pub(super) explanation: Explanation,
}

/// As what a worker is enrolled.
#[derive(Serialize)]
pub(super) struct NodeView {
    address: Address,
    gpu_tier: u8,
    /// The core's name of the state.
    state: &'static str,
}

impl From<&Enrolment> for NodeView {
    fn from(enrolment: &Enrolment) -> Self {
        Self {
            address: enrolment.wallet.into(),
            gpu_tier: enrolment.offer.gpu_tier,
            state: enrolment.state.name(),
        }
    }
}

/// A worker's weighed reputation and its parts, each from 0 to 1000.
#[derive(Serialize)]
struct ReputationView {
    score: u16,
    completion: u16,
    latency: u16,
    proof: u16,
    uptime: u16,
}

impl From<&Reputation> for ReputationView {
    fn from(reputation: &Reputation) -> Self {
        let Parts { completion, latency, proof, uptime } = reputation.parts();
        let parts = [completion, latency, proof, uptime].map(|rate| rate.share().0 / 10);
        let [completion, latency, proof, uptime] = parts;
        let score = reputation.by_parts().0 / 10;
        Self { score, completion, latency, proof, uptime }
    }
}

/// A connected worker.
#[derive(Serialize)]
struct Live {
    connected: bool,
    proven: bool,
    class: &'static str,
    infer: bool,
    task: bool,
    models: Vec<String>,
    concurrency: u16,
    running: u16,
    jobs: Vec<String>,
    draining: bool,
    price_floor: Money,
    last_seen: String,
    cooling_until: Option<String>,
    /// How many jobs at a time it is trusted with while it is new.
    probation: Option<u16>,
}

impl WorkerRow {
    pub(super) fn of(
        worker: &Worker,
        stake: Amount,
        node: Option<&Enrolment>,
        live: Option<WorkerView>,
    ) -> Self {
        Self {
            id: worker.id.to_string(),
            proven: worker.proven,
            suspended: worker.suspended,
            completed: worker.standing.completed,
            failed: worker.standing.failed,
            reputation_bps: worker.reputation.by_jobs().0,
            reputation: (&worker.reputation).into(),
            stake: stake.into(),
            first_seen: at(worker.first_seen),
            node: node.map(NodeView::from),
            live: live.map(Live::from),
        }
    }
}

impl From<WorkerView> for Live {
    fn from(view: WorkerView) -> Self {
        use docket_core::routing::{Skills, WorkerClass};
        let candidate = view.candidate;
        Self {
            connected: view.connected,
            proven: candidate.proven,
            class: match candidate.class {
                WorkerClass::Desktop => "desktop",
                WorkerClass::Handheld => "handheld",
            },
            infer: candidate.skills.include(Skills::INFER),
            task: candidate.skills.include(Skills::TASK),
            models: view.models.iter().map(|name| name.to_string()).collect(),
            concurrency: candidate.concurrency,
            running: candidate.running,
            jobs: view.jobs.iter().map(|name| name.to_string()).collect(),
            draining: candidate.draining,
            price_floor: candidate.price_floor.into(),
            last_seen: at(candidate.last_seen),
            cooling_until: candidate.cooling_until.map(at),
            probation: candidate.probation,
        }
    }
}
