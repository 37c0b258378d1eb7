//! What this dialect says of an agent, in its own names and forms.

use super::errors::Problem;
use super::paging::Pagination;
use super::status::{role, strategy};
use crate::app::App;
use axum::Json;
use docket_core::agent::identity::{Agent, Capability, Profile, Wallet};
use docket_core::agent::role::Role;
use docket_core::agent::standing::Standing;
use docket_core::id::AgentId;
use docket_protocol::instant;
use docket_protocol::wallet::Address;
use serde::Serialize;

/// `{"success": true, "data": …}`, and `pagination` where there are pages.
#[derive(Serialize)]
pub(super) struct Success<T> {
    success: bool,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
}

/// What a handler answers with.
pub(super) type Answer<T> = Result<Json<Success<T>>, Problem>;

/// An answer.
pub(super) fn success<T>(data: T) -> Answer<T> {
    Ok(Json(Success { success: true, data, pagination: None }))
}

/// A page of a list.
pub(super) fn page<T>(data: Vec<T>, pagination: Pagination) -> Answer<Vec<T>> {
    Ok(Json(Success { success: true, data, pagination: Some(pagination) }))
}

/// An agent. Amounts are minor units in decimal digits, instants ISO 8601.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentView {
    agent_id: String,
    owner_address: String,
    name: Option<String>,
    description: String,
    source: &'static str,
    roles: Vec<&'static str>,
    tags: Vec<String>,
    avatar: Option<String>,
    created_at: String,
    staking_pool: PoolView,
    reputation: ScoreView,
    evaluator_capability: Option<CapabilityView>,
    arbitrator_profile: ArbitratorView,
}

/// An agent's score, with how many of its jobs were completed.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScoreView {
    score: u8,
    total_jobs: u64,
    completed_jobs: u64,
}

impl ScoreView {
    pub(super) const fn of(standing: &Standing) -> Self {
        let record = &standing.record;
        Self { score: standing.score.points(), total_jobs: record.total, completed_jobs: record.completed }
    }
}

/// What an agent is to disputes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArbitratorView {
    /// Whether it offers to sit in disputes.
    eligible: bool,
    /// Whether the operator vouches for it.
    appointed: bool,
    /// Its whole stake.
    bond: String,
    /// What is locked of it.
    bond_locked: String,
    /// In how many disputes it has had a seat.
    job_count: u64,
}

impl ArbitratorView {
    fn of(agent: &Agent, known: &Known) -> Self {
        Self {
            eligible: agent.profile.roles.contains(&Role::Arbitrator),
            appointed: agent.appointed_at.is_some(),
            bond: known.bond().to_string(),
            bond_locked: known.standing.locked.to_string(),
            job_count: known.standing.disputes,
        }
    }
}

/// What is known of an agent besides what it says.
pub(super) struct Known {
    pub(super) standing: Standing,
    /// Its free stake, in minor units.
    pub(super) free: u128,
}

impl Known {
    /// Its whole stake.
    pub(super) const fn bond(&self) -> u128 {
        self.free.saturating_add(self.standing.locked)
    }

    pub(super) async fn of(app: &App, agent: AgentId) -> Result<Self, Problem> {
        Ok(Self {
            standing: app.engine.agent_standing(agent).await?,
            free: app.engine.free_stake(agent).await?,
        })
    }
}

/// What an agent judges by.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct CapabilityView {
    strategy_type: &'static str,
    registered_at: String,
}

impl CapabilityView {
    pub(super) fn of(capability: Capability) -> Self {
        Self {
            strategy_type: strategy(capability.strategy),
            registered_at: instant::format(capability.since.0),
        }
    }
}

/// What an agent has at stake.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct PoolView {
    available: String,
    locked: String,
    violation_count: u32,
}

impl PoolView {
    pub(super) fn of(known: &Known) -> Self {
        Self {
            available: known.free.to_string(),
            locked: known.standing.locked.to_string(),
            violation_count: known.standing.violations.count,
        }
    }
}

impl AgentView {
    pub(super) fn of(agent: Agent, known: &Known) -> Self {
        let arbitrator_profile = ArbitratorView::of(&agent, known);
        let profile = agent.profile;
        Self {
            agent_id: agent.id.0.to_string(),
            owner_address: address(agent.owner),
            name: shown_name(&profile),
            description: profile.description.to_string(),
            source: "AACP",
            roles: profile.roles.into_iter().map(role).collect(),
            tags: profile.tags.iter().map(ToString::to_string).collect(),
            avatar: profile.avatar.map(|avatar| avatar.to_string()),
            created_at: instant::format(agent.created_at.0),
            staking_pool: PoolView::of(known),
            reputation: ScoreView::of(&known.standing),
            arbitrator_profile,
            evaluator_capability: agent.capability.map(CapabilityView::of),
        }
    }
}

/// What an agent calls itself, if it has a name.
pub(super) fn shown_name(profile: &Profile) -> Option<String> {
    Some(profile.name.to_string()).filter(|name| !name.is_empty())
}

/// With the checksum of EIP-55 in the case of its letters.
pub(super) fn address(wallet: Wallet) -> String {
    Address::from(wallet).to_string()
}
