//! After a crash: what SQLite has not written yet is carried out again.

use super::record::{Origin, Record, scan};
use super::{Files, Redo, segments};
use crate::error::StoreError;
use crate::schema;
use crate::sqlite::failed;
use crate::sqlite::write::{BEGIN, commit_up_to, name_database, run, write_group};
use rusqlite::{Connection, OptionalExtension};
use std::io::ErrorKind;
use std::path::Path;

const HAS_META: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'";
const DATABASE: &str = "SELECT value FROM meta WHERE name = 'redo_of'";
const WRITTEN: &str = "SELECT value FROM meta WHERE name = 'redo'";

/// Whether there is a log: beside a database that is open, or was not closed.
pub(in crate::sqlite) fn is_left_behind(path: &Path) -> bool {
    segments(path).iter().any(|segment| segment.exists())
}

/// Carries out the groups that the log has and the database has not. Before the schema is changed:
/// the groups have the form of the program that wrote them.
pub(in crate::sqlite) fn recover(files: &Files, connection: &Connection) -> Result<(), StoreError> {
    let path = &files.path;
    let contents = [read(&files.segments[0])?, read(&files.segments[1])?];
    let Some(state) = state(connection)? else { return Ok(()) };
    let mut waiting: Vec<_> = contents.iter().flat_map(|content| scan(content)).collect();
    waiting.retain(|record| record.origin.database == state.database && record.number > state.written);
    waiting.sort_by_key(|record| record.number);
    if waiting.is_empty() {
        return Ok(());
    }
    for (record, number) in waiting.iter().zip(state.written + 1..) {
        if record.number != number {
            return Err(StoreError::Corrupt(format!("the redo log has no group {number}, but later ones")));
        }
        if record.origin.schema != schema::versions() {
            let reason =
                "its redo log was written by another version of this program, which must be started once";
            return Err(StoreError::Unusable(format!("{}: {reason}", path.display())));
        }
    }
    for record in &waiting {
        carry_out(connection, record).map_err(|error| {
            let number = record.number;
            StoreError::Unusable(format!(
                "{}: group {number} of the redo log, which was acknowledged, cannot be carried out: {error}",
                path.display()
            ))
        })?;
    }
    tracing::info!(groups = waiting.len(), "carried out again what a crash had cut off");
    files.settle().map_err(|error| unusable(path, &error))
}

/// Which database it is, and the last group that it has.
struct State {
    database: u64,
    written: u64,
}

/// What a database says of itself, if it has ever had a log.
fn state(connection: &Connection) -> Result<Option<State>, StoreError> {
    if connection.query_row(HAS_META, [], |_| Ok(())).optional().map_err(failed)?.is_none() {
        return Ok(None);
    }
    let number = |sql| -> Result<Option<u64>, StoreError> {
        let text: Option<String> =
            connection.query_row(sql, [], |row| row.get(0)).optional().map_err(failed)?;
        text.map(|text| {
            text.parse().map_err(|_| StoreError::Corrupt(format!("a number of a group, {text:?}")))
        })
        .transpose()
    };
    let Some(database) = number(DATABASE)? else { return Ok(None) };
    Ok(Some(State { database, written: number(WRITTEN)?.unwrap_or(0) }))
}

fn carry_out(connection: &Connection, record: &Record<'_>) -> Result<(), StoreError> {
    let form = || StoreError::Corrupt(format!("the redo log's group {} has an unknown form", record.number));
    let rows = record.rows().ok_or_else(form)?;
    run(connection, BEGIN)?;
    let written = write_group(connection, &rows).and_then(|()| commit_up_to(connection, record.number));
    // A full disk has ended the transaction already.
    if written.is_err() && !connection.is_autocommit() {
        run(connection, "ROLLBACK")?;
    }
    written
}

/// An empty log for a database that has all its groups.
pub(in crate::sqlite) fn open(files: Files, connection: &mut Connection) -> Result<Redo, StoreError> {
    name_database(connection)?;
    let State { database, written } =
        state(connection)?.ok_or_else(|| StoreError::Corrupt("the database's number".to_owned()))?;
    let origin = Origin { database, schema: schema::versions() };
    let path = files.path.clone();
    Redo::start(files, origin, written + 1, connection).map_err(|error| unusable(&path, &error))
}

fn read(segment: &Path) -> Result<Vec<u8>, StoreError> {
    match std::fs::read(segment) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        content => content.map_err(|error| unusable(segment, &error)),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unusable(format!("{}: {error}", path.display()))
}
