//! What the coordinator knows of a connected worker at the moment a job is given out.

use super::{Lot, Measure};
use crate::id::WorkerId;
use crate::money::{Amount, BasisPoints};
use crate::time::Timestamp;
use std::sync::Arc;

/// The best possible reputation, in basis points.
pub(super) const WHOLE: u16 = 10_000;

/// The kind of machine. What it is called on a wire is the dialect's business.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum WorkerClass {
    /// A computer that stays where it is.
    Desktop,
    /// A phone or another small device.
    Handheld,
}

/// A set of kinds of work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Skills(u8);

impl Skills {
    /// No kind of work.
    pub const NONE: Self = Self(0);
    /// Runs a language model.
    pub const INFER: Self = Self(1);
    /// Runs the built-in tasks.
    pub const TASK: Self = Self(1 << 1);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `wanted` is in this set.
    pub const fn include(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// A model's name, numbered by the caller. Two names have the same number only if they are one model.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModelId(pub u32);

/// A region's name, numbered by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RegionId(pub u16);

/// The models that a worker hosts: sorted, each once. Workers with the same models may share one list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Models(Arc<[ModelId]>);

impl Models {
    /// Whether the worker hosts this model.
    pub fn contains(&self, model: ModelId) -> bool {
        self.0.binary_search(&model).is_ok()
    }

    /// The models in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = ModelId> {
        self.0.iter().copied()
    }
}

impl FromIterator<ModelId> for Models {
    fn from_iter<I: IntoIterator<Item = ModelId>>(models: I) -> Self {
        let mut models: Vec<_> = models.into_iter().collect();
        models.sort_unstable();
        models.dedup();
        Self(models.into())
    }
}

/// What a worker's stake is worth in a score. The caller has a handful of tiers, not one a worker.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StakeTier {
    /// What the reputation's points are multiplied by, in percent.
    pub multiplier_percent: u16,
    /// Whole points on top.
    pub bonus_points: u16,
}

impl StakeTier {
    /// No stake: reputation counts once, nothing on top.
    pub const NONE: Self = Self { multiplier_percent: 100, bonus_points: 0 };
}

/// How soon a worker's first text comes, among workers of the same models.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub enum Pace {
    /// Later than most.
    Slow,
    /// Nothing else is known.
    #[default]
    Usual,
    /// Sooner than most.
    Quick,
}

impl Pace {
    /// The class of a latency part of [`crate::reputation::Parts`]: within a tenth of the middle it is usual.
    pub const fn of(latency: BasisPoints) -> Self {
        match latency.0 {
            0..4_000 => Self::Slow,
            4_000..=6_000 => Self::Usual,
            _ => Self::Quick,
        }
    }
}

/// A connected worker, as matching sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The worker's key.
    pub id: WorkerId,
    /// The kind of machine.
    pub class: WorkerClass,
    /// What it says it can do.
    pub skills: Skills,
    /// The models it hosts; empty if it names none.
    pub models: Models,
    /// The class of its hardware, 0 if it names none.
    pub gpu_tier: u8,
    /// Where it stands, if it says so.
    pub region: Option<RegionId>,
    /// The least it works for. Zero accepts every asset; any other floor is met only in its own asset.
    pub price_floor: Amount,
    /// How many jobs it takes at a time.
    pub concurrency: u16,
    /// How many it has now.
    pub running: u16,
    /// The last sign of life.
    pub last_seen: Timestamp,
    /// Its reputation by counts, as a share of the best possible. More than the whole counts as the whole.
    pub reputation: BasisPoints,
    /// Its reputation by the weights of [`crate::reputation`], likewise.
    pub merit: BasisPoints,
    /// How soon its first text comes.
    pub pace: Pace,
    /// What its stake is worth.
    pub stake: StakeTier,
    /// Finishes what it has and takes nothing new.
    pub draining: bool,
    /// Has proven on this connection that it holds its key.
    pub proven: bool,
    /// How many jobs at a time it is trusted with while it is new; `None` once it is not new.
    pub probation: Option<u16>,
    /// Gets nothing before this instant; see [`cooldown`](super::cooldown()).
    pub cooling_until: Option<Timestamp>,
    /// Where it stands among equals. Draw a new one each time the worker is given a job.
    pub lot: Lot,
}

impl Candidate {
    /// Whether it could take one more job of some kind, leaving time aside.
    pub(super) fn has_room(&self) -> bool {
        !self.draining && self.running < self.concurrency && !self.is_on_full_probation()
    }

    /// Whether it has as many jobs as a new worker may have.
    pub(super) fn is_on_full_probation(&self) -> bool {
        self.probation.is_some_and(|cap| self.running >= cap)
    }

    /// One of its reputations in basis points, cut to the whole.
    pub(super) fn esteem(&self, measure: Measure) -> u16 {
        let share = match measure {
            Measure::Reputation => self.reputation,
            Measure::Merit => self.merit,
        };
        share.0.min(WHOLE)
    }
}
