//! What the rows of each query mean.

use crate::error::StoreError;
use crate::read::{Answer, BalanceRow, JournalRow, KeyRow, SpendingRow, TransferRow};
use crate::rows;
use crate::value::{Columns, corrupt};
use crate::writer::Spent;
use docket_core::change::Claim;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, PublicId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, KeyNumber, Limits, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::policy::Policy;
use docket_core::reputation::Reputation;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::{Standing, Worker};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The result of reading one row.
type Parsed<T> = Result<T, StoreError>;

pub(crate) fn job(row: &dyn Columns, terms: &Terms) -> Parsed<Arc<Job>> {
    rows::job::parse(row, |text| terms.get(text)).map(Arc::new)
}

/// Policies by their text: jobs with the same terms share them.
#[derive(Default)]
pub(crate) struct Terms(Mutex<HashMap<String, Arc<Policy>>>);

/// Beyond so many, policies are forgotten all at once: where clients choose deadlines, each may be the only one.
const KNOWN_TERMS: usize = 10_000;

impl Terms {
    fn get(&self, text: &str) -> Parsed<Arc<Policy>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(policy) = known.get(text) {
            return Ok(policy.clone());
        }
        if known.len() >= KNOWN_TERMS {
            known.clear();
        }
        let policy = Arc::new(crate::policy::decode(text)?);
        known.insert(text.to_owned(), policy.clone());
        Ok(policy)
    }
}

pub(crate) fn answer(row: &dyn Columns) -> Parsed<Answer> {
    Ok(Answer { output: row.bytes(0)?.into(), receipt: row.bytes(1)?.into(), decision: row.text(2)?.into() })
}

pub(crate) fn journal(row: &dyn Columns) -> Parsed<JournalRow> {
    Ok(JournalRow {
        version: Version(row.count(0)?),
        at: row.instant(1)?,
        event: row.text(2)?,
        detail: row.text(3)?,
        leaf_index: index(row, 4)?,
    })
}

/// A place in the log.
fn index(row: &dyn Columns, column: usize) -> Parsed<Option<u64>> {
    Ok(row.int_or_null(column)?.map(i64::unsigned_abs))
}

pub(crate) fn worker(row: &dyn Columns) -> Parsed<Worker> {
    Ok(Worker {
        id: row.worker(0)?,
        proven: row.flag(1)?,
        suspended: row.flag(2)?,
        standing: Standing { completed: row.small(3)?, failed: row.small(4)? },
        first_seen: row.instant(5)?,
        version: Version(row.count(6)?),
        reputation: Reputation {
            paid: row.count(7)?,
            lost: row.count(8)?,
            unproven: row.count(9)?,
            placed: row.count(10)?,
            compared: row.count(11)?,
            connected: row.count(12)?,
            watched: row.count(13)?,
            watched_until: row.int_or_null(14)?.map(Timestamp),
            hour: row.int(15)?,
            passed: row.count(16)?,
            refuted: row.count(17)?,
        },
    })
}

pub(crate) fn pairing(row: &dyn Columns) -> Parsed<Pairing> {
    let claimed_by = row.text_or_null(3)?;
    Ok(Pairing {
        code: row.digest(0)?,
        client: ClientId(row.text(1)?.into()),
        expires_at: row.instant(2)?,
        claimed_by: claimed_by
            .map(|key| WorkerId::from_hex(&key).ok_or_else(|| corrupt("a worker's key")))
            .transpose()?,
        version: Version(row.count(4)?),
    })
}

pub(crate) fn trust(row: &dyn Columns) -> Parsed<Trust> {
    Ok(Trust { client: ClientId(row.text(0)?.into()), worker: row.worker(1)?, since: row.instant(2)? })
}

pub(crate) fn balance(row: &dyn Columns) -> Parsed<BalanceRow> {
    Ok(BalanceRow {
        account: row.text(0)?,
        asset: row.text(1)?,
        decimals: u8::try_from(row.int(2)?).map_err(|_| corrupt("an asset's decimals"))?,
        units: row.text(3)?.parse().map_err(|_| corrupt("a balance"))?,
    })
}

