//! Whatever happens to a fleet, work of a class of hardware goes to the best who may have it.

use super::fleet::{NOON, by_tests, demand, key, worker};
use crate::money::BasisPoints;
use crate::routing::*;
use crate::time::{Millis, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;
use std::cmp::Reverse;

/// What may happen to one of the fleet.
#[derive(Clone, Copy, Debug)]
enum Event {
    Beats,
    Passes,
    Fails,
    IsActivated,
    IsDeactivated,
    Registers(u8),
    Drains,
    Returns,
    GetsJob,
    FinishesJob,
    CoolsDown,
    Leaves,
    Joins { models: [bool; 2], concurrency: u16 },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => Just(Event::Beats),
        3 => Just(Event::Passes),
        2 => Just(Event::Fails),
        2 => Just(Event::IsActivated),
        1 => Just(Event::IsDeactivated),
        2 => (0..4_u8).prop_map(Event::Registers),
        1 => Just(Event::Drains),
        1 => Just(Event::Returns),
        3 => Just(Event::GetsJob),
        3 => Just(Event::FinishesJob),
        1 => Just(Event::CoolsDown),
        1 => Just(Event::Leaves),
        3 => (any::<[bool; 2]>(), 1..4_u16)
            .prop_map(|(models, concurrency)| Event::Joins { models, concurrency }),
    ]
}

fn pause() -> impl Strategy<Value = Millis> {
    prop_oneof![6 => Just(0), 3 => select(vec![1, 999, 30_000]), 1 => select(vec![60_000, 120_000, 120_001])]
        .prop_map(Millis)
}

fn node(number: u16) -> Candidate {
    Candidate {
        models: Models::from_iter([ModelId(0)]),
        gpu_tier: (1 + number % 3).try_into().unwrap(),
        tested: BasisPoints(5_000),
        concurrency: 2,
        ..worker(number)
    }
}

fn happen(index: &mut Index, number: u16, event: Event, now: Timestamp) {
    if let Event::Joins { models, concurrency } = event {
        let hosted = (0..).zip(models).filter(|(_, hosts)| *hosts).map(|(model, _)| ModelId(model));
        index.insert(Candidate { models: hosted.collect(), concurrency, last_seen: now, ..node(number) });
    }
    if let Event::Leaves = event {
        index.remove(&key(number));
    }
    index.update(&key(number), |known| match event {
        Event::Beats => known.last_seen = now,
        Event::Passes => known.tested.0 = (known.tested.0 + 100).min(10_000),
        Event::Fails => {
            known.tested.0 = known.tested.0.saturating_sub(2_000);
            known.deactivated = true;
        }
        Event::IsActivated => known.deactivated = false,
        Event::IsDeactivated => known.deactivated = true,
        Event::Registers(tier) => known.gpu_tier = tier,
        Event::Drains => known.draining = true,
        Event::Returns => known.draining = false,
        Event::GetsJob => known.running += 1,
        Event::FinishesJob => known.running = known.running.saturating_sub(1),
        Event::CoolsDown => known.cooling_until = Some(now + cooldown(3)),
        Event::Leaves | Event::Joins { .. } => {}
    });
}

fn demands() -> impl Iterator<Item = Demand<'static>> {
    let models = [None, Some(ModelId(0)), Some(ModelId(1))];
    models
        .into_iter()
        .flat_map(|model| (1..=3).map(move |min_gpu_tier| Demand { model, min_gpu_tier, ..demand() }))
}

/// Asks the index, and looks for somebody better with an order of its own.
fn assert_that_the_best_is_chosen(index: &Index, demand: &Demand<'_>, now: Timestamp, seed: u64) {
    let fit = |worker: &&Candidate| judge(worker, demand, &by_tests(), now).is_ok();
    let order = |worker: &&Candidate| (Reverse(worker.tested), worker.running, worker.last_seen, worker.id);
    let best = index.candidates().filter(fit).min_by_key(order).map(|worker| worker.id);
    let chosen = index.choose(demand, &by_tests(), now, seed).map(|chosen| chosen.worker);
    assert_eq!(chosen, best);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_happens_brings_work_to_the_unfit_or_to_less_than_the_best(
        events in prop::collection::vec((0..24_u16, event(), pause()), 1..250),
        seed in any::<u64>(),
    ) {
        let (mut index, mut now) = (Index::new(), NOON);
        (0..16).for_each(|number| index.insert(node(number)));
        for (number, event, pause) in events {
            now = now + pause;
            happen(&mut index, number, event, now);
            demands().for_each(|demand| assert_that_the_best_is_chosen(&index, &demand, now, seed));
        }
        assert!(index.is_in_order());
    }

    #[test]
    fn the_index_goes_by_turn_as_the_scan_among_many_equals(
        size in 100..1_200_u16,
        silent in prop::collection::vec(select(vec![0, 0, 1, 59_999, 119_999, 120_000, 120_001, 300_000]), 1..8),
        cooling in (0..1_200_u16, 0..1_200_u16),
        events in prop::collection::vec((0..1_200_u16, event()), 0..200),
        excluded in prop::collection::vec(0..1_200_u16, 0..3),
    ) {
        let mut index = Index::new();
        for number in 0..size {
            let silent_ms = silent[usize::from(number) % silent.len()];
            let cools = (cooling.0..cooling.1).contains(&number);
            let cooling_until = cools.then_some(NOON + Millis(1));
            index.insert(Candidate { last_seen: Timestamp(NOON.0 - silent_ms), cooling_until, ..node(number) });
        }
        events.into_iter().for_each(|(number, event)| happen(&mut index, number, event, NOON));
        assert!(index.is_in_order());
        let excluded: Vec<_> = excluded.into_iter().map(key).collect();
        for demand in demands() {
            let demand = Demand { excluded: &excluded, ..demand };
            let scanned = choose(index.candidates(), &demand, &by_tests(), NOON, 7).shortlist;
            assert_eq!(index.shortlist(&demand, &by_tests(), NOON, 3), scanned);
            assert_that_the_best_is_chosen(&index, &demand, NOON, 5);
        }
    }
}
