//! An agent's counts as five weighted parts, to be shown. No rule asks for them: those ask for the
//! [`Score`](super::score::Score).

use super::role::Level;
use crate::money::BasisPoints;

/// What has been counted of an agent's jobs since it began.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Record {
    /// Jobs that ended while it was their provider or their evaluator.
    pub total: u64,
    /// Of those, the ones that were paid.
    pub completed: u64,
    /// Of the completed, the ones in which it was not late.
    pub on_time: u64,
    /// Its deliveries on which an evaluator gave a verdict.
    pub judged: u64,
    /// Of those, the accepted.
    pub approved: u64,
    /// Disputes that it opened and that were decided.
    pub disputes: u64,
    /// Of those, the ones that it won.
    pub dispute_wins: u64,
    /// The numbers of the levels of its completed jobs, added up.
    pub level_sum: u64,
}

/// The parts of a record, in hundredths of a point: each at most its weight, all of them together at most 10,000.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Parts {
    /// Completed among all, at most 30 points.
    pub completion: BasisPoints,
    /// On time among the completed, at most 20 points.
    pub on_time: BasisPoints,
    /// Approved among the judged, at most 25 points.
    pub approval: BasisPoints,
    /// Won among the disputes, at most 15 points.
    pub disputes: BasisPoints,
    /// The mean level of the completed, at most 10 points.
    pub level: BasisPoints,
}

impl Record {
    /// Each part on its own, rounded down. A part of which nothing has been counted shows half of its weight.
    pub const fn parts(&self) -> Parts {
        let best = Level::L3.number() as u64;
        Parts {
            completion: part(3_000, self.completed, self.total),
            on_time: part(2_000, self.on_time, self.completed),
            approval: part(2_500, self.approved, self.judged),
            disputes: part(1_500, self.dispute_wins, self.disputes),
            level: part(1_000, self.level_sum, self.completed.saturating_mul(best)),
        }
    }
}

impl Parts {
    /// All parts together, at most 10,000.
    pub const fn sum(&self) -> BasisPoints {
        let Self { completion, on_time, approval, disputes, level } = self;
        BasisPoints(completion.0 + on_time.0 + approval.0 + disputes.0 + level.0)
    }
}

const fn part(weight: u16, good: u64, all: u64) -> BasisPoints {
    if all == 0 {
        return BasisPoints(weight / 2);
    }
    if good >= all {
        return BasisPoints(weight);
    }
    // Below the weight, since the share is below one.
    BasisPoints((weight as u128 * good as u128 / all as u128) as u16)
}
