//! The state behind the roster's lock: who is here, and who holds what.

mod asked;
mod attendance;
mod door;
mod hands;
mod operator;
mod patience;
mod rest;
mod tiers;
mod view;

pub(crate) use attendance::Visit;

use super::waiting::Waiting;
use super::{Connection, Outbound};
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::{Attempt, JobId, WorkerId};
use docket_core::routing::{Candidate, Decision, Index, ModelId, Pace, StakeTier};
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::Worker;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many jobs at a time a new worker is given.
const PROBATION_CAP: u16 = 64;

/// Everybody who is connected, or expected back.
pub(crate) struct Fleet {
    index: Index,
    members: BTreeMap<WorkerId, Member>,
    connections: HashMap<Connection, WorkerId>,
    /// Those whose socket closed while they held jobs, and when.
    gone: BTreeMap<WorkerId, Timestamp>,
    /// What is remembered of those who failed and left.
    rests: rest::Rests,
    /// Who holds which job: one worker a job at a time.
    holders: HashMap<JobId, WorkerId>,
    attendance: attendance::Attendance,
    models: HashMap<Arc<str>, ModelId>,
    /// How many connected workers serve each model, apart by what they honour there.
    served: BTreeMap<Arc<str>, BTreeMap<Features, u32>>,
    pub(super) waiting: Waiting,
    /// How many of each class of hardware are online.
    tiers: BTreeMap<u8, usize>,
    whys: tiers::Whys,
    next_connection: u64,
    /// When somebody must be given up, or may be given work again.
    next_look: Option<Timestamp>,
    secret: u64,
}

struct Member {
    connection: Option<Connection>,
    outbound: Outbound,
    held: BTreeMap<JobId, Held>,
    /// The same jobs by the names that both sides use.
    names: HashMap<Arc<str>, JobId>,
    model_names: Vec<Arc<str>>,
    /// The digests of their weights, of those for which it declares one.
    weights: BTreeMap<Arc<str>, Sha256>,
    accepts: bool,
    turns: u64,
    failures_in_a_row: u32,
    /// Whether it has a stake that counts.
    staked: bool,
    /// How long it may be silent.
    patience: Millis,
    /// When this connection began.
    since: Timestamp,
    /// Its record. Evidence and version are each the latest that came here.
    known: Worker,
    candidate: Candidate,
}

/// A job in a worker's hands.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Its public id.
    pub(crate) name: Arc<str>,
    /// Under which attempt; `None` while the assignment is being made.
    pub(crate) attempt: Option<Attempt>,
    /// Since when it knows of it, and when its first text came.
    pub(crate) since: Option<Timestamp>,
    pub(crate) first_text: Option<Timestamp>,
    /// Why this worker was chosen.
    pub(crate) decision: Arc<Decision>,
}

/// What became of looking for a worker.
pub(crate) enum Choice {
    /// He fits, and his place is taken already. Whether he wants to be asked first.
    Fit { worker: WorkerId, accepts: bool },
    /// Nobody fits: the job stands in line.
    Nobody,
    /// Somebody else looked at the same time, and this worker is being given the job.
    Taken(WorkerId),
}

/// What a new connection found.
pub(crate) struct Joined {
    pub(crate) connection: Connection,
    /// The jobs that it held when its last connection ended.
    pub(crate) held: Vec<(JobId, Held)>,
}

impl Fleet {
    pub(super) fn new(secret: u64) -> Self {
        Self {
            index: Index::new(),
            members: BTreeMap::new(),
            connections: HashMap::new(),
            gone: BTreeMap::new(),
            rests: rest::Rests::default(),
            holders: HashMap::new(),
            attendance: attendance::Attendance::default(),
            models: HashMap::new(),
            served: BTreeMap::new(),
            waiting: Waiting::default(),
            tiers: BTreeMap::new(),
            whys: tiers::Whys::default(),
            next_connection: 0,
            next_look: None,
            secret,
        }
    }

    /// What is known of a worker, as it stood on disk at some time. Of two such records the later one holds.
    pub(crate) fn learn(&mut self, worker: &Worker) {
        self.change(&worker.id, |member| {
            if worker.progress() >= member.known.progress() {
                member.known = Worker { version: member.known.version, ..*worker };
                weigh(&mut member.candidate, worker);
            }
        });
    }

    /// What the worker's stake is worth, if it has one that counts.
    pub(crate) fn set_stake(&mut self, worker: &WorkerId, tier: Option<StakeTier>) {
        self.change(worker, |member| {
            member.staked = tier.is_some();
            member.candidate.stake = tier.unwrap_or(StakeTier::NONE);
        });
    }

    /// Whether the worker has a stake that counts.
    pub(crate) fn has_stake(&self, worker: &WorkerId) -> bool {
        self.members.get(worker).is_some_and(|member| member.staked)
    }

    /// Changes what is known of a worker, in the index too.
    fn change(&mut self, worker: &WorkerId, change: impl FnOnce(&mut Member)) {
        let Some(member) = self.members.get_mut(worker) else { return };
        change(member);
        member.candidate.running = u16::try_from(member.held.len()).unwrap_or(u16::MAX);
        if member.connection.is_some() {
            let candidate = &member.candidate;
            self.index.update(worker, |known| known.clone_from(candidate));
        }
    }

    /// The first job of each line, if somebody could have room.
    pub(crate) fn waiting_heads(&self) -> Vec<JobId> {
        self.waiting.heads()
    }

    /// Whether any job waits for a worker.
    pub(crate) fn somebody_waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The job waits no more.
    pub(crate) fn stop_waiting(&mut self, job: JobId) {
        self.waiting.remove(job);
    }

    /// How many jobs are in workers' hands.
    pub(crate) fn running(&self) -> usize {
        self.members.values().map(|member| member.held.len()).sum()
    }
}

/// What a worker's record means for matching.
fn weigh(candidate: &mut Candidate, worker: &Worker) {
    let history = &worker.reputation;
    candidate.reputation = history.by_jobs();
    candidate.merit = history.by_parts();
    candidate.tested = history.tested();
    candidate.pace = Pace::of(history.parts().latency.share());
    candidate.probation = worker.standing.is_new().then_some(PROBATION_CAP);
}
