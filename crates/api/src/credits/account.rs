//! The credits of the account behind an API key.

use super::auth::Caller;
use super::errors::{Code, Problem};
use super::price::credits as in_credits;
use super::wire::seconds;
use crate::app::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::ledger::Account;
use docket_engine::EngineError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct Credits {
    object: &'static str,
    /// What can be spent now.
    balance: Box<RawValue>,
    /// What jobs without an answer hold. What was charged is not in it, even while it may be disputed.
    held: Box<RawValue>,
    /// What was charged under this key, with what it holds: what its limits count.
    spent: Box<RawValue>,
}

/// `GET /v1/credits`.
pub(super) async fn credits(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
) -> Result<Json<Credits>, Problem> {
    let store = app.engine.store();
    let rows = store.balance(&Account::Client(key.client.clone())).await.map_err(EngineError::from)?;
    let asset = app.asset();
    let balance = rows.iter().find(|row| row.asset == asset.name()).map_or(0, |row| row.units);
    let held = store.held(&key.client, asset);
    let spent = app.engine.spent_under(&key).await?;
    Ok(Json(Credits {
        object: "credits",
        balance: in_credits(u128::try_from(balance).unwrap_or_default()),
        held: in_credits(held),
        spent: in_credits(spent),
    }))
}

#[derive(Deserialize)]
pub(super) struct StatementQuery {
    limit: Option<String>,
    before: Option<String>,
}

#[derive(Serialize)]
struct Movement {
    id: String,
    created_at: String,
    event: String,
    job_id: Option<String>,
    /// Negative where credits left the account.
    credits: Box<RawValue>,
}

#[derive(Serialize)]
pub(super) struct Statement {
    object: &'static str,
    data: Vec<Movement>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// `GET /v1/credits/statement`: every movement of the account, the newest first.
pub(super) async fn statement(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Json<Statement>, Problem> {
    let Query(query) = query.map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
    let limit = query.limit.as_deref().map_or(Some(20), |text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=100).contains(limit));
    let limit: usize = limit.ok_or_else(|| Problem::at("limit", "`limit` must be between 1 and 100."))?;
    let before = query.before.as_deref().map(|text| text.parse::<i64>()).transpose();
    let before = before.map_err(|_| Problem::at("before", "`before` must be the id of a movement."))?;
    let account = Account::Client(key.client.clone());
    let mut rows = app.engine.store().statement(&account, before).await.map_err(EngineError::from)?;
    let has_more = rows.len() > limit || rows.len() >= 100;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(|row| row.id.to_string());
    let data = rows.into_iter().map(|row| {
        let units = in_credits(row.amount.units);
        let signed = if row.from == account { format!("-{units}") } else { units.get().to_owned() };
        Movement {
            id: row.id.to_string(),
            created_at: seconds(row.at),
            event: row.event,
            job_id: row.job.map(|job| job.text.to_string()),
            credits: RawValue::from_string(signed).unwrap_or(units),
        }
    });
    Ok(Json(Statement { object: "list", data: data.collect(), has_more, next_cursor }))
}
