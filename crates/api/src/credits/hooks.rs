//! Webhooks: where an account wants to be told what happens to its jobs, what it was told, and that once more.

use super::asked::Asked;
use super::auth::Caller;
use super::errors::{Code, Problem};
use super::events::{WORDS, event_name, hook_name, occasion, word};
use super::wire::seconds;
use crate::app::App;
use crate::post::{SigningKey, parse_url};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, RawPathParams, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use docket_core::hash::Sha256;
use docket_core::hook::{
    Delivery, DeliveryState, EventId, Hook, HookId, HookSecret, HookStatus, Occasion, Outcome,
};
use docket_core::id::Dialect;
use docket_core::key::ApiKey;
use docket_engine::{DeliveryRow, NewHook, Rotated};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Serialize)]
pub(super) struct HookView {
    id: String,
    url: String,
    events: Vec<&'static str>,
    created_at: String,
    status: &'static str,
    /// What deliveries are signed with; shown to who has made the webhook, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<&Hook> for HookView {
    fn from(hook: &Hook) -> Self {
        Self {
            id: hook_name(hook.id),
            url: hook.url.to_string(),
            events: hook.occasions.iter().map(|occasion| word(*occasion)).collect(),
            created_at: seconds(hook.created_at),
            status: if hook.status == HookStatus::Active { "active" } else { "disabled" },
            secret: None,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Page<T> {
    object: &'static str,
    data: Vec<T>,
    has_more: bool,
    next_cursor: Option<String>,
}

/// `POST /v1/webhooks`.
pub(super) async fn create(asked: Asked) -> Result<impl IntoResponse, Problem> {
    let Asked { app, key, body, .. } = &asked;
    let scoped = |name| format!("credits:webhook:{}:{name}", key.id.0).into();
    let claim = asked.idempotency_key()?.map(|name| (scoped(name), Sha256::of(body)));
    let new = parse(app, key, body, claim)?;
    let gone = || Problem::new(Code::WebhookNotFound, "The webhook that this request has made was deleted.");
    let hook = app.engine.create_hook(new).await?.ok_or_else(gone)?;
    let view = HookView { secret: Some(hook.secret.0.to_string()), ..HookView::from(&hook) };
    Ok((StatusCode::CREATED, unkept(), Json(view)))
}

fn parse(
    app: &App,
    key: &ApiKey,
    body: &[u8],
    claim: Option<(Arc<str>, Sha256)>,
) -> Result<NewHook, Problem> {
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
        Problem::new(Code::InvalidRequest, format!("The body is no JSON object: {error}."))
    })?;
    let url = body.get("url").and_then(Value::as_str);
    let url = url.ok_or_else(|| Problem::at("url", "`url` must be a text."))?;
    parse_url(url, app.settings.webhooks_to).map_err(|why| Problem::at("url", format!("`url` {why}.")))?;
    let secret = match body.get("secret") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(HookSecret(text.as_str().into())),
        Some(_) => return Err(unsound_secret()),
    };
    if secret.as_ref().is_some_and(|secret| SigningKey::parse(secret).is_none()) {
        return Err(unsound_secret());
    }
    Ok(NewHook {
        dialect: Dialect::Credits,
        client: key.client.clone(),
        url: url.into(),
        occasions: occasions(body.get("events")).ok_or_else(|| {
            let known: Vec<_> = WORDS.iter().map(|(word, _)| *word).collect();
            Problem::at("events", format!("`events` must be a list of some of {}.", known.join(", ")))
        })?,
        secret,
        key: claim,
    })
}

fn unsound_secret() -> Problem {
    Problem::at(
        "secret",
        "`secret` must be `whsec_` and the base64 of 16 to 256 bytes, or another text of 16 to 256 bytes.",
    )
}

fn occasions(events: Option<&Value>) -> Option<BTreeSet<Occasion>> {
    let words = events?.as_array().filter(|words| !words.is_empty())?;
    words.iter().map(|word| occasion(word.as_str()?)).collect()
}

