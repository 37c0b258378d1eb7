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
        loop {
            let Some(job) = self.store.open_job(id) else {
                self.roster.fleet().stop_waiting(id);
                return Ok(Placement::Over);
            };
            if !matches!(job.state, State::Funded { .. }) {
                self.roster.fleet().stop_waiting(id);
                return Ok(Placement::Over);
            }
            let trusted = self.trusted_for(&job).await?;
            let payload = match &payload {
                Some(payload) => payload.clone(),
                None => self.payload(id).await?,
            };
            let scoring = (self.config.scoring)(&job);
            let (now, seed) = (self.clock.now(), self.entropy.number());
            let choice = self.roster.fleet().choose(&job, trusted.as_deref(), &scoring, now, seed);
            let Some(choice) = choice else { return Ok(Placement::Waiting) };
            match self.assign(&job, &choice, payload).await {
                Ok(()) => return Ok(Placement::Placed(choice.worker)),
                Err(error) => {
                    self.roster.fleet().release(&choice.worker, id);
                    match error {
                        // The job moved on meanwhile: look at it again.
                        EngineError::Refused(Refusal::NotNow { .. } | Refusal::TooLate) => {}
                        error => return Err(error),
                    }
                }
            }
            if self.store.open_job(id).is_some_and(|job| matches!(job.state, State::Funded { .. })) {
                // Its deadline has come, and the deadline decides.
                return Ok(Placement::Waiting);
            }
        }
    }

    async fn assign(&self, job: &Job, choice: &Choice, payload: Arc<[u8]>) -> Result<(), EngineError> {
        let command = Command::Assign {
            worker: choice.worker,
            epoch: self.store.start().epoch,
            accept_within: choice.accepts.then_some(ACCEPT_WITHIN),
        };
        let job = self.execute(job.id, &command).await?.job;
        let (_, attempt) = job.holder().ok_or(EngineError::Busy)?;
        let id = job.id;
        let message = ToWorker::Assign(Box::new(Assignment { job, attempt, payload }));
        self.roster.fleet().hold(&choice.worker, id, attempt, message);
        Ok(())
    }

    /// Tries the jobs that wait, the oldest of each line first, as long as somebody takes one.
    pub(crate) async fn place_waiting(&self) -> Result<(), EngineError> {
        loop {
            let heads = self.roster.fleet().waiting_heads();
            let mut placed = false;
            for job in heads {
                placed |= !matches!(self.route(job, None).await?, Placement::Waiting);
            }
            if !placed {
                return Ok(());
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
