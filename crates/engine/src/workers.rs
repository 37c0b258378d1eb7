//! Workers come, show life, and go.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::roster::{Assignment, Connection, Held, Joined, Outbound, Profile, ToWorker, Visit};
use crate::{HEARTBEAT, RESUME_GRACE};
use docket_core::agent::identity::Word;
use docket_core::change::Change;
use docket_core::command::Command;
use docket_core::enrolment::{Activity, Offer};
use docket_core::event::Fault;
use docket_core::id::{Attempt, JobId, WorkerId};
use docket_core::job::{Job, State};
use docket_core::refusal::Refusal;
use docket_core::reputation::Evidence;
use docket_core::routing::Decision;
use docket_core::time::Timestamp;
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::{CommitError, Documents};
use std::sync::Arc;

/// A worker at the door.
#[derive(Clone, Debug)]
pub struct Hello {
    /// Its key.
    pub worker: WorkerId,
    /// Whether it has just proven that it holds the key.
    pub proof: bool,
    /// Whether the operator lets unproven workers in here.
    pub unproven_allowed: bool,
    /// What it says of itself.
    pub profile: Profile,
    /// For which class of hardware it enrols, on the word of its wallet.
    pub enrols: Option<(Word, u8)>,
    /// The jobs that it still has work for, by public id.
    pub resume: Vec<Arc<str>>,
}

/// A worker inside.
#[derive(Clone, Debug)]
pub struct Welcome {
    /// The name of this connection.
    pub connection: Connection,
    /// The jobs that it goes on with.
    pub resumed: Vec<Arc<str>>,
}

/// A job that a worker holds.
pub(crate) struct InHand {
    pub(crate) worker: WorkerId,
    pub(crate) job: JobId,
    pub(crate) attempt: Attempt,
    /// Since when he knows of it, and when its first text came.
    pub(crate) since: Option<Timestamp>,
    pub(crate) first_text: Option<Timestamp>,
    pub(crate) decision: Arc<Decision>,
}

impl Engine {
    /// Lets a worker in, and lets it go on with what it has.
    pub async fn connect(&self, hello: Hello, outbound: Outbound) -> Result<Welcome, EngineError> {
        let worker = self.register(&hello).await?;
        let hello = self.enrol_connected(hello).await?;
        let joined = {
            let now = self.clock.now();
            // Who works for whom changes for nobody while he joins.
            let roll = self.enrolled.roll();
            if hello.enrols.is_some_and(|(word, _)| roll.wallet_of(&hello.worker) != Some(word.by)) {
                return Err(Refusal::EnrolmentInUse.into());
            }
            let mut fleet = self.roster.fleet();
            if fleet.is_live(&hello.worker, now) {
                return Err(Refusal::AlreadyConnected.into());
            }
            fleet.join(&worker, hello.proof, hello.profile.clone(), outbound, now)
        };
        self.timer.notify_one();
        match self.settle_in(&hello, &joined).await {
            Ok(resumed) => {
                self.offer_room();
                Ok(Welcome { connection: joined.connection, resumed })
            }
            Err(error) => {
                self.disconnect(joined.connection); // Its caller never learns of the connection.
                Err(error)
            }
        }
    }

    /// Takes away what a worker that came back does not have any more; answers what it goes on with.
    async fn settle_in(&self, hello: &Hello, joined: &Joined) -> Result<Vec<Arc<str>>, EngineError> {
        if let Some(worker) = self.store.worker(hello.worker).await? {
            if worker.suspended {
                return Err(Refusal::WorkerSuspended.into()); // It was barred while it came in.
            }
            self.learn(&worker); // Something came to light meanwhile, perhaps.
        }
        self.refresh_stake(hello.worker).await?;
        let lost = joined.held.iter().filter(|(_, held)| !hello.resume.contains(&held.name));
        let lost =
            lost.filter_map(|(job, held)| Some(self.give_back(*job, held.attempt?, Fault::WorkerLost)));
        // A job that cannot be taken away now is still his: he had better come again.
        futures::future::try_join_all(lost).await?;
        let mut resumed = Vec::new();
        for name in &hello.resume {
            if self.resume(hello, joined.connection, name).await? {
                resumed.push(name.clone());
            }
        }
        Ok(resumed)
    }

