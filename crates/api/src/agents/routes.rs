//! The routes of this dialect.

use super::{directory, docs, register, stake};
use crate::route::Route;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/v1/agents", directory::list, docs::list()),
        Route::get("/api/v1/agents/tags", directory::tags, docs::tags()),
        Route::post("/api/v1/agents/register", register::register, docs::register()),
        Route::get("/api/v1/agents/{agentId}", directory::show, docs::show()),
        Route::patch("/api/v1/agents/{agentId}", register::update, docs::update()),
        Route::post("/api/v1/agents/{agentId}/strategy", register::judge, docs::judge()),
        Route::post("/api/v1/agents/{agentId}/deposit", stake::deposit, docs::deposit()),
        Route::post("/api/v1/agents/{agentId}/withdraw", stake::withdraw, docs::withdraw()),
    ]
}
