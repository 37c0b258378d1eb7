//! Answers that are handed over while what they cost is being written down.
//!
//! What a worker has proven is the answer, whatever becomes of the settlement: who waits for it gets it once the change
//! is on its way. Nothing is said of the settlement before that is durable.

use crate::engine::Engine;
use crate::watch::Watch;
use docket_core::id::JobId;
use docket_core::job::Job;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    waiting: Watch<ToldAnswer>,
    unsettled: Arc<Unsettled>,
}

#[derive(Default)]
struct Unsettled {
    /// How many settlements of each job are on their way.
    jobs: Mutex<HashMap<JobId, usize>>,
    /// How many jobs those are, for who only looks.
    count: AtomicUsize,
}

/// Who is about to be told an answer that is not settled yet.
pub(crate) struct Audience {
    waiting: Vec<oneshot::Sender<ToldAnswer>>,
    unsettled: Unsettling,
}

/// An answer that somebody is told before it is settled. Dropped once it is settled, or will not be as it was told.
pub(crate) struct Unsettling {
    unsettled: Arc<Unsettled>,
    job: JobId,
}

impl Told {
    /// Those who wait for an answer. Dropped, they look at the job once more.
    pub(crate) fn take(&self, job: JobId) -> Vec<oneshot::Sender<ToldAnswer>> {
        self.waiting.take(job)
    }

    /// Notes that they are about to be told an answer that is not settled yet.
    pub(crate) fn note(&self, job: JobId, waiting: Vec<oneshot::Sender<ToldAnswer>>) -> Audience {
        self.unsettled.add(job);
        Audience { waiting, unsettled: Unsettling { unsettled: self.unsettled.clone(), job } }
    }

    /// The job has its answer, or will never have one.
    pub(crate) fn end(&self, job: JobId) {
        self.waiting.wake(job);
    }

    /// Nobody is told anything any more.
    pub(crate) fn end_all(&self) {
        self.waiting.wake_all();
    }

    /// For how many jobs somebody waits.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Audience {
    /// Tells them. What is given back stands for a settlement on its way.
    pub(crate) fn tell(self, answer: &ToldAnswer) -> Unsettling {
        for waits in self.waiting {
            waits.send(answer.clone()).ok(); // Who has gone needs no answer.
        }
        self.unsettled
    }
}

impl Unsettled {
    fn jobs(&self) -> MutexGuard<'_, HashMap<JobId, usize>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, job: JobId) {
        let mut jobs = self.jobs();
        *jobs.entry(job).or_default() += 1;
        self.count.store(jobs.len(), Ordering::Release);
    }

    fn remove(&self, job: JobId) {
        let mut jobs = self.jobs();
        if let Some(settlements) = jobs.get_mut(&job) {
            *settlements -= 1;
            if *settlements == 0 {
                jobs.remove(&job);
            }
        }
        self.count.store(jobs.len(), Ordering::Release);
    }

    fn has(&self, job: JobId) -> bool {
        self.jobs().contains_key(&job)
    }
}

impl Drop for Unsettling {
    fn drop(&mut self) {
        self.unsettled.remove(self.job);
    }
}

impl Engine {
    /// The answer to a job as soon as it is proven; `None` once the job may have its answer, or the store has stopped.
    /// Look at both before waiting for it, and after.
    pub fn told(&self, job: JobId) -> impl Future<Output = Option<ToldAnswer>> + use<> {
        self.told.waiting.wait(job).over()
    }

    /// Waits until whatever anybody was told is settled, so that he finds it so.
    pub async fn caught_up(&self) {
        let unsettled = &self.told.unsettled;
        if unsettled.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let jobs: Vec<_> = unsettled.jobs().keys().copied().collect();
        self.store.hurry().await.ok(); // A writer that is gone settles nothing any more.
        for job in jobs {
            let settled = self.answered(job);
            if unsettled.has(job) {
                settled.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_unsettled_until_all_its_settlements_have_ended() {
        let told = Told::default();
        let (first, second) = (told.note(JobId(1), Vec::new()), told.note(JobId(1), Vec::new()));
        drop(first);
        assert!(told.unsettled.has(JobId(1)), "the other one is still on its way");
        drop(second);
        assert!(!told.unsettled.has(JobId(1)));
        assert_eq!(told.unsettled.count.load(Ordering::Acquire), 0);
    }
}
