//! Lists of agents: a page, and how many there are in all.

use super::Queries;
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::{AgentFilter, Page};
use crate::rows::agent::{AGENTS, parse_agent};
use crate::value::Value;
use docket_core::agent::identity::{Agent, Wallet};
use std::sync::LazyLock;

/// The most agents on a page.
const MOST: u32 = 100;
/// Behind every name with this beginning: names are ASCII.
const BEHIND: char = '\u{7f}';

const FIT: &str = "sought >= $1 AND sought < $2 AND roles LIKE $3 AND coalesce(strategy, '') LIKE $4";
static PAGE: LazyLock<String> =
    LazyLock::new(|| format!("{AGENTS} WHERE {FIT} ORDER BY sought, agent_id LIMIT $5 OFFSET $6"));
static COUNT: LazyLock<String> = LazyLock::new(|| format!("SELECT count(*) FROM agent WHERE {FIT}"));
static PAGE_OF_OWNER: LazyLock<String> =
    LazyLock::new(|| format!("{AGENTS} WHERE {FIT} AND owner = $5 ORDER BY agent_id LIMIT $6 OFFSET $7"));
static COUNT_OF_OWNER: LazyLock<String> =
    LazyLock::new(|| format!("SELECT count(*) FROM agent WHERE {FIT} AND owner = $5"));

/// Every query of these lists.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 4] {
    [&PAGE, &COUNT, &PAGE_OF_OWNER, &COUNT_OF_OWNER]
}

impl<D: Database> Queries<D> {
    /// A page of the agents that fit, and how many fit in all.
    pub(super) async fn page_of_agents(
        &self,
        filter: &AgentFilter,
        page: Page,
    ) -> Result<(Vec<Agent>, u64), StoreError> {
        let prefix = filter.name.to_ascii_lowercase();
        let roles = filter.role.map_or("%".to_owned(), |role| format!("%{}%", role.name()));
        let owner = filter.owner.as_ref().map(Wallet::to_string);
        let asked = || {
            let behind = format!("{prefix}{BEHIND}");
            let strategy = match filter.judges {
                None => "%",
                Some(true) => "_%",
                Some(false) => "",
            };
            let named =
                [Value::name(&prefix), Value::text(behind), Value::name(&roles), Value::name(strategy)];
            named.into_iter().chain(owner.as_deref().map(Value::name)).collect::<Vec<_>>()
        };
        let (rows, count): (&'static str, &'static str) = match owner {
            Some(_) => (&PAGE_OF_OWNER, &COUNT_OF_OWNER),
            None => (&PAGE, &COUNT),
        };
        let limit = Value::Int(page.limit.min(MOST).into());
        let page = asked().into_iter().chain([limit, Value::count(page.skip)]).collect();
        let found = self.database.list(rows, page, parse_agent).await?;
        let counted = self.database.list(count, asked(), |row| row.count(0)).await?.pop();
        Ok((found, counted.unwrap_or_default()))
    }
}
