//! The jobs that ended last, with their answers: most answers are asked for at once, and then never again.
//!
//! A final job never changes, so what stands here cannot grow old. It is bounded in number and in bytes.

use crate::batch::{ResultDocument, ResultEntry};
use docket_core::id::{JobId, PublicId};
use docket_core::job::Job;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many jobs are kept at most.
const JOBS: usize = 1_024;
/// How many bytes their documents have at most.
const BYTES: usize = 8 << 20;
/// Larger documents are left to the disk.
const LARGEST: usize = 64 << 10;

/// Final jobs by id and by public id.
#[derive(Default)]
pub(crate) struct Recent {
    ended: Mutex<Ended>,
}

#[derive(Default)]
struct Ended {
    by_id: HashMap<JobId, (Arc<Job>, Option<ResultDocument>)>,
    by_public_id: HashMap<PublicId, JobId>,
    oldest_first: VecDeque<JobId>,
    bytes: usize,
}

impl Recent {
    fn ended(&self) -> std::sync::MutexGuard<'_, Ended> {
        // A map that lacks a job costs a read of the disk, no more.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn job(&self, id: JobId) -> Option<Arc<Job>> {
        self.ended().by_id.get(&id).map(|(job, _)| job.clone())
    }

    pub(crate) fn find(&self, id: &PublicId) -> Option<Arc<Job>> {
        let ended = self.ended();
        let id = ended.by_public_id.get(id)?;
        ended.by_id.get(id).map(|(job, _)| job.clone())
    }

    /// The answer, if it is kept here.
    pub(crate) fn answer(&self, id: JobId) -> Option<ResultDocument> {
        self.ended().by_id.get(&id).and_then(|(_, answer)| answer.clone())
    }

    /// Keeps those of the written jobs that are final, with the results that were written with them.
    pub(crate) fn keep(&self, written: &[Arc<Job>], results: &[ResultEntry]) {
        let mut results: HashMap<JobId, &ResultDocument> =
            results.iter().map(|entry| (entry.job, &entry.document)).collect();
        let mut ended = self.ended();
        for job in written.iter().filter(|job| job.state.is_final()) {
            let answer = results.remove(&job.id).filter(|answer| answer.weight() <= LARGEST);
            ended.add(job.clone(), answer.cloned());
        }
        ended.forget_the_oldest();
    }
}

impl Ended {
    fn add(&mut self, job: Arc<Job>, answer: Option<ResultDocument>) {
        self.bytes += answer.as_ref().map_or(0, ResultDocument::weight);
        self.oldest_first.push_back(job.id);
        self.by_public_id.insert(job.public_id.clone(), job.id);
        self.by_id.insert(job.id, (job, answer));
    }

    fn forget_the_oldest(&mut self) {
        while self.oldest_first.len() > JOBS || self.bytes > BYTES {
            let Some(id) = self.oldest_first.pop_front() else { return };
            if let Some((job, answer)) = self.by_id.remove(&id) {
                self.by_public_id.remove(&job.public_id);
                self.bytes -= answer.as_ref().map_or(0, ResultDocument::weight);
            }
        }
    }
}
