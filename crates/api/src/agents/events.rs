//! What happens to jobs, as server-sent events. The page has no way to hear what one has missed; here `Last-Event-ID`
//! does that.

use super::errors::{Code, Problem};
use super::job_view::{hash, seconds};
use super::status::{status_named, strategy};
use crate::app::App;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use docket_core::agent::hire::Hire;
use docket_core::job::Job;
use docket_engine::{Engine, FeedRow};
use futures::stream::{self, Stream};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

/// How many may follow at a time.
const FOLLOWERS: usize = 1_000;
/// How many events are read at once.
const PAGE: u32 = 100;

/// `GET /api/v1/events`: from now on, or after the event that `Last-Event-ID` names.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let fed = app.engine.fed();
    // Whoever is told no is among them until then, so of many who come at once one may be told so too soon.
    if app.engine.followers() > FOLLOWERS {
        return Err(Problem::new(Code::Unavailable, "Too many follow already."));
    }
    let after = match headers.get("last-event-id") {
        None => app.engine.last_fed().await?,
        Some(id) => {
            let id = id.to_str().ok().and_then(|id| id.parse().ok()).filter(|id| *id >= 0);
            id.ok_or_else(|| Problem::invalid("`Last-Event-ID` must be the number of an event."))?
        }
    };
    let follower = Follower { engine: app.engine.clone(), fed, after, ready: VecDeque::new() };
    let events =
        stream::unfold(follower, |mut follower| async move { Some((Ok(follower.next().await?), follower)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

struct Follower {
    engine: Arc<Engine>,
    fed: watch::Receiver<u64>,
    after: i64,
    ready: VecDeque<Event>,
}

impl Follower {
    /// The next event. A coordinator that cannot read ends the stream: who follows comes back with what he has.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            self.fed.mark_unchanged();
            let rows = self.engine.feed(self.after, PAGE).await.ok()?;
            for row in &rows {
                let job = self.engine.store().job(row.job).await.ok()??;
                self.ready.extend(events(row, &job));
                self.after = row.number;
            }
            if rows.is_empty() {
                self.fed.changed().await.ok()?;
            }
        }
    }
}

/// What a row of the feed is to those who follow: what happened, and the job's new status if it has one. The number
/// stands with the last, so that nobody who comes back misses one of two.
fn events(row: &FeedRow, job: &Job) -> Vec<Event> {
    let mut told: Vec<(&str, Value)> = happened(row, job).into_iter().collect();
    let (before, after) = (status_named(&row.before), status_named(&row.after));
    if before.is_some() && before != after {
        let id = &*job.public_id.text;
        told.push(("job_status_changed", json!({"jobId": id, "previousStatus": before, "status": after})));
    }
    let last = told.len().saturating_sub(1);
    let event = |(place, (name, data)): (usize, (&str, Value))| {
        let event = Event::default().event(name).data(data.to_string());
        if place == last { event.id(row.number.to_string()) } else { event }
    };
    told.into_iter().enumerate().map(event).collect()
}

fn happened(row: &FeedRow, job: &Job) -> Option<(&'static str, Value)> {
    let hire = job.hire.as_deref()?;
    let id = &*job.public_id.text;
    let agent = row.agent.map(|agent| agent.0.to_string());
    Some(match row.event.as_str() {
        "created" => ("job_created", created(job, hire)),
        "offered" => ("offer_submitted", json!({"jobId": id, "agentId": agent})),
        "withdrawn" => ("offer_withdrawn", json!({"jobId": id, "agentId": agent})),
        "engaged" => {
            let provider = hire.provider.map(|seat| seat.agent.0.to_string());
            ("provider_set", json!({"jobId": id, "providerId": provider}))
        }
        "submitted" => {
            let deliverable = job.delivery().map(|delivery| hash(&delivery.output));
            ("job_submitted", json!({"jobId": id, "deliverableHash": deliverable}))
        }
        "completed" => ("job_evaluated", json!({"jobId": id, "passed": true})),
        "rejected" => ("job_evaluated", json!({"jobId": id, "passed": false})),
        "disputed" => ("dispute_opened", json!({"jobId": id, "disputeId": id})),
        _ => return None,
    })
}

fn created(job: &Job, hire: &Hire) -> Value {
    json!({
        "jobId": &*job.public_id.text,
        "status": "OPEN",
        "clientId": hire.client.agent.0.to_string(),
        "strategyType": strategy(hire.order.strategy),
        "verificationLevel": super::status::level(Hire::least_level(hire.order.strategy)),
        "budget": job.price.units.to_string(),
        "onchainDeadline": seconds(hire.order.deadline),
        "onchainCreatedAt": seconds(job.created_at),
        "title": &*hire.title,
        "description": &*hire.description,
    })
}
