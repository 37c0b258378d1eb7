//! What equals get in the long run.

use super::fleet::{NOON, demand, scoring, worker};
use crate::routing::{Candidate, Index, Lot};
use std::collections::BTreeMap;

const JOBS: u64 = 40_000;

/// Gives out jobs one after another, each done at once, and counts them by worker.
fn shares(fleet: Vec<Candidate>) -> BTreeMap<u8, u64> {
    let mut index = Index::new();
    fleet.into_iter().for_each(|worker| index.insert(worker));
    let mut shares = BTreeMap::new();
    for job in 0..JOBS {
        let chosen = index.choose(&demand(), &scoring(None), NOON, job).expect("somebody is idle").worker;
        let count: &mut u64 = shares.entry(chosen.0[1]).or_default();
        *count += 1;
        assert!(index.update(&chosen, |worker| worker.lot = Lot::draw(0, &chosen, *count)));
    }
    shares
}

#[test]
fn equals_get_equal_shares() {
    for size in [2, 5, 20] {
        let shares = shares((0..size).map(worker).collect());
        let fair = JOBS / u64::from(size);
        assert_eq!(shares.len(), usize::from(size));
        for (worker, share) in shares {
            let off = share.abs_diff(fair);
            assert!(off * 10 <= fair, "worker {worker} of {size} got {share}, fair is {fair}");
        }
    }
}

#[test]
fn a_worker_that_fails_again_and_again_draws_no_jobs() {
    let mut failing = worker(0);
    failing.cooling_until = Some(NOON + crate::routing::cooldown(3));
    let shares = shares(vec![failing, worker(1), worker(2)]);
    assert_eq!(shares.keys().copied().collect::<Vec<_>>(), [1, 2]);
}
