//! The schema, in the words of each database, and what brings a database up to date.

use crate::error::StoreError;
use refinery::error::Kind;
use refinery::{Migration, Runner};

/// What brings a SQLite database up to date.
pub(crate) fn sqlite() -> Result<Runner, StoreError> {
    runner(&first("INTEGER PRIMARY KEY", "TEXT", "BLOB"))
}

/// What brings a PostgreSQL database up to date.
pub(crate) fn postgres() -> Result<Runner, StoreError> {
    runner(&first("BIGINT PRIMARY KEY", "TEXT COLLATE \"C\"", "BYTEA"))
}

/// The first version, with a database's own words for a key, for text and for bytes.
fn first(id: &str, text: &str, bytes: &str) -> String {
    let schema = include_str!("../migrations/V1__spine.sql");
    schema.replace("{id}", id).replace("{text}", text).replace("{bytes}", bytes)
}

fn runner(first: &str) -> Result<Runner, StoreError> {
    let first = Migration::unapplied("V1__spine", first).map_err(|error| unusable(&error))?;
    Ok(Runner::new(&[first]))
}

/// Why a database cannot be brought up to date.
pub(crate) fn unusable(error: &refinery::Error) -> StoreError {
    StoreError::Unusable(match error.kind() {
        Kind::MissingVersion(migration) => format!("a newer program has changed the schema ({migration})"),
        _ => error.to_string(),
    })
}
