//! The best few workers met so far, in the one order that every decision uses.

use super::{Lot, Score};
use crate::id::WorkerId;
use std::cmp::Reverse;

/// A fit worker's place in a decision. The least is the best: more points, then less way from where the
/// decision starts to look, then the lower key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Standing {
    score: Reverse<i64>,
    distance: u64,
    worker: WorkerId,
}

impl Standing {
    /// The standing of a worker with this score and lot in a decision that starts to look at `start`.
    pub(super) fn new(score: Score, lot: Lot, start: Lot, worker: WorkerId) -> Self {
        Self { score: Reverse(score.0), distance: lot.distance(start), worker }
    }

    /// The worker's score.
    pub(super) fn score(&self) -> Score {
        Score(self.score.0)
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

    /// Whether somebody with this score, this far away, might still get a seat.
    pub(super) fn admits(&self, score: i64, distance: u64) -> bool {
        self.seats[N - 1].is_none_or(|last| (Reverse(score), distance) <= (last.score, last.distance))
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
