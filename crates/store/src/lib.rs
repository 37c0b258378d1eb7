//! What lasts: jobs, books, documents and the log, in SQLite or PostgreSQL.
//!
//! There is one way to write, [`Store::commit`], and one caller of each writing statement, the
//! [`writer::Writer`]. Nothing outside this crate knows which database it is.

pub mod backend;
mod batch;
mod detail;
mod error;
mod hires;
mod hot;
mod known;
mod later;
mod pending;
mod places;
mod policy;
mod postgres;
mod published;
mod queries;
mod read;
mod recall;
mod recent;
mod rows;
mod schema;
mod sqlite;
mod stage;
mod store;
mod texts;
mod value;
pub mod writer;

pub use batch::{Batch, Documents, Leaf, Payload, ResultDocument, SnapshotDocument, Write};
pub use error::{CommitError, StoreError};
pub use hires::HireFilter;
pub use pending::{Haste, Pending};
pub use places::LogPlace;
pub use postgres::Postgres;
pub use read::{
    AgentFilter, Answer, BalanceRow, Cursor, DeliveryRow, FeedRow, HireRow, JobFilter, JournalRow, KeyJobs,
    KeyRow, NoticeRow, Page, Read, Reader, SnapshotRow, SpendingRow, Stretch, TransferRow,
};
pub use sqlite::Sqlite;
pub use stage::Stage;
pub use store::{Committed, Start, Store};
