//! Who gets which job in one small fleet, and why nobody else does: `fixtures/routing/choices.txt`.

use super::fleet::{NOON, SENTINEL, VERIFIED, demand, key, scoring, worker};
use super::table::{Differs, Named, Scene, named, table};
use crate::feature::{Feature, Features};
use crate::money::{Amount, Asset, BasisPoints};
use crate::routing::*;
use crate::time::{Millis, Timestamp};

const GOLDEN: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/routing/choices.txt"));

const LLAMA: ModelId = ModelId(1);
const EAST: RegionId = RegionId(7);

fn fleet() -> Vec<Named> {
    let who: [(&str, &str, Differs); 16] = [
        ("ada", "desktop, new", |_| ()),
        ("bob", "desktop, reputation 80 %", |w| w.reputation = BasisPoints(8_000)),
        ("cyd", "desktop, reputation 80 %, silent for 19.999 s", |w| {
            w.reputation = BasisPoints(8_000);
            w.last_seen = Timestamp(NOON.0 - 19_999);
        }),
        ("dot", "desktop, reputation 100 %, silent for exactly 30 s", |w| {
            w.reputation = BasisPoints(10_000);
            w.last_seen = Timestamp(NOON.0 - 30_000);
        }),
        ("eve", "desktop, reputation 100 %, silent for 30.001 s", |w| {
            w.reputation = BasisPoints(10_000);
            w.last_seen = Timestamp(NOON.0 - 30_001);
        }),
        ("flo", "handheld, reputation 95.55 %, VERIFIED", |w| {
            w.class = WorkerClass::Handheld;
            w.reputation = BasisPoints(9_555);
            w.stake = VERIFIED;
        }),
        ("gus", "handheld, tasks only, new", |w| {
            w.class = WorkerClass::Handheld;
            w.skills = Skills::TASK;
        }),
        ("hal", "desktop, reputation 100 %, SENTINEL, busy", |w| {
            w.reputation = BasisPoints(10_000);
            w.stake = SENTINEL;
            w.running = 1;
        }),
        ("ida", "desktop, reputation 50 %, SENTINEL, works for 0.008", |w| {
            w.reputation = BasisPoints(5_000);
            w.stake = SENTINEL;
            w.price_floor = Amount::new(8_000, Asset::USDC);
        }),
        ("jim", "desktop, reputation 90 %, draining", |w| {
            w.reputation = BasisPoints(9_000);
            w.draining = true;
        }),
        ("kay", "desktop, tier 3, llama, in the east, proven, 1 of 4 running", |w| {
            w.gpu_tier = 3;
            w.models = Models::from_iter([LLAMA]);
            w.region = Some(EAST);
            w.proven = true;
            (w.running, w.concurrency) = (1, 4);
        }),
        ("lou", "desktop, tier 3, llama, in the east, proven, 2 of 4 running", |w| {
            w.gpu_tier = 3;
            w.models = Models::from_iter([LLAMA]);
            w.region = Some(EAST);
            w.proven = true;
            (w.running, w.concurrency) = (2, 4);
        }),
        ("mia", "desktop, tier 1, llama with tools, proven", |w| {
            w.gpu_tier = 1;
            w.models = Models::from_iter([(LLAMA, Features::NONE.with(Feature::Tools))]);
            w.proven = true;
        }),
        ("ned", "desktop, on probation with 1 of 1, 1 of 4 running", |w| {
            w.probation = Some(1);
            (w.running, w.concurrency) = (1, 4);
        }),
        ("oda", "desktop, reputation 90 %, failed three times", |w| {
            w.reputation = BasisPoints(9_000);
            w.cooling_until = Some(NOON + cooldown(3));
        }),
        ("pam", "desktop, new", |_| ()),
    ];
    named(who)
}

