//! What can go wrong when a command is carried out.

use docket_core::refusal::Refusal;
use docket_store::{CommitError, StoreError};

/// Why a command was not carried out.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The domain said no; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Others changed the same record again and again. Nothing has changed; try again.
    #[error("the record is being changed by others, try again")]
    Busy,
    /// The store failed. Whether anything has changed is unknown.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for EngineError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Busy,
            CommitError::Refused(refusal) => Self::Refused(refusal),
            // Only a request with a claim can be a repeat, and those are answered where they are made.
            CommitError::Repeated(_) => Self::Refused(Refusal::KeyReused),
            CommitError::Store(error) => Self::Store(error),
        }
    }
}
