//! The schema, in the words of each database, and what brings a database up to date.

use crate::error::StoreError;
use refinery::error::Kind;
use refinery::{Migration, Runner};

/// All versions, by name. One that has shipped is never edited.
const VERSIONS: [(&str, &str); 13] = [
    ("V1__spine", include_str!("../migrations/V1__spine.sql")),
    ("V2__keys", include_str!("../migrations/V2__keys.sql")),
    ("V3__webhooks", include_str!("../migrations/V3__webhooks.sql")),
    ("V4__reputation", include_str!("../migrations/V4__reputation.sql")),
    ("V5__features", include_str!("../migrations/V5__features.sql")),
    ("V6__retries", include_str!("../migrations/V6__retries.sql")),
    ("V7__lists", include_str!("../migrations/V7__lists.sql")),
    ("V8__agents", include_str!("../migrations/V8__agents.sql")),
    ("V9__hires", include_str!("../migrations/V9__hires.sql")),
    ("V10__snapshots", include_str!("../migrations/V10__snapshots.sql")),
    ("V11__tested", include_str!("../migrations/V11__tested.sql")),
    ("V12__enrolments", include_str!("../migrations/V12__enrolments.sql")),
    ("V13__challenges", include_str!("../migrations/V13__challenges.sql")),
];

/// How many versions there are.
pub(crate) const fn versions() -> u32 {
    VERSIONS.len() as u32
}

/// What brings a SQLite database up to date.
pub(crate) fn sqlite() -> Result<Runner, StoreError> {
    runner("INTEGER PRIMARY KEY", "TEXT", "BLOB")
}

/// What brings a PostgreSQL database up to date.
pub(crate) fn postgres() -> Result<Runner, StoreError> {
    runner("BIGINT PRIMARY KEY", "TEXT COLLATE \"C\"", "BYTEA")
}

/// All versions, with a database's own words for a key, for text and for bytes.
fn runner(id: &str, text: &str, bytes: &str) -> Result<Runner, StoreError> {
    let versions = VERSIONS.iter().map(|(name, schema)| {
        let schema = schema.replace("{id}", id).replace("{text}", text).replace("{bytes}", bytes);
        Migration::unapplied(name, &schema).map_err(|error| unusable(&error))
    });
    Ok(Runner::new(&versions.collect::<Result<Vec<_>, _>>()?))
}

/// Why a database cannot be brought up to date.
pub(crate) fn unusable(error: &refinery::Error) -> StoreError {
    StoreError::Unusable(match error.kind() {
        Kind::MissingVersion(migration) => format!("a newer program has changed the schema ({migration})"),
        _ => error.to_string(),
    })
}
