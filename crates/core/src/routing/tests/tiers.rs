//! Who gets work of a class of hardware in one small fleet, and why nobody else does: `fixtures/routing/tiers.txt`.

use super::fleet::{NOON, by_tests, demand, key};
use super::table::{Differs, Named, Scene, named, table};
use crate::id::WorkerId;
use crate::money::BasisPoints;
use crate::routing::*;
use crate::time::{Millis, Timestamp};

const GOLDEN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/routing/tiers.txt"));

const LLAMA: ModelId = ModelId(1);
const QWEN: ModelId = ModelId(2);

/// Sets a worker's class of hardware, what challenges have shown, and for how long nothing was heard of it.
fn stand(worker: &mut Candidate, gpu_tier: u8, tested: u16, silent_ms: i64) {
    worker.models = Models::from_iter([LLAMA]);
    worker.gpu_tier = gpu_tier;
    worker.tested = BasisPoints(tested);
    worker.last_seen = Timestamp(NOON.0 - silent_ms);
}

fn fleet() -> Vec<Named> {
    let who: [(&str, &str, Differs); 16] = [
        ("ada", "tier 1, 50 %, heard 1 s ago", |w| stand(w, 1, 5_000, 1_000)),
        ("bob", "tier 1, 50 %, heard 60 s ago", |w| stand(w, 1, 5_000, 60_000)),
        ("cyd", "tier 2, 50 %, heard 60 s ago", |w| stand(w, 2, 5_000, 60_000)),
        ("dot", "tier 3, 87 %, heard exactly 120 s ago", |w| stand(w, 3, 8_700, 120_000)),
        ("eve", "tier 3, 99 %, heard 120.001 s ago", |w| stand(w, 3, 9_900, 120_001)),
        ("flo", "tier 2, 87 %, heard 90 s ago, 1 of 4 running", |w| {
            stand(w, 2, 8_700, 90_000);
            (w.running, w.concurrency) = (1, 4);
        }),
        ("gus", "tier 2, 87 %, heard 5 s ago", |w| stand(w, 2, 8_700, 5_000)),
        ("hal", "tier 3, 100 %, busy", |w| {
            stand(w, 3, 10_000, 0);
            w.running = 1;
        }),
        ("ida", "tier 3, 95 %, deactivated", |w| {
            stand(w, 3, 9_500, 0);
            w.deactivated = true;
        }),
        ("jim", "no tier, 100 %", |w| stand(w, 0, 10_000, 0)),
        ("kay", "tier 3, 90 %, qwen only", |w| {
            stand(w, 3, 9_000, 0);
            w.models = Models::from_iter([QWEN]);
        }),
        ("lou", "tier 3, 50.01 %, heard 1 s ago, 3 of 4 running", |w| {
            stand(w, 3, 5_001, 1_000);
            (w.running, w.concurrency) = (3, 4);
        }),
        ("mia", "tier 3, 30 %, heard 100 s ago", |w| stand(w, 3, 3_000, 100_000)),
        ("ned", "tier 3, 88 %, draining", |w| {
            stand(w, 3, 8_800, 0);
            w.draining = true;
        }),
        ("oda", "tier 2, 91 %, failed three times", |w| {
            stand(w, 2, 9_100, 0);
            w.cooling_until = Some(NOON + cooldown(3));
        }),
        ("pam", "tier 2, 30 %, heard 100 s ago, on probation with 1 of 1, 1 of 4 running", |w| {
            stand(w, 2, 3_000, 100_000);
            w.probation = Some(1);
            (w.running, w.concurrency) = (1, 4);
        }),
    ];
    named(who)
}

fn scenes() -> Vec<Scene> {
    let on_tier = |min_gpu_tier| Demand { model: Some(LLAMA), min_gpu_tier, ..demand() };
    let scene = |title, demand| Scene { title, demand, scoring: by_tests(), now: NOON, seed: 1 };
    let excluded: &'static [WorkerId] = Box::leak(Box::new([key(3), key(5), key(6), key(11)]));
    let by_lot = Scoring { ties: Ties::Lot, ..by_tests() };
    vec![
        scene("llama on tier 1", on_tier(1)),
        Scene { seed: 4, ..scene("the same, with another seed", on_tier(1)) },
        Scene { now: NOON + Millis(1), ..scene("the same, 1 ms later", on_tier(1)) },
        Scene { now: NOON + Millis::seconds(5), ..scene("the same, 5 s later", on_tier(1)) },
        Scene { scoring: by_lot, ..scene("the same, with lots between equals", on_tier(1)) },
        scene("llama on tier 2", on_tier(2)),
        scene("llama on tier 3", on_tier(3)),
        scene("llama on tier 4", on_tier(4)),
        scene("llama on tier 1, after dot, flo, gus and lou had it", Demand { excluded, ..on_tier(1) }),
        scene("llama on tier 2, after dot and flo had it", Demand { excluded: &excluded[..2], ..on_tier(2) }),
        scene("llama on any hardware", on_tier(0)),
        scene("qwen on tier 2", Demand { model: Some(QWEN), ..on_tier(2) }),
        scene("any model on tier 2", Demand { model: None, ..on_tier(2) }),
        scene("a model that nobody has", Demand { model: Some(ModelId(3)), ..on_tier(1) }),
    ]
}

#[test]
fn every_choice_of_a_class_of_hardware_reads_as_in_the_golden_file() {
    let table = table(&fleet(), &scenes());
    assert!(table == GOLDEN, "fixtures/routing/tiers.txt should now read:\n{table}");
}

#[test]
fn the_index_makes_the_choices_of_the_golden_file() {
    let mut index = Index::new();
    fleet().into_iter().for_each(|named| index.insert(named.known));
    for Scene { title, demand, scoring, now, seed } in scenes() {
        let scanned = choose(index.candidates(), &demand, &scoring, now, seed).shortlist;
        assert_eq!(index.shortlist(&demand, &scoring, now, seed), scanned, "{title}");
    }
}
