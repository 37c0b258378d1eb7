//! Challenges, and what trusted workers have answered.

use super::Store;
use crate::error::StoreError;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::time::Timestamp;

impl Store {
    /// The challenges that have not ended. At most 10,000.
    pub async fn open_challenges(&self) -> Result<Vec<Challenge>, StoreError> {
        self.reader().await?.open_challenges().await
    }

    /// The challenges of somebody who is enrolled, the newest first. At most 100.
    pub async fn challenges(&self, wallet: Wallet, limit: u32) -> Result<Vec<Challenge>, StoreError> {
        self.reader().await?.challenges(wallet, limit).await
    }

    /// What trusted workers of a model have answered after an instant, the newest first. At most 1,000.
    pub async fn references(
        &self,
        model: &str,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<Reference>, StoreError> {
        self.reader().await?.references(model, after, limit).await
    }
}
