//! What can happen to a database in a file.

mod cut;
mod damage;
mod limits;
mod long_log;
mod power;
mod recovery;
mod sharing;
mod thread;

use docket_store::{Sqlite, StoreError};
use std::path::Path;

/// Why a file cannot be opened.
pub(crate) fn complaint(path: &Path) -> String {
    match Sqlite::file(path).open() {
        Err(StoreError::Unusable(reason)) => reason,
        Err(error) => panic!("not unusable: {error}"),
        Ok(_) => panic!("{} was opened", path.display()),
    }
}
