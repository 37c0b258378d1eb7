//! Why a worker may not have a job: the hard filters, in their order.

use super::{Audience, Candidate, Demand, Scoring};
use crate::money::Amount;
use crate::time::Timestamp;

/// Why a worker may not have a job. Only the first reason that applies is reported: first the connection,
/// then what the worker cannot do, then what it may not do, and last what will pass by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Unfit {
    /// It takes nothing new.
    Draining,
    /// It has given no sign of life for too long.
    Stale,
    /// It does not do this kind of work.
    LacksSkill,
    /// It does not host the model.
    LacksModel,
    /// It hosts the model, and the model does not honour there what the job asks for; or none of its models does.
    LacksFeature,
    /// The job asks for a class of hardware, and it names none.
    NotRegistered,
    /// Its hardware is of a lower class than asked for.
    GpuTierTooLow,
    /// It stands elsewhere, or does not say where.
    OtherRegion,
    /// It works for more than this job pays, or for another asset.
    PriceBelowFloor,
    /// The job asks for a class of hardware, and it may have nothing that does.
    Deactivated,
    /// The client does not name it among those it trusts.
    NotTrusted,
    /// It has not proven its key, and the job asks for that.
    NotProven,
    /// It has had this job before.
    Excluded,
    /// It has as many jobs as it takes.
    AtCapacity,
    /// It is new, and has as many jobs as a new worker may have.
    OnProbationFull,
    /// It has failed several times in a row and must wait.
    CoolingDown,
}

impl Unfit {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 16] = [
        Self::Draining,
        Self::Stale,
        Self::LacksSkill,
        Self::LacksModel,
        Self::LacksFeature,
        Self::NotRegistered,
        Self::GpuTierTooLow,
        Self::OtherRegion,
        Self::PriceBelowFloor,
        Self::Deactivated,
        Self::NotTrusted,
        Self::NotProven,
        Self::Excluded,
        Self::AtCapacity,
        Self::OnProbationFull,
        Self::CoolingDown,
    ];

    /// The published code. Never renamed, never used for anything else.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Stale => "stale",
            Self::LacksSkill => "lacks_skill",
            Self::LacksModel => "lacks_model",
            Self::LacksFeature => "lacks_feature",
            Self::NotRegistered => "not_registered",
            Self::GpuTierTooLow => "gpu_tier_too_low",
            Self::OtherRegion => "other_region",
            Self::PriceBelowFloor => "price_below_floor",
            Self::Deactivated => "deactivated",
            Self::NotTrusted => "not_trusted",
            Self::NotProven => "not_proven",
            Self::Excluded => "excluded",
            Self::AtCapacity => "at_capacity",
            Self::OnProbationFull => "on_probation_full",
            Self::CoolingDown => "cooling_down",
        }
    }
}

/// The first reason against this worker, if there is one.
pub(super) fn objection(
    worker: &Candidate,
    demand: &Demand<'_>,
    scoring: &Scoring,
    now: Timestamp,
) -> Option<Unfit> {
    Some(match worker {
        w if w.draining => Unfit::Draining,
        w if now.since(w.last_seen) > scoring.lost_after => Unfit::Stale,
        w if !w.skills.include(demand.skills) => Unfit::LacksSkill,
        w if demand.model.is_some_and(|model| w.models.features(model).is_none()) => Unfit::LacksModel,
        w if !honours(w, demand) => Unfit::LacksFeature,
        w if w.gpu_tier == 0 && demand.min_gpu_tier > 0 => Unfit::NotRegistered,
        w if w.gpu_tier < demand.min_gpu_tier => Unfit::GpuTierTooLow,
        w if demand.region.is_some() && w.region != demand.region => Unfit::OtherRegion,
        w if !meets(demand.price, w.price_floor) => Unfit::PriceBelowFloor,
        w if w.deactivated && demand.min_gpu_tier > 0 => Unfit::Deactivated,
        w if matches!(demand.audience, Audience::Only(trusted) if !trusted.contains(&w.id)) => {
            Unfit::NotTrusted
        }
        w if demand.must_be_proven && !w.proven => Unfit::NotProven,
        w if demand.excluded.contains(&w.id) => Unfit::Excluded,
        w if w.running >= w.concurrency => Unfit::AtCapacity,
        w if w.is_on_full_probation() || w.probation.is_some() && w.running >= scoring.newcomer_jobs => {
            Unfit::OnProbationFull
        }
        w if w.cooling_until.is_some_and(|until| now < until) => Unfit::CoolingDown,
        _ => return None,
    })
}

/// Whether the model that is asked for honours what is asked of it.
fn honours(worker: &Candidate, demand: &Demand<'_>) -> bool {
    match demand.model {
        Some(model) => worker.models.features(model).is_some_and(|known| known.include(demand.needs)),
        None => worker.models.honour(demand.needs),
    }
}

fn meets(price: Amount, floor: Amount) -> bool {
    floor.is_zero() || (floor.asset == price.asset && floor.units <= price.units)
}
