//! The redo log: a group is on disk here before SQLite has written it into its own files.
//!
//! SQLite writes some thirteen pages for a change, and syncs what it writes only at a checkpoint. What
//! makes a group durable is one record here: written over blocks that the file already has, in one go
//! and with one sync. SQLite carries the same rows out once everybody is answered. After a crash of the machine SQLite has a
//! beginning of all groups, and the rest is carried out again from here.
//!
//! There are two segments, written in turn. When one is full, what SQLite has written until then is
//! synced beside the work; only after that is the segment written over.

mod beside;
mod record;
mod replay;
mod settle;

use crate::rows::{Kind, Rows};
use record::Origin;
use rusqlite::Connection;
use settle::Settling;
use std::fs::File;
use std::io::{Error, Result};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use replay::{is_left_behind, open, recover};

/// Bytes of a segment; one with a larger group grows.
const SEGMENT: usize = 8 << 20;

/// The log of a database that is open.
pub(super) struct Redo {
    files: Files,
    segments: [File; 2],
    origin: Origin,
    /// The number of the next group.
    next: u64,
    /// Which segment is written, and where.
    current: usize,
    at: usize,
    settling: Settling,
    /// Whether it is needed by the next start.
    kept: bool,
}

/// The files of a database, by its own.
#[derive(Clone)]
pub(super) struct Files {
    path: PathBuf,
    /// Opened once, and closed after SQLite's own: whoever closes a file takes away all locks that its process has on
    /// it. Without SQLite's, a tool that looks into the database removes the write-ahead log when it goes.
    database: Arc<File>,
    wal: PathBuf,
    segments: [PathBuf; 2],
}

impl Files {
    /// The files of a database that is there, and whose connections are closed before this is dropped.
    pub(super) fn of(path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            database: Arc::new(File::open(path)?),
            wal: beside(path, "-wal"),
            segments: segments(path),
        })
    }
}

