//! The same choice as the plain scan, without looking at every worker.
//!
//! A worker that has room stands on one [`Shelf`] for each model it hosts and on the one for jobs that name
//! none. A shelf keeps workers apart by what a job asks of them outright (their [`Kind`]); workers of one
//! kind stand in order of the reputation that counts there, then of lot, in a [`Ladder`](ladder::Ladder) cut into
//! rungs, and each rung knows the most favourable values in it. A search goes from the top, passes over rungs that
//! hold nobody fit or nobody better, and judges whom it meets with the scan's own rules. Time moves nothing: a
//! heartbeat only changes a number in place.
//!
//! Who may have jobs that ask for a class of hardware stands on a second ladder as well, in order of the reputation
//! from challenges, then of the last sign of life: a heartbeat sends it to the back of its equals. The stale stand
//! in front of the others of their reputation, and are skipped by bisection.

mod climb;
mod ladder;
mod place;
mod reach;
mod shelf;

use super::choice::{RUNNERS_UP, Ranked, Shortlist, judge};
use super::podium::{Podium, Ranking};
use super::{Audience, Candidate, Demand, Measure, ModelId, Scoring, Ties};
use crate::id::WorkerId;
use crate::time::Timestamp;
use reach::Reach;
use shelf::{Entries, Kind, Shelf};
use std::collections::BTreeMap;

/// All connected workers, kept so that a job's worker is found quickly.
///
/// One index serves every [`Scoring`] and every [`Demand`]; for which it is quick, [`Scoring`] says. It holds about
/// 500 bytes for a worker with two models, up to twice that with a class of hardware as well, and nothing for a worker
/// that was removed.
#[derive(Default)]
pub struct Index {
    workers: Vec<Option<Candidate>>,
    vacant: Vec<u32>,
    slots: BTreeMap<WorkerId, u32>,
    shelves: BTreeMap<Option<ModelId>, Shelf>,
}

impl Index {
    /// With nobody in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many workers it holds, idle or not.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it holds nobody.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// What is known of a worker.
    pub fn get(&self, worker: &WorkerId) -> Option<&Candidate> {
        self.slots.get(worker).and_then(|slot| self.workers[*slot as usize].as_ref())
    }

    /// All workers, in the order of their keys: a snapshot for [`choose`](super::choose()) and
    /// [`explain`](super::explain).
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.slots.values().filter_map(|slot| self.workers[*slot as usize].as_ref())
    }

    /// Takes a worker in, in place of what was known of it.
    pub fn insert(&mut self, worker: Candidate) {
        let slot = match self.slots.get(&worker.id) {
            Some(slot) => *slot,
            None => self.vacate(worker.id),
        };
        let before = self.workers[slot as usize].replace(worker.clone());
        self.move_about(slot, before.as_ref(), Some(&worker));
    }

    /// Changes what is known of a worker; whatever the change, the key stays. Does nothing if the worker is
    /// unknown, and says so by `false`.
    pub fn update(&mut self, worker: &WorkerId, change: impl FnOnce(&mut Candidate)) -> bool {
        let Some(&slot) = self.slots.get(worker) else { return false };
        let Some(known) = &mut self.workers[slot as usize] else { return false };
        let before = known.clone();
        change(known);
        known.id = before.id;
        let after = known.clone();
        self.move_about(slot, Some(&before), Some(&after));
        true
    }

    /// Forgets a worker.
    pub fn remove(&mut self, worker: &WorkerId) -> Option<Candidate> {
        let slot = self.slots.remove(worker)?;
        self.vacant.push(slot);
        let before = self.workers[slot as usize].take();
        self.move_about(slot, before.as_ref(), None);
        before
    }

    /// The worker that [`choose`](super::choose()) would choose.
    pub fn choose(
        &self,
        demand: &Demand<'_>,
        scoring: &Scoring,
        now: Timestamp,
        seed: u64,
    ) -> Option<Ranked> {
        self.best::<1>(demand, scoring, now, seed).standings().next().map(Ranked::from)
    }

    /// The shortlist that [`choose`](super::choose()) would make. Counts of reasons are not kept here:
    /// [`tally`](super::tally()) takes them from [`Self::candidates`] when somebody asks.
    pub fn shortlist(&self, demand: &Demand<'_>, scoring: &Scoring, now: Timestamp, seed: u64) -> Shortlist {
        Shortlist::of(&self.best::<{ 1 + RUNNERS_UP }>(demand, scoring, now, seed), scoring.ties)
    }

    fn best<const N: usize>(
        &self,
        demand: &Demand<'_>,
        scoring: &Scoring,
        now: Timestamp,
        seed: u64,
    ) -> Podium<N> {
        let wanted = Reach::wanted(demand, scoring, now);
        let ranking = Ranking::new(scoring.ties, seed);
        let search = Search { demand, scoring, now, ranking, wanted, workers: &self.workers };
        let mut podium = Podium::new();
        match demand.audience {
            Audience::Only(trusted) => {
                for worker in trusted.iter().filter_map(|worker| self.get(worker)) {
                    search.offer(worker, &mut podium);
                }
            }
            Audience::Anyone => {
                if let Some(shelf) = self.shelves.get(&demand.model) {
                    shelf.search(&search, &mut podium);
                }
            }
        }
        podium
    }

    fn vacate(&mut self, worker: WorkerId) -> u32 {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.workers.push(None);
            u32::try_from(self.workers.len() - 1).expect("four billion workers do not fit in memory")
        });
        self.slots.insert(worker, slot);
        slot
    }

    /// Brings the shelves from what was known of a worker to what is known now.
    fn move_about(&mut self, slot: u32, before: Option<&Candidate>, after: Option<&Candidate>) {
        let before = before.filter(|worker| worker.has_room());
        let after = after.filter(|worker| worker.has_room());
        if let (Some(before), Some(after)) = (before, after)
            && before.models == after.models
            && Kind::of(before, None) == Kind::of(after, None)
        {
            for model in shelves_of(after) {
                if let Some(shelf) = self.shelves.get_mut(&model) {
                    let [old, new] = [before, after].map(|known| Entries::of(known, model, slot));
                    shelf.replace(&Kind::of(after, model), &old, new);
                }
            }
            return;
        }
        if let Some(before) = before {
            for model in shelves_of(before) {
                self.take_from(model, before, slot);
            }
        }
        if let Some(after) = after {
            for model in shelves_of(after) {
                let shelf = self.shelves.entry(model).or_default();
                shelf.insert(Kind::of(after, model), Entries::of(after, model, slot));
            }
        }
    }

    fn take_from(&mut self, model: Option<ModelId>, worker: &Candidate, slot: u32) {
        if let Some(shelf) = self.shelves.get_mut(&model) {
            shelf.remove(&Kind::of(worker, model), &Entries::of(worker, model, slot));
            if shelf.is_empty() {
                self.shelves.remove(&model);
            }
        }
    }
}

