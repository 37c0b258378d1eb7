//! A worker's identity and standing.

use crate::change::{Change, Record};
use crate::id::{Version, WorkerId};
use crate::refusal::Refusal;
use crate::reputation::{Evidence, Reputation};
use crate::time::Timestamp;

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

impl Standing {
    /// The counts once this has come to light as well.
    #[must_use]
    pub const fn after(self, evidence: Evidence) -> Self {
        let Self { completed, failed } = self;
        match evidence {
            Evidence::Paid { .. } => Self { completed: completed.saturating_add(1), failed },
            Evidence::Lost | Evidence::Unproven => Self { completed, failed: failed.saturating_add(1) },
            Evidence::Connected(_) => self,
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

/// Reputation by plain counts, in hundredths of a percent of the best. A new worker stands in the middle.
///
/// Each paid job counts 80 of 100, each job lost by its own fault 20, and four imagined jobs of 50
/// keep the first few from deciding everything.
pub fn reputation(standing: Standing) -> u16 {
    const IMAGINED: u64 = 4;
    let (completed, failed) = (u64::from(standing.completed), u64::from(standing.failed));
    let sum = completed * 8_000 + failed * 2_000 + IMAGINED * 5_000;
    let mean = sum / (completed + failed + IMAGINED);
    u16::try_from(mean).unwrap_or(10_000)
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
    pub fn progress(&self) -> (u64, Option<Timestamp>) {
        let Standing { completed, failed } = self.standing;
        (u64::from(completed) + u64::from(failed), self.reputation.watched_until)
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

    #[test]
    fn reputation_starts_in_the_middle_and_moves_with_work() {
        let of = |completed, failed| reputation(Standing { completed, failed });
        assert_eq!(of(0, 0), 5_000);
        assert_eq!(of(4, 0), 6_500);
        assert_eq!(of(0, 4), 3_500);
        assert_eq!(of(u32::MAX, 0), 7_999);
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
