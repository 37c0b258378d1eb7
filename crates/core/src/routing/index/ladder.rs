//! Idle workers of one kind in the order of one of their reputations, best first, and of their [`Place`] among equals.

use super::place::Place;
use super::{Candidate, Reach};
use crate::routing::Measure;
use std::cmp::Reverse;

/// A rung that grows beyond this is cut in two; two that shrink to half of it together become one.
const LONGEST: usize = 64;

type Key<P> = (Reverse<u16>, P, u32);

/// A worker on the ladder: where it stands, and what must be known before looking it up.
#[derive(Clone, Copy)]
pub(super) struct Entry<P> {
    pub(super) place: P,
    pub(super) reach: Reach,
    pub(super) slot: u32,
    pub(super) reputation: u16,
}

impl<P: Place> Entry<P> {
    /// Of the worker in this slot of the index, on a ladder in the order of one of its reputations.
    pub(super) fn of(worker: &Candidate, measure: Measure, slot: u32) -> Self {
        Self { place: P::of(worker), reach: Reach::of(worker), slot, reputation: worker.esteem(measure) }
    }

    fn key(&self) -> Key<P> {
        (Reverse(self.reputation), self.place, self.slot)
    }
}

/// Some neighbours, never none, and what is true of them together.
pub(super) struct Rung<P> {
    pub(super) entries: Vec<Entry<P>>,
    pub(super) reach: Reach,
    first: Key<P>,
    last: Key<P>,
}

impl<P: Place> Rung<P> {
    fn new(entries: Vec<Entry<P>>) -> Self {
        let reach = entries.iter().fold(Reach::NONE, |reach, entry| reach.join(entry.reach));
        let (first, last) = (entries[0].key(), entries[entries.len() - 1].key());
        Self { entries, reach, first, last }
    }

    fn find(&self, key: &Key<P>) -> Result<usize, usize> {
        self.entries.binary_search_by_key(key, Entry::key)
    }

    /// The best reputation.
    pub(super) fn highest(&self) -> u16 {
        self.first.0.0
    }

    /// The worst reputation.
    pub(super) fn lowest(&self) -> u16 {
        self.last.0.0
    }

    /// The last place.
    pub(super) fn end(&self) -> P {
        self.last.1
    }
}

/// All idle workers of one kind that host one model.
pub(super) struct Ladder<P> {
    rungs: Vec<Rung<P>>,
}

impl<P> Default for Ladder<P> {
    fn default() -> Self {
        Self { rungs: Vec::new() }
    }
}

impl<P: Place> Ladder<P> {
    pub(super) fn is_empty(&self) -> bool {
        self.rungs.is_empty()
    }

    pub(super) fn insert(&mut self, entry: Entry<P>) {
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

    pub(super) fn remove(&mut self, entry: &Entry<P>) {
        let at = self.rung_of(&entry.key());
        let found = self.rungs.get(at).map(|rung| rung.find(&entry.key()));
        if let Some(Ok(place)) = found {
            self.rework(at, |entries| {
                entries.remove(place);
            });
        }
    }

    /// Puts an entry in the place of another, or where it belongs now.
    pub(super) fn replace(&mut self, old: &Entry<P>, new: Entry<P>) {
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

    /// The rungs, best first.
    pub(super) fn rungs(&self) -> &[Rung<P>] {
        &self.rungs
    }

    /// The first rung that reaches down to the key.
    fn rung_of(&self, key: &Key<P>) -> usize {
        self.rungs.partition_point(|rung| rung.last < *key)
    }

    /// Changes a rung's entries, and brings lengths and limits in order again.
    fn rework(&mut self, at: usize, change: impl FnOnce(&mut Vec<Entry<P>>)) {
        let mut entries = std::mem::take(&mut self.rungs[at].entries);
        change(&mut entries);
        let next = self.rungs.get(at + 1).map_or(usize::MAX, |rung| rung.entries.len());
        if entries.is_empty() {
            self.rungs.remove(at);
        } else if entries.len() > LONGEST {
            let tail = entries.split_off(entries.len() / 2);
            entries.shrink_to_fit(); // Where newcomers stand behind all others, this half never grows again.
            self.rungs[at] = Rung::new(entries);
            self.rungs.insert(at + 1, Rung::new(tail));
        } else if entries.len().saturating_add(next) <= LONGEST / 2 {
            entries.append(&mut self.rungs.remove(at + 1).entries);
            self.rungs[at] = Rung::new(entries);
        } else {
            self.rungs[at] = Rung::new(entries);
        }
    }
}

#[cfg(test)]
impl<P: Place> Ladder<P> {
    pub(super) fn len(&self) -> usize {
        self.rungs.iter().map(|rung| rung.entries.len()).sum()
    }

    pub(super) fn is_in_order(&self) -> bool {
        let exact = |rung: &Rung<P>| {
            let fresh = Rung::new(rung.entries.clone());
            fresh.reach == rung.reach && fresh.first == rung.first && fresh.last == rung.last
        };
        let entries = self.rungs.iter().flat_map(|rung| &rung.entries);
        entries.map(Entry::key).is_sorted_by(|key, next| key < next)
            && self.rungs.iter().all(|rung| exact(rung) && rung.entries.len() <= LONGEST)
    }
}
