//! One search on one ladder: from the top, as long as somebody better can come.

use super::Search;
use super::ladder::{Entry, Ladder, Rung};
use super::place::Place;
use super::reach::Reach;
use crate::routing::podium::{Podium, Rank};
use crate::routing::scoring::Grade;

impl<P: Place> Ladder<P> {
    /// Puts the best on the podium. `grade` is the most that those of this kind can be worth by the reputation that
    /// the ladder stands in order of.
    pub(super) fn search<const N: usize>(&self, search: &Search<'_>, grade: Grade, podium: &mut Podium<N>) {
        let climb = Climb { search, grade };
        let in_order = search.scoring.ties == P::TIES;
        let mut rungs = self.rungs();
        while let Some(rung) = rungs.first() {
            if !podium.admits(climb.ceiling(rung.highest()), &Rank::BEST) {
                return;
            }
            let equal = |other: &Rung<P>| in_order && other.lowest() == rung.highest();
            let equals = rungs.partition_point(equal);
            let (looked_at, rest) = rungs.split_at(equals.max(1));
            match equals {
                0 => climb.look_through(rung, podium),
                _ => climb.go_along(looked_at, podium),
            }
            rungs = rest;
        }
    }
}

struct Climb<'a> {
    search: &'a Search<'a>,
    grade: Grade,
}

impl Climb<'_> {
    /// The most that anybody of this reputation can be worth.
    fn ceiling(&self, reputation: u16) -> i64 {
        self.grade.at(reputation) + self.search.scoring.freshest()
    }

    /// A rung with several reputations, or in which no rank comes before another.
    fn look_through<P: Place, const N: usize>(&self, rung: &Rung<P>, podium: &mut Podium<N>) {
        if rung.reach.might_meet(&self.search.wanted) {
            for entry in &rung.entries {
                if !podium.admits(self.ceiling(entry.reputation), &Rank::BEST) {
                    return;
                }
                self.look_at(entry, podium);
            }
        }
    }

    /// Rungs of one single reputation. The ranks only get worse, so after the first who is fit that is soon.
    fn go_along<P: Place, const N: usize>(&self, rungs: &[Rung<P>], podium: &mut Podium<N>) {
        for (rung, entries) in P::along(rungs, self.search) {
            let Some(nearest) = entries.first() else { continue };
            let rank = self.rank(nearest);
            if !podium.admits(self.ceiling(nearest.reputation), &rank) {
                return;
            }
            if rung.reach.might_meet(&self.search.wanted)
                && podium.admits(self.worth(nearest.reputation, &rung.reach), &rank)
            {
                for entry in entries {
                    if !podium.admits(self.ceiling(entry.reputation), &self.rank(entry)) {
                        return;
                    }
                    self.look_at(entry, podium);
                }
            }
        }
    }

    fn look_at<P: Place, const N: usize>(&self, entry: &Entry<P>, podium: &mut Podium<N>) {
        let score = self.worth(entry.reputation, &entry.reach);
        if podium.admits(score, &self.rank(entry))
            && entry.reach.might_meet(&self.search.wanted)
            && let Some(worker) = &self.search.workers[entry.slot as usize]
        {
            self.search.offer(worker, podium);
        }
    }

    fn rank<P: Place>(&self, entry: &Entry<P>) -> Rank {
        entry.place.rank(entry.reach.last_seen, &self.search.ranking)
    }

    /// The most that somebody of this reputation and reach is worth now; of a single worker on a ladder that is in
    /// order, exactly that.
    fn worth(&self, reputation: u16, reach: &Reach) -> i64 {
        self.grade.at(reputation) + self.search.scoring.freshness(reach.last_seen, self.search.now)
    }
}