/// The shelves on which a worker with room stands.
fn shelves_of(worker: &Candidate) -> impl Iterator<Item = Option<ModelId>> {
    std::iter::once(None).chain(worker.models.iter().map(Some))
}

/// One decision on its way through the shelves.
struct Search<'a> {
    demand: &'a Demand<'a>,
    scoring: &'a Scoring,
    now: Timestamp,
    ranking: Ranking,
    wanted: Reach,
    workers: &'a [Option<Candidate>],
}

impl Search<'_> {
    /// Whether it asks for a class of hardware in the order in which those who have one stand in line.
    fn goes_by_turn(&self) -> bool {
        self.demand.min_gpu_tier > 0
            && self.scoring.measure == Measure::Tested
            && self.scoring.ties == Ties::LongestUnheard
    }

    /// Judges a worker as the scan would.
    fn offer<const N: usize>(&self, worker: &Candidate, podium: &mut Podium<N>) {
        if let Ok(score) = judge(worker, self.demand, self.scoring, self.now) {
            podium.offer(self.ranking.place(worker, score, self.scoring));
        }
    }
}

#[cfg(test)]
impl Index {
    /// Whether every summary is exact, and nothing is longer or shorter than it should be.
    pub(super) fn is_in_order(&self) -> bool {
        let in_order = self.shelves.values().all(|shelf| !shelf.is_empty() && shelf.is_in_order());
        in_order && self.lengths() == self.lengths_due()
    }

    fn lengths(&self) -> [usize; 2] {
        let lengths = self.shelves.values().map(Shelf::lengths);
        lengths.fold([0, 0], |[lots, turns], [more_lots, more_turns]| [lots + more_lots, turns + more_turns])
    }

    fn lengths_due(&self) -> [usize; 2] {
        let stands = |worker: &&Candidate| worker.has_room();
        let shelves = |sum, worker: &Candidate| sum + shelves_of(worker).count();
        let idle = || self.candidates().filter(stands);
        [idle().fold(0, shelves), idle().filter(|worker| shelf::has_turn(worker)).fold(0, shelves)]
    }

    /// Whether no worker has left a trace.
    pub(super) fn holds_nothing(&self) -> bool {
        self.is_empty() && self.shelves.is_empty() && self.workers.iter().all(Option::is_none)
    }
}
