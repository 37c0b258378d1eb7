//! A worker's identity and standing.

use crate::change::{Change, Record};
use crate::id::{Version, WorkerId};
use crate::refusal::Refusal;
use crate::reputation::{Evidence, Reputation};
use crate::time::Timestamp;
use std::fmt::Debug;

/// A worker that has ever connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Worker {
    /// Its key.
    pub id: WorkerId,
    /// Whether it has ever proven that it holds the key. From then on it always must.
    pub proven: bool,
    /// Whether the operator has barred it.
    pub suspended: bool,
    /// Its jobs, counted.
    pub standing: Standing,
    /// Its jobs and its time, weighed.
    pub reputation: Reputation,
    /// When it first came.
    pub first_seen: Timestamp,
    /// Guards every write.
    pub version: Version,
}

/// Counts of a worker's jobs. They and the reputation follow from evidence, and have no version: it adds up in
/// whatever order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Paid jobs that nobody can dispute any more.
    pub completed: u32,
    /// Jobs lost by the worker's fault, and those that a dispute took from it.
    pub failed: u32,
}

/// So many paid jobs, however long ago, make a worker not new any more.
pub const PROVEN_BY: u32 = 10;

impl Standing {
    /// Whether it is in the lane for new workers, who have only so many jobs at a time.
    pub const fn is_new(self) -> bool {
        self.completed < PROVEN_BY
    }

    /// The counts once this has come to light as well.
    #[must_use]
    pub const fn after(self, evidence: Evidence) -> Self {
        let Self { completed, failed } = self;
        match evidence {
            Evidence::Paid { .. } => Self { completed: completed.saturating_add(1), failed },
            Evidence::Lost | Evidence::Unproven => Self { completed, failed: failed.saturating_add(1) },
            Evidence::Connected(_) | Evidence::Challenged { .. } => self,
        }
    }
}

/// What is wanted of a worker's record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorkerCommand {
    /// It connects.
    Register {
        /// Whether it proved its key just now.
        proof: bool,
        /// Whether the operator lets unproven workers in, on this listener.
        unproven_allowed: bool,
    },
    /// The operator bars it, or lets it in again.
    Suspend(bool),
}

impl Worker {
    /// A worker nobody has seen before.
    pub fn unknown(id: WorkerId) -> Self {
        Self {
            id,
            proven: false,
            suspended: false,
            standing: Standing::default(),
            reputation: Reputation::default(),
            first_seen: Timestamp::default(),
            version: Version::NONE,
        }
    }

    /// What is known of it once this has come to light as well.
    #[must_use]
    pub fn after(self, evidence: Evidence, now: Timestamp) -> Self {
        let standing = self.standing.after(evidence);
        Self { standing, reputation: self.reputation.after(evidence, now), ..self }
    }

    /// Grows with its evidence: of two records of one worker, that with more has the later evidence.
    pub fn progress(&self) -> impl Ord + Debug + use<> {
        let Standing { completed, failed } = self.standing;
        let Reputation { watched_until, hour, passed, refuted, .. } = self.reputation;
        // Challenges fade, but not within an hour.
        let challenges = passed.saturating_add(refuted);
        (u64::from(completed) + u64::from(failed), watched_until, hour, challenges)
    }

    /// Answers a command with the change it causes, `None` if all is as it should be already.
    pub fn decide(&self, command: WorkerCommand, now: Timestamp) -> Result<Option<Change>, Refusal> {
        let change = |after: Self| Some(Change::of_record(self.version, Record::Worker(after), now));
        let mut after = Self { version: self.version.next(), ..*self };
        match command {
            WorkerCommand::Register { .. } if self.suspended => Err(Refusal::WorkerSuspended),
            WorkerCommand::Register { proof: false, .. } if self.proven => Err(Refusal::ProofRequired),
            WorkerCommand::Register { proof: false, unproven_allowed: false } => Err(Refusal::ProofRequired),
            WorkerCommand::Register { proof, .. } => {
                after.proven = proof;
                if self.version == Version::NONE {
                    after.first_seen = now;
                }
                Ok(if self.version != Version::NONE && self.proven == proof { None } else { change(after) })
            }
            WorkerCommand::Suspend(suspended) => {
                after.suspended = suspended;
                Ok(if self.suspended == suspended { None } else { change(after) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    #[test]
    fn a_worker_is_new_until_ten_of_its_jobs_were_paid() {
        let is_new = |completed, failed| Standing { completed, failed }.is_new();
        assert!(is_new(0, 0) && is_new(9, 1_000) && !is_new(10, 0));
    }

    #[test]
    fn whatever_comes_to_light_is_progress() {
        let mut known = Worker::unknown(WorkerId([1; 32]));
        for (number, evidence) in (0..).zip([
            Evidence::Challenged { passed: true },
            Evidence::Paid { placing: None },
            Evidence::Challenged { passed: false },
            Evidence::Lost,
            Evidence::Connected(Millis(1)),
            Evidence::Challenged { passed: true },
            Evidence::Challenged { passed: true },
        ]) {
            // Twice within an hour, and once long after.
            for at in [1_000 * number, 1_000 * number, 1_000 * number + 900] {
                let after = known.after(evidence, Timestamp(0) + Millis::hours(at));
                let watched = matches!(evidence, Evidence::Connected(_));
                assert!(after.progress() > known.progress() || watched, "{evidence:?}");
                assert!(after.progress() >= known.progress(), "{evidence:?}");
                known = after;
            }
        }
    }

    #[test]
    fn a_proven_key_must_always_be_proven() {
        let worker = Worker { proven: true, version: Version(1), ..Worker::unknown(WorkerId([1; 32])) };
        let register = WorkerCommand::Register { proof: false, unproven_allowed: true };
        assert_eq!(worker.decide(register, Timestamp(0)), Err(Refusal::ProofRequired));
    }

    #[test]
    fn an_unproven_worker_needs_the_operators_leave() {
        let worker = Worker::unknown(WorkerId([1; 32]));
        let register = |unproven_allowed| WorkerCommand::Register { proof: false, unproven_allowed };
        assert_eq!(worker.decide(register(false), Timestamp(0)), Err(Refusal::ProofRequired));
        assert!(worker.decide(register(true), Timestamp(0)).is_ok_and(|change| change.is_some()));
    }
}
