//! What a worker, or the best of several, might satisfy: a quick test that may say yes too often, but never
//! no.

use super::{Candidate, Demand, Scoring};
use crate::routing::RegionId;
use crate::time::Timestamp;

/// The most favourable values among some workers; or, of a demand, the least favourable that will do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    /// The latest sign of life.
    pub(super) last_seen: Timestamp,
    /// The first instant at which one of them is not cooling down.
    ready_at: Timestamp,
    /// The lowest price floor, cut to 64 bits, whatever its asset.
    floor: u64,
    /// The regions, folded to 64 bits.
    regions: u64,
}

impl Reach {
    /// Of nobody.
    pub(super) const NONE: Self =
        Self { last_seen: Timestamp(i64::MIN), ready_at: Timestamp(i64::MAX), floor: u64::MAX, regions: 0 };

    /// Of one worker.
    pub(super) fn of(worker: &Candidate) -> Self {
        Self {
            last_seen: worker.last_seen,
            ready_at: worker.cooling_until.unwrap_or(Timestamp(i64::MIN)),
            floor: cut(worker.price_floor.units),
            regions: worker.region.map_or(0, fold),
        }
    }

    /// The limits that a demand sets.
    pub(super) fn wanted(demand: &Demand<'_>, scoring: &Scoring, now: Timestamp) -> Self {
        Self {
            last_seen: Timestamp(now.0.saturating_sub(scoring.lost_after.0)),
            ready_at: now,
            floor: cut(demand.price.units),
            regions: demand.region.map_or(0, fold),
        }
    }

    /// Of these workers and those.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            last_seen: self.last_seen.max(other.last_seen),
            ready_at: self.ready_at.min(other.ready_at),
            floor: self.floor.min(other.floor),
            regions: self.regions | other.regions,
        }
    }

    /// Whether one of them might be fit. If not, none is.
    pub(super) fn might_meet(&self, wanted: &Self) -> bool {
        self.last_seen >= wanted.last_seen
            && self.ready_at <= wanted.ready_at
            && self.floor <= wanted.floor
            && self.regions & wanted.regions == wanted.regions
    }
}

fn cut(units: u128) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

fn fold(region: RegionId) -> u64 {
    1 << (region.0 % 64)
}
