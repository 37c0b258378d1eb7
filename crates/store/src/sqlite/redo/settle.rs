//! SQLite's own files: what was committed is synced, and moved from its write-ahead log into the database, beside
//! the work.

use super::Files;
use super::beside::Beside;
use crate::sqlite::open::Place;
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use std::fs::File;
use std::io::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// After so many pages the next round begins. Smaller rounds write the same pages more often.
const ROUND: i32 = 4_000;

/// A log that is longer is begun again: that needs a moment without a writer, so the writer does it, when little is left.
const LONG: i32 = 8_000;

const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// What settles the files of a database that is open.
pub(super) struct Settling {
    files: Files,
    beside: Beside,
    /// Closed with the rest, before the writer's own connection.
    connection: Arc<Mutex<Option<Connection>>>,
    /// How many pages SQLite's log has.
    pages: Arc<AtomicI32>,
    /// How many it had when the last round began.
    settled: i32,
}

impl Settling {
    /// Watches what a connection commits. Nothing is moved into the database from now on but by this.
    pub(super) fn start(files: Files, writer: &mut Connection) -> Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let counted = pages.clone();
        let count = move |_: &mut Wal, pages| {
            counted.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(count)).map_err(Error::other)?;
        let beside = Beside::start("docket-settle")?;
        Ok(Self { files, beside, connection: Arc::default(), pages, settled: 0 })
    }

    /// Begins a round for all that was committed.
    pub(super) fn begin(&mut self) -> Result<()> {
        self.settled = self.pages.load(Ordering::Relaxed);
        let (files, connection) = (self.files.clone(), self.connection.clone());
        self.beside.begin(move || {
            files.settle()?;
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match &mut *connection {
                Some(connection) => connection,
                none => none.insert(connect(&files)?),
            };
            checkpoint(connection)?;
            files.database.sync_data()
        })
    }

    /// Waits for the round that was begun, if any.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.beside.finish()
    }

    /// After a commit: begins a round if much has gathered, and the log anew if it has become long.
    pub(super) fn look(&mut self, writer: &Connection) -> Result<()> {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.settled {
            self.settled = 0; // It was begun anew.
        }
        let ended = self.beside.poll()?;
        if ended && pages >= LONG {
            return checkpoint(writer);
        }
        if !self.beside.is_begun() && pages - self.settled >= ROUND {
            self.begin()?;
        }
        Ok(())
    }

    /// Leaves the database to the writer's connection.
    pub(super) fn close(&mut self) -> Result<()> {
        let ended = self.finish();
        drop(self.connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        ended
    }
}

fn connect(files: &Files) -> Result<Connection> {
    let place = Place::File(files.path.clone());
    let connection = place.connect_to_write().map_err(Error::other)?;
    connection.pragma_update(None, "synchronous", "NORMAL").map_err(Error::other)?;
    Ok(connection)
}

/// Moves what nobody reads any more from the log into the database.
fn checkpoint(connection: &Connection) -> Result<()> {
    match connection.query_row(CHECKPOINT, [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Err(Error::other(error))
        }
        _ => Ok(()), // Where somebody is in the way, the next round does it.
    }
}

impl Files {
    /// Makes durable what SQLite has written so far.
    pub(super) fn settle(&self) -> Result<()> {
        match File::open(&self.wal) {
            Ok(wal) => wal.sync_data()?,
            // A database that nobody else has open is closed without one.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.database.sync_data()
    }
}
