//! Wakes those who wait for a job's answer.

use docket_core::id::JobId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who waits for which job.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    waiting: Arc<Mutex<HashMap<JobId, Vec<oneshot::Sender<()>>>>>,
}

/// One who waits, and leaves nothing behind when he goes.
pub(crate) struct Wait {
    watch: Watch,
    job: JobId,
    woken: oneshot::Receiver<()>,
}

impl Watch {
    fn waiting(&self) -> MutexGuard<'_, HashMap<JobId, Vec<oneshot::Sender<()>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something to wait on. Look at the job once more after this, lest it was answered in between.
    pub(crate) fn wait(&self, job: JobId) -> Wait {
        let (sender, woken) = oneshot::channel();
        self.waiting().entry(job).or_default().push(sender);
        Wait { watch: self.clone(), job, woken }
    }

    /// The job has its answer.
    pub(crate) fn wake(&self, job: JobId) {
        let woken = self.waiting().remove(&job);
        for sender in woken.into_iter().flatten() {
            sender.send(()).ok(); // Nobody waits any more: nobody needs to know.
        }
    }

    /// No job is answered any more.
    pub(crate) fn wake_all(&self) {
        let woken = std::mem::take(&mut *self.waiting());
        for sender in woken.into_values().flatten() {
            sender.send(()).ok(); // As above.
        }
    }

    /// For how many jobs somebody waits.
    pub(crate) fn len(&self) -> usize {
        self.waiting().len()
    }
}

impl Wait {
    /// Resolves when the job may have its answer.
    pub(crate) async fn over(mut self) {
        (&mut self.woken).await.ok(); // A sender that is gone wakes too.
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.woken.close();
        let mut waiting = self.watch.waiting();
        if let Some(list) = waiting.get_mut(&self.job) {
            list.retain(|other| !other.is_closed());
            if list.is_empty() {
                waiting.remove(&self.job);
            }
        }
    }
}
