//! Disks that are full, folders that may not be written, folders that are not there.

use super::complaint;
use crate::child::{child, is_child_of, is_root};
use crate::place::InFile;
use crate::sample::{NOW, client, credit, job, terms, with_leaf, write};
use crate::world::World;
use docket_core::id::{ClientId, JobId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, Limits};
use docket_core::money::{Amount, Asset};
use docket_store::backend::{Backend, Loaded, Needs, Resumed, Seen};
use docket_store::{Batch, CommitError, Cursor, Documents, KeyJobs, Sqlite, Stage, StoreError};
use futures::executor::block_on;
use rusqlite::Connection;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn a_full_disk_stops_the_store_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path).at_most(640 << 10)));
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
    let reason = Sqlite::file(&path).at_most(640 << 10).open().err().expect("it is still full").to_string();
    assert!(reason.contains("the disk is full"), "{reason}");

    let mut world = World::on(Box::new(InFile::at(&path)));
    assert!(accepted > 5);
    assert_eq!(world.store().open_count() as u64, accepted);
    world.check_books();
    world.commit(credit(client("ann"), Amount::new(1, Asset::USDC), "k")).expect("there is room again");
}

/// A database whose transaction stays open.
struct Unshown(Box<dyn Backend>);

impl Backend for Unshown {
    fn resume(&mut self) -> Result<Resumed, StoreError> {
        self.0.resume()
    }

    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError> {
        self.0.load(needs)
    }

    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError> {
        self.0.write(batch)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.0.apply(batch)
    }

    fn show(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn a_disk_that_fails_a_read_after_something_was_acknowledged_stops_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    world.give("ann", 1);
    // Who has the file open keeps all of it in the write-ahead log.
    let beside = Connection::open(&path).unwrap();
    beside.query_row("SELECT count(*) FROM job", [], |_| Ok(())).unwrap();
    world.reopen_with(|backend| Box::new(Unshown(backend)));
    world.give("ann", 1);
    fs::File::options().write(true).open(path.with_extension("db-wal")).unwrap().set_len(0).unwrap();
    let (_, key) = ApiKey::create(KeyId::of("k"), ClientId("bob".into()), "".into(), Limits::default(), NOW);
    let verdict = world.commit(with_leaf(key, Documents::default()));
    assert!(matches!(verdict, Err(CommitError::Store(StoreError::Stopped(_)))), "{verdict:?}");
    assert!(world.store().stopped().is_some(), "what was acknowledged is in the redo log alone");
    drop(world);
    assert!(path.with_extension("db-redo0").exists());
}

#[test]
fn a_list_through_a_filter_has_no_job_that_has_changed_since_it_was_read() {
    let mut world = World::on(Box::new(InFile::new()));
    let (key, change) =
        ApiKey::create(KeyId::of("k"), ClientId("ann".into()), "".into(), Limits::default(), NOW);
    world.commit(with_leaf(change, Documents::default())).unwrap();
    let job = Job { key: Some(key.id), ..job(1, terms()) };
    let submitted = world.live(job, "fund assign submit");
    world.reopen_with(|backend| Box::new(Unshown(backend)));
    let settled = world.live((*submitted).clone(), "complete");
    let list = |stage| {
        let which = KeyJobs { key: key.id, model: None, stage: Some(stage) };
        block_on(world.store().jobs_of_key(&which, Cursor::Newest, 9)).unwrap().jobs
    };
    assert_eq!(Stage::of(&settled.state), Stage::Settled);
    assert!(list(Stage::Submitted).is_empty());
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