    /// Enrols a worker that connects, if it asks for that. One that a challenge has refuted is let in and gets no such jobs.
    async fn enrol_connected(&self, mut hello: Hello) -> Result<Hello, EngineError> {
        let Some((word, gpu_tier)) = hello.enrols else { return Ok(hello) };
        if !hello.proof {
            return Err(Refusal::ProofRequired.into());
        }
        let offer =
            Offer { endpoint: None, gpu_tier, models: Vec::new(), concurrency: hello.profile.concurrency };
        let state = match self.enrol(word, hello.worker, offer).await {
            Ok(node) => Some(node.enrolment.state),
            Err(EngineError::Refused(Refusal::Refuted)) => None,
            Err(error) => return Err(error),
        };
        hello.profile.gpu_tier = gpu_tier;
        hello.profile.deactivated = state != Some(Activity::Active);
        Ok(hello)
    }

    async fn register(&self, hello: &Hello) -> Result<Worker, EngineError> {
        loop {
            let known = self.store.worker(hello.worker).await?;
            let worker = known.unwrap_or_else(|| Worker::unknown(hello.worker));
            let command =
                WorkerCommand::Register { proof: hello.proof, unproven_allowed: hello.unproven_allowed };
            let Some(change) = worker.decide(command, self.clock.now())? else { return Ok(worker) };
            match self.commit(change, Documents::default()).await {
                Ok(_) => return Ok(worker),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Whether the worker goes on with a job that it says it has.
    async fn resume(
        &self,
        hello: &Hello,
        connection: Connection,
        name: &Arc<str>,
    ) -> Result<bool, EngineError> {
        let worker = hello.worker;
        let Some(job) = self.named(name).await? else { return Ok(false) };
        if let Some((holder, attempt)) = job.holder()
            && holder == worker
        {
            self.assign_again(worker, job, attempt).await?;
            return Ok(true);
        }
        if self.may_take_up(hello, &job).await? && self.roster.fleet().take_up(&worker, &job) {
            match self.assign(job.id, worker, false, None).await {
                Ok(()) => return Ok(true),
                Err(error) => {
                    self.route_later(job.id); // It may have stood in line before.
                    let EngineError::Refused(_) = error else { return Err(error) };
                }
            }
        }
        let name = name.clone();
        let message = match job.delivery() {
            Some(delivery) if delivery.by == worker.into() => {
                let log_index = self.store.log_index(job.id, "settled").await?;
                ToWorker::Done { job: name, attempt: delivery.attempt, outcome: Ok(log_index) }
            }
            _ => {
                let reason = Refusal::StaleAttempt.code();
                ToWorker::Cancel { job: name, attempt: Attempt::default(), reason }
            }
        };
        self.roster.fleet().tell_unless_held(connection, job.id, message);
        Ok(false)
    }

    /// Whether a worker may go on with a job: after a restart nobody has it, and the worker who had it
    /// goes on, under a new number.
    async fn may_take_up(&self, hello: &Hello, job: &Job) -> Result<bool, EngineError> {
        let before_the_start = self.store.start().last_job.is_some_and(|last| job.id <= last);
        let able = hello.profile.skills.include(crate::roster::skills(job.ask.skill));
        let waits = matches!(job.state, State::Funded { .. }) && !job.tried.contains(&hello.worker);
        if !before_the_start || !able || !waits {
            return Ok(false);
        }
        // Nobody has a job of a class by his own word: he might have it as anybody might.
        let scoring = (self.config.scoring)(job);
        let fits = |now| self.roster.fleet().is_fit(&hello.worker, job, &scoring, now);
        if job.policy.tier.is_some() && !fits(self.clock.now()) {
            return Ok(false);
        }
        Ok(match self.trusted_for(job).await? {
            Some(trusted) => hello.proof && trusted.contains(&hello.worker),
            None => true,
        })
    }

    /// Sends a job once more: a worker that has it learns the number, one that lost it begins again.
    async fn assign_again(
        &self,
        worker: WorkerId,
        job: Arc<Job>,
        attempt: Attempt,
    ) -> Result<(), EngineError> {
        let payload = self.payload(job.id).await?;
        let id = job.id;
        let message = ToWorker::Assign(Assignment { job, attempt, payload });
        self.roster.fleet().hold(&worker, id, attempt, message, self.clock.now());
        Ok(())
    }

    /// A sign of life. `false` if the connection is not the worker's any more.
    pub fn heartbeat(&self, connection: Connection) -> bool {
        let silence = self.roster.fleet().seen(connection, self.clock.now());
        if silence.is_some_and(|silence| silence.0 > 2 * HEARTBEAT.0) {
            self.offer_room(); // Nobody gives work to those who are silent.
        }
        silence.is_some()
    }

    /// The worker takes nothing new; what it has, it finishes.
    pub fn drain_worker(&self, connection: Connection) {
        self.roster.fleet().drain(connection);
    }

    /// The connection has ended; what the worker has stays with it for the grace.
    pub fn disconnect(&self, connection: Connection) {
        self.roster.fleet().leave(connection, self.clock.now());
        self.timer.notify_one();
    }

    /// The worker takes the job that it was offered.
    pub async fn accept(&self, connection: Connection, name: &str) -> Result<(), EngineError> {
        let InHand { job, attempt, .. } = self.in_hand(connection, name)?;
        self.execute(job, &Command::Accept { attempt }).await?;
        Ok(())
    }

    /// The worker gives a job back.
    pub async fn hand_back(
        &self,
        connection: Connection,
        name: &str,
        reason: Fault,
    ) -> Result<(), EngineError> {
        let InHand { job, attempt, .. } = self.in_hand(connection, name)?;
        self.execute(job, &Command::Return { attempt, reason }).await?;
        Ok(())
    }

    /// The job that a worker speaks of, if it holds it.
    pub(crate) fn in_hand(&self, connection: Connection, name: &str) -> Result<InHand, EngineError> {
        let held = self.roster.fleet().held(connection, name);
        let (worker, job, held) = held.ok_or(Refusal::StaleAttempt)?;
        let attempt = held.attempt.ok_or(Refusal::StaleAttempt)?;
        let Held { since, first_text, decision, .. } = held;
        Ok(InHand { worker, job, attempt, since, first_text, decision })
    }

    /// The job as a worker holds it; `None` if it does not.
    pub fn held_job(&self, connection: Connection, name: &str) -> Option<Arc<Job>> {
        let (_, job, _) = self.roster.fleet().held(connection, name)?;
        self.store.open_job(job)
    }

    /// Takes a job away from a worker who has lost it, unless it has moved on before.
    async fn give_back(&self, job: JobId, attempt: Attempt, reason: Fault) -> Result<(), EngineError> {
        match self.execute(job, &Command::Return { attempt, reason }).await {
            Ok(_) | Err(EngineError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Gives up workers who were silent or away for too long; answers when to look again.
    pub async fn sweep_workers(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let overdue = {
            let mut fleet = self.roster.fleet();
            if let Some(later) = fleet.next_look().filter(|at| *at > now) {
                return Some(later);
            }
            for connection in fleet.silent(now) {
                fleet.tell(connection, ToWorker::Close);
                // It had its time while it was silent: no further grace.
                fleet.leave(connection, Timestamp(now.0 - RESUME_GRACE.0));
            }
            fleet.overdue(now)
        };
        let given_back =
            overdue.into_iter().map(|(job, attempt)| self.give_back(job, attempt, Fault::WorkerLost));
        for error in futures::future::join_all(given_back).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "a lost job could not be taken back; it is tried again");
        }
        self.record_visits(now).await;
        self.offer_room(); // Somebody may have rested long enough.
        self.roster.fleet().plan_next_look(now, self.clock.now())
    }

    /// Writes how long workers were connected.
    async fn record_visits(&self, now: Timestamp) {
        let visits = self.roster.fleet().take_visits(now);
        let writes = visits.into_iter().map(async |Visit { worker, span, until }| {
            let change = Change::of_evidence(worker, Evidence::Connected(span), until);
            match self.commit(change, Documents::default()).await {
                Ok(committed) => {
                    committed.worker.iter().for_each(|worker| self.learn(worker));
                }
                Err(error) if self.store.stopped().is_some() => {
                    tracing::warn!(%worker, %error, "the time of a worker could not be written");
                }
                Err(error) => {
                    tracing::warn!(%worker, %error, "the time of a worker could not be written; it is tried again");
                    self.roster.fleet().put_back(Visit { worker, span, until });
                }
            }
        });
        futures::future::join_all(writes).await;
    }

    /// How many workers are connected.
    pub fn workers_online(&self) -> usize {
        self.roster.fleet().connected()
    }
}
