//! The index against the scan: any fleet, any job, any order of events.

use super::fleet::{NOON, SENTINEL, VERIFIED, by_tests, demand, key, scoring, worker};
use crate::feature::{Feature, Features};
use crate::money::{Amount, Asset, BasisPoints};
use crate::routing::*;
use crate::time::{Millis, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

/// What may happen to a fleet.
#[derive(Clone, Debug)]
enum Step {
    Joins(Candidate),
    Leaves(u16),
    Beats(u16),
    EverybodyBeats,
    GetsJob { worker: u16, turn: u64 },
    FinishesJob(u16),
    Fails(u16),
    Drains(u16),
    IsSwitched(u16),
    IsTested { worker: u16, tested: u16 },
    IsWeighedAgain { worker: u16, reputation: u16, merit: u16, pace: Pace, stake: StakeTier },
    TimePasses(i64),
}

fn stake() -> impl Strategy<Value = StakeTier> {
    select(vec![StakeTier::NONE, StakeTier::NONE, VERIFIED, SENTINEL])
}

/// Few distinct values, so that many workers are equal.
fn reputation() -> impl Strategy<Value = u16> {
    prop_oneof![4 => Just(0), 2 => select(vec![1, 1_000, 2_000, 10_000]), 1 => 0..12_000_u16]
}

fn pace() -> impl Strategy<Value = Pace> {
    select(vec![Pace::Usual, Pace::Usual, Pace::Slow, Pace::Quick])
}

fn lot(number: u16) -> impl Strategy<Value = Lot> {
    let anywhere = any::<u64>().prop_map(move |turn| Lot::draw(1, &key(number), turn));
    prop_oneof![6 => anywhere, 1 => (0..3_u64).prop_map(Lot::start)]
}

fn price() -> impl Strategy<Value = Amount> {
    let asset = select(vec![Asset::USDC, Asset::USDC, Asset::USDC, Asset::ETH]);
    let units = prop_oneof![3 => Just(0), 3 => 4_998..5_003_u128, 1 => (1_u128 << 64) - 1..(1 << 64) + 3];
    (units, asset).prop_map(|(units, asset)| Amount::new(units, asset))
}

fn region() -> impl Strategy<Value = Option<RegionId>> {
    select(vec![None, None, Some(RegionId(0)), Some(RegionId(1)), Some(RegionId(65))])
}

fn features() -> impl Strategy<Value = Features> {
    let few = vec![Feature::Chat, Feature::Tools, Feature::Embeddings];
    let some = prop::collection::vec(select(few), 0..3);
    prop_oneof![1 => Just(Features::NONE), 2 => some.prop_map(Features::from_iter)]
}

fn models() -> impl Strategy<Value = Models> {
    let hosted = ((0..3_u32).prop_map(ModelId), features());
    prop::collection::vec(hosted, 0..4).prop_map(Models::from_iter)
}

prop_compose! {
    fn candidate(fleet: u16)(number in 0..fleet)(
        number in Just(number),
        (models, region, price_floor, stake) in (models(), region(), price(), stake()),
        (concurrency, running, probation) in (0..4_u16, 0..4_u16, prop::option::weighted(0.2, 0..3_u16)),
        (class, skills) in (select(vec![WorkerClass::Desktop, WorkerClass::Handheld]),
            select(vec![Skills::INFER, Skills::TASK, Skills::INFER.with(Skills::TASK)])),
        (reputation, merit, tested, pace) in (reputation(), reputation(), reputation(), pace()),
        (lot, silent_ms) in (lot(number), -1_000..45_000_i64),
        (gpu_tier, proven) in (0..4_u8, any::<bool>()),
        (draining, deactivated) in (prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
        cooling_ms in prop::option::weighted(0.2, 0..40_000_i64),
    ) -> Candidate {
        Candidate {
            class, skills, models, gpu_tier, region, price_floor, concurrency, running, stake, draining,
            deactivated, proven, probation, lot, pace,
            reputation: BasisPoints(reputation),
            merit: BasisPoints(merit),
            tested: BasisPoints(tested),
            last_seen: Timestamp(NOON.0 - silent_ms),
            cooling_until: cooling_ms.map(|wait| NOON + Millis(wait)),
            ..worker(number)
        }
    }
}

fn step(fleet: u16) -> impl Strategy<Value = Step> {
    let who = || 0..fleet;
    prop_oneof![
        4 => candidate(fleet).prop_map(Step::Joins),
        1 => who().prop_map(Step::Leaves),
        3 => who().prop_map(Step::Beats),
        1 => Just(Step::EverybodyBeats),
        3 => (who(), any::<u64>()).prop_map(|(worker, turn)| Step::GetsJob { worker, turn }),
        3 => who().prop_map(Step::FinishesJob),
        1 => who().prop_map(Step::Fails),
        1 => who().prop_map(Step::Drains),
        1 => who().prop_map(Step::IsSwitched),
        2 => (who(), reputation()).prop_map(|(worker, tested)| Step::IsTested { worker, tested }),
        2 => (who(), reputation(), reputation(), pace(), stake()).prop_map(
            |(worker, reputation, merit, pace, stake)| {
                Step::IsWeighedAgain { worker, reputation, merit, pace, stake }
            },
        ),
        3 => select(vec![1, 999, 5_000, 9_999, 10_000, 10_001, 20_000, 30_001]).prop_map(Step::TimePasses),
    ]
}

fn any_scoring() -> impl Strategy<Value = Scoring> {
    let preferred = select(vec![None, Some(WorkerClass::Desktop), Some(WorkerClass::Handheld)]);
    let weights = (select(vec![0, 1, 5, 60_000]), select(vec![0, 10, 100]), select(vec![0, 1, 500_000]));
    let others = (
        (any::<bool>(), select(vec![Ties::Lot, Ties::LongestUnheard])),
        select(vec![0, 3, 10_000]),
        select(vec![Measure::Reputation, Measure::Merit, Measure::Tested]),
        (select(vec![0, 1, 20]), select(vec![0, 1, 2, u16::MAX, u16::MAX])),
    );
    let any = (preferred, weights, others).prop_map(
        |(
            preferred,
            (freshness_points, reputation_points, load_micropoints),
            ((stake_counts, ties), heartbeat, measure, (pace_points, newcomer_jobs)),
        )| Scoring {
            freshness_points,
            measure,
            reputation_points,
            pace_points,
            newcomer_jobs,
            load_micropoints,
            stake_counts,
            ties,
            heartbeat: Millis(heartbeat),
            ..scoring(preferred)
        },
    );
    prop_oneof![3 => any, 1 => Just(by_tests())]
}

/// A job: its demand without the lists, the workers it trusts if it is private, and those that had it before.
type Job = (Demand<'static>, Option<Vec<u16>>, Vec<u16>, Scoring, u64);

fn job(fleet: u16) -> impl Strategy<Value = Job> {
    let skills = select(vec![Skills::NONE, Skills::INFER, Skills::TASK, Skills::INFER.with(Skills::TASK)]);
    let wishes =
        (skills, prop::option::weighted(0.4, (0..4_u32).prop_map(ModelId)), 0..4_u8, region(), price());
    let needs = prop_oneof![2 => Just(Features::NONE), 1 => features()];
    let asked = (wishes, needs, prop::bool::weighted(0.2)).prop_map(
        |((skills, model, min_gpu_tier, region, price), needs, must_be_proven)| Demand {
            skills,
            model,
            needs,
            min_gpu_tier,
            region,
            price,
            must_be_proven,
            ..demand()
        },
    );
    let trusted = prop::option::weighted(0.15, prop::collection::vec(0..fleet + 5, 0..12));
    let excluded = prop::collection::vec(0..fleet, 0..4);
    // The first few seeds start to look just where some workers stand.
    let seed = prop_oneof![3 => any::<u64>(), 1 => 0..3_u64];
    (prop_oneof![Just(demand()), asked], trusted, excluded, any_scoring(), seed)
}

fn take(step: Step, index: &mut Index, now: &mut Timestamp) {
    let clock = *now;
    let mut known = |worker, change: &dyn Fn(&mut Candidate)| {
        index.update(&key(worker), change);
    };
    match step {
        Step::Beats(worker) => known(worker, &|known| known.last_seen = clock),
        Step::GetsJob { worker, turn } => known(worker, &|known| {
            known.running = known.running.saturating_add(1);
            known.lot = Lot::draw(1, &known.id, turn);
        }),
        Step::FinishesJob(worker) => known(worker, &|known| known.running = known.running.saturating_sub(1)),
        Step::Fails(worker) => known(worker, &|known| known.cooling_until = Some(clock + Millis::seconds(5))),
        Step::Drains(worker) => known(worker, &|known| known.draining = true),
        Step::IsSwitched(worker) => known(worker, &|known| known.deactivated = !known.deactivated),
        Step::IsTested { worker, tested } => {
            known(worker, &|known| known.tested = BasisPoints(tested));
        }
        Step::IsWeighedAgain { worker, reputation, merit, pace, stake } => known(worker, &|known| {
            known.reputation = BasisPoints(reputation);
            known.merit = BasisPoints(merit);
            known.pace = pace;
            known.stake = stake;
        }),
        Step::Joins(candidate) => index.insert(candidate),
        Step::Leaves(worker) => {
            let gone = index.remove(&key(worker));
            assert!(gone.is_none_or(|gone| gone.id == key(worker)));
        }
        Step::EverybodyBeats => {
            let all: Vec<_> = index.candidates().map(|worker| worker.id).collect();
            for worker in all {
                assert!(index.update(&worker, |known| known.last_seen = clock));
            }
        }
        Step::TimePasses(span) => *now = clock + Millis(span),
    }
}

/// Asks both and compares everything that both answer.
fn compare(index: &Index, job: &Job, now: Timestamp) {
    let (demand, trusted, excluded, scoring, seed) = job;
    let trusted: Option<Vec<_>> =
        trusted.as_ref().map(|list| list.iter().map(|number| key(*number)).collect());
    let excluded: Vec<_> = excluded.iter().map(|number| key(*number)).collect();
    let audience = trusted.as_deref().map_or(Audience::Anyone, Audience::Only);
    let demand = Demand { audience, excluded: &excluded, ..*demand };
    let decision = choose(index.candidates(), &demand, scoring, now, *seed);
    assert_eq!(index.choose(&demand, scoring, now, *seed), decision.shortlist.chosen);
    assert_eq!(index.shortlist(&demand, scoring, now, *seed), decision.shortlist);
    let verdicts = explain(index.candidates(), &demand, scoring, now, *seed);
    let best = verdicts.first().and_then(|verdict| verdict.outcome.ok().map(|score| (verdict.worker, score)));
    assert_eq!(best, decision.shortlist.chosen.map(|chosen| (chosen.worker, chosen.score)));
    assert_eq!(tally(index.candidates(), &demand, scoring, now), decision.tally);
    assert_eq!(decision.tally.considered(), index.len());
    assert_eq!(decision.tally.fit(), verdicts.iter().filter(|verdict| verdict.outcome.is_ok()).count());
}

fn compare_all_along(steps: Vec<(Step, Job)>, every: usize) {
    let (mut index, mut now) = (Index::new(), NOON);
    for (number, (step, job)) in steps.into_iter().enumerate() {
        take(step, &mut index, &mut now);
        if number % every == 0 {
            compare(&index, &job, now);
        }
    }
    assert!(index.is_in_order());
    empty(index);
}

fn empty(mut index: Index) {
    let all: Vec<_> = index.candidates().cloned().collect();
    for worker in all {
        assert_eq!(index.remove(&worker.id), Some(worker));
    }
    assert!(index.holds_nothing());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_chooses_as_the_scan_in_a_small_fleet(
        steps in prop::collection::vec((step(12), job(12)), 1..120),
    ) {
        compare_all_along(steps, 1);
    }

    #[test]
    fn the_index_chooses_as_the_scan_in_a_large_fleet(
        fleet in prop::collection::vec(candidate(2_000), 300..900),
        steps in prop::collection::vec((step(2_000), job(2_000)), 1..100),
    ) {
        let idle = steps[0].1.clone();
        let joins = fleet.into_iter().map(|worker| (Step::Joins(worker), idle.clone()));
        compare_all_along(joins.chain(steps).collect(), 5);
    }

    #[test]
    fn the_index_chooses_as_the_scan_among_many_equals(
        size in 100..900_u16,
        late in prop::collection::vec((0..900_u16, 0..31_000_i64), 0..400),
        gone in prop::collection::vec(0..900_u16, 0..1_500),
        jobs in prop::collection::vec(job(900), 20),
    ) {
        let mut index = Index::new();
        (0..size).for_each(|number| index.insert(worker(number)));
        for (number, silent_ms) in late {
            index.update(&key(number), |known| known.last_seen = Timestamp(NOON.0 - silent_ms));
        }
        for number in gone {
            index.remove(&key(number));
        }
        assert!(index.is_in_order());
        for job in jobs {
            compare(&index, &job, NOON);
        }
        empty(index);
    }
}
