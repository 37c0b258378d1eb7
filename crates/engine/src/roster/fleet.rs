//! The state behind the roster's lock: who is here, and who holds what.

mod operator;
mod patience;
mod rest;
mod view;

use super::waiting::Waiting;
use super::{Connection, Explanation, Outbound, Profile, ToWorker};
use crate::LOST_AFTER;
use docket_core::change::Standing;
use docket_core::event::{Event, Fault};
use docket_core::id::{Attempt, JobId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::money::BasisPoints;
use docket_core::routing::{
    Audience, Candidate, Decision, Demand, Index, Lot, ModelId, Models, Scoring, StakeTier, cooldown, tally,
};
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::{Worker, reputation};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A live connection is not replaced by another with the same key.
const LIVE: Millis = Millis(LOST_AFTER.0 / 2);
/// So many paid jobs make a worker not new any more.
const PROBATION_JOBS: u32 = 10;
/// How many jobs at a time a new worker is given.
const PROBATION_CAP: u16 = 64;

/// Up to so many connected workers, a decision keeps why each of the others was unfit, as counts.
const COUNTED: usize = 256;

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
    models: HashMap<Arc<str>, ModelId>,
    pub(super) waiting: Waiting,
    next_connection: u64,
    /// When somebody must be given up, or may be given work again.
    next_look: Option<Timestamp>,
    secret: u64,
}

struct Member {
    connection: Option<Connection>,
    outbound: Outbound,
    held: BTreeMap<JobId, Held>,
    model_names: Vec<Arc<str>>,
    accepts: bool,
    turns: u64,
    failures_in_a_row: u32,
    standing: Standing,
    /// The version of the worker's record that is known here.
    record: Version,
    candidate: Candidate,
}

