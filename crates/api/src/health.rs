//! Whether the process lives, and whether it is ready for work.

use crate::app::App;
use crate::openapi::Operation;
use crate::route::{Guard, Route};
use axum::extract::State;
use axum::http::StatusCode;
use std::sync::Arc;

pub(crate) fn routes() -> Vec<Route> {
    let live_operation = Operation::new("process", "Whether the process answers.").text(200, "It does.");
    let ready_operation = Operation::new("process", "Whether new jobs are accepted.")
        .text(200, "They are.")
        .text(503, "They are not, and why.");
    vec![
        Route::get("/livez", live, live_operation).guarded(Guard::Free),
        Route::get("/readyz", ready, ready_operation).guarded(Guard::Free),
    ]
}

/// `GET /livez`: the process answers. It says nothing about the store.
async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: new jobs are accepted; 503 with the reason if not.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, String) {
    if let Some(reason) = app.engine.store().stopped() {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("the store has stopped: {reason}\n"));
    }
    if app.engine.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned());
    }
    (StatusCode::OK, "ready\n".to_owned())
}
