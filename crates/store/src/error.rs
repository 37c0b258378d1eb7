//! What can go wrong with the store.

use docket_core::id::PublicId;
use docket_core::refusal::Refusal;

/// The store cannot do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no; the text is for the operator, not for clients.
    #[error("the store failed: {0}")]
    Failed(String),
    /// A write failed before, so nothing is accepted until a restart has read what is on disk.
    #[error("the store has stopped after a failed write: {0}")]
    Stopped(String),
    /// What was read does not have the form that this program writes.
    #[error("the store holds what this program never wrote: {0}")]
    Corrupt(String),
    /// The database was written by a newer or an unknown program.
    #[error("the store cannot be opened: {0}")]
    Unusable(String),
}

/// Why a write did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that the change relied on has changed meanwhile: decide again.
    #[error("the record has changed meanwhile")]
    Conflict,
    /// The books or a unique key say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The same request was carried out before, under this id.
    #[error("the request was carried out before")]
    Repeated(PublicId),
    /// The outcome is unknown or nothing is accepted any more.
    #[error(transparent)]
    Store(#[from] StoreError),
}
