//! Workers come, show life, and go.

use crate::RESUME_GRACE;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::roster::{Assignment, Connection, Outbound, Profile, ToWorker};
use docket_core::command::Command;
use docket_core::event::Fault;
use docket_core::id::{Attempt, Dialect, JobId, PublicId, WorkerId};
use docket_core::job::{Job, State};
use docket_core::refusal::Refusal;
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
    pub(crate) decision: Arc<Decision>,
}

impl Engine {
    /// Lets a worker in, and lets it go on with what it has.
    pub async fn connect(&self, hello: Hello, outbound: Outbound) -> Result<Welcome, EngineError> {
        let worker = self.register(&hello).await?;
        let joined = {
            let now = self.clock.now();
            let mut fleet = self.roster.fleet();
            if fleet.is_live(&hello.worker, now) {
                return Err(Refusal::AlreadyConnected.into());
            }
            fleet.join(&worker, hello.proof, hello.profile.clone(), outbound, now)
        };
        for (job, held) in joined.held {
            if let Some(attempt) = held.attempt
                && !hello.resume.contains(&held.name)
            {
                self.give_back(job, attempt, Fault::WorkerLost).await;
            }
        }
        let mut resumed = Vec::new();
        for name in &hello.resume {
            if self.resume(hello.worker, joined.connection, name).await? {
                resumed.push(name.clone());
            }
        }
        self.offer_room().await;
        Ok(Welcome { connection: joined.connection, resumed })
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
        worker: WorkerId,
        connection: Connection,
        name: &Arc<str>,
    ) -> Result<bool, EngineError> {
        let Some(job) = self.find_any(name).await? else { return Ok(false) };
        match (&job.state, job.holder()) {
            (_, Some((holder, attempt))) if holder == worker => {
                self.assign_again(connection, job, attempt).await?;
                Ok(true)
            }
            (State::Funded { .. }, _) if !job.tried.contains(&worker) && !job.ask.private => {
                self.take_up(worker, connection, &job).await
            }
            (State::Settled { delivery, .. }, _) if delivery.worker == worker => {
                let log_index = self.store.log_index(job.id, "settled").await?;
                let attempt = delivery.attempt;
                self.tell(connection, ToWorker::Done { job: name.clone(), attempt, outcome: Ok(log_index) });
                Ok(false)
            }
            _ => {
                let attempt = Attempt::default();
                let reason = Refusal::StaleAttempt.code();
                self.tell(connection, ToWorker::Cancel { job: name.clone(), attempt, reason });
                Ok(false)
            }
        }
    }

    /// After a restart nobody has the job: the worker who had it goes on, under a new number.
    async fn take_up(
        &self,
        worker: WorkerId,
        connection: Connection,
        job: &Arc<Job>,
    ) -> Result<bool, EngineError> {
        self.roster.fleet().take_up(&worker, job);
        let epoch = self.store.start().epoch;
        let command = Command::Assign { worker, epoch, accept_within: None };
        match self.execute(job.id, &command).await {
            Ok(executed) => {
                let (_, attempt) = executed.job.holder().ok_or(EngineError::Busy)?;
                self.assign_again(connection, executed.job, attempt).await?;
                Ok(true)
            }
            Err(error) => {
                self.roster.fleet().release(&worker, job.id);
                match error {
                    EngineError::Refused(_) => Ok(false),
                    error => Err(error),
                }
            }
        }
    }

    /// Sends a job once more: a worker that has it learns the number, one that lost it begins again.
    async fn assign_again(
        &self,
        connection: Connection,
        job: Arc<Job>,
        attempt: Attempt,
    ) -> Result<(), EngineError> {
        let payload = self.payload(job.id).await?;
        let mut fleet = self.roster.fleet();
        if let Some(worker) = fleet.worker(connection) {
            let id = job.id;
            let assignment = Assignment { job, attempt, payload };
            fleet.hold(&worker, id, attempt, ToWorker::Assign(Box::new(assignment)));
        }
        Ok(())
    }

    async fn find_any(&self, name: &Arc<str>) -> Result<Option<Arc<Job>>, EngineError> {
        for dialect in Dialect::ALL {
            let id = PublicId { dialect, text: name.clone() };
            if let Some(job) = self.store.find(&id).await? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    fn tell(&self, connection: Connection, message: ToWorker) {
        self.roster.fleet().tell(connection, message);
    }

    /// A sign of life. `false` if the connection is not the worker's any more.
    pub fn heartbeat(&self, connection: Connection) -> bool {
        self.roster.fleet().seen(connection, self.clock.now())
    }

    /// The worker takes nothing new; what it has, it finishes.
    pub fn drain_worker(&self, connection: Connection) {
        self.roster.fleet().drain(connection);
    }

    /// The connection has ended; what the worker has stays with it for the grace.
    pub fn disconnect(&self, connection: Connection) {
        self.roster.fleet().leave(connection, self.clock.now());
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
        self.offer_room().await;
        Ok(())
    }

    /// The job that a worker speaks of, if it holds it.
    pub(crate) fn in_hand(&self, connection: Connection, name: &str) -> Result<InHand, EngineError> {
        let held = self.roster.fleet().held(connection, name);
        let (worker, job, held) = held.ok_or(Refusal::StaleAttempt)?;
        let attempt = held.attempt.ok_or(Refusal::StaleAttempt)?;
        Ok(InHand { worker, job, attempt, decision: held.decision })
    }

    /// The job as a worker holds it; `None` if it does not.
    pub fn held_job(&self, connection: Connection, name: &str) -> Option<Arc<Job>> {
        let (_, job, _) = self.roster.fleet().held(connection, name)?;
        self.store.open_job(job)
    }

    async fn give_back(&self, job: JobId, attempt: Attempt, reason: Fault) {
        if let Err(error) = self.execute(job, &Command::Return { attempt, reason }).await {
            tracing::debug!(job = job.0, %error, "a job had moved on before it could be given back");
        }
    }

    /// Gives up workers who were silent or away for too long; answers when to look again.
    pub async fn sweep_workers(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let overdue = {
            let mut fleet = self.roster.fleet();
            for connection in fleet.silent(now) {
                fleet.tell(connection, ToWorker::Close);
                // It had its time while it was silent: no further grace.
                fleet.leave(connection, Timestamp(now.0 - RESUME_GRACE.0));
            }
            fleet.overdue(now)
        };
        for (_, job, attempt) in overdue {
            self.give_back(job, attempt, Fault::WorkerLost).await;
        }
        self.offer_room().await;
        self.roster.fleet().next_overdue()
    }

    /// Somebody may have room: those who wait are tried again.
    pub(crate) async fn offer_room(&self) {
        if !self.roster.fleet().somebody_waits() {
            return;
        }
        if let Err(error) = self.place_waiting().await {
            tracing::warn!(%error, "waiting jobs could not be placed; their deadlines stand");
        }
    }

    /// How many workers are connected.
    pub fn workers_online(&self) -> usize {
        self.roster.fleet().connected()
    }
}
