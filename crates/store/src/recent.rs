//! The jobs that ended last, and the last answers: most are asked for at once, and then never again.
//!
//! A final job never changes, and neither does an answer, so what stands here cannot grow old. It is bounded in number
//! and in bytes.

use crate::batch::{ResultDocument, ResultEntry};
use crate::places::Places;
use docket_core::id::{JobId, PublicId};
use docket_core::job::Job;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many jobs are kept at most.
pub(crate) const JOBS: usize = 1_024;
/// How many bytes their documents have at most.
const BYTES: usize = 8 << 20;
/// Larger documents are left to the disk.
const LARGEST: usize = 64 << 10;

/// Final jobs by id and by public id, and answers.
#[derive(Default)]
pub(crate) struct Recent {
    ended: Mutex<Ended>,
    answered: Mutex<Answered>,
    pub(crate) places: Places,
}

#[derive(Default)]
struct Ended {
    by_id: HashMap<JobId, Arc<Job>>,
    by_public_id: HashMap<PublicId, JobId>,
    oldest_first: VecDeque<JobId>,
}

#[derive(Default)]
struct Answered {
    by_id: HashMap<JobId, ResultDocument>,
    oldest_first: VecDeque<JobId>,
    bytes: usize,
}

/// A map that lacks something costs a read of the disk, no more.
fn locked<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recent {
    pub(crate) fn job(&self, id: JobId) -> Option<Arc<Job>> {
        locked(&self.ended).by_id.get(&id).cloned()
    }

    pub(crate) fn find(&self, id: &PublicId) -> Option<Arc<Job>> {
        let ended = locked(&self.ended);
        let id = ended.by_public_id.get(id)?;
        ended.by_id.get(id).cloned()
    }

    /// The answer, if it is kept here.
    pub(crate) fn answer(&self, id: JobId) -> Option<ResultDocument> {
        locked(&self.answered).by_id.get(&id).cloned()
    }

    /// Keeps those of the written jobs that are final, and the results that were written with them: of a job that may
    /// still be disputed too.
    pub(crate) fn keep(&self, written: &[Arc<Job>], results: &[ResultEntry]) {
        locked(&self.ended).keep(written);
        locked(&self.answered).keep(results);
    }
}

impl Ended {
    fn keep(&mut self, written: &[Arc<Job>]) {
        for job in written.iter().filter(|job| job.state.is_final()) {
            self.oldest_first.push_back(job.id);
            self.by_public_id.insert(job.public_id.clone(), job.id);
            self.by_id.insert(job.id, job.clone());
        }
        while self.oldest_first.len() > JOBS {
            let Some(id) = self.oldest_first.pop_front() else { return };
            if let Some(job) = self.by_id.remove(&id) {
                self.by_public_id.remove(&job.public_id);
            }
        }
    }
}

impl Answered {
    fn keep(&mut self, results: &[ResultEntry]) {
        for entry in results.iter().filter(|entry| entry.document.weight() <= LARGEST) {
            self.bytes += entry.document.weight();
            self.oldest_first.push_back(entry.job);
            self.by_id.insert(entry.job, entry.document.clone());
        }
        while self.oldest_first.len() > JOBS || self.bytes > BYTES {
            let Some(id) = self.oldest_first.pop_front() else { return };
            self.bytes -= self.by_id.remove(&id).map_or(0, |answer| answer.weight());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(job: u64, bytes: usize) -> ResultEntry {
        let document =
            ResultDocument { output: vec![0; bytes].into(), receipt: Arc::new([]), decision: "".into() };
        ResultEntry { journal_id: 1, job: JobId(job), document }
    }

    #[test]
    fn answers_are_bounded_in_number_and_in_bytes() {
        let recent = Recent::default();
        let kept = |job: u64| recent.answer(JobId(job)).is_some();
        let small: Vec<_> = (0..=JOBS as u64).map(|job| answer(job, 1)).collect();
        recent.keep(&[], &small);
        assert_eq!([0, 1, JOBS as u64].map(kept), [false, true, true]);
        recent.keep(&[], &[answer(5_000, LARGEST + 1)]);
        assert!(!kept(5_000), "too large");
        let large: Vec<_> =
            (10_000..10_000 + (BYTES / LARGEST) as u64 + 1).map(|job| answer(job, LARGEST)).collect();
        recent.keep(&[], &large);
        assert_eq!([JOBS as u64, 10_000, 10_001].map(kept), [false, false, true]);
    }
}
