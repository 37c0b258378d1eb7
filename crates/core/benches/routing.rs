//! What a routing decision costs: the plain scan and the index, in fleets of 1,000, 10,000 and 100,000 idle
//! workers.
//!
//! `cargo bench -p docket-core --bench routing`. Times are of single calls on a quiet thread, less the
//! clock's own.

use docket_core::feature::Features;
use docket_core::id::WorkerId;
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::routing::*;
use docket_core::time::{Millis, Timestamp};
use std::hint::black_box;
use std::time::Instant;

const NOON: Timestamp = Timestamp(1_800_000_000_000);
const VERIFIED: StakeTier = StakeTier { multiplier_percent: 150, bonus_points: 5 };
const SENTINEL: StakeTier = StakeTier { multiplier_percent: 200, bonus_points: 10 };

/// Xorshift: the same fleet and the same jobs in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.roll() >> 11) % end
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// How alike the workers of a fleet are.
#[derive(Clone, Copy)]
enum Fleet {
    /// Reputations, stakes, tiers, regions, prices and models all differ.
    Mixed,
    /// All new: one huge tie.
    Equal,
    /// All new, on three classes of hardware, and heard within the last minute.
    Tiers,
}

fn worker(number: u64, fleet: Fleet, dice: &mut Dice) -> Candidate {
    let mut key = [0; 32];
    key.as_chunks_mut().0.iter_mut().for_each(|word| *word = dice.roll().to_le_bytes());
    let id = WorkerId(key);
    let new = Candidate {
        id,
        class: WorkerClass::Desktop,
        skills: Skills::INFER.with(Skills::TASK),
        models: Models::from_iter([ModelId(0)]),
        gpu_tier: 1,
        region: None,
        price_floor: Amount::zero(Asset::USDC),
        concurrency: 1,
        running: 0,
        last_seen: Timestamp(NOON.0 - dice.below(10_000) as i64),
        reputation: BasisPoints(0),
        merit: BasisPoints(0),
        tested: BasisPoints(0),
        pace: Pace::Usual,
        stake: StakeTier::NONE,
        deactivated: false,
        draining: false,
        proven: true,
        probation: None,
        cooling_until: None,
        lot: Lot::draw(1, &id, number),
    };
    match fleet {
        Fleet::Mixed => {}
        Fleet::Equal => return new,
        Fleet::Tiers => {
            return Candidate {
                models: Models::from_iter([ModelId(0), ModelId(1 + dice.below(3) as u32)]),
                gpu_tier: 1 + dice.below(3) as u8,
                tested: BasisPoints(5_000),
                concurrency: 4,
                last_seen: Timestamp(NOON.0 - dice.below(60_000) as i64),
                ..new
            };
        }
    }
    let hosted = 1 + dice.below(3);
    let reputation = if dice.below(4) == 0 { 0 } else { dice.below(10_001) };
    let late = if dice.below(20) == 0 { 15_000 } else { 0 };
    Candidate {
        class: dice.one_of(&[WorkerClass::Desktop, WorkerClass::Desktop, WorkerClass::Handheld]),
        skills: dice.one_of(&[Skills::INFER, Skills::TASK, Skills::INFER.with(Skills::TASK)]),
        models: (0..hosted).map(|_| ModelId(dice.below(12) as u32)).collect(),
        gpu_tier: dice.below(4) as u8,
        region: Some(RegionId(dice.below(6) as u16)),
        price_floor: Amount::new(
            u128::from(dice.one_of(&[0, 0, 1_000, 3_000]) + dice.below(500)),
            Asset::USDC,
        ),
        last_seen: Timestamp(new.last_seen.0 - late),
        reputation: BasisPoints(reputation as u16),
        merit: BasisPoints(reputation as u16),
        stake: dice.one_of(&[StakeTier::NONE, StakeTier::NONE, StakeTier::NONE, VERIFIED, SENTINEL]),
        proven: dice.below(3) > 0,
        ..new
    }
}

fn job(dice: &mut Dice) -> (Demand<'static>, Scoring) {
    let preferred = dice.one_of(&[None, Some(WorkerClass::Desktop), Some(WorkerClass::Handheld)]);
    let demand = Demand {
        skills: dice.one_of(&[Skills::INFER, Skills::TASK]),
        model: dice.one_of(&[None, None, Some(ModelId(0))]),
        needs: Features::NONE,
        min_gpu_tier: dice.one_of(&[0, 0, 0, 1]),
        region: None,
        price: Amount::new(5_000, Asset::USDC),
        audience: Audience::Anyone,
        must_be_proven: dice.below(10) == 0,
        excluded: &[],
    };
    (demand, scoring(preferred, demand.model))
}

/// A demand that few meet: a region, the best hardware, a proven key and a low price at once.
fn picky(dice: &mut Dice) -> (Demand<'static>, Scoring) {
    let (demand, scoring) = job(dice);
    let region = Some(RegionId(dice.below(6) as u16));
    let price = Amount::new(200, Asset::USDC);
    (Demand { region, min_gpu_tier: 3, must_be_proven: true, price, ..demand }, scoring)
}

