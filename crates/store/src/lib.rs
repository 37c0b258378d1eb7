//! What lasts: jobs, books, documents and the log, in SQLite or PostgreSQL.
//!
//! There is one way to write, [`Store::commit`], and one caller of each writing statement, the
//! [`writer::Writer`]. Nothing outside this crate knows which database it is.

pub mod backend;
mod batch;
mod columns;
mod error;
mod hot;
mod policy;
mod read;
mod rows;
mod sqlite;
mod store;
pub mod writer;

pub use batch::{Documents, Write};
pub use batch::{Leaf, ResultDocument};
pub use error::{CommitError, StoreError};
pub use read::{Answer, BalanceRow, JobFilter, JournalRow, Read, Reader, TransferRow};
pub use sqlite::Sqlite;
pub use store::{Committed, Start, Store};
