//! Where workers of one reputation stand on a ladder, and in which order a search goes along them.

use super::ladder::{Entry, Rung};
use super::{Candidate, Search};
use crate::id::WorkerId;
use crate::routing::podium::{Rank, Ranking};
use crate::routing::{Lot, Ties};
use crate::time::Timestamp;

/// A place among workers of one reputation.
pub(super) trait Place: Copy + Ord + 'static {
    /// What decides between equals where a ladder of such places is quick.
    const TIES: Ties;

    /// Where this worker stands.
    fn of(worker: &Candidate) -> Self;

    /// The best rank of whoever stands here and was last heard then.
    fn rank(self, last_seen: Timestamp, ranking: &Ranking) -> Rank;

    /// Of rungs of one single reputation the entries of each, from the best rank to the worst. Rungs where
    /// everybody is stale may be left out.
    fn along<'a>(
        rungs: &'a [Rung<Self>],
        search: &Search<'_>,
    ) -> impl Iterator<Item = (&'a Rung<Self>, &'a [Entry<Self>])>;
}

/// On the circle.
impl Place for Lot {
    const TIES: Ties = Ties::Lot;

    fn of(worker: &Candidate) -> Self {
        worker.lot
    }

    fn rank(self, last_seen: Timestamp, ranking: &Ranking) -> Rank {
        ranking.rank(self, last_seen)
    }

    /// From where the decision starts to look once round the circle.
    fn along<'a>(
        rungs: &'a [Rung<Self>],
        search: &Search<'_>,
    ) -> impl Iterator<Item = (&'a Rung<Self>, &'a [Entry<Self>])> {
        let start = search.ranking.start();
        let (before, after) = rungs.split_at(rungs.partition_point(|rung| rung.end() < start));
        let split = after.first().map_or(0, |rung| rung.entries.partition_point(|entry| entry.place < start));
        let upper = after.first().map(|rung| (rung, &rung.entries[split..]));
        let lower = after.first().map(|rung| (rung, &rung.entries[..split]));
        let others = after.iter().skip(1).chain(before).map(|rung| (rung, rung.entries.as_slice()));
        upper.into_iter().chain(others).chain(lower)
    }
}

/// In the line of those who have not been heard for longest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    last_seen: Timestamp,
    worker: WorkerId,
}

impl Place for Turn {
    const TIES: Ties = Ties::LongestUnheard;

    fn of(worker: &Candidate) -> Self {
        Self { last_seen: worker.last_seen, worker: worker.id }
    }

    fn rank(self, _: Timestamp, _: &Ranking) -> Rank {
        Rank::unheard(self.last_seen, self.worker)
    }

    /// From the first who is not stale on.
    fn along<'a>(
        rungs: &'a [Rung<Self>],
        search: &Search<'_>,
    ) -> impl Iterator<Item = (&'a Rung<Self>, &'a [Entry<Self>])> {
        let stale = rungs.partition_point(|rung| rung.end().last_seen < search.wanted.last_seen);
        rungs[stale..].iter().map(|rung| (rung, rung.entries.as_slice()))
    }
}
