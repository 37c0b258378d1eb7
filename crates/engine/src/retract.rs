//! Answers that nobody reads again, because their client has said so. Their jobs stay as they are: money, receipt, log.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::change::{Change, Claim};
use docket_core::hash::Sha256;
use docket_core::id::PublicId;
use docket_store::{CommitError, Documents};
use std::sync::Arc;

impl Engine {
    /// Takes back the answer to a job, for ever; `false` if that was done before. Durable when it returns, and carried
    /// on even if this future is dropped.
    pub async fn retract(&self, id: &PublicId) -> Result<bool, EngineError> {
        let name = name(id);
        let claim = Claim { request: Sha256::of(name.as_bytes()), key: name, answer: id.clone() };
        let change = Change::of_claim(claim, self.clock.now());
        self.begin(|engine| async move {
            match engine.commit(change, Documents::default()).await {
                Ok(_) => Ok(true),
                Err(CommitError::Repeated(_)) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Whether the answer to a job was taken back.
    pub async fn is_retracted(&self, id: &PublicId) -> Result<bool, EngineError> {
        Ok(self.store.claim(&name(id)).await?.is_some())
    }
}

/// The key under which that is written down, once for each job.
fn name(id: &PublicId) -> Arc<str> {
    format!("retracted:{}:{}", id.dialect.name(), id.text).into()
}