pub(crate) fn transfer(row: &dyn Columns) -> Parsed<TransferRow> {
    let account = |column| Account::parse(&row.text(column)?).ok_or_else(|| corrupt("an account"));
    let job = match row.text_or_null(2)? {
        Some(_) => Some(public_id(row, 2, 3)?),
        None => None,
    };
    let key = match row.text_or_null(11)? {
        Some(key) => Some((key_id(&key)?.number(), Period::day_of(row.instant(12)?))),
        None => None,
    };
    let asset = row.asset(7, 8)?;
    Ok(TransferRow {
        id: row.int(0)?,
        at: row.instant(1)?,
        job,
        key,
        event: row.text(4)?,
        from: account(5)?,
        to: account(6)?,
        amount: row.amount(9, asset)?,
        log_index: index(row, 10)?,
    })
}

pub(crate) fn hash(row: &dyn Columns) -> Parsed<Hash> {
    row.bytes(0)?.try_into().map_err(|_| corrupt("a hash of the log"))
}

/// A key that was used, under which it stands in memory.
pub(crate) fn claim(row: &dyn Columns) -> Parsed<Claim> {
    Ok(Claim { key: row.text(0)?.into(), request: row.digest(1)?, answer: public_id(row, 2, 3)? })
}

/// A public id, from its dialect and its text.
pub(crate) fn public_id(row: &dyn Columns, dialect: usize, text: usize) -> Parsed<PublicId> {
    let dialect = Dialect::parse(&row.text(dialect)?).ok_or_else(|| corrupt("a dialect"))?;
    Ok(PublicId { dialect, text: row.text(text)?.into() })
}

/// An API key's digest.
pub(crate) fn key_id(text: &str) -> Parsed<KeyId> {
    Sha256::parse(text).map(KeyId).ok_or_else(|| corrupt("an API key's digest"))
}

/// The columns of an API key, in the order of [`crate::queries::API_KEYS`].
pub(crate) fn api_key(row: &dyn Columns) -> Parsed<ApiKey> {
    let limit = |column| {
        let units = row.text_or_null(column)?.map(|units| units.parse());
        units.transpose().map_err(|_| corrupt("a limit"))
    };
    Ok(ApiKey {
        id: KeyId(row.digest(1)?),
        client: ClientId(row.text(2)?.into()),
        label: row.text(3)?.into(),
        created_at: row.instant(4)?,
        revoked_at: row.int_or_null(5)?.map(Timestamp),
        limits: Limits { per_day: limit(6)?, in_all: limit(7)? },
        version: Version(row.count(8)?),
    })
}

/// A key, and what it has spent on a day and in all.
pub(crate) fn key_row(row: &dyn Columns) -> Parsed<KeyRow> {
    let spent = |column| {
        let units = row.text_or_null(column)?.map_or(Ok(0), |units| units.parse());
        units.map_err(|_| corrupt("the spending of a key"))
    };
    Ok(KeyRow { key: api_key(row)?, spent_on_day: spent(9)?, spent_in_all: spent(10)? })
}

/// What a key has spent over a period.
pub(crate) fn spending(row: &dyn Columns) -> Parsed<(Spent, i128)> {
    let name = row.text(0)?;
    let spent = name.split_once('/').and_then(|(number, period)| {
        let period = if period == "all" { Period::InAll } else { Period::Day(period.parse().ok()?) };
        Some((KeyNumber::parse(number)?, period))
    });
    let units = row.text(1)?.parse().map_err(|_| corrupt("the spending of a key"))?;
    Ok((spent.ok_or_else(|| corrupt("the name of a key's spending"))?, units))
}

pub(crate) fn spending_row(row: &dyn Columns) -> Parsed<SpendingRow> {
    let ((key, period), units) = spending(row)?;
    Ok(SpendingRow { key, period, units })
}
