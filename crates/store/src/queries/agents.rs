//! Lists of agents: a page, and how many there are in all.

use super::Queries;
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::{AgentFilter, FeedRow, HireRow, Page, Reader};
use crate::rows::hire::{OFFERS, STANDINGS};
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::{Agent, Wallet};
use docket_core::agent::role::Strategy;
use docket_core::id::{AgentId, JobId};
use docket_core::job::State;
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

pub(super) static STANDING: LazyLock<String> = LazyLock::new(|| format!("{STANDINGS} WHERE agent_id = $1"));
pub(super) static OFFER: LazyLock<String> =
    LazyLock::new(|| format!("{OFFERS} WHERE job_id = $1 AND agent_id = $2"));
pub(super) static OFFERS_OF_JOB: LazyLock<String> =
    LazyLock::new(|| format!("{OFFERS} WHERE job_id = $1 ORDER BY agent_id LIMIT $2"));
/// A page of what lists look at of jobs for which one agent hires another.
pub(super) const HIRES_AFTER: &str = "SELECT job_id, number, state, strategy, client, client_owner, provider, \
     provider_owner, evaluator, evaluator_owner, initiator FROM hire WHERE number > $1 ORDER BY number LIMIT 10000";
pub(super) const FEED: &str = "SELECT journal_id, job_id, event, before, after, agent_id FROM feed \
     WHERE journal_id > $1 ORDER BY journal_id LIMIT $2";
pub(super) const LAST_FED: &str = "SELECT max(journal_id) FROM feed";

/// What was counted from one hour to another. There is a row for each count and hour in which something has happened.
pub(super) const TALLIES: &str = "SELECT name, hour, units FROM tally WHERE hour >= $1 AND hour <= $2";
pub(super) const COUNT_AGENTS: &str = "SELECT count(*) FROM agent";

/// Reads a row of [`HIRES_AFTER`].
pub(super) fn hire_row(row: &dyn Columns) -> Result<HireRow, StoreError> {
    let agent =
        |column| Ok::<_, StoreError>(row.int_or_null(column)?.map(|agent| AgentId(agent.unsigned_abs())));
    let owner = |column| Wallet::parse(&row.text(column)?).ok_or_else(|| corrupt("a wallet"));
    let seat = |column| {
        let agent: Option<AgentId> = agent(column)?;
        agent.map(|agent| Ok::<_, StoreError>((agent, owner(column + 1)?))).transpose()
    };
    Ok(HireRow {
        job: JobId(row.count(0)?),
        number: row.small(1)?,
        state: state_name(&row.text(2)?).ok_or_else(|| corrupt("a state"))?,
        strategy: Strategy::parse(&row.text(3)?).ok_or_else(|| corrupt("a strategy"))?,
        client: seat(4)?.ok_or_else(|| corrupt("a job without its client"))?,
        provider: seat(6)?,
        evaluator: seat(8)?,
        initiator: agent(10)?,
    })
}

fn state_name(text: &str) -> Option<&'static str> {
    State::NAMES.into_iter().find(|name| *name == text)
}

/// Reads a row of [`FEED`].
pub(super) fn feed_row(row: &dyn Columns) -> Result<FeedRow, StoreError> {
    Ok(FeedRow {
        number: row.int(0)?,
        job: JobId(row.count(1)?),
        event: row.text(2)?,
        before: row.text(3)?,
        after: row.text(4)?,
        agent: row.int_or_null(5)?.map(|agent| AgentId(agent.unsigned_abs())),
    })
}

/// The lists of agents.
#[cfg(test)]
pub(crate) fn lists() -> [&'static str; 2] {
    [&NAMED, &OWNED]
}

/// Every query of agents, and of the jobs for which they hire each other, that is answered through an index.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 9] {
    [&NAMED, &OWNED, &STANDING, &OFFER, &OFFERS_OF_JOB, HIRES_AFTER, FEED, LAST_FED, TALLIES]
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
