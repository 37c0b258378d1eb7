//! The best few workers met so far, in the one order that every decision uses.

use super::{Candidate, Lot, Score, Scoring, Ties};
use crate::id::WorkerId;
use crate::time::Timestamp;
use std::cmp::{Ordering, Reverse};

/// A rank among workers of the same score: the less, the better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Rank {
    /// The way from where the decision starts to look, or the last sign of life.
    order: u64,
    worker: WorkerId,
}

impl Rank {
    /// Nobody has a better one.
    pub(super) const BEST: Self = Self::before_all(0);

    /// Of a worker that was last heard then, where that decides.
    pub(super) fn unheard(last_seen: Timestamp, worker: WorkerId) -> Self {
        Self { order: by_instant(last_seen), worker }
    }

    /// The rank before all with this order.
    const fn before_all(order: u64) -> Self {
        Self { order, worker: WorkerId([0; 32]) }
    }
}

/// The earlier, the less: its sign is turned round.
fn by_instant(last_seen: Timestamp) -> u64 {
    last_seen.0.cast_unsigned() ^ (1 << 63)
}

/// How one decision ranks workers of the same score.
#[derive(Clone, Copy)]
pub(super) struct Ranking {
    ties: Ties,
    start: Lot,
}

impl Ranking {
    /// Of a decision with this seed.
    pub(super) fn new(ties: Ties, seed: u64) -> Self {
        Self { ties, start: Lot::start(seed) }
    }

    /// The best rank of workers with this lot that were last heard then, whatever their keys.
    pub(super) fn rank(&self, lot: Lot, last_seen: Timestamp) -> Rank {
        Rank::before_all(match self.ties {
            Ties::Lot => lot.distance(self.start),
            Ties::LongestUnheard => by_instant(last_seen),
        })
    }

    /// Where the decision starts to look, if lots decide.
    pub(super) fn start(&self) -> Lot {
        self.start
    }

    /// Where its score places a worker.
    pub(super) fn place(&self, worker: &Candidate, score: Score, scoring: &Scoring) -> Standing {
        Standing {
            score: Reverse(score.0),
            rank: Rank { worker: worker.id, ..self.rank(worker.lot, worker.last_seen) },
            load: scoring.load(worker.running),
        }
    }
}

/// A fit worker's place in a decision. The least is the best: more points, then the better rank.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Standing {
    score: Reverse<i64>,
    rank: Rank,
    /// What its running jobs have taken off the score. It decides nothing: no two workers have the same rank.
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
        self.rank.worker
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
    pub(super) fn admits(&self, score: i64, rank: &Rank) -> bool {
        self.seats[N - 1].as_ref().is_none_or(|last| match score.cmp(&last.score.0) {
            Ordering::Greater => true,
            Ordering::Equal => *rank <= last.rank,
            Ordering::Less => false,
        })
    }

    /// Seats a worker, if it is among the best; whoever loses the last seat for it is forgotten.
    pub(super) fn offer(&mut self, standing: Standing) {
        if !self.admits(standing.score.0, &standing.rank) {
            return;
        }
        let better = |seat: &Option<Standing>| seat.as_ref().is_some_and(|taken| *taken < standing);
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