fn scenes() -> Vec<Scene> {
    let scene = |title, demand, scoring| Scene { title, demand, scoring, now: NOON, seed: 1 };
    let (desktop, handheld) = (scoring(Some(WorkerClass::Desktop)), scoring(Some(WorkerClass::Handheld)));
    let (task, llama) = (
        Demand { skills: Skills::TASK, price: Amount::new(1_000, Asset::USDC), ..demand() },
        Demand { model: Some(LLAMA), ..demand() },
    );
    let trusted = Box::leak(Box::new([key(0), key(10), key(12), key(99)]));
    let excluded = Box::leak(Box::new([key(1), key(5)]));
    let by_reputation = Scoring {
        preferred: None,
        freshness_points: 0,
        reputation_points: 100,
        stake_counts: false,
        load_micropoints: 1,
        ..scoring(None)
    };
    vec![
        scene("FAST inference at 0.005", demand(), desktop),
        Scene { seed: 4, ..scene("the same, with another seed", demand(), desktop) },
        Scene { now: NOON + Millis::seconds(5), ..scene("the same, 5 s later", demand(), desktop) },
        scene(
            "FAST inference at 0.010",
            Demand { price: Amount::new(10_000, Asset::USDC), ..demand() },
            desktop,
        ),
        scene("a CHEAP task at 0.001", task, handheld),
        scene(
            "CHEAP inference at 0.005, after bob and flo failed",
            Demand { excluded, ..demand() },
            scoring(None),
        ),
        scene(
            "PRIVATE inference for ada, kay, mia and a stranger",
            Demand { audience: Audience::Only(trusted), must_be_proven: true, ..demand() },
            scoring(None),
        ),
        scene(
            "llama with tools",
            Demand { needs: Features::NONE.with(Feature::Tools), ..llama },
            scoring(None),
        ),
        scene("llama on tier 2", Demand { min_gpu_tier: 2, ..llama }, scoring(None)),
        scene(
            "llama in the east, by reputation, then by load",
            Demand { region: Some(EAST), ..llama },
            by_reputation,
        ),
        scene("anybody, by reputation, then by load", demand(), by_reputation),
        scene("a model that nobody has", Demand { model: Some(ModelId(2)), ..demand() }, scoring(None)),
        scene("inference for wei", Demand { price: Amount::new(1, Asset::ETH), ..demand() }, scoring(None)),
    ]
}

#[test]
fn every_choice_reads_as_in_the_golden_file() {
    let table = table(&fleet(), &scenes());
    assert!(table == GOLDEN, "fixtures/routing/choices.txt should now read:\n{table}");
}

#[test]
fn the_best_score_is_the_sum_of_the_best_parts() {
    let best = Candidate { reputation: BasisPoints(10_000), stake: SENTINEL, ..worker(0) };
    let score = scoring(Some(WorkerClass::Desktop)).score(&best, NOON);
    assert_eq!(score.to_string(), "45");
    assert_eq!(Score(-1_500_000).to_string(), "-1.5");
    assert_eq!(Score(1).to_string(), "0.000001");
    assert_eq!(Score(100_000_000).to_string(), "100");
}

#[test]
fn the_order_of_the_snapshot_and_of_the_lists_does_not_matter() {
    let fleet: Vec<_> = fleet().into_iter().map(|named| named.known).collect();
    let [forth, back] = [[key(0), key(10), key(10)], [key(10), key(0), key(0)]];
    let ask = |trusted, reversed: bool| {
        let demand = Demand { audience: Audience::Only(trusted), ..demand() };
        let mut index = Index::new();
        fleet.iter().cloned().for_each(|worker| index.insert(worker));
        let by_index = index.shortlist(&demand, &scoring(None), NOON, 9);
        let by_scan = match reversed {
            true => choose(fleet.iter().rev(), &demand, &scoring(None), NOON, 9),
            false => choose(&fleet, &demand, &scoring(None), NOON, 9),
        };
        assert_eq!(by_index, by_scan.shortlist);
        by_scan
    };
    let decision = ask(&forth, false);
    assert_eq!(decision.tally.fit(), 2);
    assert_eq!(decision.shortlist.runners_up.len(), 1);
    assert_eq!(decision, ask(&back, true));
}

#[test]
fn the_list_of_reasons_is_whole_and_in_order() {
    assert!(Unfit::ALL.iter().enumerate().all(|(place, reason)| *reason as usize == place));
    let codes: std::collections::BTreeSet<_> = Unfit::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Unfit::ALL.len());
}
