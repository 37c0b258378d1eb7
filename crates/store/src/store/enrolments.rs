//! Who is enrolled for a class of hardware, and what everybody may see of such work.

use super::Store;
use crate::error::StoreError;
use crate::read::NoticeRow;
use docket_core::agent::identity::Wallet;
use docket_core::enrolment::Enrolment;

impl Store {
    /// An enrolment by its wallet, from disk.
    pub async fn enrolment(&self, wallet: Wallet) -> Result<Option<Enrolment>, StoreError> {
        self.reader().await?.enrolment(wallet).await
    }

    /// Enrolments in the order of the wallets, from after one. At most 10,000.
    pub async fn enrolments(&self, after: Option<Wallet>) -> Result<Vec<Enrolment>, StoreError> {
        self.reader().await?.enrolments(after).await
    }

    /// The notices before a number, the newest first. At most 100.
    pub async fn notices(&self, before: i64, limit: u32) -> Result<Vec<NoticeRow>, StoreError> {
        self.reader().await?.notices(before, limit).await
    }

    /// The number of the last notice that is durable: there are as many.
    pub async fn last_notice(&self) -> Result<i64, StoreError> {
        self.reader().await?.last_notice().await
    }
}
