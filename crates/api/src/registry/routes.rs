//! The routes of this dialect.

use super::{docs, explorer, jobs, nodes, submit};
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/jobs/submit", submit::submit, docs::submit()),
        Route::post("/api/jobs/pay", jobs::pay, docs::pay()),
        Route::get("/api/jobs/{jobId}", jobs::show, docs::job()),
        Route::get("/api/jobs/{jobId}/result", jobs::result, docs::result()),
        Route::get("/api/jobs/{jobId}/receipt", jobs::receipt, docs::receipt()),
        Route::post("/api/jobs/{jobId}/expire", jobs::expire, docs::expire()),
        Route::post("/api/nodes/register", nodes::register, docs::register()),
        Route::post("/api/nodes/heartbeat", nodes::heartbeat, docs::heartbeat()),
        Route::post("/api/nodes/deactivate", nodes::deactivate, docs::deactivate()),
        Route::get("/api/nodes", nodes::list, docs::nodes()),
        Route::get("/api/nodes/{address}", nodes::show, docs::node()),
        Route::get("/api/models", submit::models, docs::models()),
        Route::get("/api/explorer/feed", explorer::feed, docs::feed()),
        Route::get("/api/explorer/stats", explorer::stats, docs::stats()),
    ]
}
