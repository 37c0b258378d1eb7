//! Opening a database: who may, on which promises of the disk, and whether it is ours.

use super::redo::{self, Files, Redo};
use super::{explain, failed};
use crate::error::StoreError;
use crate::schema;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::error::Error as _;
use std::fmt::Display;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Marks a file as a database of this program: `DCKT`.
const APPLICATION_ID: i64 = 0x4443_4b54;

/// How long a connection waits for another one, such as a checkpoint of a tool that looks into the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a database is.
#[derive(Clone)]
pub(super) enum Place {
    File(PathBuf),
    /// The name under which connections of this process share it.
    Memory(String),
}

/// The right to write a file, which one process has at a time; given back when it is dropped.
pub(super) struct Lock {
    _file: File,
}

impl Place {
    pub(super) fn connect_to_write(&self) -> rusqlite::Result<Connection> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    pub(super) fn connect_to_read(&self) -> rusqlite::Result<Connection> {
        match self {
            Self::File(_) => self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY),
            Self::Memory(_) => self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE),
        }
    }

    fn connect(&self, access: OpenFlags) -> rusqlite::Result<Connection> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match self {
            Self::File(path) => Connection::open_with_flags(path, flags),
            Self::Memory(name) => Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_URI),
        }?;
        connection.busy_timeout(PATIENCE)?;
        // Every statement of the store fits in, so each is compiled once.
        connection.set_prepared_statement_cache_capacity(64);
        // Without this a statement that could use a partial index is compiled again for every new value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    }

    /// Takes the right to write, if it is a file.
    ///
    /// It is a lock on a file beside the database, which stays there: closing a second handle of the
    /// database itself would take away the locks that SQLite holds on it.
    pub(super) fn lock(&self) -> Result<Option<Lock>, StoreError> {
        let Self::File(path) = self else { return Ok(None) };
        if path.is_dir() {
            return Err(self.unusable("the file cannot be opened: it is a folder"));
        }
        let name = lock_of(path);
        let unusable = |error: std::io::Error| {
            let hint = "the file cannot be opened: does its folder exist, and may it be written?";
            self.unusable(format!("{hint} ({error})"))
        };
        let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Err(self.unusable("another process has the file open")),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Whether a process has the right to write. It can be seen by who may read the lock.
    fn is_locked(&self) -> bool {
        let Self::File(path) = self else { return false };
        let lock = File::open(lock_of(path));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The files of a database that is open, if it is in one.
    fn files(&self) -> Result<Option<Files>, StoreError> {
        let Self::File(path) = self else { return Ok(None) };
        Files::of(path).map(Some).map_err(|error| self.unusable(error))
    }

    /// How many bytes a file has; nothing if it is not there yet.
    fn bytes(&self) -> u64 {
        match self {
            Self::File(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
            Self::Memory(_) => 0,
        }
    }

    /// Says which database it is that cannot be used, and why.
    fn unusable(&self, reason: impl Display) -> StoreError {
        StoreError::Unusable(match self {
            Self::File(path) => format!("{}: {reason}", path.display()),
            Self::Memory(name) => format!("{name}: {reason}"),
        })
    }
}

/// The lock of a database. One that is reached by two names must have one lock.
fn lock_of(path: &Path) -> PathBuf {
    let mut name = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).into_os_string();
    name.push(".lock");
    name.into()
}

/// Bytes of a page. Most rows are appended, several to a job and some of them 2 kB long: in pages of the usual 4 kB
/// a fifth stays empty, and twice as many are written.
const PAGE: i64 = 8192;

/// A connection that may write, to a database of this program with the newest schema.
pub(super) fn to_write(
    place: &Place,
    max_bytes: Option<u64>,
) -> Result<(Connection, Option<Redo>), StoreError> {
    let unusable = |error: rusqlite::Error| place.unusable(explain(&error));
    let mut connection = place.connect_to_write().map_err(unusable)?;
    if number(&connection, "PRAGMA page_count").map_err(unusable)? == 0 {
        // To the database, a file of less than a page is as good as none.
        if place.bytes() > 0 {
            return Err(place.unusable("the file is not a Docket database"));
        }
        connection.pragma_update(None, "page_size", PAGE).map_err(unusable)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(unusable)?;
    }
    identify(&connection, place)?;
    promise(&connection, place)?;
    if let Some(bytes) = max_bytes {
        let page = number(&connection, "PRAGMA page_size").map_err(unusable)?;
        let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
        connection.pragma_update(None, "max_page_count", pages.max(1)).map_err(unusable)?;
    }
    let files = place.files()?;
    if let Some(files) = &files {
        redo::recover(files, &connection)?;
    }
    schema::sqlite()?.run(&mut connection).map_err(|error| not_up_to_date(&error, place))?;
    let redo = files.map(|files| redo::open(files, &mut connection)).transpose()?;
    Ok((connection, redo))
}

/// Why a database cannot be brought up to date: most often for a reason of its file.
fn not_up_to_date(error: &refinery::Error, place: &Place) -> StoreError {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref() {
            return place.unusable(explain(error));
        }
        cause = error.source();
    }
    schema::unusable(error)
}

