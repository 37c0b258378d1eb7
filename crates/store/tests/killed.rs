//! A coordinator that is killed in the middle of its work.

use crate::child::{child, is_child_of};
use crate::files::complaint;
use crate::place::{InFile, Place};
use crate::postgres::{OnServer, Server};
use crate::sample::{job, paid_at_once, terms, unattested, write};
use crate::world::{World, now};
use docket_core::id::JobId;
use docket_store::writer::Writer;
use docket_store::{Postgres, Sqlite, Store};
use futures::executor::block_on;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

const IN_A_FILE: &str = "killed::a_killed_writer_of_a_file_loses_nothing_that_it_acknowledged";
const ON_A_SERVER: &str = "killed::a_killed_writer_on_a_server_loses_nothing_that_it_acknowledged";
const THREADS: u64 = 4;

#[test]
fn a_killed_writer_of_a_file_loses_nothing_that_it_acknowledged() {
    if let Some(path) = is_child_of(IN_A_FILE) {
        let (store, writer) = Sqlite::file(path).open().expect("nobody else has it");
        work_until_killed(&store, writer);
    }
    let file = InFile::new();
    let path = file.path();
    let place = || Box::new(InFile::at(&path)) as Box<dyn Place>;
    kill_twice(IN_A_FILE, path.to_str().unwrap(), place, || {
        let reason = complaint(&path);
        assert!(reason.contains("another process has the file open"), "{reason}");
    });
}

#[test]
fn a_killed_writer_on_a_server_loses_nothing_that_it_acknowledged() {
    if let Some(address) = is_child_of(ON_A_SERVER) {
        let runtime = tokio::runtime::Runtime::new().expect("there are threads");
        let database = Postgres::at(&address).expect("the address is one");
        let (store, writer) = database.open(runtime.handle()).expect("nobody else has it");
        work_until_killed(&store, writer);
    }
    let Some(server) = Server::start().map(Arc::new) else { return };
    let database = server.database();
    let address = server.address(&database);
    let place = || Box::new(OnServer::at(&server, &database)) as Box<dyn Place>;
    kill_twice(ON_A_SERVER, &address, place, || ());
}

/// Kills a coordinator in the middle of its work, looks at what it left behind, and does it again.
fn kill_twice(test: &'static str, about: &str, place: impl Fn() -> Box<dyn Place>, meanwhile: impl Fn()) {
    World::on(place()).give("ann", 1_000_000_000);
    for kill in 1..=2 {
        let mut coordinator = child(test, about).command().stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(coordinator.stdout.take().unwrap()).lines();
        let mut acknowledged = lines.map(Result::unwrap).filter(|line| line.starts_with("acknowledged "));
        let mut told: Vec<_> = acknowledged.by_ref().take(150).collect();
        assert_eq!(told.len(), 150);
        meanwhile();
        coordinator.kill().unwrap();
        told.extend(acknowledged);
        coordinator.wait().unwrap();

        let world = World::on(place());
        assert_eq!(world.store().start().epoch, 1 + 2 * kill);
        world.check_books();
        for line in told {
            let (number, state) = line.trim_start_matches("acknowledged ").split_once(' ').unwrap();
            let job = world.on_disk(JobId(number.parse().unwrap())).expect("it was acknowledged");
            if state == "snapshot" {
                assert_eq!(now(world.disk().count_snapshots(job.id, None)), 1, "{line}");
                continue;
            }
            let further = state == "funded" && ["submitted", "settled"].contains(&job.state.name());
            assert!(further || job.state.name() == state, "{line}, but it is {}", job.state.name());
        }
    }
}

/// Settles jobs on some threads, and says so after each commit.
fn work_until_killed(store: &Store, writer: Writer) -> ! {
    let first = store.start().last_job.map_or(0, |id| id.0) + 1;
    for thread in 0..THREADS {
        let store = store.clone();
        std::thread::spawn(move || {
            (0..1_000_000).for_each(|round| live(&store, first + round * THREADS + thread));
        });
    }
    writer.run();
    unreachable!("the process is killed before")
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
    block_on(store.commit(unattested(&job, &number.to_string()))).unwrap();
    println!("acknowledged {number} snapshot");
}