/// What a path names: a webhook, and perhaps an event of it. What cannot be a name names nothing.
pub(super) struct Named {
    hook: HookId,
    event: Option<EventId>,
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = RawPathParams::from_request_parts(parts, state).await.map_err(|_| no_hook())?;
        let named = |part| names.iter().find(|(name, _)| *name == part).map(|(_, text)| text);
        let hook = named("id").and_then(|text| HookId::parse(text.strip_prefix("wh_")?));
        Ok(Self { hook: hook.ok_or_else(no_hook)?, event: named("event_id").and_then(parse_event) })
    }
}

/// The webhook, if it is the caller's account's. Of another's nobody learns that it is there.
async fn of_caller(app: &App, key: &ApiKey, named: &Named) -> Result<Hook, Problem> {
    app.engine.hook(&key.client, named.hook).await?.ok_or_else(no_hook)
}

fn no_hook() -> Problem {
    Problem::new(Code::WebhookNotFound, "This account has no such webhook.")
}

fn no_event() -> Problem {
    Problem::new(Code::EventNotFound, "This webhook knows no such event, or not any more.")
}

/// `GET /v1/webhooks`: all of them, the oldest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
) -> Result<Json<Page<HookView>>, Problem> {
    let hooks = app.engine.hooks(&key.client).await?;
    let data = hooks.iter().map(HookView::from).collect();
    Ok(Json(Page { object: "list", data, has_more: false, next_cursor: None }))
}

/// `GET /v1/webhooks/{id}`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    named: Named,
) -> Result<Json<HookView>, Problem> {
    Ok(Json(HookView::from(&of_caller(&app, &key, &named).await?)))
}

/// `DELETE /v1/webhooks/{id}`.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    named: Named,
) -> Result<StatusCode, Problem> {
    let hook = of_caller(&app, &key, &named).await?;
    let deleted = app.engine.delete_hook(&key.client, hook.id).await?;
    if deleted { Ok(StatusCode::NO_CONTENT) } else { Err(no_hook()) }
}

/// `POST /v1/webhooks/{id}/rotate`: another secret. The one before goes on signing for a day.
pub(super) async fn rotate(
    named: Result<Named, Problem>,
    asked: Asked,
) -> Result<impl IntoResponse, Problem> {
    let Asked { app, key, body, .. } = &asked;
    let named = named?;
    let scoped = |name| format!("credits:rotation:{}:{name}", key.id.0).into();
    let request = Sha256::of(&[hook_name(named.hook).as_bytes(), b"\n", body].concat());
    let claim = asked.idempotency_key()?.map(|name| (scoped(name), request));
    let rotated = app.engine.rotate_hook(&key.client, named.hook, Dialect::Credits, claim).await?;
    let Rotated { hook, secret } = rotated.ok_or_else(no_hook)?;
    let hook = still_told(hook)?;
    let gone = || {
        let words = "The secret that this request has made was replaced since, and is kept no more.";
        Problem::new(Code::WrongState, words)
    };
    let secret = secret.ok_or_else(gone)?;
    Ok((unkept(), Json(HookView { secret: Some(secret.0.to_string()), ..HookView::from(&hook) })))
}

/// For an answer with a secret in it: nobody on the way is to keep it.
fn unkept() -> [(HeaderName, HeaderValue); 1] {
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))]
}

/// `POST /v1/webhooks/{id}/test`: sends a `ping`.
pub(super) async fn test(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    named: Named,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let hook = active(&app, &key, &named).await?;
    let ping = app.engine.ping_hook(hook.id).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::from(&ping))))
}

/// A hook of the caller that is still told things.
async fn active(app: &App, key: &ApiKey, named: &Named) -> Result<Hook, Problem> {
    still_told(of_caller(app, key, named).await?)
}

