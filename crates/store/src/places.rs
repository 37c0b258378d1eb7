//! Where the log has what happened to the jobs that came last: each answer names the places of its job.
//!
//! What stands in the log never moves, so what stands here cannot grow old. It is bounded in number.

use crate::batch::JournalEntry;
use crate::read::JournalRow;
use docket_core::id::{JobId, Version};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of how many jobs the places are kept at most.
const JOBS: usize = 4_096;

/// Something that happened to a job, and its place in the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogPlace {
    /// What.
    pub event: Cow<'static, str>,
    /// Where.
    pub index: u64,
}

impl LogPlace {
    /// The place of a row, if it has one.
    pub(crate) fn of(row: JournalRow) -> Option<Self> {
        Some(Self { index: row.leaf_index?, event: row.event.into() })
    }
}

/// The places of jobs whose first event was written here: those are whole.
#[derive(Default)]
pub(crate) struct Places(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_job: HashMap<JobId, Vec<LogPlace>>,
    oldest_first: VecDeque<JobId>,
}

impl Places {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The places of a job in order, if they are kept here.
    pub(crate) fn of(&self, job: JobId) -> Option<Vec<LogPlace>> {
        self.kept().by_job.get(&job).cloned()
    }

    /// Keeps the places of what was written.
    pub(crate) fn keep(&self, written: &[JournalEntry]) {
        let mut kept = self.kept();
        for entry in written {
            kept.keep(entry);
        }
    }
}

impl Kept {
    fn keep(&mut self, entry: &JournalEntry) {
        let Some(job) = entry.job else { return };
        if entry.version == Version::NONE.next() {
            self.oldest_first.push_back(job);
            self.by_job.insert(job, Vec::new());
        }
        let place = entry.leaf_index.map(|index| LogPlace { event: entry.event.into(), index });
        if let (Some(places), Some(place)) = (self.by_job.get_mut(&job), place) {
            places.push(place);
        }
        while self.oldest_first.len() > JOBS {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            self.by_job.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::time::Timestamp;

    fn entry(job: u64, version: Version, event: &'static str, leaf_index: Option<u64>) -> JournalEntry {
        let (at, detail) = (Timestamp(0), String::new());
        JournalEntry {
            journal_id: 1,
            job: Some(JobId(job)),
            version,
            at,
            event,
            detail,
            leaf_index,
            transfers: 0..0,
        }
    }

    #[test]
    fn a_job_is_known_from_its_first_event_on_or_not_at_all() {
        let (places, first) = (Places::default(), Version::NONE.next());
        places.keep(&[
            entry(1, first, "funded", Some(7)),
            entry(1, first.next(), "returned", None),
            entry(2, first.next(), "settled", Some(8)),
            entry(1, first.next().next(), "settled", Some(9)),
        ]);
        let known = places.of(JobId(1)).unwrap();
        let known: Vec<_> = known.iter().map(|place| (&*place.event, place.index)).collect();
        assert_eq!(known, [("funded", 7), ("settled", 9)]);
        assert_eq!(places.of(JobId(2)), None, "its beginning was not seen");
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let places = Places::default();
        let jobs: Vec<_> =
            (0..=JOBS as u64).map(|job| entry(job, Version::NONE.next(), "funded", Some(job))).collect();
        places.keep(&jobs);
        assert_eq!([0, 1, JOBS as u64].map(|job| places.of(JobId(job)).is_some()), [false, true, true]);
    }
}
