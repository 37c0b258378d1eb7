//! Agents as rows and back.

use crate::error::StoreError;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::{Agent, Capability, Profile, Wallet};
use docket_core::agent::role::{Role, Strategy};
use docket_core::id::{AgentId, Version};
use docket_core::time::Timestamp;

/// The columns of an agent; the rows are chosen where it is used.
pub(crate) const AGENTS: &str = "SELECT agent_id, owner, name, description, roles, tags, avatar, strategy, strategy_ms, created_ms, shown_ms, version, appointed_ms FROM agent";

/// All columns of an agent.
pub(crate) fn agent(agent: &Agent) -> Vec<Value<'_>> {
    let Profile { name, description, roles, tags, avatar } = &agent.profile;
    let roles: Vec<_> = roles.iter().map(|role| role.name()).collect();
    vec![
        Value::count(agent.id.0),
        Value::text(agent.owner),
        Value::name(name),
        Value::text(name.to_ascii_lowercase()),
        Value::name(description),
        Value::text(roles.join(" ")),
        Value::text(tags.join("\n")),
        avatar.as_deref().map_or(Value::Null, Value::name),
        agent.capability.map_or(Value::Null, |capability| Value::name(capability.strategy.name())),
        agent.capability.map(|capability| capability.since).into(),
        agent.created_at.into(),
        agent.shown_at.into(),
        Value::count(agent.version.0),
        agent.appointed_at.into(),
    ]
}

/// Reads a row of [`AGENTS`].
pub(crate) fn parse_agent(row: &dyn Columns) -> Result<Agent, StoreError> {
    let roles = row.text(4)?;
    let roles = roles.split_whitespace().map(Role::parse).collect::<Option<_>>();
    Ok(Agent {
        id: AgentId(row.count(0)?),
        owner: Wallet::parse(&row.text(1)?).ok_or_else(|| corrupt("a wallet"))?,
        profile: Profile {
            name: row.text(2)?.into(),
            description: row.text(3)?.into(),
            roles: roles.ok_or_else(|| corrupt("a role"))?,
            tags: row.text(5)?.lines().map(Into::into).collect(),
            avatar: row.text_or_null(6)?.map(Into::into),
        },
        capability: capability(row)?,
        appointed_at: row.int_or_null(12)?.map(Timestamp),
        created_at: row.instant(9)?,
        shown_at: row.instant(10)?,
        version: Version(row.count(11)?),
    })
}

fn capability(row: &dyn Columns) -> Result<Option<Capability>, StoreError> {
    let Some(strategy) = row.text_or_null(7)? else { return Ok(None) };
    let strategy = Strategy::parse(&strategy).ok_or_else(|| corrupt("a strategy"))?;
    Ok(Some(Capability { strategy, since: row.instant(8)? }))
}
