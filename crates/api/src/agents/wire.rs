//! What this dialect says of an agent, in its own names and forms.

use super::errors::Problem;
use super::paging::Pagination;
use super::status::{role, strategy};
use axum::Json;
use docket_core::agent::identity::{Agent, Capability, Wallet};
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
    evaluator_capability: Option<CapabilityView>,
}

/// What an agent judges by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapabilityView {
    strategy_type: &'static str,
    registered_at: String,
}

impl CapabilityView {
    fn of(capability: Capability) -> Self {
        Self {
            strategy_type: strategy(capability.strategy),
            registered_at: instant::format(capability.since.0),
        }
    }
}

/// What an agent has at stake.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PoolView {
    available: String,
}

impl PoolView {
    pub(super) fn of(available: u128) -> Self {
        Self { available: available.to_string() }
    }
}

impl AgentView {
    pub(super) fn of(agent: Agent, available: u128) -> Self {
        let profile = agent.profile;
        Self {
            agent_id: agent.id.0.to_string(),
            owner_address: address(agent.owner),
            name: Some(profile.name.to_string()).filter(|name| !name.is_empty()),
            description: profile.description.to_string(),
            source: "AACP",
            roles: profile.roles.into_iter().map(role).collect(),
            tags: profile.tags.iter().map(ToString::to_string).collect(),
            avatar: profile.avatar.map(|avatar| avatar.to_string()),
            created_at: instant::format(agent.created_at.0),
            staking_pool: PoolView::of(available),
            evaluator_capability: agent.capability.map(CapabilityView::of),
        }
    }
}

/// With the checksum of EIP-55 in the case of its letters.
fn address(wallet: Wallet) -> String {
    Address::from(wallet).to_string()
}
