//! The routes of this dialect.

use super::{directory, disputes, docs, events, hire, jobs, offers, register, stake, stats};
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
        Route::get("/api/v1/agents/{agentId}/jobs", jobs::of_agent, docs::hires::jobs_of_agent()),
        Route::get("/api/v1/agents/{agentId}/locks", jobs::locks, docs::hires::locks()),
        Route::get("/api/v1/reputation/arbitrators", directory::arbitrators, docs::hires::arbitrators()),
        Route::get("/api/v1/reputation/{agentId}", directory::reputation, docs::hires::reputation()),
        Route::get("/api/v1/events", events::follow, docs::hires::events()),
        Route::get("/api/v1/config", stats::config, docs::hires::config()),
        Route::get("/api/v1/stats", stats::all, docs::hires::stats()),
        Route::get("/api/v1/stats/jobs", stats::jobs, docs::hires::stats_of_jobs()),
        Route::get("/api/v1/treasury", stats::treasury, docs::hires::treasury()),
        Route::get("/api/v1/jobs", jobs::list, docs::hires::jobs()),
        Route::post("/api/v1/jobs", hire::create, docs::hires::create()),
        Route::get("/api/v1/jobs/{jobId}", jobs::show, docs::hires::job()),
        Route::patch("/api/v1/jobs/{jobId}/metadata", hire::describe, docs::hires::describe()),
        Route::post("/api/v1/jobs/{jobId}/budget", hire::fund, docs::hires::fund()),
        Route::post("/api/v1/jobs/{jobId}/provider", hire::engage, docs::hires::engage()),
        Route::post("/api/v1/jobs/{jobId}/evaluate", hire::appoint, docs::hires::appoint()),
        Route::post("/api/v1/jobs/{jobId}/submit", hire::submit, docs::hires::submit()),
        Route::post("/api/v1/jobs/{jobId}/complete", hire::complete, docs::hires::complete()),
        Route::post("/api/v1/jobs/{jobId}/reject", hire::reject, docs::hires::reject()),
        Route::post("/api/v1/jobs/{jobId}/cancel", hire::cancel, docs::hires::cancel()),
        Route::post("/api/v1/jobs/{jobId}/refund", hire::reclaim, docs::hires::reclaim()),
        Route::get("/api/v1/jobs/{jobId}/deliverable", jobs::deliverable, docs::hires::deliverable()),
        Route::get("/api/v1/jobs/{jobId}/offers", offers::list, docs::hires::offers()),
        Route::post("/api/v1/jobs/{jobId}/offers", offers::make, docs::hires::offer()),
        Route::delete(
            "/api/v1/jobs/{jobId}/offers/{agentId}",
            offers::withdraw,
            docs::hires::withdraw_offer(),
        ),
        Route::get("/api/v1/jobs/{jobId}/dispute", disputes::of_job, docs::hires::dispute_of_job()),
        Route::post("/api/v1/jobs/{jobId}/dispute", disputes::file, docs::hires::file()),
        Route::get("/api/v1/disputes", disputes::list, docs::hires::disputes()),
        Route::get("/api/v1/disputes/{disputeId}", disputes::show, docs::hires::dispute()),
        Route::post("/api/v1/disputes/{disputeId}/commit", disputes::commit, docs::hires::commit()),
        Route::post("/api/v1/disputes/{disputeId}/reveal", disputes::reveal, docs::hires::reveal()),
    ]
}