fn scoring(preferred: Option<WorkerClass>, model: Option<ModelId>) -> Scoring {
    Scoring {
        preferred,
        preferred_points: 10,
        freshness_points: 5,
        heartbeat: Millis::seconds(10),
        lost_after: Millis::seconds(30),
        measure: if model.is_some() { Measure::Merit } else { Measure::Reputation },
        reputation_points: 10,
        stake_counts: true,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 0,
        ties: Ties::Lot,
    }
}

/// Times single calls, and prints the median and the 99th percentile.
fn measure(what: &str, rounds: u64, mut call: impl FnMut(u64)) {
    let clock = percentile(&mut times(2_000, |_| ()), 50);
    (0..rounds / 10).for_each(&mut call);
    let mut times = times(rounds, call);
    let [p50, p99] = [50, 99].map(|share| percentile(&mut times, share).saturating_sub(clock) as f64 / 1e3);
    println!("  {what:<44} p50 {p50:>9.2} us   p99 {p99:>9.2} us");
}

fn times(rounds: u64, mut call: impl FnMut(u64)) -> Vec<u128> {
    let time = |round| {
        let start = Instant::now();
        call(round);
        start.elapsed().as_nanos()
    };
    (0..rounds).map(time).collect()
}

fn percentile(times: &mut [u128], share: usize) -> u128 {
    times.sort_unstable();
    times[times.len() * share / 100]
}

fn measure_fleet(size: u64, fleet: Fleet) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let workers: Vec<_> = (0..size).map(|number| worker(number, fleet, &mut dice)).collect();
    let mut index = Index::new();
    workers.iter().for_each(|worker| index.insert(worker.clone()));
    let jobs: Vec<_> = (0..1_024).map(|_| job(&mut dice)).collect();
    let rare: Vec<_> = (0..1_024).map(|_| picky(&mut dice)).collect();
    let ask = |jobs: &[(Demand<'static>, Scoring)], round: u64| jobs[round as usize % jobs.len()];
    for round in 0..200 {
        for (demand, scoring) in [ask(&jobs, round), ask(&rare, round)] {
            let scanned = choose(&workers, &demand, &scoring, NOON, round);
            assert_eq!(index.shortlist(&demand, &scoring, NOON, round), scanned.shortlist);
        }
    }
    measure("scan, with counts and the next ten", (20_000_000 / size).clamp(200, 20_000), |round| {
        let (demand, scoring) = ask(&jobs, round);
        black_box(choose(&workers, &demand, &scoring, NOON, round));
    });
    measure("index, the chosen", 200_000, |round| {
        let (demand, scoring) = ask(&jobs, round);
        black_box(index.choose(&demand, &scoring, NOON, round));
    });
    measure("index, the chosen and the next ten", 50_000, |round| {
        let (demand, scoring) = ask(&jobs, round);
        black_box(index.shortlist(&demand, &scoring, NOON, round));
    });
    measure("index, the chosen, where few are fit", 20_000, |round| {
        let (demand, scoring) = ask(&rare, round);
        black_box(index.choose(&demand, &scoring, NOON, round));
    });
    measure("a heartbeat", 200_000, |round| {
        let worker = &workers[(round.wrapping_mul(7_919) % size) as usize];
        black_box(index.update(&worker.id, |known| known.last_seen = NOON));
    });
    measure("a job given and finished, with the choice", 100_000, |round| {
        let (demand, scoring) = ask(&jobs, round);
        if let Some(chosen) = index.choose(&demand, &scoring, NOON, round) {
            index.update(&chosen.worker, |known| {
                known.running += 1;
                known.lot = Lot::draw(1, &known.id, round);
            });
            index.update(&chosen.worker, |known| known.running -= 1);
        }
    });
}

/// The formula of those who are challenged: the best tested, then the fewest jobs, then whoever was heard longest ago.
const BY_TESTS: Scoring = Scoring {
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
};

fn on_tier(min_gpu_tier: u8) -> Demand<'static> {
    Demand {
        skills: Skills::INFER,
        model: Some(ModelId(0)),
        needs: Features::NONE,
        min_gpu_tier,
        region: None,
        price: Amount::new(5_000, Asset::USDC),
        audience: Audience::Anyone,
        must_be_proven: false,
        excluded: &[],
    }
}

