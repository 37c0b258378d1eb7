//! What workers put down as a surety, as the operator books it.

use super::accounts::{MOST, idempotency_key};
use super::docs::{idempotent, of_worker, reading};
use super::problem::{Named, Problem};
use super::views::Money;
use super::workers::parse;
use crate::app::App;
use crate::limits::read_body;
use crate::openapi::{Operation, choice, count, nullable, object, reference};
use crate::route::Route;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use docket_core::money::Amount;
use docket_engine::{EngineError, StakeChange};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/admin/v1/workers/{id}/stake", change, docs())]
}

/// What is to be done.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Money that has come in from outside is put down.
    Deposit,
    /// What the worker has earned is put down.
    Keep,
    /// The worker has it back, among what it has earned.
    Withdraw,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    action: Action,
    /// Minor units, as decimal text.
    amount: String,
}

#[derive(Serialize)]
struct Changed {
    worker: String,
    /// What is at stake now.
    stake: Money,
    /// Whether so much counts.
    counts: bool,
    /// The place in the log; `null` for a repeat, which moved nothing.
    log_index: Option<u64>,
    repeated: bool,
}

/// `POST /admin/v1/workers/{id}/stake`: changes what a worker has at stake, once for each `Idempotency-Key`.
async fn change(
    State(app): State<Arc<App>>,
    Named(id): Named,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let worker = parse(&id)?;
    let key = idempotency_key(&headers)?;
    let body = read_body(body, app.settings.limits.body).await?;
    let wish: Wish = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("the body is not as it should be: {error}")))?;
    let digits = wish.amount.bytes().all(|byte| byte.is_ascii_digit());
    let units = wish.amount.parse().ok().filter(|units| digits && (1..=MOST).contains(units));
    let units = units.ok_or_else(|| {
        Problem::invalid("amount must be whole minor units as text, such as \"10000000\", and above zero")
    })?;
    if app.engine.store().worker(worker).await.map_err(EngineError::from)?.is_none() {
        return Err(Problem::no_such("worker"));
    }
    let change = match wish.action {
        Action::Deposit => StakeChange::FromOutside,
        Action::Keep => StakeChange::FromEarnings,
        Action::Withdraw => StakeChange::Back,
    };
    let log_index = app.engine.change_stake(worker, change, Amount::new(units, app.asset()), key).await?;
    let staked = app.engine.staked(worker).await.map_err(EngineError::from)?;
    let repeated = log_index.is_none();
    let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
    let changed = Changed {
        worker: worker.to_string(),
        stake: Amount::new(staked, app.asset()).into(),
        counts: staked >= app.settings.prices.stake().least,
        log_index,
        repeated,
    };
    Ok((status, Json(changed)))
}

fn docs() -> Operation {
    let body = object(&[
        ("action", choice(&["deposit", "keep", "withdraw"])),
        ("amount", json!({"type": "string", "pattern": "^[1-9][0-9]{0,29}$"})),
    ]);
    let changed = object(&[
        ("worker", reference("Key")),
        ("stake", reference("Money")),
        ("counts", json!({"type": "boolean", "description": "Whether so much counts."})),
        ("log_index", nullable(count("The place in the log."))),
        ("repeated", json!({"type": "boolean"})),
    ]);
    let summary = "Changes what a worker has at stake, once for each key: `deposit` from outside, `keep` of what it \
                   has earned, `withdraw` to what it has earned.";
    idempotent(of_worker(reading(summary)))
        .body(body)
        .json(201, "It is booked.", changed.clone())
        .json(200, "It was booked before under this key.", changed)
        .problem(409, "The books refuse it, or a job may still cost the worker its stake.")
        .problem(413, "The body is too large.")
        .problem(422, "The key was used with another request.")
}
