//! Which path belongs to which dialect. The one file that knows more than one of them.

use crate::app::App;
use crate::observe::{Observer, limit, observe};
use crate::route::{Guard, Route};
use crate::{admin, health, log, observe, openapi, quotes, workers};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::any;
use docket_core::id::Dialect;
use docket_core::job::Job;
use docket_core::routing::Scoring;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Every path that is served, and in which ways.
pub(crate) fn table() -> Vec<Route> {
    let parts = [
        quotes::routes(),
        log::routes(),
        workers::routes(),
        health::routes(),
        observe::routes(),
        openapi::routes(),
        admin::routes(),
    ];
    parts.into_iter().flatten().collect()
}

/// The named schemas of all parts.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    [quotes::schemas(), admin::schemas()].concat()
}

/// All routes over one market.
pub fn router(app: Arc<App>) -> Router {
    let [mut limited, mut free, mut operators] = [(); 3].map(|()| Router::new());
    for Route { path, guard, handler, .. } in table() {
        let part = match guard {
            Guard::Limited => &mut limited,
            Guard::Free => &mut free,
            Guard::Operator => &mut operators,
        };
        *part = std::mem::take(part).route(path, handler);
    }
    let mut limited =
        limited.fallback(quotes::not_found).method_not_allowed_fallback(quotes::method_not_allowed);
    if app.limiter.is_some() {
        let refuse: fn(Duration) -> Response = quotes::too_many_requests;
        limited = limited.layer(from_fn_with_state((app.clone(), refuse), limit));
    }
    let operators = operators
        .route("/admin/v1/{*rest}", any(admin::not_found))
        .method_not_allowed_fallback(admin::method_not_allowed)
        // Without the token nobody learns even which paths there are.
        .layer(from_fn_with_state(app.clone(), admin::require_token));
    let free = free.method_not_allowed_fallback(quotes::method_not_allowed);
    let observer = Observer { app: app.clone(), on_panic };
    limited.merge(free).merge(operators).layer(from_fn_with_state(observer, observe)).with_state(app)
}

/// What is answered for a handler that has panicked.
fn on_panic(path: &str) -> Response {
    if path.starts_with("/admin/") { admin::failed() } else { quotes::failed() }
}

/// How the workers for a job are compared: by the published formula of the job's dialect.
pub fn scoring(job: &Job) -> Scoring {
    match job.public_id.dialect {
        Dialect::Quotes => quotes::scoring(job),
        // The other dialects make no jobs yet; theirs come with them.
        Dialect::Credits | Dialect::Agents | Dialect::Registry => quotes::scoring(job),
    }
}