/// A job in a worker's hands.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// Its public id.
    pub(crate) name: Arc<str>,
    /// Under which attempt; `None` while the assignment is being made.
    pub(crate) attempt: Option<Attempt>,
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
            models: HashMap::new(),
            waiting: Waiting::default(),
            next_connection: 0,
            next_look: None,
            secret,
        }
    }

    /// Whether a worker's connection has shown life lately.
    pub(crate) fn is_live(&self, worker: &WorkerId, now: Timestamp) -> bool {
        self.members
            .get(worker)
            .is_some_and(|member| member.connection.is_some() && now.since(member.candidate.last_seen) < LIVE)
    }

    /// Takes in a worker whose identity was checked. A silent older connection is closed.
    pub(crate) fn join(
        &mut self,
        worker: &Worker,
        proven: bool,
        profile: Profile,
        outbound: Outbound,
        now: Timestamp,
    ) -> Joined {
        self.next_connection += 1;
        let connection = Connection(self.next_connection);
        let models = profile.models.iter().map(|name| self.model(name)).collect::<Models>();
        let earlier = self.members.remove(&worker.id);
        if let Some(earlier) = &earlier {
            earlier.outbound.send(Box::new(ToWorker::Close)).ok(); // It may be gone already.
            if let Some(old) = earlier.connection {
                self.connections.remove(&old);
            }
        }
        let rest = earlier.as_ref().map(Member::rest).or_else(|| self.rests.take(&worker.id, now));
        let rest = rest.unwrap_or_default();
        let (held, turns) = earlier.map(|member| (member.held, member.turns)).unwrap_or_default();
        let candidate = Candidate {
            id: worker.id,
            class: profile.class,
            skills: profile.skills,
            models,
            gpu_tier: profile.gpu_tier,
            region: None,
            price_floor: profile.price_floor,
            concurrency: profile.concurrency,
            running: u16::try_from(held.len()).unwrap_or(u16::MAX),
            last_seen: now,
            reputation: BasisPoints(reputation(worker.standing)),
            stake: StakeTier::NONE,
            draining: false,
            proven,
            probation: probation(worker.standing),
            cooling_until: rest.until,
            lot: Lot::draw(self.secret, &worker.id, turns),
        };
        self.index.insert(candidate.clone());
        self.connections.insert(connection, worker.id);
        self.gone.remove(&worker.id);
        let list = held.iter().map(|(job, held)| (*job, held.clone())).collect();
        let member = Member {
            connection: Some(connection),
            outbound,
            held,
            model_names: profile.models,
            accepts: profile.accepts,
            turns,
            failures_in_a_row: rest.failures_in_a_row,
            standing: worker.standing,
            record: worker.version,
            candidate,
        };
        self.members.insert(worker.id, member);
        self.look_at(patience::silent_from(now));
        Joined { connection, held: list }
    }

    fn model(&mut self, name: &Arc<str>) -> ModelId {
        let next = ModelId(u32::try_from(self.models.len()).unwrap_or(u32::MAX));
        *self.models.entry(name.clone()).or_insert(next)
    }

    /// The worker behind a connection, if that is still its connection.
    pub(crate) fn worker(&self, connection: Connection) -> Option<WorkerId> {
        self.connections.get(&connection).copied()
    }

    /// A sign of life, and how long it had been awaited. `None` if this is nobody's connection any more.
    pub(crate) fn seen(&mut self, connection: Connection, now: Timestamp) -> Option<Millis> {
        let worker = self.worker(connection)?;
        let before = self.members.get(&worker)?.candidate.last_seen;
        self.change(&worker, |member| member.candidate.last_seen = now);
        Some(now.since(before))
    }

    /// The worker takes nothing new from now on.
    pub(crate) fn drain(&mut self, connection: Connection) {
        if let Some(worker) = self.worker(connection) {
            self.change(&worker, |member| member.candidate.draining = true);
        }
    }

    /// A connection has ended. Its jobs stay with the worker for the grace.
    pub(crate) fn leave(&mut self, connection: Connection, now: Timestamp) {
        let Some(worker) = self.connections.remove(&connection) else { return };
        self.index.remove(&worker);
        let Some(member) = self.members.get_mut(&worker) else { return };
        member.connection = None;
        if member.held.is_empty() {
            self.forget(&worker);
        } else {
            self.gone.insert(worker, now);
            self.look_at(patience::given_up_from(now));
        }
    }

    /// Chooses a worker for a job and takes its place; without one, the job waits.
    pub(crate) fn choose(
        &mut self,
        job: &Job,
        trusted: Option<&[WorkerId]>,
        scoring: &Scoring,
        now: Timestamp,
        seed: u64,
    ) -> Choice {
        if let Some(holder) = self.holders.get(&job.id) {
            return Choice::Taken(*holder);
        }
        let demand = self.demand(job, trusted);
        let shortlist = self.index.shortlist(&demand, scoring, now, seed);
        let Some(chosen) = shortlist.chosen else {
            self.waiting.add(job);
            return Choice::Nobody;
        };
        let counted = self.index.len() <= COUNTED;
        let tally = counted.then(|| tally(self.index.candidates(), &demand, scoring, now));
        let decision = Decision { shortlist, tally: tally.unwrap_or_default() };
        self.give(&chosen.worker, job, decision);
        let accepts = self.members.get(&chosen.worker).is_some_and(|member| member.accepts);
        Choice::Fit { worker: chosen.worker, accepts }
    }

    /// A worker takes up a job that it had when the coordinator was started again. `false` if somebody
    /// has it already.
    pub(crate) fn take_up(&mut self, worker: &WorkerId, job: &Job) -> bool {
        let free = !self.holders.contains_key(&job.id) && self.members.contains_key(worker);
        if free {
            self.give(worker, job, Decision::default());
        }
        free
    }

    /// Puts a job into a worker's hands, under an attempt that is yet to be made.
    fn give(&mut self, worker: &WorkerId, job: &Job, decision: Decision) {
        self.waiting.remove(job.id);
        self.holders.insert(job.id, *worker);
        let held = Held { name: job.public_id.text.clone(), attempt: None, decision: Arc::new(decision) };
        let secret = self.secret;
        self.change(worker, |member| {
            member.turns += 1;
            member.candidate.lot = Lot::draw(secret, &member.candidate.id, member.turns);
            member.held.insert(job.id, held);
        });
    }

    /// What a job asks for; a model that no worker ever named has no number, so nobody fits.
    fn demand<'a>(&self, job: &'a Job, trusted: Option<&'a [WorkerId]>) -> Demand<'a> {
        Demand {
            skills: super::skills(job.ask.skill),
            model: job
                .ask
                .model
                .as_ref()
                .map(|name| self.models.get(name).copied().unwrap_or(ModelId(u32::MAX))),
            min_gpu_tier: 0,
            region: None,
            price: job.policy.split.divide(job.price).worker,
            audience: trusted.map_or(Audience::Anyone, Audience::Only),
            must_be_proven: job.ask.private,
            excluded: &job.tried,
        }
    }

    /// Says of every worker why it may or may not have a job.
    pub(crate) fn explain(
        &self,
        job: &Job,
        trusted: Option<&[WorkerId]>,
        scoring: &Scoring,
        now: Timestamp,
    ) -> Explanation {
        let demand = self.demand(job, trusted);
        docket_core::routing::explain(self.index.candidates(), &demand, scoring, now, 0)
    }

    /// The assignment stands: the worker is told, if it is still there and still has the job.
    pub(crate) fn hold(&mut self, worker: &WorkerId, job: JobId, attempt: Attempt, message: ToWorker) {
        let Some(member) = self.members.get_mut(worker) else { return };
        let Some(held) = member.held.get_mut(&job) else { return };
        held.attempt = Some(attempt);
        member.outbound.send(Box::new(message)).ok(); // A connection that has just ended is noticed by `leave`.
    }

    /// The assignment did not come about.
    pub(crate) fn release(&mut self, worker: &WorkerId, job: JobId) {
        self.take_back(worker, job, |_| {});
    }

    /// A job is not in a worker's hands any more.
    fn take_back(&mut self, worker: &WorkerId, job: JobId, and: impl FnOnce(&mut Member)) {
        if self.holders.get(&job) == Some(worker) {
            self.holders.remove(&job);
        }
        self.change(worker, |member| {
            member.held.remove(&job);
            and(member);
        });
        let gone = |member: &Member| member.connection.is_none() && member.held.is_empty();
        if self.members.get(worker).is_some_and(gone) {
            self.forget(worker);
        }
    }

    /// Nobody waits for a worker any more.
    fn forget(&mut self, worker: &WorkerId) {
        self.gone.remove(worker);
        if let Some(member) = self.members.remove(worker) {
            self.rests.keep(*worker, member.rest(), member.candidate.last_seen);
        }
    }

    /// A worker does not hold a job any more: it learns why. Answers whether it must rest before it is given
    /// another.
    pub(crate) fn let_go(
        &mut self,
        worker: WorkerId,
        before: &Job,
        attempt: Attempt,
        event: &Event,
        log_index: Option<u64>,
        now: Timestamp,
    ) -> bool {
        let fault = match event {
            Event::Returned { reason, .. } | Event::Closed { reason, .. } => Some(*reason),
            _ => None,
        };
        let job = before.public_id.text.clone();
        let message = match fault {
            None => ToWorker::Done { job, attempt, outcome: Ok(log_index) },
            Some(reason) => ToWorker::Cancel { job, attempt, reason: reason.code() },
        };
        let mut rests_until = None;
        self.take_back(&worker, before.id, |member| {
            member.outbound.send(Box::new(message)).ok(); // A worker that is gone needs no message.
            member.learn(event, fault, now);
            rests_until = member.candidate.cooling_until;
        });
        let rests = rests_until.filter(|until| *until > now);
        if let Some(until) = rests {
            self.look_at(until);
        }
        rests.is_some()
    }

    /// What a worker has gained or lost in standing, as it was written.
    pub(crate) fn credit(&mut self, worker: &WorkerId, gained: Standing) {
        self.change(worker, |member| {
            member.standing.completed += gained.completed;
            member.standing.failed += gained.failed;
            member.candidate.reputation = BasisPoints(reputation(member.standing));
            member.candidate.probation = probation(member.standing);
        });
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

    /// A job in a worker's hands, by the name that both sides use.
    pub(crate) fn held(&self, connection: Connection, name: &str) -> Option<(WorkerId, JobId, Held)> {
        let worker = self.worker(connection)?;
        let member = self.members.get(&worker)?;
        let (job, held) = member.held.iter().find(|(_, held)| &*held.name == name)?;
        Some((worker, *job, held.clone()))
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

impl Member {
    /// Whether the worker must rest is decided by its last jobs alone.
    fn learn(&mut self, event: &Event, fault: Option<Fault>, now: Timestamp) {
        if event.delivery().is_some() {
            self.failures_in_a_row = 0;
            self.candidate.cooling_until = None;
        } else if fault.is_some_and(Fault::blames_worker) {
            self.failures_in_a_row += 1;
            self.candidate.cooling_until = cooling(self.failures_in_a_row, now);
        }
    }
}

fn probation(standing: Standing) -> Option<u16> {
    (standing.completed < PROBATION_JOBS).then_some(PROBATION_CAP)
}

fn cooling(failures: u32, now: Timestamp) -> Option<Timestamp> {
    let span = cooldown(failures);
    (span.0 > 0).then(|| now + span)
}
