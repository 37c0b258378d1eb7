//! The operator's API, `/admin/v1`: whoever has the token sees and moves everything.

mod accounts;
mod auth;
mod events;
mod jobs;
mod market;
mod paging;
mod problem;
mod views;
mod workers;

use crate::app::App;
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use problem::Problem;
use std::sync::Arc;

pub(crate) fn routes(app: &Arc<App>) -> Router<Arc<App>> {
    let inside = Router::new()
        .merge(jobs::routes())
        .merge(workers::routes())
        .merge(accounts::routes())
        .merge(market::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // Without the token nobody learns even which paths there are.
        .layer(from_fn_with_state(app.clone(), auth::require_token));
    Router::new().nest("/admin/v1", inside)
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "request.no_such_path", "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "request.method_not_allowed", "this path does not know this method")
}
