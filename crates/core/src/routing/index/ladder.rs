//! Idle workers of one kind in the order of one of their reputations, best first, and of lot among equals.

use super::{Candidate, Reach, Search};
use crate::routing::podium::{Podium, Ranking};
use crate::routing::scoring::Grade;
use crate::routing::{Lot, Measure, Ties};
use std::cmp::Reverse;

/// A rung that grows beyond this is cut in two; two that shrink to half of it together become one.
const LONGEST: usize = 64;

type Key = (Reverse<u16>, Lot, u32);

/// A worker on the ladder: where it stands, and what must be known before looking it up.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    lot: Lot,
    reach: Reach,
    slot: u32,
    reputation: u16,
}

impl Entry {
    /// Of the worker in this slot of the index, on a ladder in the order of one of its reputations.
    pub(super) fn of(worker: &Candidate, measure: Measure, slot: u32) -> Self {
        Self { lot: worker.lot, reach: Reach::of(worker), slot, reputation: worker.esteem(measure) }
    }

    fn key(&self) -> Key {
        (Reverse(self.reputation), self.lot, self.slot)
    }
}

/// Some neighbours, never none, and what is true of them together.
struct Rung {
    entries: Vec<Entry>,
    reach: Reach,
    first: Key,
    last: Key,
}

impl Rung {
    fn new(entries: Vec<Entry>) -> Self {
        let reach = entries.iter().fold(Reach::NONE, |reach, entry| reach.join(entry.reach));
        let (first, last) = (entries[0].key(), entries[entries.len() - 1].key());
        Self { entries, reach, first, last }
    }

    fn find(&self, key: &Key) -> Result<usize, usize> {
        self.entries.binary_search_by_key(key, Entry::key)
    }

    fn highest(&self) -> u16 {
        self.first.0.0
    }

    fn lowest(&self) -> u16 {
        self.last.0.0
    }
}

/// All idle workers of one kind that host one model.
#[derive(Default)]
pub(super) struct Ladder {
    rungs: Vec<Rung>,
}

impl Ladder {
    pub(super) fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        let Some(end) = self.rungs.len().checked_sub(1) else {
            self.rungs.push(Rung::new(vec![entry]));
            return;
        };
        let at = self.rung_of(&entry.key()).min(end);
        self.rework(at, |entries| {
            let place = entries.partition_point(|other| other.key() < entry.key());
            entries.insert(place, entry);
        });
    }

    pub(super) fn remove(&mut self, entry: &Entry) {
        let at = self.rung_of(&entry.key());
        let found = self.rungs.get(at).map(|rung| rung.find(&entry.key()));
        if let Some(Ok(place)) = found {
            self.rework(at, |entries| {
                entries.remove(place);
            });
        }
    }

    /// Puts an entry in the place of another, or where it belongs now.
    pub(super) fn replace(&mut self, old: &Entry, new: Entry) {
        if old.key() != new.key() {
            self.remove(old);
            self.insert(new);
            return;
        }
        let at = self.rung_of(&new.key());
        let found = self.rungs.get(at).map(|rung| rung.find(&new.key()));
        let Some(Ok(place)) = found else { return };
        if new.reach.join(old.reach) == new.reach {
            // Nothing became less favourable, as with a heartbeat: no need to look at the neighbours.
            let rung = &mut self.rungs[at];
            rung.entries[place] = new;
            rung.reach = rung.reach.join(new.reach);
        } else {
            self.rework(at, |entries| entries[place] = new);
        }
    }

    /// The first rung that reaches down to the key.
    fn rung_of(&self, key: &Key) -> usize {
        self.rungs.partition_point(|rung| rung.last < *key)
    }

    /// Changes a rung's entries, and brings lengths and limits in order again.
    fn rework(&mut self, at: usize, change: impl FnOnce(&mut Vec<Entry>)) {
        let mut entries = std::mem::take(&mut self.rungs[at].entries);
        change(&mut entries);
        let next = self.rungs.get(at + 1).map_or(usize::MAX, |rung| rung.entries.len());
        if entries.is_empty() {
            self.rungs.remove(at);
        } else if entries.len() > LONGEST {
            let tail = entries.split_off(entries.len() / 2);
            self.rungs[at] = Rung::new(entries);
            self.rungs.insert(at + 1, Rung::new(tail));
        } else if entries.len().saturating_add(next) <= LONGEST / 2 {
            entries.append(&mut self.rungs.remove(at + 1).entries);
            self.rungs[at] = Rung::new(entries);
        } else {
            self.rungs[at] = Rung::new(entries);
        }
    }

    /// Puts the best on the podium. `grade` is the most that those of this kind can be worth by the reputation that
    /// the ladder stands in order of.
    pub(super) fn search<const N: usize>(&self, search: &Search<'_>, grade: Grade, podium: &mut Podium<N>) {
        let climb = Climb { search, grade };
        let mut rungs = self.rungs.as_slice();
        while let Some(rung) = rungs.first() {
            if !podium.admits(climb.ceiling(rung.highest()), Ranking::BEST) {
                return;
            }
            let equals = match search.ranking.ties() {
                Ties::Lot => rungs.partition_point(|other| other.lowest() == rung.highest()),
                Ties::LongestUnheard => 0,
            };
            let (looked_at, rest) = rungs.split_at(equals.max(1));
            match equals {
                0 => climb.look_through(rung, podium),
                _ => climb.go_round(looked_at, podium),
            }
            rungs = rest;
        }
    }
}

