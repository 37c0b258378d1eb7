//! The one way to write: what waits is judged in order, the winners are written together, one sync,
//! then everybody is answered.
//!
//! The writer is a step function. Production pumps it on a thread of its own; a simulation pumps it
//! on the only thread it has.

mod books;
#[cfg(feature = "faults")]
mod fault;
mod judge;
mod keys;
mod mail;
mod records;
mod spendings;
mod sums;

pub(crate) use books::Key;
pub(crate) use spendings::Spent;
pub(crate) use sums::Moved;

use crate::backend::{Backend, Resumed};
use crate::batch::{Batch, Write};
use crate::error::{CommitError, StoreError};
use crate::hot::Hot;
use crate::known::Lately;
use crate::recent::Recent;
use crate::store::{Committed, Published};
use docket_core::merkle::Frontier;
use judge::Judge;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// The most changes that are written together. With more, those whose answers are there wait for those who come after.
pub const GROUP: usize = 128;

/// A group takes no more changes once their documents have so many bytes.
const GROUP_BYTES: usize = 16 << 20;

/// A write on its way to the writer, and where its answer goes.
pub(crate) struct Request {
    pub(crate) write: Write,
    pub(crate) answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// What a turn of the writer did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Nothing was waiting.
    Idle,
    /// So many writes were answered.
    Wrote(usize),
    /// Nobody can write any more.
    Closed,
}

/// Writes changes, one group at a time.
pub struct Writer {
    backend: Box<dyn Backend>,
    queue: mpsc::Receiver<Request>,
    hot: Arc<Hot>,
    recent: Arc<Recent>,
    lately: Arc<Lately>,
    published: Arc<Published>,
    judge: Judge,
    failed: Option<String>,
}

impl Writer {
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        queue: mpsc::Receiver<Request>,
        hot: Arc<Hot>,
        recent: Arc<Recent>,
        lately: Arc<Lately>,
        published: Arc<Published>,
        resumed: Resumed,
    ) -> Result<Self, StoreError> {
        let frontier = Frontier::restore(resumed.log_size, resumed.log_peaks.clone())
            .ok_or_else(|| StoreError::Corrupt("the log's hashes do not fit its size".to_owned()))?;
        published.extend_log(resumed.log_size, frontier.root());
        hot.publish(resumed.open_jobs.iter());
        let judge = Judge::resume(&resumed, frontier);
        Ok(Self { backend, queue, hot, recent, lately, published, judge, failed: None })
    }

    /// Runs until every [`crate::Store`] is gone.
    pub fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut group = vec![first];
            self.take(&mut group);
            self.write_group(group);
        }
    }

    /// Writes what is waiting, and returns.
    pub fn pump(&mut self) -> Turn {
        let mut group = Vec::new();
        let open = self.take(&mut group);
        match group.len() {
            0 if open => Turn::Idle,
            0 => Turn::Closed,
            count => {
                self.write_group(group);
                Turn::Wrote(count)
            }
        }
    }

    /// Takes what waits, up to a whole group; `false` if nothing can come any more.
    fn take(&mut self, group: &mut Vec<Request>) -> bool {
        let mut bytes: usize = group.iter().map(|request| request.write.weight()).sum();
        while group.len() < GROUP && bytes < GROUP_BYTES {
            match self.queue.try_recv() {
                Ok(request) => {
                    bytes += request.write.weight();
                    group.push(request);
                }
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn write_group(&mut self, group: Vec<Request>) {
        let (writes, answers): (Vec<_>, Vec<_>) =
            group.into_iter().map(|request| (request.write, request.answer)).unzip();
        let verdicts = self.commit(&writes);
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            answer.send(verdict).ok(); // A caller that has gone needs no answer.
        }
    }

    fn commit(&mut self, writes: &[Write]) -> Vec<Result<Committed, CommitError>> {
        let all = |error: StoreError| writes.iter().map(|_| Err(error.clone().into())).collect();
        if let Some(reason) = &self.failed {
            return all(StoreError::Stopped(reason.clone()));
        }
        let needs = self.judge.needs(writes);
        if !needs.is_empty() {
            match self.backend.load(&needs) {
                Ok(loaded) => self.judge.learn(&needs, loaded),
                Err(StoreError::Stopped(reason)) => return all(self.stop(reason)),
                // Nothing has been changed: these callers fail, and the next group may succeed.
                Err(error) => return all(error),
            }
        }
        let mut batch = Batch::default();
        let verdicts: Vec<_> =
            writes.iter().map(|write| self.judge.judge(write, &self.hot, &mut batch)).collect();
        self.judge.end_group(&mut batch);
        if batch.is_empty() {
            return verdicts;
        }
        if let Err(error) = self.backend.write(&batch) {
            // Whether it is on disk is unknown: only a restart, which reads the disk, can tell. Those who
            // lost against a change of this group did not lose for certain, so nobody has a verdict.
            return all(self.stop(error.to_string()));
        }
        // In this order nobody finds a job in neither.
        self.recent.keep(&batch.changed_jobs, &batch.results);
        self.recent.places.keep(&batch.journal);
        self.hot.publish(batch.new_jobs.iter().map(|(job, _)| job).chain(&batch.changed_jobs));
        self.lately.keys.forget(batch.keys.keys());
        self.lately.hooks.forget(batch.hooks.values().map(|hook| &hook.client));
        let (size, root) = self.judge.log();
        self.published.extend_log(size, root);
        verdicts
    }

    /// Accepts nothing from now on.
    fn stop(&mut self, reason: String) -> StoreError {
        tracing::error!(%reason, "the store has stopped: nothing is accepted any more");
        self.failed = Some(reason.clone());
        self.published.stop(reason.clone());
        StoreError::Stopped(reason)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.published.stop("the writer is gone".to_owned());
    }
}
