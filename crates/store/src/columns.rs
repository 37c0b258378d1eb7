//! Columns of a row, whichever database it comes from.

use crate::error::StoreError;
use docket_core::hash::Sha256;
use docket_core::id::WorkerId;
use docket_core::money::{Amount, Asset};
use docket_core::time::Timestamp;

/// A row that a query answered with; columns are counted from 0.
pub(crate) trait Columns {
    /// A text that may be NULL.
    fn text_or_null(&self, column: usize) -> Result<Option<String>, StoreError>;
    /// An integer that may be NULL.
    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// A byte string.
    fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError>;

    /// A text.
    fn text(&self, column: usize) -> Result<String, StoreError> {
        self.text_or_null(column)?.ok_or_else(|| missing(column))
    }

    /// An integer.
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.int_or_null(column)?.ok_or_else(|| missing(column))
    }

    /// A count, which is never negative.
    fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| corrupt("a count below zero"))
    }

    /// A small count.
    fn small(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.int(column)?).map_err(|_| corrupt("a count out of range"))
    }

    /// A truth value, written as 0 or 1.
    fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// An instant.
    fn instant(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp)
    }

    /// A digest.
    fn digest(&self, column: usize) -> Result<Sha256, StoreError> {
        Sha256::parse(&self.text(column)?).ok_or_else(|| corrupt("a digest"))
    }

    /// A worker's key.
    fn worker(&self, column: usize) -> Result<WorkerId, StoreError> {
        WorkerId::from_hex(&self.text(column)?).ok_or_else(|| corrupt("a worker's key"))
    }

    /// An asset, from its name and its decimals.
    fn asset(&self, name: usize, decimals: usize) -> Result<Asset, StoreError> {
        let decimals = u8::try_from(self.int(decimals)?).map_err(|_| corrupt("an asset's decimals"))?;
        Asset::named(&self.text(name)?, decimals).ok_or_else(|| corrupt("an asset's name"))
    }

    /// An amount of a known asset.
    fn amount(&self, column: usize, asset: Asset) -> Result<Amount, StoreError> {
        let units = self.text(column)?.parse().map_err(|_| corrupt("an amount"))?;
        Ok(Amount::new(units, asset))
    }
}

/// The error for a value that this program would not have written.
pub(crate) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}

fn missing(column: usize) -> StoreError {
    StoreError::Corrupt(format!("column {column} is NULL"))
}
