//! Lists of agents: a page, and how many there are in all.

use super::Queries;
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::{AgentFilter, Page, Reader};
use crate::value::Value;
use docket_core::agent::identity::Agent;
use docket_core::id::AgentId;
use futures::future::try_join_all;
use std::sync::LazyLock;

/// The most agents on a page.
const MOST: u32 = 100;
/// Behind every name with this beginning: names are ASCII.
const BEHIND: char = '\u{7f}';

/// How many agents a list looks at: readers share few threads, and nobody reads page by page through more.
const SEEN: u32 = 5_000;

/// The numbers of those that fit among the first; everything it needs stands in an index. Parameters are counted as they
/// appear.
fn fitting(first: &str, fit: &str) -> String {
    format!(
        "SELECT agent_id FROM (SELECT agent_id, sought, roles, strategy FROM agent WHERE {first} LIMIT {SEEN}) \
         AS seen WHERE {fit}"
    )
}

static NAMED: LazyLock<String> = LazyLock::new(|| {
    let first = "sought >= $1 AND sought < $2 ORDER BY sought, agent_id";
    fitting(first, "roles LIKE $3 AND coalesce(strategy, '') LIKE $4")
});
static OWNED: LazyLock<String> = LazyLock::new(|| {
    let fit = "sought >= $2 AND sought < $3 AND roles LIKE $4 AND coalesce(strategy, '') LIKE $5";
    fitting("owner = $1 ORDER BY agent_id", fit)
});

/// Every query of these lists.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 2] {
    [&NAMED, &OWNED]
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
        let strategy = match filter.judges {
            None => "%",
            Some(true) => "_%",
            Some(false) => "",
        };
        let behind = Value::text(format!("{prefix}{BEHIND}"));
        let named = [Value::name(&prefix), behind, Value::name(&roles), Value::name(strategy)];
        let asked = filter.owner.as_ref().map(Value::text).into_iter().chain(named).collect();
        let sql: &'static str = if filter.owner.is_some() { &OWNED } else { &NAMED };
        let fitting = self.database.list(sql, asked, |row| row.count(0).map(AgentId)).await?;
        let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit.min(MOST)).unwrap_or_default();
        let shown = fitting.iter().skip(skip).take(limit).map(|id| self.agent(*id));
        let agents = try_join_all(shown).await?;
        Ok((agents.into_iter().flatten().collect(), u64::try_from(fitting.len()).unwrap_or_default()))
    }
}
