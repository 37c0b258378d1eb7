//! Whether the process lives, and whether it is ready for work.

use crate::app::App;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
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
