//! Pairing: which workers a user trusts with private jobs.

use super::docs;
use super::errors::Problem;
use super::wire::is_user_id;
use crate::app::App;
use crate::limits::read_body;
use crate::route::Route;
use crate::serve::Peer;
use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use docket_core::id::{ClientId, WorkerId};
use docket_engine::EngineError;
use docket_protocol::instant;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/trust/create", create, docs::create_pairing()),
        Route::post("/v1/trust/claim", claim, docs::claim_pairing()),
        Route::get("/v1/trust/list", list, docs::list_trusted()),
    ]
}

#[derive(Deserialize)]
struct User {
    user_id: Option<String>,
}

impl User {
    fn client(self) -> Result<ClientId, Problem> {
        let user = self.user_id.filter(|user| is_user_id(user));
        let user = user.ok_or_else(|| Problem::bad_request("Missing user_id"))?;
        Ok(ClientId(format!("quotes:{user}").into()))
    }
}

#[derive(Serialize)]
struct Created {
    pairing_code: String,
    expires_at: String,
}

/// `POST /v1/trust/create`: a code of six upper-case hexadecimal digits, good for an hour and for one worker.
async fn create(State(app): State<Arc<App>>, body: Body) -> Result<(StatusCode, Json<Created>), Problem> {
    let client = read::<User>(&app, body).await?.client()?;
    let pairing = app.engine.create_pairing(client).await?;
    let expires_at = instant::format(pairing.expires_at.0);
    Ok((StatusCode::CREATED, Json(Created { pairing_code: pairing.code, expires_at })))
}

#[derive(Deserialize)]
struct Claim {
    pairing_code: Option<String>,
    provider_pubkey: Option<String>,
}

#[derive(Serialize)]
struct Claimed {
    user_id: String,
    paired_at: String,
}

/// `POST /v1/trust/claim`: the owner of a worker enters the code that the user has shown him.
async fn claim(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    body: Body,
) -> Result<Json<Claimed>, Problem> {
    let claim = read::<Claim>(&app, body).await?;
    let (Some(code), Some(key)) = (claim.pairing_code, claim.provider_pubkey) else {
        return Err(Problem::bad_request("Missing required fields: pairing_code, provider_pubkey"));
    };
    let worker = WorkerId::from_hex(&key)
        .ok_or_else(|| Problem::bad_request("Invalid provider_pubkey: 64 hexadecimal digits"))?;
    let (client, paired_at) = app.engine.claim_pairing(&code, worker, peer.0.ip()).await?;
    let user_id = client.0.strip_prefix("quotes:").unwrap_or(&client.0).to_owned();
    Ok(Json(Claimed { user_id, paired_at: instant::format(paired_at.0) }))
}

#[derive(Serialize)]
struct Trusted {
    providers: Vec<Provider>,
}

#[derive(Serialize)]
struct Provider {
    provider_pubkey: String,
    paired_at: String,
}

/// `GET /v1/trust/list?user_id=`: the workers that a user trusts.
async fn list(
    State(app): State<Arc<App>>,
    query: Result<Query<User>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Trusted>, Problem> {
    let Query(user) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let trusted = app.engine.store().trusted(&user.client()?).await.map_err(EngineError::from)?;
    let providers = trusted.into_iter().map(|trust| Provider {
        provider_pubkey: trust.worker.to_string(),
        paired_at: instant::format(trust.since.0),
    });
    Ok(Json(Trusted { providers: providers.collect() }))
}

async fn read<T: for<'de> Deserialize<'de>>(app: &App, body: Body) -> Result<T, Problem> {
    let body = read_body(body, app.settings.limits.body).await?;
    serde_json::from_slice(&body).map_err(|error| Problem::bad_request(format!("Invalid JSON: {error}")))
}