/// The segments beside a database.
fn segments(database: &Path) -> [PathBuf; 2] {
    ["-redo0", "-redo1"].map(|ending| beside(database, ending))
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

impl Redo {
    /// An empty log, after which nothing older is left.
    fn start(files: Files, origin: Origin, next: u64, writer: &mut Connection) -> Result<Self> {
        files.settle()?;
        let [first, second] = &files.segments;
        let segments = [empty(first)?, empty(second)?];
        if let Some(folder) = files.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        let settling = Settling::start(files.clone(), writer)?;
        Ok(Self { files, segments, origin, next, current: 0, at: 0, settling, kept: false })
    }

    /// Makes durable what was written without the log.
    pub(super) fn settle(&self) -> Result<()> {
        self.files.settle()
    }

    /// A group as its record.
    pub(super) fn record(&self, rows: &[(Kind, Rows<'_>)]) -> Vec<u8> {
        record::encode(self.next, self.origin, rows)
    }

    /// Whether the segment that is written has room for a record. A larger one than a segment gets one of its own.
    pub(super) fn has_room(&self, record: &[u8]) -> bool {
        self.at == 0 || self.at + record.len() <= SEGMENT
    }

    /// Goes on with the other segment. All that the log has must be committed.
    pub(super) fn turn(&mut self) -> Result<()> {
        self.settling.finish()?;
        self.settling.begin()?;
        self.current = 1 - self.current;
        self.at = 0;
        Ok(())
    }

    /// Writes a record, which is durable when this returns.
    pub(super) fn write(&mut self, record: &[u8]) -> Result<()> {
        let segment = &self.segments[self.current];
        segment.write_all_at(record, self.at as u64)?;
        segment.sync_data()?;
        self.at += record.len();
        self.next += 1;
        Ok(())
    }

    /// After a commit of the database.
    pub(super) fn look(&mut self, writer: &Connection) -> Result<()> {
        self.settling.look(writer)
    }

    /// Before the writer's connection is closed, which is to be the last one.
    pub(super) fn rest(&mut self) {
        if let Err(error) = self.settling.close() {
            tracing::error!(%error, "the database's files cannot be synced");
            self.kept = true;
        }
    }

    /// The number of the last group.
    pub(super) const fn last(&self) -> u64 {
        self.next - 1
    }

    /// Keeps what was acknowledged for the next start.
    pub(super) const fn keep(&mut self) {
        self.kept = true;
    }

    /// Makes SQLite's own files stand alone, once their connection is closed, and removes the log.
    fn close(&mut self) -> Result<()> {
        self.files.settle()?;
        self.files.segments.iter().try_for_each(std::fs::remove_file)
    }
}

impl Drop for Redo {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the redo log stays, for the next start");
        }
    }
}

/// A segment of zeros, written whole, so that nothing but its content changes from now on.
fn empty(path: &Path) -> Result<File> {
    let named = |error: Error| Error::new(error.kind(), format!("{}: {error}", path.display()));
    let mut options = File::options();
    let file =
        options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(named)?;
    let zeros = vec![0; 1 << 20];
    for at in (0..SEGMENT).step_by(zeros.len()) {
        file.write_all_at(&zeros, at as u64).map_err(named)?;
    }
    file.set_len(SEGMENT as u64).map_err(named)?;
    file.sync_all().map_err(named)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Needs};
    use crate::batch::{Batch, JournalEntry};
    use crate::sqlite::open::{self, Place};
    use crate::sqlite::{Sqlite, WriteConnection};
    use docket_core::change::Claim;
    use docket_core::hash::Sha256;
    use docket_core::id::{Dialect, PublicId, Version};
    use docket_core::time::Timestamp;

    fn claiming(number: i64, key: &str) -> Batch {
        let answer = PublicId { dialect: Dialect::Credits, text: key.into() };
        let claim = Claim { key: key.into(), request: Sha256::of(b""), answer };
        let entry = JournalEntry {
            journal_id: number,
            job: None,
            version: Version::NONE,
            at: Timestamp(0),
            event: "claim",
            detail: String::new(),
            leaf_index: None,
            transfers: 1..1,
        };
        Batch { journal: vec![entry], claims: vec![(claim, Timestamp(0))], ..Batch::default() }
    }

    fn open_to_write(path: &Path) -> WriteConnection {
        let (connection, redo) = open::to_write(&Place::File(path.to_owned()), None).unwrap();
        WriteConnection { connection, redo, is_ahead: false, ahead: Batch::default(), _lock: None }
    }

    /// Which of some claims a database has.
    fn found<const N: usize>(path: &Path, keys: [&str; N]) -> [bool; N] {
        let mut reopened = Sqlite::file(path).connect().unwrap().backend;
        let needs = Needs { claims: keys.map(Into::into).into(), ..Needs::default() };
        let claims = reopened.load(&needs).unwrap().claims;
        keys.map(|key| claims.contains_key(key))
    }

    fn acknowledge(writer: &mut dyn Backend, number: i64, key: &str) {
        let batch = claiming(number, key);
        writer.write(&batch).unwrap();
        writer.apply(batch).unwrap();
    }

    #[test]
    fn what_waits_is_not_carried_out_without_what_was_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docket.db");
        let mut writer = open_to_write(&path);
        acknowledge(&mut writer, 1, "carried out");
        writer.load(&Needs::default()).unwrap();
        acknowledge(&mut writer, 2, "waiting");
        for (segment, path) in writer.redo.as_mut().unwrap().segments.iter_mut().zip(segments(&path)) {
            *segment = File::open(path).unwrap(); // Cannot be written.
        }
        assert!(writer.write(&claiming(3, "failed")).is_err());
        drop(writer);
        assert_eq!(found(&path, ["carried out", "waiting", "failed"]), [true, true, false]);
    }

    #[test]
    fn a_panic_in_the_middle_of_a_group_commits_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docket.db");
        let mut writer = open_to_write(&path);
        acknowledge(&mut writer, 1, "whole");
        let thread = std::thread::spawn(move || {
            let _taken = std::mem::take(&mut writer.ahead);
            writer.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM claim").unwrap();
            panic!("in the middle");
        });
        assert!(thread.join().is_err());
        assert_eq!(found(&path, ["whole"]), [true]);
    }
}
