//! What everybody may see: what has happened, newest first, and what was counted.

use super::errors::Problem;
use super::jobs::requester;
use super::nodes::page;
use super::terms::coins;
use super::wire::{Answer, address, answer};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use docket_core::agent::tally::Tally;
use docket_core::change::Notice;
use docket_core::id::JobId;
use docket_core::money::Amount;
use docket_engine::{EngineError, NoticeRow};
use docket_protocol::instant;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Deserialize)]
pub(super) struct FeedQuery {
    limit: Option<String>,
    offset: Option<String>,
}

/// So many events are kept as they were shown last.
const KEPT: usize = 4_096;

/// The newest events of jobs, which never change, by their numbers: whoever follows the feed asks for the same again and
/// again.
#[derive(Default)]
pub(crate) struct Feed(Mutex<BTreeMap<i64, EventView>>);

impl Feed {
    fn shown(&self) -> MutexGuard<'_, BTreeMap<i64, EventView>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, number: i64) -> Option<EventView> {
        self.shown().get(&number).cloned()
    }

    fn keep(&self, number: i64, event: EventView) {
        let mut shown = self.shown();
        shown.insert(number, event);
        if shown.len() > KEPT {
            shown.pop_first();
        }
    }
}

/// A page of what has happened.
#[derive(Serialize)]
pub(super) struct FeedView {
    events: Vec<EventView>,
    total: u64,
}

/// Something that has happened.
#[derive(Clone, Serialize)]
struct EventView {
    id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Value,
}

/// `GET /api/explorer/feed`.
pub(super) async fn feed(
    State(app): State<Arc<App>>,
    query: Result<Query<FeedQuery>, QueryRejection>,
) -> Answer<FeedView> {
    let Query(query) = query?;
    let (rows, total) = app.engine.notices(page(query.limit.as_deref(), query.offset.as_deref())?).await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        events.push(event(&app, row).await?);
    }
    answer(FeedView { events, total })
}

async fn event(app: &App, row: NoticeRow) -> Result<EventView, Problem> {
    if let Some(shown) = app.feed.get(row.number) {
        return Ok(shown);
    }
    let is_lasting = !matches!(row.notice, Notice::Enrolled(_));
    let (kind, data) = match row.notice {
        Notice::Enrolled(wallet) => ("node_registered", enrolled(app, wallet)),
        Notice::Funded(job) => ("job_submitted", job_data(app, job, false).await?),
        Notice::Done(job) => ("job_completed", job_data(app, job, true).await?),
    };
    let (id, timestamp) = (format!("evt_{}", row.number), instant::format(row.at.0));
    let event = EventView { id, kind, timestamp, data };
    if is_lasting {
        app.feed.keep(row.number, event.clone());
    }
    Ok(event)
}

fn enrolled(app: &App, wallet: docket_core::agent::identity::Wallet) -> Value {
    let tier = app.engine.node(wallet).ok().map(|node| node.enrolment.offer.gpu_tier);
    json!({"address": address(wallet), "gpuTier": tier})
}

async fn job_data(app: &App, id: JobId, done: bool) -> Result<Value, Problem> {
    let Some(job) = app.engine.store().job(id).await.map_err(EngineError::from)? else {
        return Ok(json!({}));
    };
    let echo = app.engine.store().echo(id).await.map_err(EngineError::from)?;
    let model = echo.as_deref().and_then(|echo| echo.split_once('\n')).map(|(model, _)| model.to_owned());
    let mut data = json!({
        "jobId": &*job.public_id.text,
        "modelId": model,
        "requester": requester(&job.client).map(address),
        "costWei": job.price.units.to_string(),
        "costEth": coins(job.price),
    });
    if done {
        let parts = job.policy.split.divide(job.price);
        let worker = job.delivery().and_then(|delivery| delivery.worker());
        data["node"] = json!(worker.and_then(|worker| app.engine.wallet_of(&worker)).map(address));
        data["earnedWei"] = json!(parts.worker.units.to_string());
        data["burnedWei"] = json!(parts.burned.units.to_string());
    }
    Ok(data)
}

/// What was counted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatsView {
    total_nodes: usize,
    online_nodes: usize,
    /// By class.
    nodes_by_tier: BTreeMap<u8, Counted>,
    total_jobs: i128,
    completed_jobs: i128,
    expired_jobs: i128,
    total_earned_wei: String,
    total_earned_eth: String,
    total_burned_wei: String,
    total_burned_eth: String,
}

#[derive(Serialize, Default)]
struct Counted {
    registered: usize,
    online: usize,
}

/// `GET /api/explorer/stats`.
pub(super) async fn stats(State(app): State<Arc<App>>) -> Answer<StatsView> {
    let presence = app.engine.presence();
    let counts = app.engine.work_counts().await?;
    let of = |tally| counts.get(&tally).copied().unwrap_or_default();
    let money =
        |tally| Amount::new(u128::try_from(of(tally)).unwrap_or_default(), app.engine.ledger().coin());
    let mut nodes_by_tier: BTreeMap<u8, Counted> = BTreeMap::new();
    for (tier, registered) in presence.enrolled {
        nodes_by_tier.entry(tier).or_default().registered = registered;
    }
    for (tier, online) in presence.online {
        nodes_by_tier.entry(tier).or_default().online = online;
    }
    let (earned, burned) = (money(Tally::Earned), money(Tally::Burned));
    answer(StatsView {
        total_nodes: nodes_by_tier.values().map(|counted| counted.registered).sum(),
        online_nodes: nodes_by_tier.values().map(|counted| counted.online).sum(),
        nodes_by_tier,
        total_jobs: of(Tally::Asked),
        completed_jobs: of(Tally::Done),
        expired_jobs: of(Tally::Returned),
        total_earned_wei: earned.units.to_string(),
        total_earned_eth: coins(earned),
        total_burned_wei: burned.units.to_string(),
        total_burned_eth: coins(burned),
    })
}
