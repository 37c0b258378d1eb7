//! Which jobs there are, and what belongs to one.

use super::directory::Named;
use super::errors::Problem;
use super::job_view::{JobView, LockView};
use super::paging::Numbered;
use super::profile::parse_wallet;
use super::query;
use super::signed::Signed;
use super::status::{JOB_STATUSES, parse_strategy};
use super::wire::{Answer, page, success};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use docket_core::id::{AgentId, Dialect, PublicId};
use docket_core::refusal::Refusal;
use docket_engine::HireFilter;
use docket_protocol::wallet::Action;
use serde::Deserialize;
use std::sync::Arc;

/// What a list may be asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    status: Option<String>,
    strategy_type: Option<String>,
    client_id: Option<String>,
    provider_id: Option<String>,
    evaluator_id: Option<String>,
    owner_address: Option<String>,
    page: Option<String>,
    limit: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Result<HireFilter, Problem> {
        let states = self.status.as_deref().map(|text| {
            let known = JOB_STATUSES.iter().find(|(word, _)| *word == text);
            let words = JOB_STATUSES.map(|(word, _)| word).join(", ");
            known
                .map(|(_, states)| states.to_vec())
                .ok_or_else(|| Problem::invalid(format!("`status` must be one of {words}.")))
        });
        let strategy = self.strategy_type.as_deref().map(|text| {
            let wrong = || Problem::invalid("`strategyType` must be PROGRAM, RUBRIC, HYBRID or CEX_CAPITAL.");
            parse_strategy(text).ok_or_else(wrong)
        });
        let owner = self.owner_address.as_deref().map(|text| parse_wallet("ownerAddress", text));
        Ok(HireFilter {
            states: states.transpose()?,
            strategy: strategy.transpose()?,
            client: agent("clientId", self.client_id.as_deref())?,
            provider: agent("providerId", self.provider_id.as_deref())?,
            evaluator: agent("evaluatorId", self.evaluator_id.as_deref())?,
            owner: owner.transpose()?,
            ..HireFilter::default()
        })
    }
}

/// An agent's number in a query.
pub(super) fn agent(name: &str, text: Option<&str>) -> Result<Option<AgentId>, Problem> {
    let wrong = || Problem::invalid(format!("`{name}` must be the number of an agent."));
    text.map(|text| text.parse().map(AgentId).map_err(|_| wrong())).transpose()
}

/// `GET /api/v1/jobs`: the newest first.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer<Vec<JobView>> {
    let Query(wanted) = wanted?;
    let numbered = Numbered::parse(wanted.page.as_deref(), wanted.limit.as_deref())?;
    listed(&app, &wanted.filter()?, numbered).await
}

async fn listed(app: &App, filter: &HireFilter, numbered: Numbered) -> Answer<Vec<JobView>> {
    let (jobs, total) = app.engine.hires(filter, numbered.page()).await?;
    let mut views = Vec::with_capacity(jobs.len());
    for job in &jobs {
        views.push(JobView::listed(app, job).await?);
    }
    page(views, numbered.of(total))
}

/// Which page of a list without filters is asked for.
#[derive(Deserialize)]
pub(super) struct Pages {
    pub(super) page: Option<String>,
    pub(super) limit: Option<String>,
    active: Option<String>,
}

/// `GET /api/v1/agents/{agentId}/jobs`: those in which it has any role, a seat in a dispute included.
pub(super) async fn of_agent(
    State(app): State<Arc<App>>,
    Named(id): Named,
    pages: Result<Query<Pages>, QueryRejection>,
) -> Answer<Vec<JobView>> {
    let Query(pages) = pages?;
    let numbered = Numbered::parse(pages.page.as_deref(), pages.limit.as_deref())?;
    app.engine.agent(id).await?;
    listed(&app, &HireFilter { party: Some(id), ..HireFilter::default() }, numbered).await
}

/// `GET /api/v1/agents/{agentId}/locks`: what its last hundred jobs have locked of its stake, or had.
pub(super) async fn locks(
    State(app): State<Arc<App>>,
    Named(id): Named,
    pages: Result<Query<Pages>, QueryRejection>,
) -> Answer<Vec<LockView>> {
    let Query(pages) = pages?;
    let active = query::flag("active", pages.active.as_deref())?;
    let numbered = Numbered::parse(pages.page.as_deref(), pages.limit.as_deref().or(Some("100")))?;
    app.engine.agent(id).await?;
    let filter = HireFilter { party: Some(id), ..HireFilter::default() };
    let (jobs, _) = app.engine.hires(&filter, numbered.page()).await?;
    let locks = jobs.iter().flat_map(|job| {
        let seats = job.hire.iter().flat_map(|hire| hire.seats());
        seats.filter(|(_, seat)| seat.agent == id).map(|(role, seat)| LockView::of(Some(job), role, seat))
    });
    success(locks.filter(|lock| active.is_none_or(|active| lock.is_active() == active)).collect())
}

/// `GET /api/v1/jobs/{jobId}`.
pub(super) async fn show(State(app): State<Arc<App>>, NamedJob(id): NamedJob) -> Answer<JobView> {
    let job = app.engine.hired(&id).await?;
    success(JobView::of(&app, &job).await?)
}

/// `GET /api/v1/jobs/{jobId}/deliverable`: what was delivered, as it came, for those who take part.
pub(super) async fn deliverable(
    State(app): State<Arc<App>>,
    NamedJob(id): NamedJob,
    request: Request,
) -> Result<Response, Problem> {
    let signed = Signed::read(&app, request, Action::READ_DELIVERABLE, &id.text).await?;
    let content = app.engine.deliverable(&id, signed.word).await?;
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, axum::body::Bytes::from_owner(content)).into_response())
}

/// The job that a path names. What cannot be a number names no job.
pub(super) struct NamedJob(pub(super) PublicId);

impl<S: Send + Sync> FromRequestParts<S> for NamedJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let names = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Path(names) = names.map_err(|_| Refusal::NoSuchJob)?;
        let name = names.into_iter().find(|(name, _)| name == "jobId" || name == "disputeId");
        let (_, text) = name.ok_or(Refusal::NoSuchJob)?;
        Ok(Self(job_id(&text)?))
    }
}

/// The job of a number. What cannot be a number names no job.
pub(super) fn job_id(text: &str) -> Result<PublicId, Refusal> {
    let is_number = text.parse().is_ok_and(|number: u32| number.to_string() == text);
    is_number.then(|| PublicId { dialect: Dialect::Agents, text: text.into() }).ok_or(Refusal::NoSuchJob)
}
