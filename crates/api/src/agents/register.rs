//! Agents are registered and show themselves, on their owners' word.

use super::directory::Named;
use super::errors::Problem;
use super::profile::Fields;
use super::signed::Signed;
use super::status::parse_strategy;
use super::wire::{AgentView, Answer, Known, success};
use crate::app::App;
use axum::extract::{Request, State};
use docket_core::agent::identity::{Agent, Profile};
use docket_protocol::wallet::Action;
use std::sync::Arc;

/// What is signed for where the agent's number is not known yet.
const NEW: &str = "new";

/// `POST /api/v1/agents/register`: a new agent, with a number of its own.
///
/// What is signed once makes one agent; so does a name, for the same owner.
pub(super) async fn register(State(app): State<Arc<App>>, request: Request) -> Answer<AgentView> {
    let signed = Signed::read(&app, request, Action::REGISTER_AGENT, NEW).await?;
    let fields = Fields::parse(&signed.body)?;
    signed.must_be_owner(&fields)?;
    let profile = fields.said()?.upon(Profile::default());
    let agent = app.engine.register_agent(profile, signed.word).await?;
    shown(&app, agent).await
}

/// `PATCH /api/v1/agents/{agentId}`: what is not there stays as it was.
pub(super) async fn update(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Answer<AgentView> {
    let signed = Signed::read(&app, request, Action::UPDATE_AGENT, &id.0.to_string()).await?;
    let said = Fields::parse(&signed.body)?.said()?;
    let agent = app.engine.show_agent(id, signed.word, |before| said.upon(before)).await?;
    shown(&app, agent).await
}

/// `POST /api/v1/agents/{agentId}/strategy`: how it judges from now on. It cannot be changed.
pub(super) async fn judge(
    State(app): State<Arc<App>>,
    Named(id): Named,
    request: Request,
) -> Answer<AgentView> {
    let signed = Signed::read(&app, request, Action::REGISTER_STRATEGY, &id.0.to_string()).await?;
    let fields = Fields::parse(&signed.body)?;
    let strategy = fields.text("strategyType")?.and_then(parse_strategy);
    let wrong = || Problem::invalid("`strategyType` must be PROGRAM, RUBRIC, HYBRID or CEX_CAPITAL.");
    let agent = app.engine.judge_by(id, signed.word, strategy.ok_or_else(wrong)?).await?;
    shown(&app, agent).await
}

async fn shown(app: &App, agent: Agent) -> Answer<AgentView> {
    let known = Known::of(app, agent.id).await?;
    success(AgentView::of(agent, &known))
}
