//! Answers that are handed over while what they cost is being written down.
//!
//! What a worker has proven is the answer, whatever becomes of the settlement: who waits for it gets it once the change
//! is on its way. Nothing is said of the settlement before that is durable.

use crate::engine::Engine;
use docket_core::id::JobId;
use docket_core::job::Job;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// An answer that is settled in a moment.
#[derive(Clone, Debug)]
pub struct ToldAnswer {
    /// The job as it then is.
    pub job: Arc<Job>,
    /// The raw bytes of the output.
    pub output: Arc<[u8]>,
}

/// Who waits for an answer, and which answers are not settled yet.
#[derive(Default)]
pub(crate) struct Told {
    waiting: Mutex<HashMap<JobId, Vec<oneshot::Sender<ToldAnswer>>>>,
    unsettled: Mutex<HashSet<JobId>>,
    /// How many those are, for who only looks.
    count: AtomicUsize,
}

impl Told {
    fn waiting(&self) -> MutexGuard<'_, HashMap<JobId, Vec<oneshot::Sender<ToldAnswer>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsettled(&self) -> MutexGuard<'_, HashSet<JobId>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody waits for an answer.
    pub(crate) fn is_awaited(&self, job: JobId) -> bool {
        self.waiting().contains_key(&job)
    }

    /// Hands an answer to those who wait for it.
    pub(crate) fn tell(&self, answer: &ToldAnswer) {
        let Some(waiting) = self.waiting().remove(&answer.job.id) else { return };
        self.note(answer.job.id);
        for waits in waiting {
            waits.send(answer.clone()).ok(); // Who has gone needs no answer.
        }
    }

    /// Somebody is about to be told an answer that is not settled yet.
    pub(crate) fn note(&self, job: JobId) {
        let mut unsettled = self.unsettled();
        unsettled.insert(job);
        self.count.store(unsettled.len(), Ordering::Release);
    }

    /// The job has its answer, or will never have one.
    pub(crate) fn end(&self, job: JobId) {
        self.waiting().remove(&job);
    }

    /// What was said of an answer is settled, or will not be as it was told.
    pub(crate) fn settled(&self, job: JobId) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut unsettled = self.unsettled();
            unsettled.remove(&job);
            self.count.store(unsettled.len(), Ordering::Release);
        }
    }

    /// Nobody is told anything any more.
    pub(crate) fn end_all(&self) {
        self.waiting().clear();
        self.unsettled().clear();
        self.count.store(0, Ordering::Release);
    }
}

impl Engine {
    /// The answer to a job as soon as it is proven; `None` once the job may have its answer, or the store has stopped.
    /// Look at both before waiting for it, and after.
    pub fn told(&self, job: JobId) -> impl Future<Output = Option<ToldAnswer>> + use<> {
        let (answer, told) = oneshot::channel();
        self.told.waiting().entry(job).or_default().push(answer);
        async move { told.await.ok() }
    }

    /// Waits until whatever anybody was told is settled, so that he finds it so.
    pub async fn caught_up(&self) {
        if self.told.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let unsettled: Vec<_> = self.told.unsettled().iter().copied().collect();
        self.store.hurry().await.ok(); // A writer that is gone settles nothing any more.
        for job in unsettled {
            let settled = self.answered(job);
            if self.told.unsettled().contains(&job) {
                settled.await;
            }
        }
    }
}
