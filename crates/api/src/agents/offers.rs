//! Offers to do a job.

use super::errors::Problem;
use super::jobs::NamedJob;
use super::profile::Fields;
use super::signed::Signed;
use super::status::offer_status;
use super::wire::{Answer, address, success};
use crate::app::App;
use axum::extract::{FromRequestParts, Path, Request, State};
use docket_core::agent::offer::Offer;
use docket_core::id::AgentId;
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_protocol::instant;
use docket_protocol::wallet::Action;
use serde::Serialize;
use std::sync::Arc;

/// An offer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferView {
    agent_id: String,
    owner_address: String,
    status: &'static str,
    created_at: String,
}

/// An offer that was taken back.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WithdrawnView {
    agent_id: String,
    status: &'static str,
}

impl OfferView {
    pub(super) fn of(offer: &Offer, job: &Job) -> Self {
        Self {
            agent_id: offer.agent.0.to_string(),
            owner_address: address(offer.owner),
            status: offer_status(offer.status(job)),
            created_at: instant::format(offer.created_at.0),
        }
    }
}

/// `GET /api/v1/jobs/{jobId}/offers`.
pub(super) async fn list(State(app): State<Arc<App>>, NamedJob(id): NamedJob) -> Answer<Vec<OfferView>> {
    let job = app.engine.hired(&id).await?;
    let offers = app.engine.offers(&job).await?;
    success(offers.iter().map(|offer| OfferView::of(offer, &job)).collect())
}

/// `POST /api/v1/jobs/{jobId}/offers`.
pub(super) async fn make(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<OfferView> {
    let signed = Signed::read(&app, request, Action::OFFERS, &id.text).await?;
    let fields = Fields::parse(&signed.body)?;
    signed.must_be_owner(&fields)?;
    let agent = fields.agent("agentId")?.ok_or_else(|| Problem::invalid("`agentId` is missing."))?;
    let (offer, job) = app.engine.offer(&id, agent, signed.word).await?;
    success(OfferView::of(&offer, &job))
}

/// `DELETE /api/v1/jobs/{jobId}/offers/{agentId}`.
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Answer<WithdrawnView> {
    let (mut parts, body) = request.into_parts();
    let names = Path::<(String, String)>::from_request_parts(&mut parts, &()).await;
    let Path((_, agent)) = names.map_err(|_| Refusal::NoSuchOffer)?;
    let agent = agent.parse().map(AgentId).map_err(|_| Refusal::NoSuchOffer)?;
    let request = Request::from_parts(parts, body);
    let signed = Signed::read(&app, request, Action::OFFERS, &id.text).await?;
    if !signed.body.is_empty() {
        signed.must_be_owner(&Fields::parse(&signed.body)?)?;
    }
    let offer = app.engine.withdraw_offer(&id, agent, signed.word).await?;
    success(WithdrawnView { agent_id: offer.agent.0.to_string(), status: "WITHDRAWN" })
}
