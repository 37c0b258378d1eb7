//! The one way to write: what waits is judged in order, the winners are written together, one sync,
//! then everybody is answered.
//!
//! What is durable need not be in the database's own tables yet: it is shown to readers when nobody writes
//! for a moment, when a reader asks for it, and when much has gathered.
//!
//! The writer is a step function. Production pumps it on a thread of its own; a simulation pumps it
//! on the only thread it has.

mod books;
#[cfg(feature = "faults")]
mod fault;
mod judge;
mod keys;
mod mail;
mod names;
mod records;
mod spendings;
mod sums;
mod wait;

pub(crate) use books::Key;
pub(crate) use spendings::Spent;
pub(crate) use sums::Moved;

use crate::backend::{Backend, Resumed, Seen};
use crate::batch::{Batch, Write};
use crate::error::{CommitError, StoreError};
use crate::hires::Hires;
use crate::hot::Hot;
use crate::known::Lately;
use crate::later::Later;
use crate::pending::Haste;
use crate::published::Published;
use crate::recent::Recent;
use crate::store::{Committed, Shared};
use docket_core::merkle::Frontier;
use judge::Judge;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wait::Next;

/// The most changes that are written together. With more, those whose answers are there wait for those who come after.
pub const GROUP: usize = 128;

/// A group takes no more changes once their documents have so many bytes.
pub(crate) const GROUP_BYTES: usize = 16 << 20;

/// So many changes are shown to readers, whatever waits. Fewer than the jobs that are kept in memory when they have
/// ended, so that a job is always found in one of both.
const UNSEEN: usize = 512;
const _: () = assert!(UNSEEN + 2 * GROUP < crate::recent::JOBS);

/// What is durable is shown to readers, and what can wait is written, when nobody has written for so long.
const MOMENT: Duration = Duration::from_millis(2);

/// What waits for the writer.
#[expect(clippy::large_enum_variant, reason = "almost all of them are writes")]
pub(crate) enum Request {
    /// Somebody writes.
    Write(Waiting),
    /// Somebody reads, and is to see all that was acknowledged.
    Show(oneshot::Sender<Result<(), StoreError>>),
    /// What can wait is to be written now.
    Hurry,
}

/// A write on its way to the writer, and where its answer goes.
pub(crate) struct Waiting {
    pub(crate) write: Write,
    pub(crate) haste: Haste,
    pub(crate) answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// What the writer does in one turn.
#[derive(Default)]
struct Work {
    group: Vec<Waiting>,
    bytes: usize,
    readers: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

impl Work {
    fn add(&mut self, request: Request) {
        match request {
            Request::Write(waiting) => {
                self.bytes += waiting.write.weight();
                self.group.push(waiting);
            }
            Request::Show(reader) => self.readers.push(reader),
            Request::Hurry => {}
        }
    }
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
    later: Arc<Later>,
    hires: Arc<Hires>,
    published: Arc<Published>,
    judge: Judge,
    /// How many changes readers do not see yet.
    unseen: usize,
    failed: Option<String>,
}

impl Writer {
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        queue: mpsc::Receiver<Request>,
        shared: Shared,
        resumed: Resumed,
    ) -> Result<Self, StoreError> {
        let frontier = Frontier::restore(resumed.log_size, resumed.log_peaks.clone())
            .ok_or_else(|| StoreError::Corrupt("the log's hashes do not fit its size".to_owned()))?;
        let Shared { hot, recent, lately, later, hires, published } = shared;
        published.extend_log(resumed.log_size, frontier.root());
        hot.publish(resumed.open_jobs.iter());
        let judge = Judge::resume(&resumed, frontier);
        Ok(Self {
            backend,
            queue,
            hot,
            recent,
            lately,
            later,
            hires,
            published,
            judge,
            unseen: 0,
            failed: None,
        })
    }

    /// Runs until every [`crate::Store`] is gone.
    pub fn run(mut self) {
        loop {
            let next = match self.unseen == 0 && self.later.may_sleep() {
                true => Next::of(self.queue.blocking_recv()),
                false => wait::next(&mut self.queue, MOMENT),
            };
            self.later.wake_up();
            let mut work = Work::default();
            let quiet = match next {
                Next::Request(first) => {
                    work.add(first);
                    false
                }
                Next::Nothing => true,
                Next::Closed => break,
            };
            self.take(&mut work);
            self.work(work);
            if self.unseen >= UNSEEN || quiet {
                self.show().ok(); // The store has stopped then, and says so to whoever comes.
            }
        }
        let mut rest = Work::default();
        self.take(&mut rest);
        self.work(rest);
    }

