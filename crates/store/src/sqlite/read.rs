//! Reading from SQLite: a few connections, each lent for one query.

use super::{Place, failed, list};
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::Read;
use crate::value::{Columns, Value};
use futures::FutureExt;
use futures::future::ready;
use rusqlite::Connection;
use std::sync::{Mutex, PoisonError};

/// Connections that read, and how to make another.
pub(super) struct ReadPool {
    place: Place,
    idle: Mutex<Vec<Connection>>,
}

impl ReadPool {
    pub(super) fn new(place: Place) -> Self {
        Self { place, idle: Mutex::default() }
    }

    /// Lends a connection. There are never more of them than threads that read.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.place.connect_to_read().map_err(failed)?,
        };
        let result = work(&connection);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        result
    }
}

impl Database for ReadPool {
    /// A query takes some tens of microseconds, so it runs where it is asked for.
    fn list<'a, T: Send + 'a>(
        &'a self,
        sql: &'static str,
        params: Vec<Value<'a>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError> + Send + 'a,
    ) -> Read<'a, Vec<T>> {
        ready(self.with(|connection| list(connection, sql, &params, read))).boxed()
    }
}
