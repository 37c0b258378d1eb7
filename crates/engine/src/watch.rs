//! Those who wait for something about a job.

use docket_core::id::JobId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who waits for which job. Some are only woken, others are told something.
pub(crate) struct Watch<T = ()> {
    waiting: Arc<Mutex<HashMap<JobId, Vec<oneshot::Sender<T>>>>>,
}

/// One who waits, and leaves nothing behind when he goes.
pub(crate) struct Wait<T = ()> {
    watch: Watch<T>,
    job: JobId,
    told: oneshot::Receiver<T>,
}

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone() }
    }
}

impl<T> Default for Watch<T> {
    fn default() -> Self {
        Self { waiting: Arc::default() }
    }
}

impl<T> Watch<T> {
    fn waiting(&self) -> MutexGuard<'_, HashMap<JobId, Vec<oneshot::Sender<T>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something to wait on. Look at the job once more after this, lest it was answered in between.
    pub(crate) fn wait(&self, job: JobId) -> Wait<T> {
        let (sender, told) = oneshot::channel();
        self.waiting().entry(job).or_default().push(sender);
        Wait { watch: self.clone(), job, told }
    }

    /// Those who wait for a job, to be told something. Dropped, they wake all the same.
    pub(crate) fn take(&self, job: JobId) -> Vec<oneshot::Sender<T>> {
        self.waiting().remove(&job).unwrap_or_default()
    }

    /// Wakes those who wait for a job.
    pub(crate) fn wake(&self, job: JobId) {
        drop(self.take(job));
    }

    /// Wakes everybody.
    pub(crate) fn wake_all(&self) {
        let woken = std::mem::take(&mut *self.waiting());
        drop(woken); // Not under the lock.
    }

    /// For how many jobs somebody waits.
    pub(crate) fn len(&self) -> usize {
        self.waiting().len()
    }
}

impl<T> Wait<T> {
    /// What he is told; `None` if he was only woken.
    pub(crate) async fn over(mut self) -> Option<T> {
        (&mut self.told).await.ok()
    }
}

impl<T> Drop for Wait<T> {
    fn drop(&mut self) {
        self.told.close();
        let mut waiting = self.watch.waiting();
        if let Some(list) = waiting.get_mut(&self.job) {
            list.retain(|other| !other.is_closed());
            if list.is_empty() {
                waiting.remove(&self.job);
            }
        }
    }
}
