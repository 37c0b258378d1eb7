//! One index of deadlines drives all timers of jobs; the other timers are asked for theirs here.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::command::Command;
use docket_core::id::JobId;
use docket_core::time::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// When each open job's default outcome is due.
#[derive(Default)]
pub(crate) struct Deadlines(Mutex<Due>);

#[derive(Default)]
struct Due {
    order: BTreeSet<(Timestamp, JobId)>,
    by_job: HashMap<JobId, Timestamp>,
    /// The timers look again by then, as they were told; what is due later need not wake them.
    told: Option<Timestamp>,
}

impl Deadlines {
    fn due(&self) -> std::sync::MutexGuard<'_, Due> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the deadline of a job as it is now; `true` if the timers must hear of it, because it comes before all that
    /// they were told.
    ///
    /// The job is looked up here, under the lock: of two changes at once, the one that is noted last
    /// need not be the one that was made last.
    fn note(&self, id: JobId, deadline: impl FnOnce() -> Option<Timestamp>) -> bool {
        let mut due = self.due();
        let deadline = deadline();
        let before = match deadline {
            Some(at) => due.by_job.insert(id, at),
            None => due.by_job.remove(&id),
        };
        if let Some(before) = before {
            due.order.remove(&(before, id));
        }
        let Some(at) = deadline else { return false };
        due.order.insert((at, id));
        let comes_first = due.told.is_none_or(|told| at < told);
        if comes_first {
            due.told = Some(at);
        }
        comes_first
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.due().by_job.len()
    }

    /// The next deadline, for the timers.
    fn next(&self) -> Option<Timestamp> {
        let mut due = self.due();
        due.told = due.order.first().map(|(at, _)| *at);
        due.told
    }

    /// Jobs whose deadline has come, in order.
    fn passed(&self, now: Timestamp) -> Vec<JobId> {
        let due = self.due();
        due.order.iter().take_while(|(at, _)| *at <= now).map(|(_, job)| *job).collect()
    }
}

impl Engine {
    /// Keeps the deadline that a job has now.
    pub(crate) fn note_deadline(&self, id: JobId) {
        if self.deadlines.note(id, || self.store.open_job(id)?.state.deadline()) {
            self.timer.notify_one();
        }
    }

    /// Carries out what is due by now, in the order of the deadlines; answers how much it was. A store that
    /// has stopped can keep no deadline: the next start does.
    pub async fn lapse_due(&self) -> usize {
        if self.store.stopped().is_some() {
            return 0;
        }
        let passed = self.deadlines.passed(self.clock.now());
        let lapses = passed.iter().map(|job| self.lapse(*job));
        futures::future::join_all(lapses).await.len()
    }

    async fn lapse(&self, id: JobId) {
        match self.execute(id, &Command::Lapse { treasury: 0 }).await {
            Ok(_) => {}
            // It ended in another way meanwhile, or has more time.
            Err(EngineError::Refused(_)) => self.note_deadline(id),
            Err(error @ (EngineError::Busy | EngineError::Store(_))) => {
                tracing::warn!(job = id.0, %error, "a deadline could not be kept; it is tried again");
            }
        }
    }

    /// When [`Self::lapse_due`], [`Self::ripen_effects`] or [`Self::sweep_workers`] next has something to do.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let jobs = self.deadlines.next().filter(|_| self.store.stopped().is_none());
        let workers = self.roster.fleet().next_look();
        [jobs, self.outbox.next(), self.post.next(), workers].into_iter().flatten().min()
    }

    /// Resolves when [`Self::next_deadline`] may have come closer.
    pub async fn deadline_moved(&self) {
        self.timer.notified().await;
    }

    /// When the timers look at a job, if it is open.
    pub fn deadline_of(&self, id: JobId) -> Option<Timestamp> {
        self.deadlines.due().by_job.get(&id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timers_hear_only_of_what_comes_before_all_that_they_were_told() {
        let deadlines = Deadlines::default();
        let note = |job, at: i64| deadlines.note(JobId(job), || Some(Timestamp(at)));
        assert!(note(1, 50), "they were told nothing");
        assert_eq!([note(2, 60), note(3, 50)], [false, false], "they look again before");
        assert!(note(4, 40));
        assert_eq!(deadlines.next(), Some(Timestamp(40)));
        assert!(!deadlines.note(JobId(4), || None));
        assert!(!note(5, 45), "they still look again at 40");
        assert_eq!(deadlines.next(), Some(Timestamp(45)));
        assert!(note(6, 44));
        for job in 1..=6 {
            deadlines.note(JobId(job), || None);
        }
        assert_eq!((deadlines.next(), deadlines.len()), (None, 0));
        assert!(note(7, 1_000), "there was nothing to look at");
    }
}
