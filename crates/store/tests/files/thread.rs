//! The writer on its own thread, on a file: what is acknowledged is seen, and what has no haste is not forgotten.

use super::cut::{Cut, Moment};
use crate::place::InFile;
use crate::sample::{client, credit, echo, job, terms, write};
use crate::world::World;
use docket_core::money::{Amount, Asset};
use docket_store::{CommitError, Committed, Haste, JobFilter, Pending, Store, StoreError, Write};
use futures::executor::block_on;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store whose writer runs, and the folder that it needs.
fn running() -> (Store, JoinHandle<()>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (store, writer) = World::on(Box::new(InFile::at(&folder.path().join("docket.db")))).take_writer();
    (store, std::thread::spawn(move || writer.run()), folder)
}

fn stop(store: Store, writer: JoinHandle<()>) {
    drop(store);
    writer.join().expect("the writer ends when nobody can write any more");
}

fn gift(key: &str) -> Write {
    credit(client("ann"), Amount::new(3, Asset::USDC), key)
}

/// How a change ends, if it does.
fn end(pending: Pending) -> Result<Committed, CommitError> {
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(block_on(pending.end())).ok());
    end.recv_timeout(PATIENCE).expect("it ends")
}

#[test]
fn a_read_after_an_acknowledged_commit_sees_it() {
    let (store, writer, _folder) = running();
    block_on(async {
        store.commit(gift("first")).await.unwrap();
        for number in 1..=400 {
            let funded =
                store.commit(write(&job(number, terms()), "fund").unwrap()).await.unwrap().job.unwrap();
            match number % 5 {
                0 => assert_eq!(store.echo(funded.id).await.unwrap(), echo(&funded)),
                1 => assert!(store.payload(funded.id).await.unwrap().is_some()),
                2 => assert_eq!(store.journal(funded.id).await.unwrap().len(), 1),
                3 => assert_eq!(store.job_transfers(funded.id).await.unwrap().len(), 1),
                _ => {
                    let filter = JobFilter { client: Some(funded.client.clone()), before: None, limit: 1 };
                    assert_eq!(store.jobs(&filter).await.unwrap()[0].id, funded.id);
                }
            }
            let key = format!("gift {number}");
            store.commit(gift(&key)).await.unwrap();
            if number % 2 == 0 {
                assert!(store.claim(&key).await.unwrap().is_some());
            }
            let statement = store.statement(&client("ann"), None).await.unwrap();
            assert_eq!(statement.len() as u64, (number + 1).min(100));
            assert_eq!(store.balance(&client("ann")).await.unwrap()[0].units, 3 * (i128::from(number) + 1));
        }
    });
    stop(store, writer);
}

#[test]
fn what_has_no_haste_is_durable_in_a_moment_without_other_traffic() {
    let (store, writer, folder) = running();
    let path = folder.path().join("docket.db");
    let moment = Moment::of(&path);
    for number in 0..60 {
        let pending = block_on(store.begin(gift(&format!("gift {number}")), Haste::None)).unwrap();
        end(pending).unwrap();
        if number % 20 == 0 {
            let copy = Cut::back_to(&path, &moment);
            let copy = World::on(Box::new(InFile::at(&copy.path())));
            assert_eq!(copy.balance(&client("ann")), 3 * (number + 1));
        }
        // The writer sleeps, or is about to.
        std::thread::sleep(Duration::from_micros(300 * (number as u64 % 10)));
    }
    stop(store, writer);
}

#[test]
fn a_change_never_overtakes_one_without_haste_that_was_handed_over_before() {
    let (store, writer, _folder) = running();
    let noise = store.clone();
    let (quiet, is_over) = mpsc::channel::<()>();
    let traffic = std::thread::spawn(move || {
        let mut number = 0;
        while is_over.try_recv() == Err(mpsc::TryRecvError::Empty) {
            number += 1;
            block_on(noise.commit(gift(&format!("noise {number}")))).unwrap();
        }
    });
    for number in 1..=3_000 {
        let key = format!("gift {number}");
        let first = block_on(store.begin(gift(&key), Haste::None)).unwrap();
        let second = block_on(store.begin(gift(&key), Haste::AtOnce)).unwrap();
        let second = block_on(second.end());
        assert!(matches!(second, Err(CommitError::Repeated(_))), "{number}: {second:?}");
        block_on(first.end()).unwrap();
    }
    drop(quiet);
    traffic.join().unwrap();
    stop(store, writer);
}

#[test]
fn without_a_writer_who_has_no_haste_learns_it_too() {
    let mut world = World::on(Box::new(InFile::new()));
    let (store, writer) = world.take_writer();
    let before = block_on(store.begin(gift("before"), Haste::None)).unwrap();
    drop(writer);
    let gone = |ended: Result<Committed, CommitError>| {
        assert!(matches!(ended, Err(CommitError::Store(StoreError::Stopped(_)))), "{ended:?}");
    };
    gone(end(before));
    gone(block_on(store.begin(gift("after"), Haste::None)).map(|_| panic!("nobody can write it")));
}
