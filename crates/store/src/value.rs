//! Values on their way to a database, and columns on their way back, whichever database it is.

use crate::error::StoreError;
use docket_core::hash::Sha256;
use docket_core::id::{JobId, WorkerId};
use docket_core::money::{Amount, Asset};
use docket_core::time::Timestamp;
use std::borrow::Cow;
use std::fmt::Display;

/// A value for a parameter of a statement.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The number under which a job is stored; ids stay below 2^63 by their making.
    pub(crate) fn job(id: JobId) -> Self {
        Self::count(id.0)
    }

    /// Counts beyond 63 bits do not occur: tokens are bounded by what was relayed, versions by time.
    pub(crate) fn count(count: u64) -> Self {
        Self::Int(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(crate) fn flag(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }

    pub(crate) fn name(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    pub(crate) fn text(value: impl Display) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(instant: Timestamp) -> Self {
        Self::Int(instant.0)
    }
}

impl<'a, V: Into<Value<'a>>> From<Option<V>> for Value<'a> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

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
