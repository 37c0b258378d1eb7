//! A change on its way through the writer.

use crate::error::{CommitError, StoreError};
use crate::store::Committed;
use tokio::sync::oneshot;

/// How soon a change is to be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Haste {
    /// Somebody waits for it.
    AtOnce,
    /// With the next that somebody waits for, or within milliseconds.
    None,
}

/// A change that the writer has.
#[must_use]
pub struct Pending(pub(crate) Outcome);

pub(crate) enum Outcome {
    Known(Box<Committed>),
    Awaited(oneshot::Receiver<Result<Committed, CommitError>>),
}

impl Pending {
    /// Waits until the change is durable, or refused.
    pub async fn end(self) -> Result<Committed, CommitError> {
        match self.0 {
            Outcome::Known(committed) => Ok(*committed),
            Outcome::Awaited(durable) => durable.await.map_err(|_| gone())?,
        }
    }
}

/// What is said where nobody writes any more.
pub(crate) fn gone() -> StoreError {
    StoreError::Stopped("the writer is gone".to_owned())
}