/// One search on one ladder.
struct Climb<'a> {
    search: &'a Search<'a>,
    grade: Grade,
}

impl Climb<'_> {
    /// The most that anybody of this reputation can be worth.
    fn ceiling(&self, reputation: u16) -> i64 {
        self.grade.at(reputation) + self.search.scoring.freshest()
    }

    /// A rung with several reputations: from the top, as long as somebody better can come.
    fn look_through<const N: usize>(&self, rung: &Rung, podium: &mut Podium<N>) {
        if rung.reach.might_meet(&self.search.wanted) {
            for entry in &rung.entries {
                if !podium.admits(self.ceiling(entry.reputation), Ranking::BEST) {
                    return;
                }
                self.look_at(entry, podium);
            }
        }
    }

    /// Rungs of one single reputation: from where the decision starts to look once round the circle, as long
    /// as somebody better can come. The way only gets longer, so after the first fresh worker that is soon.
    fn go_round<const N: usize>(&self, rungs: &[Rung], podium: &mut Podium<N>) {
        let start = self.search.ranking.start();
        let (before, after) = rungs.split_at(rungs.partition_point(|rung| rung.last.1 < start));
        let split = after.first().map_or(0, |rung| rung.entries.partition_point(|entry| entry.lot < start));
        let upper = after.first().map(|rung| (rung, &rung.entries[split..]));
        let lower = after.first().map(|rung| (rung, &rung.entries[..split]));
        let others = after.iter().skip(1).chain(before).map(|rung| (rung, rung.entries.as_slice()));
        let round = upper.into_iter().chain(others).chain(lower);
        for (rung, entries) in round {
            let Some(nearest) = entries.first() else { continue };
            let distance = nearest.lot.distance(start);
            if !podium.admits(self.ceiling(nearest.reputation), distance) {
                return;
            }
            if rung.reach.might_meet(&self.search.wanted)
                && podium.admits(self.worth(nearest.reputation, &rung.reach), distance)
            {
                for entry in entries {
                    if !podium.admits(self.ceiling(entry.reputation), entry.lot.distance(start)) {
                        return;
                    }
                    self.look_at(entry, podium);
                }
            }
        }
    }

    fn look_at<const N: usize>(&self, entry: &Entry, podium: &mut Podium<N>) {
        let score = self.worth(entry.reputation, &entry.reach);
        if podium.admits(score, self.search.ranking.rank(entry.lot, entry.reach.last_seen))
            && entry.reach.might_meet(&self.search.wanted)
            && let Some(worker) = &self.search.workers[entry.slot as usize]
        {
            self.search.offer(worker, podium);
        }
    }

    /// The most that somebody of this reputation and reach is worth now; of a single worker on a ladder that is in
    /// order, exactly that.
    fn worth(&self, reputation: u16, reach: &Reach) -> i64 {
        self.grade.at(reputation) + self.search.scoring.freshness(reach.last_seen, self.search.now)
    }
}

#[cfg(test)]
impl Ladder {
    pub(super) fn is_in_order(&self) -> bool {
        let exact = |rung: &Rung| {
            let fresh = Rung::new(rung.entries.clone());
            (fresh.reach, fresh.first, fresh.last) == (rung.reach, rung.first, rung.last)
        };
        let entries = self.rungs.iter().flat_map(|rung| &rung.entries);
        entries.map(Entry::key).is_sorted_by(|key, next| key < next)
            && self.rungs.iter().all(|rung| exact(rung) && rung.entries.len() <= LONGEST)
    }
}