fn still_told(hook: Hook) -> Result<Hook, Problem> {
    if hook.status == HookStatus::Active {
        return Ok(hook);
    }
    let words = "This webhook has answered 410 and is told nothing more. Delete it, and make another.";
    Err(Problem::new(Code::WebhookDisabled, words))
}

#[derive(Serialize)]
pub(super) struct DeliveryView {
    event_id: String,
    r#type: &'static str,
    job_id: Option<String>,
    created_at: String,
    status: &'static str,
    attempts: u32,
    last_status: Option<u16>,
    last_error: Option<&'static str>,
    next_attempt_at: Option<String>,
    delivered_at: Option<String>,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        let (status, next, delivered) = match delivery.state {
            DeliveryState::Waiting(at) => ("pending", Some(at), None),
            DeliveryState::Delivered(at) => ("delivered", None, Some(at)),
            DeliveryState::Failed(_) | DeliveryState::Forgotten => ("failed", None, None),
        };
        let (last_status, last_error) = match delivery.last {
            None => (None, None),
            Some(Outcome::Answered(status)) => (Some(status), None),
            Some(Outcome::Unheard(trouble)) => (None, Some(trouble.name())),
        };
        Self {
            event_id: event_name(delivery.id),
            r#type: word(delivery.occasion),
            job_id: delivery.job.as_ref().map(|job| job.text.to_string()),
            created_at: seconds(delivery.at),
            status,
            attempts: delivery.attempts,
            last_status,
            last_error,
            next_attempt_at: next.map(seconds),
            delivered_at: delivered.map(seconds),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct DeliveriesQuery {
    limit: Option<String>,
    before: Option<String>,
}

/// `GET /v1/webhooks/{id}/deliveries`: the newest first.
pub(super) async fn deliveries(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    named: Named,
    query: Result<Query<DeliveriesQuery>, QueryRejection>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let hook = of_caller(&app, &key, &named).await?;
    let Query(query) = query.map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
    let limit = query.limit.as_deref().map_or(Some(20), |text| text.parse().ok());
    let limit: u32 = limit
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| Problem::at("limit", "`limit` must be between 1 and 100."))?;
    let before = match query.before.as_deref() {
        None => None,
        Some(name) => {
            let known = known_event(&app, &hook, name).await?;
            let unknown = || Problem::at("before", "`before` names no event of this webhook.");
            Some(known.ok_or_else(unknown)?.number)
        }
    };
    let rows = app.engine.deliveries(hook.id, before, limit).await?;
    let oldest = rows.last().filter(|_| rows.len() == limit as usize);
    let next = match oldest {
        Some(row) => app.engine.deliveries(hook.id, Some(row.number), 1).await?,
        None => Vec::new(),
    };
    let next_cursor = oldest.filter(|_| !next.is_empty()).map(|row| event_name(row.delivery.id));
    let data = rows.iter().map(|row| DeliveryView::from(&row.delivery)).collect();
    Ok(Json(Page { object: "list", data, has_more: next_cursor.is_some(), next_cursor }))
}

async fn known_event(app: &App, hook: &Hook, name: &str) -> Result<Option<DeliveryRow>, Problem> {
    let Some(event) = parse_event(name) else { return Ok(None) };
    Ok(app.engine.delivery(hook.id, event).await?)
}

fn parse_event(name: &str) -> Option<EventId> {
    name.strip_prefix("evt_").and_then(EventId::parse)
}

/// `POST /v1/webhooks/{id}/deliveries/{event_id}/replay`: tells it once more, for another day.
pub(super) async fn replay(
    State(app): State<Arc<App>>,
    Caller(key): Caller,
    named: Named,
) -> Result<(StatusCode, Json<DeliveryView>), Problem> {
    let hook = active(&app, &key, &named).await?;
    let event = named.event.ok_or_else(no_event)?;
    let again = app.engine.replay_delivery(hook.id, event).await?.ok_or_else(no_event)?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryView::from(&again))))
}
