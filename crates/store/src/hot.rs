//! The jobs that are not final, as every reader sees them: only what is durable, who has them, and what they hold.

use crate::queries::of_key::STRETCH;
use crate::read::{Cursor, KeyJobs, Stretch};
use docket_core::change::JobChange;
use docket_core::id::{ClientId, JobId, PublicId, Version};
use docket_core::job::Job;
use docket_core::key::KeyId;
use docket_core::money::Asset;
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound::{Excluded, Unbounded};
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
    /// What the jobs of each client have in escrow, in minor units. Who has nothing there is not here.
    held: HashMap<(ClientId, Asset), u128>,
    /// The jobs of each key that have no answer yet. A key that has none is not here.
    unanswered: HashMap<KeyId, BTreeSet<JobId>>,
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

    /// What a client's jobs have in escrow, in minor units.
    pub(crate) fn held(&self, client: &ClientId, asset: Asset) -> u128 {
        self.jobs().held.get(&(client.clone(), asset)).copied().unwrap_or_default()
    }

    /// Jobs of a key that have no answer yet, among so many as are looked at in one go.
    pub(crate) fn unanswered(&self, which: &KeyJobs<'_>, cursor: Cursor, limit: u32) -> Stretch {
        let jobs = self.jobs();
        let Some(ids) = jobs.unanswered.get(&which.key) else { return Stretch::default() };
        match cursor {
            Cursor::Newest => jobs.sift(which, ids.iter().rev(), cursor, limit),
            Cursor::Before(job) => jobs.sift(which, ids.range(..job).rev(), cursor, limit),
            Cursor::After(job) => jobs.sift(which, ids.range((Excluded(job), Unbounded)), cursor, limit),
        }
    }

    /// Carries out a change that needs no disk, at once. It moves no money.
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
            let before = if job.state.is_final() {
                jobs.by_public_id.remove(&job.public_id);
                jobs.by_id.remove(&job.id)
            } else {
                jobs.by_public_id.entry(job.public_id.clone()).or_insert(job.id);
                jobs.by_id.insert(job.id, Entry { job: job.clone(), busy: false })
            };
            let before = before.map_or(0, |entry| entry.job.escrow.units);
            let now = if job.state.is_final() { 0 } else { job.escrow.units };
            jobs.hold(job, before, now);
            jobs.await_answer(job);
        }
    }
}

impl Jobs {
    /// Those among some ids that fit.
    fn sift<'a>(
        &self,
        which: &KeyJobs<'_>,
        mut ids: impl Iterator<Item = &'a JobId>,
        cursor: Cursor,
        limit: u32,
    ) -> Stretch {
        let (mut found, mut end) = (Vec::new(), None);
        let limit = limit.min(STRETCH);
        for id in ids.by_ref().take(STRETCH as usize) {
            end = Some(*id);
            let job = self.by_id.get(id).map(|entry| &entry.job);
            found.extend(job.filter(|job| which.fits(job)).cloned());
            if found.len() == limit as usize {
                break;
            }
        }
        let end = end.filter(|_| ids.next().is_some());
        Stretch::new(found, end, cursor, limit)
    }

    /// A job has an answer now, or has none yet.
    fn await_answer(&mut self, job: &Job) {
        let Some(key) = job.key else { return };
        if !job.state.is_answered() {
            self.unanswered.entry(key).or_default().insert(job.id);
        } else if let Some(ids) = self.unanswered.get_mut(&key) {
            ids.remove(&job.id);
            if ids.is_empty() {
                self.unanswered.remove(&key);
            }
        }
    }

    /// A job has something else in escrow than before.
    fn hold(&mut self, job: &Job, before: u128, now: u128) {
        if before == now {
            return;
        }
        let account = (job.client.clone(), job.escrow.asset);
        let held = self.held.get(&account).map_or(0, |held| held.saturating_sub(before)).saturating_add(now);
        match held {
            0 => self.held.remove(&account),
            held => self.held.insert(account, held),
        };
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
