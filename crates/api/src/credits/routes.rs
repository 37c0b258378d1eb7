//! The routes of this dialect that it shares with none, and the handlers of those that it shares.

use super::{account, completions, docs, jobs, models};
use crate::route::Route;

pub(crate) use super::jobs::{receipt, show};
pub(crate) use super::stream::stream;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/chat/completions", completions::create, docs::chat()),
        Route::get("/v1/models", models::list, docs::list_models()),
        Route::get("/v1/models/{*model}", models::show, docs::show_model()),
        Route::get("/v1/jobs", jobs::list, docs::list_jobs()),
        Route::post("/v1/jobs", completions::submit, docs::submit()),
        Route::post("/v1/jobs/{id}/cancel", jobs::cancel, docs::cancel()),
        Route::get("/v1/credits", account::credits, docs::credits()),
        Route::get("/v1/credits/statement", account::statement, docs::statement()),
    ]
}
