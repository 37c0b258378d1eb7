//! Wakes those who wait for a job's answer.

use docket_core::id::JobId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Who waits for which job.
#[derive(Default)]
pub(crate) struct Watch {
    waiting: Mutex<HashMap<JobId, Vec<oneshot::Sender<()>>>>,
}

impl Watch {
    /// Something to wait on. Look at the job once more after this, lest it was answered in between.
    pub(crate) fn wait(&self, job: JobId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let list = waiting.entry(job).or_default();
        list.retain(|other| !other.is_closed()); // Those who gave up leave nothing behind.
        list.push(sender);
        receiver
    }

    /// The job has its answer.
    pub(crate) fn wake(&self, job: JobId) {
        let woken = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&job);
        for sender in woken.into_iter().flatten() {
            sender.send(()).ok(); // Nobody waits any more: nobody needs to know.
        }
    }
}
