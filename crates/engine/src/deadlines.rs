//! One index of deadlines drives all timers of jobs.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::command::Command;
use docket_core::id::JobId;
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// When each open job's default outcome is due.
#[derive(Default)]
pub(crate) struct Deadlines {
    due: Mutex<Due>,
    earlier: Notify,
}

#[derive(Default)]
struct Due {
    order: BTreeSet<(Timestamp, JobId)>,
    by_job: HashMap<JobId, Timestamp>,
}

impl Deadlines {
    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the deadline of a job as it is now.
    pub(crate) fn note(&self, job: &Job) {
        self.set(job.id, job.state.deadline());
    }

    fn set(&self, job: JobId, deadline: Option<Timestamp>) {
        let mut due = self.due();
        let before = match deadline {
            Some(at) => due.by_job.insert(job, at),
            None => due.by_job.remove(&job),
        };
        if let Some(before) = before {
            due.order.remove(&(before, job));
        }
        if let Some(at) = deadline {
            due.order.insert((at, job));
            if due.order.first() == Some(&(at, job)) {
                self.earlier.notify_one();
            }
        }
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due().order.first().map(|(at, _)| *at)
    }

    /// Jobs whose deadline has come, in order.
    fn passed(&self, now: Timestamp) -> Vec<JobId> {
        let due = self.due();
        due.order.iter().take_while(|(at, _)| *at <= now).map(|(_, job)| *job).collect()
    }

    /// Resolves when a deadline comes before all others that were known.
    pub(crate) async fn earlier(&self) {
        self.earlier.notified().await;
    }
}

impl Engine {
    /// Carries out what is due by now, in the order of the deadlines; answers how much it was.
    pub async fn lapse_due(&self) -> usize {
        let passed = self.deadlines.passed(self.clock.now());
        let lapses = passed.iter().map(|job| self.lapse(*job));
        futures::future::join_all(lapses).await.len()
    }

    async fn lapse(&self, id: JobId) {
        match self.execute(id, &Command::Lapse).await {
            Ok(_) | Err(EngineError::Refused(Refusal::NotYetDue)) => {}
            // It ended in another way meanwhile: forget it.
            Err(EngineError::Refused(_)) => {
                let job = self.store.open_job(id);
                self.deadlines.set(id, job.and_then(|job| job.state.deadline()));
            }
            Err(error @ (EngineError::Busy | EngineError::Store(_))) => {
                tracing::warn!(job = id.0, %error, "a deadline could not be kept; it is tried again");
            }
        }
    }

    /// When something is due next.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.deadlines.next()
    }

    /// Resolves when [`Self::next_deadline`] has come closer.
    pub async fn deadline_moved(&self) {
        self.deadlines.earlier().await;
    }
}