/// Work of a class of hardware among workers of which each gives a sign of life once a minute.
fn measure_tiers(size: u64) {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut workers: Vec<_> = (0..size).map(|number| worker(number, Fleet::Tiers, &mut dice)).collect();
    workers.sort_by_key(|worker| worker.last_seen);
    let keys: Vec<_> = workers.iter().map(|worker| worker.id).collect();
    let mut index = Index::new();
    workers.into_iter().for_each(|worker| index.insert(worker));
    let tier = |round: u64| on_tier(1 + (round % 3) as u8);
    let agrees = |index: &Index, now: Timestamp| {
        for round in 0..3 {
            let scanned = choose(index.candidates(), &tier(round), &BY_TESTS, now, round).shortlist;
            assert_eq!(index.shortlist(&tier(round), &BY_TESTS, now, round), scanned);
        }
    };
    // Ten minutes of signs of life, one worker after another.
    let clock = |round: u64| NOON + Millis((round * 60_000 / size) as i64);
    let mut beats = 0;
    measure("a heartbeat", 10 * size, |_| {
        let now = clock(beats);
        index.update(&keys[(beats % size) as usize], |known| known.last_seen = now);
        beats += 1;
    });
    let now = clock(beats);
    agrees(&index, now);
    measure("the chosen", 200_000, |round| {
        black_box(index.choose(&tier(round), &BY_TESTS, now, round));
    });
    measure("the chosen and the next ten", 50_000, |round| {
        black_box(index.shortlist(&tier(round), &BY_TESTS, now, round));
    });
    measure("a job given and finished, with the choice", 100_000, |round| {
        if let Some(chosen) = index.choose(&tier(round), &BY_TESTS, now, round) {
            index.update(&chosen.worker, |known| known.running += 1);
            index.update(&chosen.worker, |known| known.running -= 1);
        }
    });
    // Up and down by a pass each, so that all stay near the middle.
    measure("a change of what challenges have shown", 100_000, |round| {
        let change = if (round / size).is_multiple_of(2) { 100 } else { -100 };
        let worker = &keys[(round.wrapping_mul(7_919) % size) as usize];
        index.update(worker, |known| known.tested.0 = known.tested.0.saturating_add_signed(change));
    });
    agrees(&index, now);
    measure("the chosen, of two reputations", 200_000, |round| {
        black_box(index.choose(&tier(round), &BY_TESTS, now, round));
    });
    // Every rarer case comes on top of the one before.
    let mut among = |what, affected: u64, change: &dyn Fn(&mut Candidate)| {
        keys[..affected as usize].iter().for_each(|worker| {
            index.update(worker, change);
        });
        agrees(&index, now);
        measure(what, 10_000, |round| {
            black_box(index.choose(&tier(round), &BY_TESTS, now, round));
        });
    };
    among("the chosen, all reputations differ", size, &|known| {
        known.tested = BasisPoints(u16::from_be_bytes([known.id.0[0], known.id.0[1]]) % 10_001);
    });
    among("the chosen, where nine in ten are stale", size / 10 * 9, &|known| known.last_seen = NOON);
    among("the same, and all equal again", size, &|known| known.tested = BasisPoints(5_000));
    among("the same, all heard at the same instant", size, &|known| known.last_seen = now);
    among("the same, and all but ten cool down", size - 10, &|known| {
        known.cooling_until = Some(now + Millis(1));
    });
    among("the chosen, where everybody cools down", size, &|known| {
        known.cooling_until = Some(now + Millis(1));
    });
    among("the chosen, where everybody is stale", size, &|known| known.last_seen = NOON);
}

/// The memory of this process, where the system tells it (in pages of 4 KiB, as on most Linux machines).
fn resident_bytes() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    pages.split_whitespace().nth(1)?.parse::<u64>().ok().map(|pages| pages * 4_096)
}

/// Prints what indexes hold for a worker with one to three models, for one with two on a class of hardware, and for
/// the same once each has given a sign of life. Must come first: memory once taken is reused.
fn measure_memory() {
    const SIZE: u64 = 100_000;
    let mut dice = Dice(1);
    let grown = |since: Option<u64>| Some(resident_bytes()?.saturating_sub(since?) / SIZE);
    let mut indexes = [Index::new(), Index::new()]; // Both are kept until the end.
    for (index, (fleet, about)) in
        indexes.iter_mut().zip([(Fleet::Mixed, "all differ"), (Fleet::Tiers, "by classes of hardware")])
    {
        let before = resident_bytes();
        let workers = (0..SIZE).map(|number| worker(number, fleet, &mut dice));
        workers.for_each(|worker| index.insert(worker));
        if let Some(bytes) = grown(before) {
            println!("{bytes} bytes a worker among {SIZE} idle workers, {about}");
        }
        let keys: Vec<_> = index.candidates().map(|worker| worker.id).collect();
        for (beat, worker) in (0..).zip(keys.iter().chain(&keys)) {
            index.update(worker, |known| known.last_seen = NOON + Millis(beat));
        }
        if let Some(bytes) = grown(before) {
            println!("{bytes} bytes after two signs of life of each");
        }
    }
}

fn main() {
    measure_memory();
    for size in [1_000, 10_000, 100_000] {
        println!("{size} idle workers, by classes of hardware");
        measure_tiers(size);
    }
    for (fleet, name) in [(Fleet::Mixed, "all differ"), (Fleet::Equal, "all equal")] {
        for size in [1_000, 10_000, 100_000] {
            println!("{size} idle workers, {name}");
            measure_fleet(size, fleet);
        }
    }
}
