//! Files that are not, or not any more, a sound database of this program.

use super::complaint;
use crate::place::InFile;
use crate::sample::{client, job, paid_at_once, terms};
use crate::world::World;
use docket_core::id::JobId;
use docket_store::{Sqlite, StoreError};
use futures::executor::block_on;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Bytes of a page of the database.
const PAGE: usize = 8192;

/// A store at rest with some hundred pages, in a folder that the caller keeps.
fn filled() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    let mut world = World::on(Box::new(InFile::at(&path)));
    world.give("ann", 1_000_000);
    for number in 1..=150 {
        world.live(job(number, paid_at_once()), "fund assign submit");
    }
    world.live(job(151, terms()), "fund");
    drop(world);
    assert!(!path.with_extension("db-wal").exists(), "a store that was closed is one file");
    (folder, path)
}

fn overwrite(path: &Path, from: usize, bytes: &[u8]) {
    let mut content = fs::read(path).unwrap();
    content[from..from + bytes.len()].copy_from_slice(bytes);
    fs::write(path, content).unwrap();
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    for content in ["x".to_owned(), "notes\n".repeat(4_000)] {
        fs::write(&path, &content).unwrap();
        let reason = complaint(&path);
        assert!(reason.contains("not a Docket database"), "{reason}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert!(Sqlite::read_only(&path).is_err());
    }
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docket.db");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    let reason = complaint(&path);
    assert!(reason.contains("another program"), "{reason}");
    assert!(Sqlite::read_only(&path).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let (_folder, path) = filled();
    let newer = "INSERT INTO refinery_schema_history VALUES (1000, 'later', '2030-01-01T00:00:00Z', '1')";
    Connection::open(&path).unwrap().execute_batch(newer).unwrap();
    let reason = complaint(&path);
    assert!(reason.contains("V1000__later") && reason.contains("newer"), "{reason}");
}

#[test]
fn a_file_that_is_cut_off_is_refused_at_once() {
    let (_folder, path) = filled();
    let length = fs::metadata(&path).unwrap().len();
    for kept in [length / 2, 5_000, 60] {
        fs::File::options().write(true).open(&path).unwrap().set_len(kept).unwrap();
        let reason = complaint(&path);
        assert!(reason.contains("damaged") || reason.contains("not a Docket database"), "{kept}: {reason}");
    }
}

#[test]
fn a_file_with_a_damaged_head_is_refused_at_once() {
    let (_folder, path) = filled();
    overwrite(&path, 100, &[0xff; 500]);
    let reason = complaint(&path);
    assert!(reason.contains("damaged"), "{reason}");
}

#[test]
fn a_damaged_page_is_an_error_where_it_is_read_and_found_by_a_check() {
    let (_folder, path) = filled();
    Sqlite::check(&path).expect("it is sound");
    let pages = fs::metadata(&path).unwrap().len() as usize / PAGE;
    (3..pages - 3).step_by(3).for_each(|page| overwrite(&path, page * PAGE, &[0xa5; PAGE]));
    assert!(matches!(Sqlite::check(&path), Err(StoreError::Corrupt(_) | StoreError::Failed(_))));

    let reader = Sqlite::read_only(&path).expect("its head is sound");
    let errors: Vec<_> = (1..=150)
        .filter_map(|number| block_on(reader.job(JobId(number))).err())
        .map(|error| error.to_string())
        .collect();
    assert!(!errors.is_empty() && errors.iter().all(|error| error.contains("damaged")), "{errors:?}");
    match Sqlite::file(&path).open() {
        Ok((store, _writer)) => {
            assert!(block_on(store.balance(&client("ann"))).is_ok_and(|rows| rows.len() == 1))
        }
        Err(error) => assert!(error.to_string().contains("damaged"), "{error}"),
    }
}

#[test]
fn an_index_that_does_not_fit_its_table_is_found_by_a_check() {
    let (_folder, path) = filled();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = replace(sql, 'job (client, job_id)', 'job (dialect, job_id)') \
             WHERE name = 'job_client'",
        )
        .unwrap();
    drop(connection);
    assert!(matches!(Sqlite::check(&path), Err(StoreError::Corrupt(_))));
}
