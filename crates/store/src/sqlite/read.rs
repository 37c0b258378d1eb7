//! Reading from SQLite.

use super::{ReadPool, failed};
use crate::error::StoreError;
use crate::read::*;
use docket_core::effect::Effect;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use futures::FutureExt;
use futures::future::ready;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use std::sync::{Arc, PoisonError};

impl ReadPool {
    /// Lends a connection. Reads take some tens of microseconds, so they run where they are asked for.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.connect(false)?,
        };
        let result = work(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }

    fn list<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.with(|connection| list(connection, sql, params, read))
    }

    fn one<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.list(sql, params, read).map(|mut rows| rows.pop())
    }

    fn job_where(&self, condition: &str, params: &[Param<'_>]) -> Result<Vec<Arc<Job>>, StoreError> {
        self.list(&select_job(condition), params, |row| read_job(row, &self.terms))
    }
}

/// Runs a query and reads its rows.
pub(super) fn list<T>(
    connection: &Connection,
    sql: &str,
    params: &[Param<'_>],
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(params_from_iter(params)).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.push(read(row)?);
    }
    Ok(found)
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Int(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// An answer that is there already.
fn now<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Read<'a, T> {
    ready(result).boxed()
}

impl Reader for ReadPool {
    fn job(&self, id: JobId) -> Read<'_, Option<Arc<Job>>> {
        now(self.job_where(JOB_BY_ID, &[Param::job(id)]).map(|mut jobs| jobs.pop()))
    }

    fn find<'a>(&'a self, id: &'a PublicId) -> Read<'a, Option<Arc<Job>>> {
        let params = [Param::text(&id.text), Param::text(id.dialect.name())];
        now(self.job_where(JOB_BY_PUBLIC_ID, &params).map(|mut jobs| jobs.pop()))
    }

    fn jobs<'a>(&'a self, filter: &'a JobFilter) -> Read<'a, Vec<Arc<Job>>> {
        let before = Param::Int(filter.before.map_or(i64::MAX, job_number));
        let limit = Param::Int(i64::from(filter.limit.min(PAGE)));
        now(match &filter.client {
            Some(client) => self.job_where(JOBS_OF_CLIENT, &[Param::text(&client.0), before, limit]),
            None => self.job_where(JOBS, &[before, limit]),
        })
    }

    fn payload(&self, id: JobId) -> Read<'_, Option<Arc<[u8]>>> {
        now(self.one(PAYLOAD, &[Param::job(id)], |row| Ok(row.get::<_, Vec<u8>>(0).map_err(failed)?.into())))
    }

    fn answer(&self, id: JobId) -> Read<'_, Option<Answer>> {
        now(self.one(RESULT, &[Param::job(id)], |row| read_answer(row)))
    }

    fn journal(&self, id: JobId) -> Read<'_, Vec<JournalRow>> {
        now(self.list(JOURNAL, &[Param::job(id)], |row| read_journal(row)))
    }

    fn outbox(&self) -> Read<'_, Vec<Effect>> {
        now(self.list(OUTBOX, &[], |row| read_effect(row)))
    }

    fn worker(&self, id: WorkerId) -> Read<'_, Option<Worker>> {
        let sql = format!("{WORKER_COLUMNS} WHERE worker_id = $1");
        now(self.one(&sql, &[Param::text(id)], |row| read_worker(row)))
    }

    fn workers(&self, after: Option<WorkerId>) -> Read<'_, Vec<Worker>> {
        let sql = format!("{WORKER_COLUMNS} WHERE worker_id > $1 ORDER BY worker_id LIMIT 100");
        let after = after.map(|worker| worker.to_string()).unwrap_or_default();
        now(self.list(&sql, &[Param::text(after)], |row| read_worker(row)))
    }

    fn pairing(&self, code: Sha256) -> Read<'_, Option<Pairing>> {
        now(self.one(PAIRING, &[Param::text(code)], |row| read_pairing(row)))
    }

    fn trusted<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Trust>> {
        now(self.list(TRUSTED, &[Param::text(&client.0)], |row| read_trust(row)))
    }

    fn balances<'a>(&'a self, after: Option<&'a str>) -> Read<'a, Vec<BalanceRow>> {
        now(self.list(BALANCES, &[Param::text(after.unwrap_or_default())], |row| read_balance(row)))
    }

    fn balance<'a>(&'a self, account: &'a Account) -> Read<'a, Vec<BalanceRow>> {
        now(self.list(BALANCE, &[Param::text(account)], |row| read_balance(row)))
    }

    fn statement<'a>(&'a self, account: &'a Account, before: Option<i64>) -> Read<'a, Vec<TransferRow>> {
        let params = [Param::text(account), Param::Int(before.unwrap_or(i64::MAX))];
        now(self.list(&select_statement(), &params, |row| read_transfer(row)))
    }

    fn transfers(&self, after: i64) -> Read<'_, Vec<TransferRow>> {
        now(self.list(&select_transfers(), &[Param::Int(after)], |row| read_transfer(row)))
    }

    fn log_hashes(&self, level: u8, first: u64, count: u64) -> Read<'_, Vec<Hash>> {
        now(self.with(|connection| log_hashes(connection, level, first, count)))
    }

    fn log_entries(&self, first: u64, count: u64) -> Read<'_, Vec<Vec<u8>>> {
        let params = range(first, count);
        now(self.list(LOG_ENTRIES, &params, |row| row.get(0).map_err(failed)))
    }

    fn log_index<'a>(&'a self, id: JobId, event: &'a str) -> Read<'a, Option<u64>> {
        let params = [Param::job(id), Param::text(event)];
        now(self.one(LOG_INDEX, &params, |row| Ok(row.get::<_, i64>(0).map_err(failed)?.unsigned_abs())))
    }
}

/// Some consecutive hashes of one level of the log.
pub(super) fn log_hashes(
    connection: &Connection,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Hash>, StoreError> {
    let [first, end] = range(first, count);
    if level == 0 {
        return list(connection, LOG_LEAVES, &[first, end], |row| read_hash(row));
    }
    list(connection, LOG_NODES, &[Param::Int(i64::from(level)), first, end], |row| read_hash(row))
}

/// The first and the one after the last of at most 256.
fn range(first: u64, count: u64) -> [Param<'static>; 2] {
    let end = first.saturating_add(count.min(256));
    [first, end].map(|bound| Param::Int(i64::try_from(bound).unwrap_or(i64::MAX)))
}
