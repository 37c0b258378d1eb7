//! Others who have the file open.

use super::complaint;
use crate::place::InFile;
use crate::sample::{client, job, terms, write};
use crate::world::World;
use docket_core::id::JobId;
use docket_store::Sqlite;
use futures::executor::block_on;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc;
use std::time::Duration;

#[test]
fn a_second_writer_is_refused_at_once_and_harms_nobody() {
    let place = InFile::new();
    let path = place.path();
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut world = World::on(Box::new(place));
    for name in [&path, &link] {
        let reason = complaint(name);
        assert!(reason.contains("another process has the file open"), "{reason}");
        world.give("ann", 1);
    }
    assert_eq!(world.store().start().epoch, 1, "who was refused has not counted");
    world.reopen();
    assert_eq!((world.store().start().epoch, world.balance(&client("ann"))), (2, 2));
}

#[test]
fn a_tool_that_holds_the_file_for_a_moment_is_waited_for() {
    let place = InFile::new();
    let path = place.path();
    let mut world = World::on(Box::new(place));
    let (held, holds) = mpsc::channel();
    let tool = std::thread::spawn(move || {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        held.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(150));
        connection.execute_batch("ROLLBACK").unwrap();
    });
    holds.recv().unwrap();
    world.give("ann", 1);
    assert_eq!(world.balance(&client("ann")), 1);
    tool.join().unwrap();
}

/// Without its lock, a tool that closes the file takes the write-ahead log with it.
#[test]
fn a_store_keeps_its_lock_on_the_file_whatever_is_synced() {
    let Ok(before) = fs::read_to_string("/proc/locks") else { return };
    let place = InFile::new();
    let path = place.path();
    let mut world = World::on(Box::new(place));
    let own = format!(":{} ", fs::metadata(&path).unwrap().ino());
    // The list is not of one moment: while others take and give back theirs, one look may miss it.
    let is_held = || (0..100).any(|_| fs::read_to_string("/proc/locks").unwrap().contains(&own));
    assert!(!before.contains(&own) && is_held());
    for number in 1..=40 {
        // More than the redo log can hold, so that the file is synced on the way.
        let mut fund = write(&job(number, terms()), "fund").unwrap();
        fund.documents.payload = Some(vec![7; 600 << 10].into());
        world.commit(fund).unwrap();
        assert!(is_held(), "after {number}");
    }
}

#[test]
fn a_store_is_read_beside_its_writer_and_at_rest() {
    let place = InFile::new();
    let path = place.path();
    assert!(Sqlite::read_only(&path).is_err() && !path.exists());
    let mut world = World::on(Box::new(place));
    let funded = world.live(job(1, terms()), "fund");
    let beside = Sqlite::read_only(&path).unwrap();
    assert_eq!(block_on(beside.job(JobId(1))).unwrap(), Some(funded.clone()));
    let second = world.live(job(2, terms()), "fund cancel");
    assert_eq!(block_on(beside.job(JobId(2))).unwrap(), Some(second));
    drop(beside);
    let folder = world.close();
    let at_rest = Sqlite::read_only(&path).unwrap();
    assert_eq!(block_on(at_rest.job(JobId(1))).unwrap(), Some(funded));
    Sqlite::check(&path).unwrap();
    drop(folder);
}
