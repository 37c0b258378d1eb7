//! SQLite, embedded: one connection that writes, a few that read.

mod read;
mod write;

use crate::backend::Backend;
use crate::columns::Columns;
use crate::error::StoreError;
use crate::read::{Reader, Terms};
use crate::store::Store;
use crate::writer::Writer;
use rusqlite::{Connection, OpenFlags, Row};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A SQLite database.
pub struct Sqlite {
    place: Place,
}

#[derive(Clone)]
enum Place {
    File(PathBuf),
    Memory(String),
}

/// Connections that read, and how to make another.
pub(crate) struct ReadPool {
    place: Place,
    idle: Mutex<Vec<Connection>>,
    terms: Terms,
}

/// The connection that writes.
pub(crate) struct WriteConnection {
    connection: Connection,
    terms: Terms,
}

impl Sqlite {
    /// A database in a file, made if it is not there. The folder must exist.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { place: Place::File(path.into()) }
    }

    /// A database in memory, under a name of its own: it lives as long as somebody keeps a connection
    /// to it, so that a test can crash the store and open it again.
    pub fn memory(name: &str) -> Self {
        Self { place: Place::Memory(format!("file:{name}?mode=memory&cache=shared")) }
    }

    /// A connection that only keeps a database in memory alive.
    pub fn keep_alive(&self) -> Result<impl Send + use<>, StoreError> {
        self.place.connect(false)
    }

    /// Opens the store: brings the schema up to date and reads where the last write ended.
    ///
    /// Only one process may write a file; a second one is refused at once.
    pub fn open(self) -> Result<(Store, Writer), StoreError> {
        let mut connection = self.place.connect(false)?;
        prepare(&connection, &self.place)?;
        migrate(&mut connection)?;
        let pool = ReadPool { place: self.place, idle: Mutex::default(), terms: Terms::default() };
        let reader: Arc<dyn Reader> = Arc::new(pool);
        let backend: Box<dyn Backend> = Box::new(WriteConnection { connection, terms: Terms::default() });
        Store::open(backend, reader)
    }

    /// Opens a store at rest for reading alone, such as to check its books.
    pub fn read_only(path: &Path) -> Result<Arc<dyn Reader>, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Unusable(format!("there is no database at {}", path.display())));
        }
        let place = Place::File(path.to_owned());
        let connection = place.connect(true)?;
        let pool = ReadPool { place, idle: Mutex::new(vec![connection]), terms: Terms::default() };
        Ok(Arc::new(pool))
    }
}

impl Place {
    fn connect(&self, read_only: bool) -> Result<Connection, StoreError> {
        let access = if read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags)
                .map_err(|error| StoreError::Unusable(format!("{}: {error}", path.display())))?,
            Self::Memory(name) => {
                Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_SHARED_CACHE)
                    .map_err(failed)?
            }
        };
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    }
}

/// Sets what the guarantee rests on: a write-ahead log, a full sync for every commit, one writer.
fn prepare(connection: &Connection, place: &Place) -> Result<(), StoreError> {
    let unusable = |error: rusqlite::Error| StoreError::Unusable(explain(&error));
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4000;",
        )
        .map_err(unusable)?;
    if let Place::File(_) = place {
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(unusable)?;
        if mode != "wal" {
            return Err(StoreError::Unusable(format!(
                "the file system allows no write-ahead log, only '{mode}'"
            )));
        }
        let sound: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(unusable)?;
        if sound != "ok" {
            return Err(StoreError::Unusable(format!("the file is damaged: {sound}")));
        }
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let text = crate::backend::schema("INTEGER PRIMARY KEY", "BLOB");
    let migration = refinery::Migration::unapplied("V1__spine", &text)
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    refinery::Runner::new(&[migration])
        .run(connection)
        .map_err(|error| StoreError::Unusable(error.to_string()))?;
    Ok(())
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
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Failed(explain(&error))
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
