//! The best few workers met so far, in the one order that every decision uses.

use super::{Candidate, Lot, Score, Scoring, Ties};
use crate::id::WorkerId;
use crate::time::Timestamp;
use std::cmp::Reverse;

/// How one decision ranks workers of the same score: the less, the better.
#[derive(Clone, Copy)]
pub(super) struct Ranking {
    ties: Ties,
    start: Lot,
}

impl Ranking {
    /// The best rank that there can be.
    pub(super) const BEST: u64 = 0;

    /// Of a decision with this seed.
    pub(super) fn new(ties: Ties, seed: u64) -> Self {
        Self { ties, start: Lot::start(seed) }
    }

    /// The rank of a worker with this lot that was last heard then: the way from where the decision starts to look,
    /// or the instant.
    pub(super) fn rank(&self, lot: Lot, last_seen: Timestamp) -> u64 {
        match self.ties {
            Ties::Lot => lot.distance(self.start),
            Ties::LongestUnheard => Self::unheard(last_seen),
        }
    }

    /// The rank of whoever was last heard then, where that decides.
    pub(super) fn unheard(last_seen: Timestamp) -> u64 {
        last_seen.0.cast_unsigned() ^ (1 << 63) // With its sign turned round, the least instant has the least number.
    }

    /// Where the decision starts to look, if lots decide.
    pub(super) fn start(&self) -> Lot {
        self.start
    }

    /// Where its score places a worker.
    pub(super) fn place(&self, worker: &Candidate, score: Score, scoring: &Scoring) -> Standing {
        Standing {
            score: Reverse(score.0),
            rank: self.rank(worker.lot, worker.last_seen),
            worker: worker.id,
            load: scoring.load(worker.running),
        }
    }
}

/// A fit worker's place in a decision. The least is the best: more points, then the better rank, then the lower key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Standing {
    score: Reverse<i64>,
    rank: u64,
    worker: WorkerId,
    /// What its running jobs have taken off the score. It comes last: a worker has one standing, so it decides nothing.
    load: i64,
}

impl Standing {
    /// The worker's score.
    pub(super) fn score(&self) -> Score {
        Score(self.score.0)
    }

    /// What the score would be without running jobs, in millionths of a point.
    pub(super) fn unloaded(&self) -> i64 {
        self.score.0 + self.load
    }

    /// The worker.
    pub(super) fn worker(&self) -> WorkerId {
        self.worker
    }
}

/// The best `N` of the standings offered, best first, each once, in whatever order they came.
pub(super) struct Podium<const N: usize> {
    seats: [Option<Standing>; N],
}

impl<const N: usize> Podium<N> {
    /// With nobody on it.
    pub(super) fn new() -> Self {
        Self { seats: [None; N] }
    }

    /// Whether somebody with this score and rank might still get a seat.
    pub(super) fn admits(&self, score: i64, rank: u64) -> bool {
        self.seats[N - 1].is_none_or(|last| (Reverse(score), rank) <= (last.score, last.rank))
    }

    /// Seats a worker, if it is among the best; whoever loses the last seat for it is forgotten.
    pub(super) fn offer(&mut self, standing: Standing) {
        let better = |seat: &Option<Standing>| seat.is_some_and(|taken| taken < standing);
        let place = self.seats.partition_point(better);
        if place < N && self.seats[place] != Some(standing) {
            self.seats[place..].rotate_right(1);
            self.seats[place] = Some(standing);
        }
    }

    /// Those who are on it, best first.
    pub(super) fn standings(&self) -> impl Iterator<Item = &Standing> {
        self.seats.iter().flatten()
    }
}
