//! The store as production has it: a writer on a thread of its own, many that commit, many that read.

use crate::sample::{client, credit, job, paid_at_once, write};
use crate::world::World;
use docket_core::money::{Amount, Asset};
use docket_store::{CommitError, JobFilter, Store};
use futures::executor::block_on;
use std::sync::Arc;

const THREADS: u64 = 6;
const JOBS: u64 = 25;

pub(crate) fn many_threads_commit_and_read_beside_the_writer(world: &mut World) {
    world.give("ann", u128::from(THREADS * JOBS) * 1_000);
    let (store, writer) = world.take_writer();
    let running = std::thread::spawn(move || writer.run());
    let market: Vec<_> = (0..THREADS)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || (1..=JOBS).for_each(|number| live(&store, thread * JOBS + number)))
        })
        .collect();
    market.into_iter().for_each(|thread| thread.join().expect("no job fails"));
    assert_eq!((store.open_count(), store.stopped()), (0, None));
    drop(store);
    running.join().expect("the writer ends when nobody can write any more");

    world.reopen();
    world.check_books();
    assert_eq!(world.balance(&client("ann")), 0);
    let jobs = world.jobs();
    assert_eq!(jobs.len() as u64, THREADS * JOBS);
    assert!(jobs.iter().all(|job| job.state.name() == "settled"));
    assert_eq!(world.store().log().0, 1 + 2 * THREADS * JOBS);
}

/// A whole life, and a look at it from all sides after each step.
fn live(store: &Store, number: u64) {
    let mut job = Arc::new(job(number, paid_at_once()));
    for word in ["fund", "assign", "submit"] {
        let committed = block_on(store.commit(write(&job, word).unwrap())).expect("nobody else has the job");
        job = committed.job.expect("the change is about a job");
        assert_eq!(block_on(store.find(&job.public_id)).unwrap(), Some(job.clone()));
        assert!(block_on(store.journal(job.id)).unwrap().len() <= 2);
        let filter = JobFilter { client: Some(job.client.clone()), before: None, limit: 20 };
        assert!(block_on(store.jobs(&filter)).unwrap().len() <= 20);
    }
    let repeat = credit(client("ann"), Amount::new(1, Asset::USDC), "given 1");
    let other = block_on(store.commit(repeat));
    assert!(matches!(other, Err(CommitError::Refused(_))), "the key was used for another sum");
}
