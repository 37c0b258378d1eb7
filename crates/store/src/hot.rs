//! The jobs that are not final, as every reader sees them: only what is durable, and who has them.

use docket_core::change::JobChange;
use docket_core::id::{JobId, PublicId, Version};
use docket_core::job::Job;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Open jobs by id and by public id.
#[derive(Default)]
pub(crate) struct Hot {
    jobs: Mutex<Jobs>,
}

#[derive(Default)]
struct Jobs {
    by_id: HashMap<JobId, Entry>,
    by_public_id: HashMap<PublicId, JobId>,
}

struct Entry {
    job: Arc<Job>,
    /// A durable change of it is being written: nothing else may happen to it until that is known.
    busy: bool,
}

/// How a version stands against what is hot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// It is the present one.
    Current,
    /// It is not.
    Outdated,
    /// A change is being written.
    Busy,
    /// The job is final, or does not exist.
    Absent,
}

impl Hot {
    fn jobs(&self) -> std::sync::MutexGuard<'_, Jobs> {
        // Every critical section leaves the maps whole, so a panic elsewhere does not spoil them.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, id: JobId) -> Option<Arc<Job>> {
        self.jobs().by_id.get(&id).map(|entry| entry.job.clone())
    }

    pub(crate) fn find(&self, id: &PublicId) -> Option<Arc<Job>> {
        let jobs = self.jobs();
        let id = jobs.by_public_id.get(id)?;
        jobs.by_id.get(id).map(|entry| entry.job.clone())
    }

    pub(crate) fn all(&self) -> Vec<Arc<Job>> {
        let mut all: Vec<_> = self.jobs().by_id.values().map(|entry| entry.job.clone()).collect();
        all.sort_unstable_by_key(|job| job.id);
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.jobs().by_id.len()
    }

    /// Carries out a change that needs no disk, at once. `Some` if it stands.
    pub(crate) fn apply_at_once(&self, change: &JobChange) -> Standing {
        let mut jobs = self.jobs();
        let Some(entry) = jobs.by_id.get_mut(&change.after.id) else { return Standing::Absent };
        let standing = entry.standing(change.before);
        if standing == Standing::Current {
            entry.job = change.after.clone();
        }
        standing
    }

    /// Reserves a job for the group being written.
    pub(crate) fn reserve(&self, id: JobId, before: Version) -> Standing {
        let mut jobs = self.jobs();
        let Some(entry) = jobs.by_id.get_mut(&id) else { return Standing::Absent };
        let standing = entry.standing(before);
        entry.busy |= standing == Standing::Current;
        standing
    }

    /// Shows jobs as they are on disk now.
    pub(crate) fn publish<'a>(&self, changed: impl Iterator<Item = &'a Arc<Job>>) {
        let mut jobs = self.jobs();
        for job in changed {
            if job.state.is_final() {
                jobs.by_id.remove(&job.id);
                jobs.by_public_id.remove(&job.public_id);
            } else {
                let entry = Entry { job: job.clone(), busy: false };
                if jobs.by_id.insert(job.id, entry).is_none() {
                    jobs.by_public_id.insert(job.public_id.clone(), job.id);
                }
            }
        }
    }
}

impl Entry {
    fn standing(&self, before: Version) -> Standing {
        match (self.busy, self.job.version == before) {
            (true, _) => Standing::Busy,
            (false, true) => Standing::Current,
            (false, false) => Standing::Outdated,
        }
    }
}
