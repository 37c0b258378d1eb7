//! A coordinator that is killed in the middle of its work.

use super::complaint;
use crate::child::{child, is_child_of};
use crate::place::InFile;
use crate::sample::{job, paid_at_once, terms, write};
use crate::world::World;
use docket_core::id::JobId;
use docket_store::{Sqlite, Store};
use futures::executor::block_on;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

const NAME: &str = "files::killed::a_killed_writer_loses_nothing_that_it_acknowledged";
const THREADS: u64 = 4;

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    if let Some(path) = is_child_of(NAME) {
        work_until_killed(&path);
    }
    let place = InFile::new();
    let path = place.path();
    World::on(Box::new(InFile::at(&path))).give("ann", 1_000_000_000);
    for start in 0..2 {
        let mut coordinator = child(NAME, &path).command().stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(coordinator.stdout.take().unwrap()).lines();
        let mut acknowledged = lines.map(Result::unwrap).filter(|line| line.starts_with("acknowledged "));
        let mut told: Vec<_> = acknowledged.by_ref().take(150).collect();
        assert_eq!(told.len(), 150);
        let reason = complaint(&path);
        assert!(reason.contains("another process has the file open"), "{reason}");
        coordinator.kill().unwrap();
        told.extend(acknowledged);
        coordinator.wait().unwrap();

        let world = World::on(Box::new(InFile::at(&path)));
        assert_eq!(world.store().start().epoch, 3 + 2 * start);
        world.check_books();
        for line in told {
            let (number, state) = line.trim_start_matches("acknowledged ").split_once(' ').unwrap();
            let job = world.on_disk(JobId(number.parse().unwrap())).expect("it was acknowledged");
            let further = state == "funded" && ["submitted", "settled"].contains(&job.state.name());
            assert!(further || job.state.name() == state, "{line}, but it is {}", job.state.name());
        }
    }
}

/// Settles jobs on some threads, and says so after each commit.
fn work_until_killed(path: &Path) -> ! {
    let (store, writer) = Sqlite::file(path).open().expect("nobody else has it");
    let first = store.start().last_job.map_or(0, |id| id.0) + 1;
    for thread in 0..THREADS {
        let store = store.clone();
        std::thread::spawn(move || {
            (0..1_000_000).for_each(|round| live(&store, first + round * THREADS + thread))
        });
    }
    writer.run();
    unreachable!("the threads have the store until the process is killed");
}

fn live(store: &Store, number: u64) {
    let policy = if number.is_multiple_of(2) { paid_at_once() } else { terms() };
    let mut job = Arc::new(job(number, policy));
    for word in ["fund", "assign", "submit"] {
        let committed = block_on(store.commit(write(&job, word).unwrap())).unwrap();
        job = committed.job.unwrap();
        if word != "assign" {
            println!("acknowledged {number} {}", job.state.name());
        }
    }
}
