//! Workers, jobs and scorings to choose among.

use super::super::*;
use crate::feature::Features;
use crate::id::WorkerId;
use crate::money::{Amount, Asset, BasisPoints};
use crate::time::{Millis, Timestamp};

/// The start of every test's time.
pub(super) const NOON: Timestamp = Timestamp(1_800_000_000_000);

/// The stake tiers that the tests know.
pub(super) const VERIFIED: StakeTier = StakeTier { multiplier_percent: 150, bonus_points: 5 };
pub(super) const SENTINEL: StakeTier = StakeTier { multiplier_percent: 200, bonus_points: 10 };

/// A key that reads as its number.
pub(super) fn key(number: u16) -> WorkerId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    WorkerId(bytes)
}

/// An idle, fresh, unproven desktop that does everything for nothing and has no reputation yet.
pub(super) fn worker(number: u16) -> Candidate {
    Candidate {
        id: key(number),
        class: WorkerClass::Desktop,
        skills: Skills::INFER.with(Skills::TASK),
        models: Models::default(),
        gpu_tier: 0,
        region: None,
        price_floor: Amount::zero(Asset::USDC),
        concurrency: 1,
        running: 0,
        last_seen: NOON,
        reputation: BasisPoints(0),
        merit: BasisPoints(0),
        tested: BasisPoints(0),
        pace: Pace::Usual,
        stake: StakeTier::NONE,
        deactivated: false,
        draining: false,
        proven: false,
        probation: None,
        cooling_until: None,
        lot: Lot::draw(0, &key(number), 0),
    }
}

/// A public job that any fresh worker can do.
pub(super) fn demand() -> Demand<'static> {
    Demand {
        skills: Skills::INFER,
        model: None,
        needs: Features::NONE,
        min_gpu_tier: 0,
        region: None,
        price: Amount::new(5_000, Asset::USDC),
        audience: Audience::Anyone,
        must_be_proven: false,
        excluded: &[],
    }
}

/// The formula of the dialect `quotes` for a job that prefers one kind of machine, or none.
pub(super) fn scoring(preferred: Option<WorkerClass>) -> Scoring {
    Scoring {
        preferred,
        preferred_points: 10,
        freshness_points: 5,
        heartbeat: Millis::seconds(10),
        lost_after: Millis::seconds(30),
        measure: Measure::Reputation,
        reputation_points: 10,
        stake_counts: true,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 0,
        ties: Ties::Lot,
    }
}

/// A formula by which whoever has passed most challenges has the job, then whoever has the fewest, and then whoever was
/// heard longest ago.
pub(super) fn by_tests() -> Scoring {
    Scoring {
        preferred: None,
        preferred_points: 0,
        freshness_points: 0,
        heartbeat: Millis::seconds(60),
        lost_after: Millis::seconds(120),
        measure: Measure::Tested,
        reputation_points: 100,
        stake_counts: false,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 1,
        ties: Ties::LongestUnheard,
    }
}
