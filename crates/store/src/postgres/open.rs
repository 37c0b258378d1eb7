//! Opening a database: who may write, on which promises of the server, with which schema.

use super::tls::Way;
use super::unusable;
use super::write::Session;
use crate::error::StoreError;
use crate::schema;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config};

/// What the lock of the one who writes is called, among the advisory locks of the database: `DOCKET`.
const LOCK: i64 = 0x444f_434b_4554;

/// How long, in hundredths of a second, the session of a predecessor that was killed may take to end.
const PATIENCE: u32 = 200;

/// How long a server may be silent before it counts as gone.
const SILENCE: Duration = Duration::from_secs(30);

/// Bounds how long anybody waits for a server that does not answer, where the operator has set nothing else.
pub(super) fn with_limits(mut config: Config) -> Config {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_application_name().is_none() {
        config.application_name("docket");
    }
    config
}

/// The session that may write, to a database with the newest schema. Must not be called within a runtime.
pub(super) fn to_write(way: &Way) -> Result<Session, StoreError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| StoreError::Unusable(error.to_string()))?;
    let client = runtime.block_on(prepare(&runtime, way))?;
    Ok(Session::new(runtime, client))
}

async fn prepare(runtime: &Runtime, way: &Way) -> Result<Client, StoreError> {
    let (mut client, connection) = way.connect().await.map_err(|error| unusable(&error))?;
    runtime.spawn(connection);
    promise(&client).await?;
    lock(&client).await?;
    schema::postgres()?.run_async(&mut client).await.map_err(|error| schema::unusable(&error))?;
    Ok(client)
}

/// Sees to it that a commit is on disk when the server says so, and that texts are stored as they are.
async fn promise(client: &Client) -> Result<(), StoreError> {
    let settings = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
                    current_setting('synchronous_commit'), current_setting('server_encoding')";
    let row = client.query_one(settings, &[]).await.map_err(|error| unusable(&error))?;
    let setting = |column: usize| row.get::<_, &str>(column);
    if setting(0) != "on" || setting(1) != "on" {
        let what = "the server does not keep what it commits: fsync and full_page_writes must be on";
        return Err(StoreError::Unusable(what.to_owned()));
    }
    if setting(3) != "UTF8" {
        return Err(StoreError::Unusable(format!("the database is in {}, not in UTF8", setting(3))));
    }
    let commit = if setting(2) == "off" { "SET synchronous_commit = on;" } else { "" };
    // A write takes as long as it takes: one that is broken off would stop the store.
    let session = format!("{commit} SET statement_timeout = 0; SET lock_timeout = 0");
    client.batch_execute(&session).await.map_err(|error| unusable(&error))
}

/// Takes the right to write. It ends with the session, so who has lost it cannot write any more.
async fn lock(client: &Client) -> Result<(), StoreError> {
    for _ in 0..PATIENCE {
        let row = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await;
        if row.map_err(|error| unusable(&error))?.get(0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(StoreError::Unusable("another coordinator has the database open".to_owned()))
}
