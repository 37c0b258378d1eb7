//! What is for sale and on which terms: the price table, the deadlines, and who is preferred.

use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::{Amount, Asset, BasisPoints, Split};
use docket_core::policy::{Arbitration, Lapse, Policy, Ruling, Source};
use docket_core::quote::{PriceList, Quote};
use docket_core::routing::{Measure, Scoring, Ties, WorkerClass};
use docket_core::time::Millis;
use std::sync::Arc;

/// Prices in millionths of a dollar, by type and policy.
const PRICES: [((Skill, Speed), u128); 4] = [
    ((Skill::Infer, Speed::Fast), 10_000),
    ((Skill::Infer, Speed::Cheap), 5_000),
    ((Skill::Task, Speed::Fast), 3_000),
    ((Skill::Task, Speed::Cheap), 1_000),
];
/// The platform's share of a price.
const PLATFORM: BasisPoints = BasisPoints(500);

/// The price of a kind of work.
pub(super) fn quote(skill: Skill, speed: Speed, asset: Asset) -> Option<Quote> {
    let prices = PRICES.map(|(kind, units)| (kind, Amount::new(units, asset)));
    PriceList::new(prices).quote(skill, speed)
}

/// The speed that `AUTO` means.
pub(super) const fn natural_speed(skill: Skill) -> Speed {
    match skill {
        Skill::Infer => Speed::Fast,
        Skill::Task => Speed::Cheap,
    }
}

/// The terms of a job. A client of this dialect stops asking after 60 s for inference and 30 s for a
/// task, so no attempt runs for longer; 30 s are for finding a worker.
pub(super) fn terms(skill: Skill, source: &Source) -> Arc<Policy> {
    const MATCH: Millis = Millis::seconds(30);
    let run = match skill {
        Skill::Infer => Millis::seconds(60),
        Skill::Task => Millis::seconds(30),
    };
    Arc::new(Policy {
        source: source.clone(),
        split: Split { platform: PLATFORM, ..Split::default() },
        fund_within: MATCH,
        match_within: MATCH,
        rematch_within: MATCH,
        run_within: run,
        finish_within: Millis(MATCH.0 + run.0),
        attempts: 3,
        lapse: Lapse::Failed,
        evaluation: None,
        dispute_window: Millis(0),
        arbitration: Arbitration { within: Millis(0), default: Ruling::ForWorker },
        stream_within: None,
        metering: None,
        staked: None,
        tier: None,
    })
}

/// The published score: 10 for a desktop under FAST or a handheld for a cheap task, up to 5 for a fresh
/// heartbeat, up to 10 for reputation times the stake's multiplier, and the stake's bonus.
pub(crate) fn scoring(job: &Job) -> Scoring {
    let Ask { skill, speed, .. } = &*job.ask;
    Scoring {
        preferred: match (speed, skill) {
            (Speed::Fast, _) => Some(WorkerClass::Desktop),
            (Speed::Cheap, Skill::Task) => Some(WorkerClass::Handheld),
            (Speed::Cheap, Skill::Infer) => None,
        },
        preferred_points: 10,
        freshness_points: 5,
        heartbeat: docket_engine::HEARTBEAT,
        lost_after: docket_engine::LOST_AFTER,
        measure: Measure::Reputation,
        reputation_points: 10,
        stake_counts: false,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 0,
        ties: Ties::Lot,
    }
}

/// A price as this dialect writes it: dollars with three decimals, more only where needed.
pub(super) fn price_text(price: Amount) -> String {
    let scale = 10_u128.pow(u32::from(price.asset.decimals()));
    let (whole, rest) = (price.units / scale, price.units % scale);
    let digits = format!("{rest:0width$}", width = usize::from(price.asset.decimals()));
    let significant = digits.trim_end_matches('0').len().max(3).min(digits.len());
    format!("${whole}.{}", &digits[..significant])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_those_of_the_page() {
        let text = |skill, speed| price_text(quote(skill, speed, Asset::USDC).unwrap().price);
        assert_eq!(text(Skill::Infer, Speed::Fast), "$0.010");
        assert_eq!(text(Skill::Infer, Speed::Cheap), "$0.005");
        assert_eq!(text(Skill::Task, Speed::Fast), "$0.003");
        assert_eq!(text(Skill::Task, Speed::Cheap), "$0.001");
        assert_eq!(price_text(Amount::new(12_345_678, Asset::USDC)), "$12.345678");
    }
}
