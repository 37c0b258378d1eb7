//! The idle workers that host one model, apart by kind.

use super::ladder::{Entry, Ladder};
use super::{Candidate, Demand, Search};
use crate::feature::Features;
use crate::money::Asset;
use crate::routing::podium::Podium;
use crate::routing::{ModelId, Pace, Skills, StakeTier, WorkerClass};
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

/// The ladders of all kinds, in the order of the kinds; none is empty.
#[derive(Default)]
pub(super) struct Shelf {
    ladders: Vec<(Kind, Ladder)>,
}

impl Shelf {
    pub(super) fn is_empty(&self) -> bool {
        self.ladders.is_empty()
    }

    pub(super) fn insert(&mut self, kind: Kind, entry: Entry) {
        let place = self.find(&kind).unwrap_or_else(|place| {
            self.ladders.insert(place, (kind, Ladder::default()));
            place
        });
        self.ladders[place].1.insert(entry);
    }

    pub(super) fn remove(&mut self, kind: &Kind, entry: &Entry) {
        if let Ok(place) = self.find(kind) {
            self.ladders[place].1.remove(entry);
            if self.ladders[place].1.is_empty() {
                self.ladders.remove(place);
            }
        }
    }

    pub(super) fn replace(&mut self, kind: &Kind, old: &Entry, new: Entry) {
        if let Ok(place) = self.find(kind) {
            self.ladders[place].1.replace(old, new);
        }
    }

    /// Puts the best on the podium.
    pub(super) fn search<const N: usize>(&self, search: &Search<'_>, podium: &mut Podium<N>) {
        for (kind, ladder) in &self.ladders {
            if kind.might_meet(search.demand) {
                let grade = search.scoring.grade(kind.class, kind.stake.0, kind.pace.0, kind.running);
                let grade = if search.is_in_order { grade } else { grade.flat() };
                ladder.search(search, grade, podium);
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
        self.ladders.is_sorted_by(|(kind, _), (next, _)| kind < next)
            && self.ladders.iter().all(|(_, ladder)| !ladder.is_empty() && ladder.is_in_order())
    }
}
