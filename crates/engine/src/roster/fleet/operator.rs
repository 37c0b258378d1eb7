//! What the operator does to the fleet.

use super::Fleet;
use docket_core::id::{JobId, WorkerId};
use docket_core::routing::Decision;
use std::sync::Arc;

impl Fleet {
    /// Why a worker was chosen for a job that it holds.
    pub(crate) fn decision(&self, worker: &WorkerId, job: JobId) -> Option<Arc<Decision>> {
        Some(self.members.get(worker)?.held.get(&job)?.decision.clone())
    }

    /// The worker takes nothing new, or does again.
    pub(crate) fn bar(&mut self, worker: &WorkerId, barred: bool) {
        self.change(worker, |member| member.candidate.draining = barred);
    }
}
