//! The routes of this dialect that it shares with none, and the handlers of those that it shares.

use super::{
    account, completions, dispute, docs, embeddings, errors_page, hook_docs, hooks, jobs, models, responses,
};
use crate::route::{Guard, Route};

pub(crate) use super::jobs::{receipt, show};
pub(crate) use super::stream::stream;

pub(crate) fn routes() -> Vec<Route> {
    let routes = vec![
        Route::post("/v1/chat/completions", completions::create, docs::chat()),
        Route::post("/v1/responses", responses::create, docs::respond()),
        Route::get("/v1/responses/{id}", responses::show, docs::show_response()),
        Route::delete("/v1/responses/{id}", responses::delete, docs::delete_response()),
        Route::post("/v1/completions", completions::go_on, docs::go_on()),
        Route::post("/v1/embeddings", embeddings::create, docs::embeddings()),
        Route::get("/v1/models", models::list, docs::list_models()),
        Route::get("/v1/models/{*model}", models::show, docs::show_model()),
        Route::get("/v1/jobs", jobs::list, docs::list_jobs()),
        Route::post("/v1/jobs", completions::submit, docs::submit()),
        Route::post("/v1/jobs/{id}/cancel", jobs::cancel, docs::cancel()),
        Route::get("/v1/jobs/{id}/dispute", dispute::show, docs::show_dispute()),
        Route::post("/v1/jobs/{id}/dispute", dispute::open, docs::open_dispute()),
        Route::get("/v1/credits", account::credits, docs::credits()),
        Route::get("/v1/credits/statement", account::statement, docs::statement()),
        Route::get("/v1/webhooks", hooks::list, hook_docs::list()),
        Route::post("/v1/webhooks", hooks::create, hook_docs::create()),
        Route::get("/v1/webhooks/{id}", hooks::show, hook_docs::show()),
        Route::delete("/v1/webhooks/{id}", hooks::delete, hook_docs::delete()),
        Route::post("/v1/webhooks/{id}/rotate", hooks::rotate, hook_docs::rotate()),
        Route::post("/v1/webhooks/{id}/test", hooks::test, hook_docs::test()),
        Route::get("/v1/webhooks/{id}/deliveries", hooks::deliveries, hook_docs::deliveries()),
        Route::post("/v1/webhooks/{id}/deliveries/{event_id}/replay", hooks::replay, hook_docs::replay()),
    ];
    let errors = Route::get("/docs/errors", errors_page::show, docs::errors()).guarded(Guard::Free);
    routes.into_iter().map(Route::keyed).chain([errors]).collect()
}
