//! PostgreSQL: one session that writes and holds the right to, a few connections that read.

mod open;
mod read;
mod tls;
mod write;

use crate::backend::Connected;
use crate::error::StoreError;
use crate::queries::Queries;
use crate::read::Reader;
use crate::store::Store;
use crate::value::{Columns, Value};
use crate::writer::Writer;
use read::Connections;
use std::error::Error as _;
use std::sync::Arc;
use tls::Way;
use tokio::runtime::Handle;
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A PostgreSQL database, in UTF-8, of a server that syncs.
#[derive(Clone)]
pub struct Postgres {
    way: Way,
}

impl Postgres {
    /// A database by its address, `postgres://user:password@host:port/name` or `host=… user=… dbname=…`.
    ///
    /// It must be the server itself or a pool that keeps sessions: the right to write is bound to one.
    /// The connection is encrypted with `sslmode=require`, and only then: the server's certificate must be for its
    /// name, from somebody whom the system trusts, or whom `sslrootcert=FILE` names.
    pub fn at(address: &str) -> Result<Self, StoreError> {
        Ok(Self { way: Way::parse(address)? })
    }

    /// Opens the store: brings the schema up to date and reads where the last write ended.
    ///
    /// Only one process may write; a second one is refused. Blocks, and may be called from anywhere;
    /// the writer must run, or be pumped, outside of any runtime. Reads go on on the runtime of `readers`.
    pub fn open(&self, readers: &Handle) -> Result<(Store, Writer), StoreError> {
        let Connected { backend, reader } = self.connect(readers)?;
        Store::open(backend, reader)
    }

    /// The database alone, for who puts something between it and the store.
    pub fn connect(&self, readers: &Handle) -> Result<Connected, StoreError> {
        // A runtime may not be entered from within another, so it is made where there is none.
        let session = std::thread::scope(|scope| scope.spawn(|| open::to_write(&self.way)).join());
        let session = session.map_err(|_| StoreError::Unusable("opening it panicked".to_owned()))??;
        Ok(Connected { backend: Box::new(session), reader: self.reader(readers) })
    }

    /// Reads beside whoever writes.
    pub fn reader(&self, readers: &Handle) -> Arc<dyn Reader> {
        Arc::new(Queries::new(Connections::new(self.way.clone(), readers.clone())))
    }
}

/// What an error of the database means to the operator: with all its causes, which say the most.
fn explain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    StoreError::Failed(explain(&error))
}

fn unusable(error: &tokio_postgres::Error) -> StoreError {
    StoreError::Unusable(explain(error))
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(kind)
    }

    to_sql_checked!();
}

impl Columns for Row {
    fn text_or_null(&self, column: usize) -> Result<Option<String>, StoreError> {
        self.try_get(column).map_err(failed)
    }

    fn int_or_null(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(failed)
    }

    fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        self.try_get(column).map_err(failed)
    }
}
