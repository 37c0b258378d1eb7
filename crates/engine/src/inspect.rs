//! What the operator looks at, and whom he bars.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::id::{Dialect, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::{CommitError, Documents, JobFilter};
use std::sync::Arc;

impl Engine {
    /// Jobs, the newest first, from before one; at most 100.
    pub async fn jobs(&self, before: Option<JobId>, limit: u32) -> Result<Vec<Arc<Job>>, EngineError> {
        Ok(self.store.jobs(&JobFilter { client: None, before, limit }).await?)
    }

    /// A job by its public id alone, whichever dialect made it.
    pub async fn named(&self, name: &str) -> Result<Option<Arc<Job>>, EngineError> {
        for dialect in Dialect::ALL {
            let id = PublicId { dialect, text: name.into() };
            if let Some(job) = self.store.find(&id).await? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// Why the present or the last worker of a job was chosen, as JSON; `None` if it never had one or
    /// came to nothing.
    pub async fn decision(&self, job: &Job) -> Result<Option<Arc<str>>, EngineError> {
        if let Some((worker, _)) = job.holder() {
            let decision = self.roster.fleet().decision(&worker, job.id);
            return Ok(decision.map(|decision| crate::decision::show(&decision).into()));
        }
        let answer = match job.delivery() {
            Some(_) => self.store.answer(job.id).await?,
            None => None,
        };
        Ok(answer.and_then(|answer| crate::decision::show_kept(&answer.decision)).map(Arc::from))
    }

    /// Bars a worker, or lets it in again; `None` if nobody knows it.
    ///
    /// A barred worker finishes what it has. It gets nothing new, and cannot connect again.
    pub async fn suspend(&self, worker: WorkerId, barred: bool) -> Result<Option<Worker>, EngineError> {
        loop {
            let Some(known) = self.store.worker(worker).await? else { return Ok(None) };
            let Some(change) = known.decide(WorkerCommand::Suspend(barred), self.clock.now())? else {
                return Ok(Some(known));
            };
            let committed = self.begin(|engine| async move {
                engine.commit(change, Documents::default()).await?;
                engine.roster.fleet().bar(&worker, barred, known.version.next());
                engine.offer_room();
                Ok(())
            });
            match committed.await {
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