/// The place of a file that must be there and be a database of this program.
pub(super) fn existing(path: &Path) -> Result<Place, StoreError> {
    if !path.is_file() {
        return Err(StoreError::Unusable(format!("there is no database at {}", path.display())));
    }
    let place = Place::File(path.to_owned());
    catch_up(&place, path)?;
    let connection = place.connect_to_read().map_err(|error| place.unusable(explain(&error)))?;
    identify(&connection, &place)?;
    Ok(place)
}

/// Carries out what a crash has left in the redo log, unless a writer is at it.
fn catch_up(place: &Place, path: &Path) -> Result<(), StoreError> {
    if !redo::is_left_behind(path) {
        return Ok(());
    }
    match place.lock() {
        Ok(_lock) => {
            let connection = place.connect_to_write().map_err(|error| place.unusable(explain(&error)))?;
            identify(&connection, place)?;
            place.files()?.map_or(Ok(()), |files| redo::recover(&files, &connection))
        }
        Err(_) if place.is_locked() => Ok(()), // Its writer shows it to readers in a moment.
        Err(error) => Err(error),
    }
}

/// Looks at every page and every index.
pub(super) fn check(place: &Place) -> Result<(), StoreError> {
    let connection = place.connect_to_read().map_err(failed)?;
    let sound: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if sound == "ok" { Ok(()) } else { Err(StoreError::Corrupt(sound)) }
}

/// Refuses a file that is no database, is cut off, or belongs to another program.
fn identify(connection: &Connection, place: &Place) -> Result<(), StoreError> {
    match number(connection, "PRAGMA application_id") {
        Ok(APPLICATION_ID) => Ok(()),
        Ok(_) => Err(place.unusable("the file is a database of another program")),
        Err(error) => Err(place.unusable(explain(&error))),
    }
}

/// Sets what the guarantee rests on: a write-ahead log of SQLite's own, of which a crash leaves a beginning. The
/// rest comes from the redo log, so SQLite need not sync at every commit.
///
/// The cache is small on purpose: in files below 1 GiB SQLite walks through all of it in almost every
/// commit (a balanced tree moves pages by way of the number of the page at that offset), which with
/// 64 MiB was a third of all time. Pages that are not in it come from the system's cache.
/// Checkpoints are made beside the work (`redo/settle.rs`).
fn promise(connection: &Connection, place: &Place) -> Result<(), StoreError> {
    let unusable = |error: rusqlite::Error| place.unusable(explain(&error));
    connection
        .execute_batch(
            "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; \
             PRAGMA journal_size_limit = 67108864;",
        )
        .map_err(unusable)?;
    let Place::File(_) = place else { return Ok(()) };
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(unusable)?;
    if mode == "wal" {
        return Ok(());
    }
    Err(place.unusable(format!("the file system allows no write-ahead log, only '{mode}'")))
}

fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_is_written_ahead_and_a_checkpoint_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("docket.db"));
        let (connection, redo) = to_write(&place, None).unwrap();
        assert!(redo.is_some());
        assert_eq!(number(&connection, "PRAGMA synchronous").unwrap(), 1, "NORMAL");
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        let reader = place.connect_to_read().unwrap();
        assert!(reader.execute_batch("DROP TABLE job").is_err(), "readers cannot write");
    }
}
