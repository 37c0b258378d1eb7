//! The idle workers that host one model, apart by kind.

use super::ladder::{Entry, Ladder};
use super::place::Turn;
use super::{Candidate, Demand, Search};
use crate::feature::Features;
use crate::money::Asset;
use crate::routing::podium::Podium;
use crate::routing::{Lot, Measure, ModelId, Pace, Skills, StakeTier, WorkerClass};
use std::cmp::Reverse;

/// What a search can tell of workers without looking at them one by one. There are few kinds, however many
/// workers.
///
/// The order is the one in which kinds are searched: those first that are likely to hold the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    stake: Reverse<StakeTier>,
    running: u16,
    class: WorkerClass,
    pace: Reverse<Pace>,
    skills: Skills,
    gpu_tier: u8,
    proven: bool,
    /// What the shelf's model honours; on the shelf for any model, what one of the worker's models does.
    features: Features,
    /// `None` for those who work for nothing, in whatever asset.
    floor_in: Option<Asset>,
}

impl Kind {
    /// The kind of a worker on the shelf of a model that it hosts, or on the one for any model.
    pub(super) fn of(worker: &Candidate, model: Option<ModelId>) -> Self {
        let features = match model {
            Some(model) => worker.models.features(model).unwrap_or_default(),
            None => worker.models.all_features(),
        };
        Self {
            stake: Reverse(worker.stake),
            running: worker.running,
            class: worker.class,
            pace: Reverse(worker.pace),
            skills: worker.skills,
            gpu_tier: worker.gpu_tier,
            proven: worker.proven,
            features,
            floor_in: (!worker.price_floor.is_zero()).then_some(worker.price_floor.asset),
        }
    }

    fn might_meet(&self, demand: &Demand<'_>) -> bool {
        self.skills.include(demand.skills)
            && self.features.include(demand.needs)
            && self.gpu_tier >= demand.min_gpu_tier
            && (self.proven || !demand.must_be_proven)
            && self.floor_in.is_none_or(|asset| asset == demand.price.asset)
    }
}

/// Where one worker stands on the ladders of its kind.
pub(super) struct Entries {
    by_lot: Entry<Lot>,
    by_turn: Option<Entry<Turn>>,
}

impl Entries {
    /// Of the worker in this slot of the index, on the shelf of this model.
    pub(super) fn of(worker: &Candidate, model: Option<ModelId>, slot: u32) -> Self {
        Self {
            by_lot: Entry::of(worker, measure(model), slot),
            by_turn: has_turn(worker).then(|| Entry::of(worker, Measure::Tested, slot)),
        }
    }
}

/// By which reputation the workers on a shelf stand in order of lots: by that which such jobs are weighed by.
pub(super) const fn measure(model: Option<ModelId>) -> Measure {
    match model {
        None => Measure::Reputation,
        Some(_) => Measure::Merit,
    }
}

/// Whether a worker may have jobs that ask for a class of hardware: nobody else stands in line for them.
pub(super) const fn has_turn(worker: &Candidate) -> bool {
    worker.gpu_tier > 0 && !worker.deactivated
}

/// The idle workers of one kind: all of them, and again those that may have jobs that ask for a class of hardware.
#[derive(Default)]
struct Ladders {
    by_lot: Ladder<Lot>,
    by_turn: Ladder<Turn>,
}

/// The ladders of all kinds, in the order of the kinds; somebody stands on each by lot.
#[derive(Default)]
pub(super) struct Shelf {
    ladders: Vec<(Kind, Ladders)>,
}

impl Shelf {
    pub(super) fn is_empty(&self) -> bool {
        self.ladders.is_empty()
    }

    pub(super) fn insert(&mut self, kind: Kind, entries: Entries) {
        let place = self.find(&kind).unwrap_or_else(|place| {
            self.ladders.insert(place, (kind, Ladders::default()));
            place
        });
        let ladders = &mut self.ladders[place].1;
        ladders.by_lot.insert(entries.by_lot);
        if let Some(entry) = entries.by_turn {
            ladders.by_turn.insert(entry);
        }
    }

    pub(super) fn remove(&mut self, kind: &Kind, entries: &Entries) {
        let Ok(place) = self.find(kind) else { return };
        let ladders = &mut self.ladders[place].1;
        ladders.by_lot.remove(&entries.by_lot);
        if let Some(entry) = &entries.by_turn {
            ladders.by_turn.remove(entry);
        }
        if ladders.by_lot.is_empty() {
            self.ladders.remove(place);
        }
    }

    pub(super) fn replace(&mut self, kind: &Kind, old: &Entries, new: Entries) {
        let Ok(place) = self.find(kind) else { return };
        let ladders = &mut self.ladders[place].1;
        ladders.by_lot.replace(&old.by_lot, new.by_lot);
        match (&old.by_turn, new.by_turn) {
            (Some(old), Some(new)) => ladders.by_turn.replace(old, new),
            (Some(old), None) => ladders.by_turn.remove(old),
            (None, Some(new)) => ladders.by_turn.insert(new),
            (None, None) => {}
        }
    }

    /// Puts the best on the podium.
    pub(super) fn search<const N: usize>(&self, search: &Search<'_>, podium: &mut Podium<N>) {
        let by_turn = search.goes_by_turn();
        let in_order = by_turn || search.scoring.measure == measure(search.demand.model);
        for (kind, ladders) in &self.ladders {
            if kind.might_meet(search.demand) {
                let grade = search.scoring.grade(kind.class, kind.stake.0, kind.pace.0, kind.running);
                // If the ladder stands in the order of another reputation, anybody may have the best.
                let grade = if in_order { grade } else { grade.flat() };
                match by_turn {
                    true => ladders.by_turn.search(search, grade, podium),
                    false => ladders.by_lot.search(search, grade, podium),
                }
            }
        }
    }

    fn find(&self, kind: &Kind) -> Result<usize, usize> {
        self.ladders.binary_search_by(|(known, _)| known.cmp(kind))
    }
}

#[cfg(test)]
impl Shelf {
    pub(super) fn is_in_order(&self) -> bool {
        let in_order = |ladders: &Ladders| {
            !ladders.by_lot.is_empty() && ladders.by_lot.is_in_order() && ladders.by_turn.is_in_order()
        };
        self.ladders.is_sorted_by(|(kind, _), (next, _)| kind < next)
            && self.ladders.iter().all(|(_, ladders)| in_order(ladders))
    }

    /// How many stand on its ladders by lot, and how many on those by turn.
    pub(super) fn lengths(&self) -> [usize; 2] {
        self.ladders.iter().fold([0, 0], |[lots, turns], (_, ladders)| {
            [lots + ladders.by_lot.len(), turns + ladders.by_turn.len()]
        })
    }
}
