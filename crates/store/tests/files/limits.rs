//! Disks that are full, folders that may not be written, folders that are not there.

use super::complaint;
use crate::child::{child, is_child_of, is_root};
use crate::place::InFile;
use crate::sample::{client, credit, job, terms, write};
use crate::world::World;
use docket_core::id::JobId;
use docket_core::money::{Amount, Asset};
use docket_store::{CommitError, Sqlite, StoreError};
use futures::executor::block_on;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path).at_most(480 << 10)));
    let mut accepted = 0;
    let reason = loop {
        let mut fund = write(&job(accepted + 1, terms()), "fund").unwrap();
        fund.documents.payload = Some(vec![7; 10 << 10].into());
        match world.commit(fund) {
            Ok(_) => accepted += 1,
            Err(CommitError::Store(StoreError::Stopped(reason))) => break reason,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(reason.contains("the disk is full"), "{reason}");
    assert_eq!(world.store().stopped(), Some(reason.as_str()));
    let unseen = block_on(world.store().payload(JobId(accepted)));
    assert!(
        matches!(unseen, Err(StoreError::Stopped(_))),
        "what is durable and cannot be shown is not denied"
    );
    drop(world);
    let reason = Sqlite::file(&path).at_most(480 << 10).open().err().expect("it is still full").to_string();
    assert!(reason.contains("the disk is full"), "{reason}");

    let mut world = World::on(Box::new(InFile::at(&path)));
    assert!(accepted > 5);
    assert_eq!(world.store().open_count() as u64, accepted);
    world.check_books();
    world.commit(credit(client("ann"), Amount::new(1, Asset::USDC), "k")).expect("there is room again");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nowhere/docket.db");
    let reason = complaint(&path);
    assert!(reason.contains("nowhere/docket.db") && reason.contains("does its folder exist"), "{reason}");
    let reason = complaint(folder.path());
    assert!(reason.contains("cannot be opened"), "{reason}");
    assert!(Sqlite::read_only(&path).is_err());
    assert!(!folder.path().join("nowhere").exists());
}

#[test]
fn a_file_that_may_not_be_written_is_named() {
    const NAME: &str = "files::limits::a_file_that_may_not_be_written_is_named";
    if let Some(path) = is_child_of(NAME) {
        return look_at_what_may_not_be_written(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    World::on(Box::new(InFile::at(&path))).give("ann", 1);
    let allow = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    for locked in [true, false] {
        let lock = folder.path().join("docket.db.lock");
        allow(&path, 0o444);
        allow(&lock, if locked { 0o444 } else { 0o666 });
        allow(folder.path(), 0o555);
        match is_root() {
            // Nothing is forbidden to root, so somebody else looks.
            true => assert!(child(NAME, path.to_str().unwrap()).as_nobody().status().unwrap().success()),
            false => look_at_what_may_not_be_written(&path),
        }
        allow(folder.path(), 0o755);
    }
}

fn look_at_what_may_not_be_written(path: &Path) {
    let reason = complaint(path);
    assert!(
        reason.contains("docket.db")
            && (reason.contains("may it be written") || reason.contains("read-only")),
        "{reason}"
    );
}
