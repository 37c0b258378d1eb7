//! The log as anybody may read it (C2SP tlog-tiles): its checkpoint, its tiles, and the key that signs it.

mod checkpoints;
mod docs;
mod proof;

pub(crate) use checkpoints::Checkpoints;
pub(crate) use proof::prove;

use crate::app::App;
use crate::route::Route;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use docket_core::merkle::Tile;
use docket_engine::EngineError;
use docket_protocol::log::{TilePath, encode_entries};
use std::sync::Arc;

/// What a tile holds never changes, whatever becomes of the log.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-cache");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/checkpoint", checkpoint, docs::checkpoint()),
        Route::get("/tile/{*path}", tile, docs::tile()),
        Route::get("/log/vkey", verifier_key, docs::verifier_key()),
    ]
}

/// `GET /checkpoint`: the size and the root of the durable log, signed.
async fn checkpoint(State(app): State<Arc<App>>) -> Response {
    let newest = app.checkpoints.newest(app.engine.store().log());
    answer(TEXT, NOT_KEPT, newest.note.clone().into())
}

/// `GET /log/vkey`: the key to pin for [`docket_protocol::verify`].
async fn verifier_key(State(app): State<Arc<App>>) -> Response {
    answer(TEXT, NOT_KEPT, format!("{}\n", app.checkpoints.verifier()).into())
}

/// `GET /tile/L/N` and `GET /tile/entries/N`, each with `.p/W` for a tile at the right edge.
///
/// Every durable size may have been published, by this process or by an earlier one, so a tile is
/// there if the durable log has all of its hashes.
async fn tile(State(app): State<Arc<App>>, uri: Uri) -> Response {
    let not_found = || (StatusCode::NOT_FOUND, "no such tile\n").into_response();
    let Ok(path) = uri.path().parse::<TilePath>() else { return not_found() };
    match read(&app, path).await {
        Ok(Some(bytes)) => answer(BYTES, FOR_EVER, bytes),
        Ok(None) => not_found(),
        Err(error) => {
            tracing::error!(%error, path = uri.path(), "a tile could not be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read now\n").into_response()
        }
    }
}

async fn read(app: &App, path: TilePath) -> Result<Option<Vec<u8>>, EngineError> {
    let (tile, entries) = match path {
        TilePath::Hashes(tile) => (tile, false),
        TilePath::Entries { index, width } => (Tile { level: 0, index, width }, true),
    };
    let store = app.engine.store();
    let (size, _) = store.log();
    let Some(range) = tile.hashes(size) else { return Ok(None) };
    let count = range.end - range.start;
    if entries {
        let entries = store.log_entries(range.start, count).await?;
        return Ok(encode_entries(&entries).ok());
    }
    let hashes = store.log_hashes(tile.level, range.start, count).await?;
    Ok(Some(hashes.concat()))
}

fn answer(kind: HeaderValue, cache: HeaderValue, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache)], body).into_response()
}
