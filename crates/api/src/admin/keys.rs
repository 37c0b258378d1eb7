//! API keys as the operator makes, sees and revokes them. A secret is shown once, when it is made.

use super::docs;
use super::paging::{Page, PageQuery};
use super::problem::{Named, Problem};
use super::views::{Money, at};
use crate::app::App;
use crate::limits::read_body;
use crate::route::Route;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_core::id::ClientId;
use docket_core::key::{ApiKey, KeyNumber, Limits};
use docket_core::money::{Amount, Asset};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Before the name of every client that has keys: only the dialect `credits` knows them.
const SCOPE: &str = "credits:";
/// The longest name of a client, in bytes.
const NAME: usize = 64;
/// The longest label, in characters.
const LABEL: usize = 100;
/// More than any currency has: beyond it somebody has mistaken the unit.
const MOST: u128 = 10_u128.pow(30);

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/admin/v1/keys", list, docs::list_keys()),
        Route::post("/admin/v1/keys", create, docs::create_key()),
        Route::delete("/admin/v1/keys/{number}", revoke, docs::revoke_key()),
    ]
}

/// A key, without its secret.
#[derive(Serialize)]
struct Key {
    number: String,
    client: String,
    /// Whose money it spends.
    account: String,
    label: String,
    created_at: String,
    revoked_at: Option<String>,
    limit_day: Option<Money>,
    limit_all: Option<Money>,
}

impl Key {
    fn of(key: &ApiKey, asset: Asset) -> Self {
        let limit = |units: Option<u128>| units.map(|units| Money::from(Amount::new(units, asset)));
        Self {
            number: key.number().to_string(),
            client: key.client.0.strip_prefix(SCOPE).unwrap_or(&key.client.0).to_owned(),
            account: format!("client:{}", key.client.0),
            label: key.label.to_string(),
            created_at: at(key.created_at),
            revoked_at: key.revoked_at.map(at),
            limit_day: limit(key.limits.per_day),
            limit_all: limit(key.limits.in_all),
        }
    }
}

/// A key with what it has spent.
#[derive(Serialize)]
struct KeyRow {
    #[serde(flatten)]
    key: Key,
    /// On this day of UTC.
    spent_day: Money,
    spent_all: Money,
}

/// A key with its secret, which is never shown again.
#[derive(Serialize)]
struct NewKey<'a> {
    #[serde(flatten)]
    key: Key,
    secret: &'a str,
}

#[derive(Deserialize)]
struct ClientQuery {
    client: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    client: String,
    #[serde(default)]
    label: String,
    /// Minor units, as decimal text.
    limit_day: Option<String>,
    limit_all: Option<String>,
}

fn client(name: &str) -> Result<ClientId, Problem> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    match (1..=NAME).contains(&name.len()) && name.bytes().all(letter) {
        true => Ok(ClientId(format!("{SCOPE}{name}").into())),
        false => Err(Problem::invalid("client must be 1 to 64 letters, digits, '-', '_', '.' or '@'")),
    }
}

fn number(text: &str) -> Result<KeyNumber, Problem> {
    let words =
        "the number of a key is key_ and 12 hexadecimal digits; the secret of a key has no place here";
    KeyNumber::parse(text).ok_or_else(|| Problem::invalid(words))
}

fn limit(text: Option<&str>) -> Result<Option<u128>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let units = text.parse().ok().filter(|units| digits && *units <= MOST);
    let words = "a limit must be whole minor units as text, such as \"1000000\"";
    units.map(Some).ok_or_else(|| Problem::invalid(words))
}

/// `GET /admin/v1/keys`: those of one client or of all, in the order of their numbers.
async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<PageQuery>, QueryRejection>,
    of: Result<Query<ClientQuery>, QueryRejection>,
) -> Result<Json<Page<KeyRow>>, Problem> {
    let (Query(query), Query(of)) = (query?, of?);
    let limit = query.limit()?;
    let after = query.after().map(number).transpose()?;
    let client = of.client.as_deref().map(client).transpose()?;
    let mut rows = app.engine.keys(client.as_ref(), after).await?;
    rows.truncate(limit as usize);
    let next = || rows.last().map(|row| row.key.number().to_string());
    let money = |units| Money::from(Amount::new(units, app.asset()));
    let shown = rows.iter().map(|row| KeyRow {
        key: Key::of(&row.key, app.asset()),
        spent_day: money(row.spent_on_day),
        spent_all: money(row.spent_in_all),
    });
    Ok(Json(Page::of(shown.collect(), limit, next)))
}

/// `POST /admin/v1/keys`: the only answer that has the secret.
async fn create(State(app): State<Arc<App>>, body: Body) -> Result<Response, Problem> {
    let body = read_body(body, app.settings.limits.body).await?;
    let wanted: Create = serde_json::from_slice(&body)
        .map_err(|error| Problem::invalid(format!("the body is not as it should be: {error}")))?;
    if wanted.label.chars().count() > LABEL || wanted.label.chars().any(char::is_control) {
        return Err(Problem::invalid(
            "label must be at most 100 characters, none of them a control character",
        ));
    }
    let limits =
        Limits { per_day: limit(wanted.limit_day.as_deref())?, in_all: limit(wanted.limit_all.as_deref())? };
    let made = app.engine.create_key(client(&wanted.client)?, wanted.label.into(), limits).await;
    let (secret, key) = made?;
    let shown = NewKey { key: Key::of(&key, app.asset()), secret: secret.expose() };
    let unkept = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, unkept, Json(shown)).into_response())
}

/// `DELETE /admin/v1/keys/{number}`: it funds nothing from now on. A repeat changes nothing.
async fn revoke(State(app): State<Arc<App>>, Named(name): Named) -> Result<Json<Key>, Problem> {
    let revoked = app.engine.revoke_key(number(&name)?).await?;
    let key = revoked.ok_or_else(|| Problem::no_such("key"))?;
    Ok(Json(Key::of(&key, app.asset())))
}
