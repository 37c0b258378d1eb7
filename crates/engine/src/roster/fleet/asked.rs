//! Jobs for a worker that was chosen before there was a job.

use super::Fleet;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::job::Job;
use docket_core::routing::{Candidate, Decision, Ranked, Scoring, Shortlist, judge};
use docket_core::time::Timestamp;
use std::sync::Arc;

impl Fleet {
    /// The models of a worker who is online, each with the digest of its weights, if it has declared one.
    pub(crate) fn hosted(&self, worker: &WorkerId) -> Option<Vec<(Arc<str>, Option<Sha256>)>> {
        let member = self.members.get(worker).filter(|member| member.connection.is_some())?;
        let weights = |name| member.weights.get(name).copied();
        Some(member.model_names.iter().map(|name| (name.clone(), weights(name))).collect())
    }

    /// Whether a worker could have a job now.
    pub(crate) fn is_fit(&self, worker: &WorkerId, job: &Job, scoring: &Scoring, now: Timestamp) -> bool {
        let candidate = self.index.get(worker);
        candidate.is_some_and(|candidate| judge(candidate, &self.demand(job, None), scoring, now).is_ok())
    }

    /// Takes a worker's place for a job, if it could do it now, even one that gets no others. Whether it wants to be asked
    /// first; `None` if it cannot, or somebody has the job.
    pub(crate) fn reserve(
        &mut self,
        worker: &WorkerId,
        job: &Job,
        scoring: &Scoring,
        now: Timestamp,
    ) -> Option<bool> {
        let candidate = Candidate { deactivated: false, ..self.index.get(worker)?.clone() };
        let score = judge(&candidate, &self.demand(job, None), scoring, now).ok()?;
        if self.holders.contains_key(&job.id) {
            return None;
        }
        let chosen = Some(Ranked { worker: *worker, score });
        let shortlist = Shortlist { chosen, ..Shortlist::default() };
        self.give(worker, job, Decision { shortlist, ..Decision::default() });
        self.members.get(worker).map(|member| member.accepts)
    }
}
