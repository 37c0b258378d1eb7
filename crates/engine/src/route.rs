//! Gives a job to a worker.

use crate::ACCEPT_WITHIN;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::roster::{Assignment, Choice, Explanation, ToWorker};
use docket_core::command::Command;
use docket_core::id::{JobId, WorkerId};
use docket_core::job::{Job, State};
use docket_core::refusal::Refusal;
use docket_store::StoreError;
use std::sync::Arc;

/// Where a job has got to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// A worker has it.
    Placed(WorkerId),
    /// Nobody fits now; it is tried again when somebody has room.
    Waiting,
    /// It needs no worker any more.
    Over,
}

impl Engine {
    /// Finds a worker for a job that has none. `payload` saves reading it, where the caller has it.
    pub async fn route(&self, id: JobId, payload: Option<Arc<[u8]>>) -> Result<Placement, EngineError> {
        self.route_to(id, payload, None).await
    }

    /// The same where its client was promised somebody, who has it if he may.
    pub(crate) async fn route_to(
        &self,
        id: JobId,
        payload: Option<Arc<[u8]>>,
        preferred: Option<WorkerId>,
    ) -> Result<Placement, EngineError> {
        loop {
            let job = self.store.open_job(id).filter(|job| matches!(job.state, State::Funded { .. }));
            let Some(job) = job else {
                self.roster.fleet().stop_waiting(id);
                return Ok(Placement::Over);
            };
            let trusted = self.trusted_for(&job).await?;
            match self.choose(&job, trusted.as_deref(), preferred) {
                Choice::Taken(worker) => return Ok(Placement::Placed(worker)),
                Choice::Nobody if self.stands(&job, trusted.as_deref()).await? => {
                    return Ok(Placement::Waiting);
                }
                Choice::Nobody => {}
                Choice::Fit { worker, accepts } => {
                    match self.assign(id, worker, accepts, payload.clone()).await {
                        Ok(()) => return Ok(Placement::Placed(worker)),
                        // Its deadline has come, and the deadline decides.
                        Err(EngineError::Refused(Refusal::TooLate)) => return Ok(Placement::Over),
                        // The job moved on meanwhile: look at it again.
                        Err(EngineError::Refused(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    fn choose(&self, job: &Job, trusted: Option<&[WorkerId]>, preferred: Option<WorkerId>) -> Choice {
        let scoring = (self.config.scoring)(job);
        let (now, seed) = (self.clock.now(), self.entropy.number());
        self.roster.fleet().choose(job, trusted, preferred, &scoring, now, seed)
    }

    /// Whether a job that was put in line belongs there: neither it nor its client's trust has changed
    /// since it was looked at. Whatever changes from now on finds it in line.
    async fn stands(&self, job: &Job, trusted: Option<&[WorkerId]>) -> Result<bool, EngineError> {
        let trusts_the_same = self.trusted_for(job).await?.as_deref() == trusted;
        let unchanged = self.store.open_job(job.id).is_some_and(|now| now.version == job.version);
        Ok(trusts_the_same && unchanged)
    }

    /// Gives a job to a worker whose place was taken before. If it does not come about, the place is free again.
    pub(crate) fn assign(
        &self,
        id: JobId,
        worker: WorkerId,
        accepts: bool,
        payload: Option<Arc<[u8]>>,
    ) -> impl Future<Output = Result<(), EngineError>> + use<> {
        self.begin(move |engine| async move {
            let result = engine.try_to_assign(id, worker, accepts, payload).await;
            if result.is_err() {
                engine.roster.fleet().release(&worker, id);
                engine.offer_room();
            }
            result
        })
    }

    async fn try_to_assign(
        &self,
        id: JobId,
        worker: WorkerId,
        accepts: bool,
        payload: Option<Arc<[u8]>>,
    ) -> Result<(), EngineError> {
        let payload = match payload {
            Some(payload) => payload,
            None => self.payload(id).await?,
        };
        let epoch = self.store.start().epoch;
        let command = Command::Assign { worker, epoch, accept_within: accepts.then_some(ACCEPT_WITHIN) };
        let job = self.execute(id, &command).await?.job;
        let (_, attempt) = job.holder().ok_or(EngineError::Busy)?;
        let message = ToWorker::Assign(Assignment { job, attempt, payload });
        self.roster.fleet().hold(&worker, id, attempt, message, self.clock.now());
        Ok(())
    }

    /// Tries the jobs that wait, the oldest of each line first, as long as somebody takes one.
    pub(crate) async fn place_waiting(&self) {
        loop {
            let heads = self.roster.fleet().waiting_heads();
            let mut moved = false;
            for job in heads {
                match self.route(job, None).await {
                    Ok(Placement::Waiting) => {}
                    Ok(Placement::Placed(_) | Placement::Over) => moved = true,
                    Err(error) => {
                        tracing::warn!(job = job.0, %error, "a waiting job could not be routed; it is tried again");
                        self.route_later(job);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The workers that may see a private job; `None` if everybody may see it.
    pub(crate) async fn trusted_for(&self, job: &Job) -> Result<Option<Vec<WorkerId>>, StoreError> {
        if !job.ask.private {
            return Ok(None);
        }
        let trusted = self.store.trusted(&job.client).await?;
        Ok(Some(trusted.into_iter().map(|trust| trust.worker).collect()))
    }

    pub(crate) async fn payload(&self, id: JobId) -> Result<Arc<[u8]>, StoreError> {
        let payload = self.store.payload(id).await?;
        payload.ok_or_else(|| StoreError::Corrupt("a job without its payload".to_owned()))
    }

    /// Why each connected worker may or may not have a job, as things stand now.
    pub async fn explain(&self, job: &Job) -> Result<Explanation, EngineError> {
        let trusted = self.trusted_for(job).await?;
        let scoring = (self.config.scoring)(job);
        Ok(self.roster.fleet().explain(job, trusted.as_deref(), &scoring, self.clock.now()))
    }
}
