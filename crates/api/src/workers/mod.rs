//! The workers' socket: frames in, commands out, and back.

mod bundle;
mod code;
mod node;
mod outbound;
mod receipts;
mod register;
mod room;
mod session;
mod shared;
mod signatures;

pub(crate) use bundle::bundle;
pub(crate) use receipts::Receipts;
pub(crate) use room::Room;
pub(crate) use signatures::Signatures;

use crate::app::App;
use crate::openapi::Operation;
use crate::route::{Guard, Route};
use crate::serve::{Peer, Place};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, State};
use axum::response::Response;
use docket_protocol::frames::MAX_FRAME_BYTES;
use std::sync::Arc;

/// What an idle connection keeps in memory for reading; most frames fit.
const BUFFER: usize = 3 * 1024;

/// Frames that are told in one go are sent in pieces of about so many bytes.
const BURST: usize = 16 * 1024;

pub(crate) fn routes() -> Vec<Route> {
    let operation = Operation::new("workers", "Where workers connect, by WebSocket.")
        .bare(101, "The connection is a WebSocket now.")
        .error(400, "The request does not ask for a WebSocket.")
        .error(426, "The connection cannot become a WebSocket.");
    // Dispatch's workers open the root; ours say what they want.
    let at = |path| Route::get(path, upgrade, operation.clone()).guarded(Guard::Free);
    vec![at("/"), at("/v1/worker")]
}

/// `GET /v1/worker`, upgraded to a WebSocket.
async fn upgrade(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Extension(place): Extension<Place>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return crate::quotes::not_a_socket(rejection.status()),
    };
    let loopback = peer.0.ip().is_loopback();
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BURST)
        .max_write_buffer_size(4 * MAX_FRAME_BYTES)
        .max_message_size(MAX_FRAME_BYTES)
        .max_frame_size(MAX_FRAME_BYTES)
        .on_upgrade(move |socket| session::run(app, socket, loopback, place))
}
