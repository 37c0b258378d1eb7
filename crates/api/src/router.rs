//! Which path belongs to which dialect. The one file that knows more than one of them.

use crate::app::App;
use crate::{admin, health, log, quotes, workers};
use axum::Router;
use docket_core::id::Dialect;
use docket_core::job::Job;
use docket_core::routing::Scoring;
use std::sync::Arc;

/// All routes over one market.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(log::routes())
        .merge(admin::routes(&app))
        .merge(workers::routes())
        .merge(quotes::routes())
        .fallback(quotes::not_found)
        .method_not_allowed_fallback(quotes::method_not_allowed)
        .with_state(app)
}

/// How the workers for a job are compared: by the published formula of the job's dialect.
pub fn scoring(job: &Job) -> Scoring {
    match job.public_id.dialect {
        Dialect::Quotes => quotes::scoring(job),
        // The other dialects make no jobs yet; theirs come with them.
        Dialect::Credits | Dialect::Agents | Dialect::Registry => quotes::scoring(job),
    }
}
