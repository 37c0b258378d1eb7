//! Reading from PostgreSQL: a few connections, each with many queries under way at a time.

use super::failed;
use super::tls::Way;
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::Read;
use crate::value::{Columns, Value};
use futures::FutureExt;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

/// How many connections read. Queries wait for each other only within one, and only on the server.
const CONNECTIONS: usize = 4;

/// Connections that read; one that is lost is made again when it is needed.
pub(super) struct Connections {
    way: Way,
    runtime: Handle,
    next: AtomicUsize,
    open: [Mutex<Option<Arc<Connection>>>; CONNECTIONS],
}

struct Connection {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Connections {
    pub(super) fn new(way: Way, runtime: Handle) -> Self {
        Self { way, runtime, next: AtomicUsize::new(0), open: Default::default() }
    }

    /// The connections in turn.
    async fn next(&self) -> Result<Arc<Connection>, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS;
        let known = locked(&self.open[turn]).clone();
        if let Some(connection) = known.filter(|connection| !connection.client.is_closed()) {
            return Ok(connection);
        }
        let connection = Arc::new(self.connect().await?);
        *locked(&self.open[turn]) = Some(connection.clone());
        Ok(connection)
    }

    /// Makes a connection, whose traffic runs on the runtime that was given, whoever asks.
    async fn connect(&self) -> Result<Connection, StoreError> {
        let (way, runtime) = (self.way.clone(), self.runtime.clone());
        let connecting = self.runtime.spawn(async move {
            let (client, connection) = way.connect().await?;
            runtime.spawn(connection);
            Ok(client)
        });
        let connected = connecting.await.map_err(|_| StoreError::Failed("the runtime is gone".to_owned()))?;
        Ok(Connection { client: connected.map_err(failed)?, statements: Mutex::default() })
    }
}

impl Connection {
    async fn prepared(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = locked(&self.statements).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        locked(&self.statements).insert(sql, statement.clone());
        Ok(statement)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database for Connections {
    fn list<'a, T: Send + 'a>(
        &'a self,
        sql: &'static str,
        params: Vec<Value<'a>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError> + Send + 'a,
    ) -> Read<'a, Vec<T>> {
        let answer = async move {
            let connection = self.next().await?;
            let statement = connection.prepared(sql).await.map_err(failed)?;
            let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|value| value as _).collect();
            let rows = connection.client.query(&statement, &params).await.map_err(failed)?;
            rows.iter().map(|row| read(row)).collect()
        };
        answer.boxed()
    }
}
