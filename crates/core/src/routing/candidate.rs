//! What the coordinator knows of a connected worker at the moment a job is given out.

use super::{Lot, Measure};
use crate::feature::{Feature, Features};
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
    /// Keeps a connection, and signs receipts with the key that it has proven there.
    pub const CONNECTED: Self = Self(1 << 2);

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

impl ModelId {
    /// The highest number under which a worker can host a model.
    pub const LAST: Self = Self((1 << (u32::BITS - FEATURE_BITS)) - 1);
}

/// A region's name, numbered by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RegionId(pub u16);

/// The models that a worker hosts, each with what it honours there: sorted, each once. Workers with the same models may
/// share one list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Models(Arc<[Hosted]>);

/// A model's number, and in the lowest bits what the model honours: an index of many workers has no room for more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Hosted(u32);

/// One for each feature.
const FEATURE_BITS: u32 = 9;
const _: () =
    assert!(Feature::ALL.len() == FEATURE_BITS as usize, "each feature has a bit, and models have the rest");

impl Hosted {
    /// `None` for a number that is too high, so that nobody is taken to host that model.
    fn new(model: ModelId, features: Features) -> Option<Self> {
        (model.0 <= ModelId::LAST.0).then(|| Self(model.0 << FEATURE_BITS | u32::from(features.bits())))
    }

    const fn model(self) -> ModelId {
        ModelId(self.0 >> FEATURE_BITS)
    }

    const fn features(self) -> Features {
        let [first, second, ..] = self.0.to_le_bytes();
        Features::of_bits(u16::from_le_bytes([first, second]) & ((1 << FEATURE_BITS) - 1))
    }
}

impl Models {
    /// What this model honours; `None` if the worker does not host it.
    pub fn features(&self, model: ModelId) -> Option<Features> {
        let place = self.0.binary_search_by_key(&model, |hosted| hosted.model()).ok()?;
        Some(self.0[place].features())
    }

    /// What who names no model honours: he answers in text, as whoever declares nothing.
    const UNNAMED: Features = Features::NONE.declared();

    /// Whether one of the models honours all of this; where nothing is wanted, no model is needed.
    pub(super) fn honour(&self, wanted: Features) -> bool {
        match &*self.0 {
            [] => Self::UNNAMED.include(wanted),
            models => wanted == Features::NONE || models.iter().any(|model| model.features().include(wanted)),
        }
    }

    /// The models in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = ModelId> {
        self.0.iter().map(|hosted| hosted.model())
    }

    /// What the models honour, all taken together.
    pub(super) fn all_features(&self) -> Features {
        let none = if self.0.is_empty() { Self::UNNAMED } else { Features::NONE };
        self.0.iter().fold(none, |all, hosted| all.union(hosted.features()))
    }
}

/// Of a model that is named twice, only what is said first counts.
impl FromIterator<(ModelId, Features)> for Models {
    fn from_iter<I: IntoIterator<Item = (ModelId, Features)>>(models: I) -> Self {
        let mut models: Vec<_> =
            models.into_iter().filter_map(|(model, features)| Hosted::new(model, features)).collect();
        models.sort_by_key(|hosted| hosted.model());
        models.dedup_by_key(|hosted| hosted.model());
        Self(models.into())
    }
}

/// Models of which nothing is known.
impl FromIterator<ModelId> for Models {
    fn from_iter<I: IntoIterator<Item = ModelId>>(models: I) -> Self {
        models.into_iter().map(|model| (model, Features::NONE)).collect()
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
    /// The class of its hardware; 0 if it names none, and then it has nothing that asks for one.
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
    /// Its reputation as challenges have shown it, likewise.
    pub tested: BasisPoints,
    /// How soon its first text comes.
    pub pace: Pace,
    /// What its stake is worth.
    pub stake: StakeTier,
    /// May have nothing that asks for a class of hardware.
    pub deactivated: bool,
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
            Measure::Tested => self.tested,
        };
        share.0.min(WHOLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_no_model_answers_in_text_and_who_names_one_does_what_he_says() {
        let [chat, vectors] =
            [Feature::Chat, Feature::Embeddings].map(|feature| Features::NONE.with(feature));
        let [none, text, other] = [vec![], vec![chat], vec![vectors]]
            .map(|all| all.into_iter().map(|one| (ModelId(1), one)).collect());
        let honour = |models: &Models| [Features::NONE, chat, vectors].map(|wanted| models.honour(wanted));
        assert_eq!(honour(&none), [true, true, false]);
        assert_eq!(honour(&text), [true, true, false]);
        assert_eq!(honour(&other), [true, false, true]);
    }

    #[test]
    fn each_model_keeps_what_it_honours() {
        let all: Features = Feature::ALL.into_iter().collect();
        let beyond = ModelId(ModelId::LAST.0 + 1);
        let named = [(ModelId::LAST, all), (ModelId(0), Features::NONE), (ModelId(0), all), (beyond, all)];
        let models: Models = named.into_iter().collect();
        assert_eq!(models.iter().collect::<Vec<_>>(), [ModelId(0), ModelId::LAST]);
        assert_eq!(models.features(ModelId(0)), Some(Features::NONE));
        assert_eq!(models.features(ModelId::LAST), Some(all));
        assert_eq!([ModelId(1), beyond, ModelId(u32::MAX)].map(|model| models.features(model)), [None; 3]);
    }
}