    /// Writes what is waiting, and returns.
    pub fn pump(&mut self) -> Turn {
        let mut work = Work::default();
        let open = self.take(&mut work);
        self.turn(work, open)
    }

    fn turn(&mut self, work: Work, open: bool) -> Turn {
        let (count, readers) = (work.group.len(), work.readers.len());
        self.work(work);
        self.show().ok(); // As above.
        match count {
            0 if readers == 0 && !open => Turn::Closed,
            0 => Turn::Idle,
            count => Turn::Wrote(count),
        }
    }

    /// Takes what waits, up to a whole group, and all that waits without haste; `false` if nothing can come any more.
    fn take(&mut self, work: &mut Work) -> bool {
        let open = self.take_queue(work);
        // Who has come through the queue may have seen something of these, and is judged after them. So they are taken
        // after him: what he has seen is then among them.
        let hasty = std::mem::take(&mut work.group);
        self.later.take().into_iter().for_each(|waiting| work.add(Request::Write(waiting)));
        work.group.extend(hasty);
        open
    }

    fn take_queue(&mut self, work: &mut Work) -> bool {
        while work.group.len() < GROUP && work.bytes < GROUP_BYTES {
            match self.queue.try_recv() {
                Ok(request) => work.add(request),
                Err(mpsc::error::TryRecvError::Empty) => return true,
                Err(mpsc::error::TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    fn work(&mut self, Work { group, readers, .. }: Work) {
        if !group.is_empty() {
            let (writes, answers): (Vec<_>, Vec<_>) =
                group.into_iter().map(|waiting| (waiting.write, (waiting.haste, waiting.answer))).unzip();
            let mut batch = Batch::default();
            let verdicts = self.commit(&writes, &mut batch);
            let (first, last): (Vec<_>, Vec<_>) =
                answers.into_iter().zip(verdicts).partition(|((haste, _), _)| *haste == Haste::AtOnce);
            for ((_, answer), verdict) in first.into_iter().chain(last) {
                answer.send(verdict).ok(); // A caller that has gone needs no answer.
            }
            self.apply(batch);
        }
        if !readers.is_empty() {
            let shown = self.show();
            for reader in readers {
                reader.send(shown.clone()).ok(); // The same.
            }
        }
    }

    /// What is durable is left to the database, once everybody is answered.
    fn apply(&mut self, batch: Batch) {
        if self.failed.is_none()
            && let Err(error) = self.backend.apply(batch)
        {
            self.stop(error.to_string());
        }
    }

    /// Lets readers see all that was acknowledged.
    fn show(&mut self) -> Result<(), StoreError> {
        if self.unseen == 0 {
            return Ok(());
        }
        if let Some(reason) = &self.failed {
            return Err(StoreError::Stopped(reason.clone()));
        }
        self.backend.show().map_err(|error| self.stop(error.to_string()))?;
        self.unseen = 0;
        self.published.show();
        Ok(())
    }

    fn commit(&mut self, writes: &[Write], batch: &mut Batch) -> Vec<Result<Committed, CommitError>> {
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
        let verdicts: Vec<_> = writes.iter().map(|write| self.judge.judge(write, &self.hot, batch)).collect();
        self.judge.end_group(batch);
        if batch.is_empty() {
            return verdicts;
        }
        match self.backend.write(batch) {
            Ok(Seen::Now) => {
                self.unseen = 0;
                self.published.show();
            }
            Ok(Seen::WhenShown) => {
                self.unseen += writes.len();
                self.published.hide();
            }
            // Whether it is on disk is unknown: only a restart, which reads the disk, can tell. Those who
            // lost against a change of this group did not lose for certain, so nobody has a verdict.
            Err(error) => return all(self.stop(error.to_string())),
        }
        // In this order nobody finds a job in neither.
        self.recent.keep(&batch.changed_jobs, &batch.results);
        self.recent.places.keep(&batch.journal);
        self.hot.publish(batch.new_jobs.iter().map(|(job, _)| job).chain(&batch.changed_jobs));
        self.hires.publish(batch.new_jobs.iter().map(|(job, _)| job).chain(&batch.changed_jobs));
        self.lately.take(batch);
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
        self.later.close();
    }
}
