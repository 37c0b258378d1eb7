//! Where a database can be, and come back to.

use docket_store::Sqlite;
use docket_store::backend::Connected;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// A database that outlives the store on it.
pub(crate) trait Place: Send {
    /// Opens it, or opens it again.
    fn connect(&self) -> Connected;

    /// Runs statements behind the store's back.
    fn meddle(&self, sql: &str);

    /// Gives up what was acknowledged and cannot be carried out any more.
    fn give_up(&self) {}
}

/// A file, in a folder of its own where the test has none.
pub(crate) struct InFile {
    path: PathBuf,
    max_bytes: Option<u64>,
    _folder: Option<TempDir>,
}

impl InFile {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let place = Self::at(&folder.path().join("docket.db"));
        Self { _folder: Some(folder), ..place }
    }

    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), max_bytes: None, _folder: None }
    }

    /// The file may not grow beyond so many bytes.
    pub(crate) fn at_most(self, max_bytes: u64) -> Self {
        Self { max_bytes: Some(max_bytes), ..self }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.path.clone()
    }
}

impl Place for InFile {
    fn connect(&self) -> Connected {
        let mut file = Sqlite::file(&self.path);
        if let Some(max_bytes) = self.max_bytes {
            file = file.at_most(max_bytes);
        }
        file.connect().expect("the file can be opened")
    }

    fn meddle(&self, sql: &str) {
        Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    fn give_up(&self) {
        for segment in ["db-redo0", "db-redo1"] {
            std::fs::remove_file(self.path.with_extension(segment)).ok(); // It is there after a crash.
        }
    }
}

/// A database in memory.
pub(crate) struct InMemory {
    name: String,
    _alive: Box<dyn Send>,
}

impl InMemory {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("place-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let alive = Sqlite::memory(&name).keep_alive().expect("there is memory");
        Self { name, _alive: Box::new(alive) }
    }
}

impl Place for InMemory {
    fn connect(&self) -> Connected {
        Sqlite::memory(&self.name).connect().expect("there is memory")
    }

    fn meddle(&self, sql: &str) {
        let uri = format!("file:/{}?vfs=memdb", self.name);
        Connection::open(uri).unwrap().execute_batch(sql).unwrap();
    }
}
