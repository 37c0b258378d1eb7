//! What the operator does to the fleet.

use super::Fleet;
use docket_core::id::{JobId, Version, WorkerId};
use docket_core::routing::Decision;
use std::sync::Arc;

impl Fleet {
    /// Why a worker was chosen for a job that it holds.
    pub(crate) fn decision(&self, worker: &WorkerId, job: JobId) -> Option<Arc<Decision>> {
        Some(self.members.get(worker)?.held.get(&job)?.decision.clone())
    }

    /// The worker takes nothing new, or does again. `version` is that of its record: what was decided
    /// later holds.
    pub(crate) fn bar(&mut self, worker: &WorkerId, barred: bool, version: Version) {
        self.change(worker, |member| {
            if member.known.version < version {
                member.known.version = version;
                member.candidate.draining = barred;
            }
        });
    }
}
