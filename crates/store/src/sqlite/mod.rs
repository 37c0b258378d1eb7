//! SQLite, embedded: one connection that writes, a few that read.

mod open;
#[cfg(test)]
mod plans;
mod read;
mod redo;
mod write;

use crate::backend::Connected;
use crate::batch::Batch;
use crate::error::StoreError;
use crate::queries::Queries;
use crate::read::Reader;
use crate::store::Store;
use crate::value::{Columns, Value};
use crate::writer::Writer;
use open::{Lock, Place};
use read::ReadPool;
use redo::Redo;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A SQLite database.
pub struct Sqlite {
    place: Place,
    max_bytes: Option<u64>,
}

/// The connection that writes.
struct WriteConnection {
    connection: Connection,
    /// What makes a group durable, for a database in a file. Closed after the connection.
    redo: Option<Redo>,
    /// Whether the log has a group that was not handed over to be carried out.
    is_ahead: bool,
    /// What the log has and is not carried out yet.
    ahead: Batch,
    /// Given back after the connection is closed.
    _lock: Option<Lock>,
}

impl Sqlite {
    /// A database in a file, made if it is not there. The folder must exist.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(path.into()), max_bytes: None }
    }

    /// A database in memory, of at most 1 GiB, under a name of its own: letters, digits, `-` and `_`.
    ///
    /// It lives as long as somebody keeps a connection to it, so that a test can crash the store and
    /// open it again.
    pub fn memory(name: &str) -> Self {
        Self { place: Place::Memory(format!("file:/{name}?vfs=memdb")), max_bytes: None }
    }

    /// Lets the database grow to so many bytes and no further, as if the disk were full then.
    #[must_use]
    pub fn at_most(self, max_bytes: u64) -> Self {
        Self { max_bytes: Some(max_bytes), ..self }
    }

    /// A connection that only keeps a database in memory alive.
    pub fn keep_alive(&self) -> Result<impl Send + use<>, StoreError> {
        let connection = self.place.connect_to_write().map_err(failed)?;
        // Only one that has been used has the database open.
        connection.query_row("PRAGMA schema_version", [], |_| Ok(())).map_err(failed)?;
        Ok(connection)
    }

    /// Opens the store: brings the schema up to date and reads where the last write ended.
    ///
    /// Only one process may write a file; a second one is refused at once. What is read does not
    /// grow with the database, except for the open jobs: [`Self::check`] looks at all of it.
    pub fn open(self) -> Result<(Store, Writer), StoreError> {
        let Connected { backend, reader } = self.connect()?;
        Store::open(backend, reader)
    }

    /// The database alone, for who puts something between it and the store.
    pub fn connect(self) -> Result<Connected, StoreError> {
        let lock = self.place.lock()?;
        let (connection, redo) = open::to_write(&self.place, self.max_bytes)?;
        let reader = Queries::new(ReadPool::new(self.place));
        let backend =
            WriteConnection { connection, redo, is_ahead: false, ahead: Batch::default(), _lock: lock };
        Ok(Connected { backend: Box::new(backend), reader: Arc::new(reader) })
    }

    /// Opens a store at rest for reading alone, such as to check its books.
    pub fn read_only(path: &Path) -> Result<Arc<dyn Reader>, StoreError> {
        let place = open::existing(path)?;
        Ok(Arc::new(Queries::new(ReadPool::new(place))))
    }

    /// Looks at every page and every index of a store at rest. The time it takes grows with the file.
    pub fn check(path: &Path) -> Result<(), StoreError> {
        open::check(&open::existing(path)?)
    }
}

/// Runs a query and reads its rows.
fn list<T>(
    connection: &Connection,
    sql: &str,
    params: &[Value<'_>],
    read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params_from_iter(params)).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// What an error of the database means to the operator.
fn explain(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "the file or its folder is read-only",
        Some(ErrorCode::NotADatabase) => "the file is not a Docket database",
        Some(ErrorCode::DatabaseCorrupt) => "the file is damaged",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another process has the file open",
        Some(ErrorCode::CannotOpen) => {
            "the file cannot be opened: does its folder exist, and may it be written?"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk reported an error",
        _ => return error.to_string(),
    };
    format!("{hint} ({error})")
}

/// The store's error for one of the database.
fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(explain(&error))
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Columns for Row<'_> {
    fn text_or_null(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.get(column).map_err(failed)
    }

    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.get(column).map_err(failed)
    }

    fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.get(column).map_err(failed)
    }
}
