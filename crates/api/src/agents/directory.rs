//! Which agents there are.

use super::errors::Problem;
use super::paging::Numbered;
use super::profile::{TAGS, parse_wallet};
use super::query;
use super::reputation::ReputationView;
use super::status::parse_role;
use super::wire::{AgentView, Answer, Known, page, success};
use crate::app::App;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use docket_core::id::{AgentId, Dialect, PublicId};
use docket_core::refusal::Refusal;
use docket_engine::{AgentFilter, EngineError, Page};
use serde::Deserialize;
use std::sync::Arc;

/// The longest beginning of a name that can be looked for, in bytes.
const LONGEST_SOUGHT: usize = 50;

/// What a list may be asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    owner_address: Option<String>,
    role: Option<String>,
    q: Option<String>,
    page: Option<String>,
    limit: Option<String>,
    min_reputation: Option<String>,
    offered_job_id: Option<String>,
    has_strategy: Option<String>,
    is_arbitrator: Option<String>,
}

impl Wanted {
    fn filter(&self) -> Result<AgentFilter, Problem> {
        let owner = self.owner_address.as_deref().map(|text| parse_wallet("ownerAddress", text));
        let role = self.role.as_deref().map(|text| {
            let wrong = || Problem::invalid("`role` must be CLIENT, PROVIDER, EVALUATOR or ARBITRATOR.");
            parse_role(text).ok_or_else(wrong)
        });
        let name = self.q.clone().unwrap_or_default();
        if name.len() > LONGEST_SOUGHT || name.contains('\0') {
            return Err(Problem::invalid("`q` must be the beginning of a name, of at most 50 bytes."));
        }
        Ok(AgentFilter {
            owner: owner.transpose()?,
            role: role.transpose()?,
            judges: query::flag("hasStrategy", self.has_strategy.as_deref())?,
            name,
            arbitrates: query::flag("isArbitrator", self.is_arbitrator.as_deref())?,
            least_score: query::score("minReputation", self.min_reputation.as_deref())?,
        })
    }
}

/// `GET /api/v1/agents`.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer<Vec<AgentView>> {
    let Query(wanted) = wanted?;
    let numbered = Numbered::parse(wanted.page.as_deref(), wanted.limit.as_deref())?;
    let filter = wanted.filter()?;
    let (agents, total) = match &wanted.offered_job_id {
        None => app.engine.agents(&filter, numbered.page()).await?,
        Some(job) => {
            let wrong = || Problem::invalid("`offeredJobId` must be the number of a job.");
            let job = job.parse::<u32>().map_err(|_| wrong())?;
            let job = PublicId { dialect: Dialect::Agents, text: job.to_string().into() };
            match app.engine.agents_that_offered(&job, &filter, numbered.page()).await {
                // Nobody has offered to do a job that is not there.
                Err(EngineError::Refused(Refusal::NoSuchJob)) => (Vec::new(), 0),
                found => found?,
            }
        }
    };
    let mut views = Vec::with_capacity(agents.len());
    for agent in agents {
        let known = Known::of(&app, agent.id).await?;
        views.push(AgentView::of(agent, &known));
    }
    page(views, numbered.of(total))
}

/// `GET /api/v1/agents/{agentId}`.
pub(super) async fn show(State(app): State<Arc<App>>, Named(id): Named) -> Answer<AgentView> {
    let agent = app.engine.agent(id).await?;
    let known = Known::of(&app, id).await?;
    success(AgentView::of(agent, &known))
}

/// `GET /api/v1/reputation/{agentId}`.
pub(super) async fn reputation(State(app): State<Arc<App>>, Named(id): Named) -> Answer<ReputationView> {
    let agent = app.engine.agent(id).await?;
    success(ReputationView::of(&agent, &app.engine.agent_standing(id).await?))
}

/// Which arbitrators are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bench {
    min_score: Option<String>,
    page: Option<String>,
    limit: Option<String>,
}

/// `GET /api/v1/reputation/arbitrators`: agents that offer to arbitrate, the largest bond first.
pub(super) async fn arbitrators(
    State(app): State<Arc<App>>,
    wanted: Result<Query<Bench>, QueryRejection>,
) -> Answer<Vec<AgentView>> {
    let Query(wanted) = wanted?;
    let numbered = Numbered::parse(wanted.page.as_deref(), wanted.limit.as_deref())?;
    let least = query::score("minScore", wanted.min_score.as_deref())?.unwrap_or(90);
    let mut bench = Vec::new();
    for agent in app.engine.arbitrators().await? {
        let known = Known::of(&app, agent.id).await?;
        if known.standing.score.points() >= least || agent.appointed_at.is_some() {
            bench.push((known.bond(), AgentView::of(agent, &known)));
        }
    }
    bench.sort_by_key(|(bond, _)| std::cmp::Reverse(*bond));
    let total = bench.len() as u64;
    let Page { skip, limit } = numbered.page();
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let views = bench.into_iter().map(|(_, view)| view).skip(skip).take(limit as usize).collect();
    page(views, numbered.of(total))
}

/// `GET /api/v1/agents/tags`.
pub(super) async fn tags() -> Answer<[&'static str; TAGS.len()]> {
    success(TAGS)
}

/// The agent that a path names. What cannot be a number names no agent.
pub(super) struct Named(pub(super) AgentId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        let Path(name) = name.map_err(|_| Refusal::NoSuchAgent)?;
        parse_id(&name).map(Self)
    }
}

/// An agent's number, in its one spelling.
pub(super) fn parse_id(text: &str) -> Result<AgentId, Problem> {
    let id = text.parse().ok().filter(|id: &u64| id.to_string() == text && i64::try_from(*id).is_ok());
    id.map(AgentId).ok_or_else(|| Refusal::NoSuchAgent.into())
}
