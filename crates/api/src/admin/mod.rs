//! The operator's API, `/admin/v1`: whoever has the token sees and moves everything.

mod accounts;
mod arbitrators;
mod auth;
mod code;
mod docs;
mod events;
mod jobs;
mod keys;
mod market;
mod nodes;
mod paging;
mod problem;
mod reputation;
mod stake;
mod views;
mod workers;

pub(crate) use auth::require_token;
pub(crate) use docs::schemas;
pub(crate) use problem::{failed, method_not_allowed, not_found};

use crate::route::{Guard, Route};

pub(crate) fn routes() -> Vec<Route> {
    let parts = [
        jobs::routes(),
        workers::routes(),
        nodes::routes(),
        stake::routes(),
        arbitrators::routes(),
        accounts::routes(),
        keys::routes(),
        market::routes(),
    ];
    parts.into_iter().flatten().map(|route| route.guarded(Guard::Operator)).collect()
}
