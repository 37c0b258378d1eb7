//! What may be used only once: callers' keys, the numbers of jobs and their public names.

use super::names::Names;
use crate::backend::{Loaded, Needs, Resumed};
use crate::error::CommitError;
use docket_core::change::{Change, Claim};
use docket_core::id::{JobId, PublicId, Version};
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The keys that the open group asks for and that are used already, on disk or in the group itself.
#[derive(Default)]
pub(super) struct Keys {
    last_job: Option<JobId>,
    latest: Names,
    claims: HashMap<Arc<str>, Claim>,
    jobs: HashSet<JobId>,
    names: HashSet<PublicId>,
}

impl Keys {
    pub(super) fn resume(resumed: &Resumed) -> Self {
        let latest = Names::after(resumed.last_names.clone());
        Self { last_job: resumed.last_job, latest, ..Self::default() }
    }

    /// Adds what must be read before a change can be judged.
    pub(super) fn ask(&self, change: &Change, needs: &mut Needs) {
        needs.claims.extend(change.claim.iter().map(|claim| claim.key.clone()));
        let new = change.job.iter().filter(|job| job.before == Version::NONE).map(|job| &job.after);
        for job in new {
            // Names and numbers grow: only one that comes out of order may be on disk.
            if !self.latest.know(&job.public_id) {
                needs.names.insert(job.public_id.clone());
            }
            if self.last_job.is_some_and(|last| job.id <= last) {
                needs.jobs.insert(job.id);
            }
        }
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, loaded: &mut Loaded) {
        self.claims.extend(loaded.claims.drain());
        self.jobs.extend(loaded.jobs.drain());
        self.names.extend(loaded.names.drain());
    }

    /// Refuses a change whose key is used.
    pub(super) fn check(&self, claim: Option<&Claim>) -> Result<(), CommitError> {
        let Some((claim, earlier)) = claim.and_then(|claim| Some((claim, self.claims.get(&claim.key)?)))
        else {
            return Ok(());
        };
        Err(match earlier.request == claim.request {
            true => CommitError::Repeated(earlier.answer.clone()),
            false => Refusal::KeyReused.into(),
        })
    }

    /// Refuses a new job whose number or name is used.
    pub(super) fn check_new(&self, job: &Job) -> Result<(), CommitError> {
        let taken = self.jobs.contains(&job.id)
            || self.names.contains(&job.public_id)
            || self.latest.has(&job.public_id);
        if taken { Err(Refusal::IdTaken.into()) } else { Ok(()) }
    }

    /// Uses the keys of a change that has won.
    pub(super) fn accept(&mut self, change: &Change) {
        self.claims.extend(change.claim.iter().map(|claim| (claim.key.clone(), claim.clone())));
        let new = change.job.iter().filter(|job| job.before == Version::NONE).map(|job| &job.after);
        for job in new {
            self.last_job = self.last_job.max(Some(job.id));
            self.jobs.insert(job.id);
            if !self.latest.add(&job.public_id) {
                self.names.insert(job.public_id.clone());
            }
        }
    }

    /// Ends the group: its keys are read again when somebody asks for them.
    pub(super) fn forget(&mut self) {
        self.latest.trim();
        self.claims.clear();
        self.jobs.clear();
        self.names.clear();
    }
}
