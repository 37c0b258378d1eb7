//! Lists of agents: a page, and how many there are in all.

use super::Queries;
use crate::error::StoreError;
use crate::queries::Database;
use crate::read::{AgentFilter, FeedRow, HireRow, Page, Reader};
use crate::rows::hire::{self, OFFERS, STANDINGS};
use crate::rows::snapshot::SNAPSHOTS;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::{Agent, Wallet};
use docket_core::agent::role::{Role, Strategy};
use docket_core::agent::score::Score;
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

/// The numbers of those that fit among the first; but for scores, everything it needs stands in an index. Parameters are
/// counted as they appear.
fn fitting(owned: bool, scored: bool) -> String {
    let (first, named, next) = match owned {
        true => ("owner = $1 ORDER BY agent_id", "sought >= $2 AND sought < $3 AND ", 4),
        false => ("sought >= $1 AND sought < $2 ORDER BY sought, agent_id", "", 3),
    };
    let (joined, score) = match scored {
        true => (
            " LEFT JOIN agent_standing s ON s.agent_id = seen.agent_id",
            format!(" AND coalesce(s.score, {}) >= ${}", Score::NEW.points(), next + 4),
        ),
        false => ("", String::new()),
    };
    format!(
        "SELECT seen.agent_id FROM (SELECT agent_id, sought, roles, strategy FROM agent WHERE {first} LIMIT {SEEN}) \
         AS seen{joined} WHERE {named}roles LIKE ${next} AND roles LIKE ${} AND roles NOT LIKE ${} \
         AND coalesce(strategy, '') LIKE ${}{score}",
        next + 1,
        next + 2,
        next + 3,
    )
}

static NAMED: LazyLock<String> = LazyLock::new(|| fitting(false, false));
static OWNED: LazyLock<String> = LazyLock::new(|| fitting(true, false));
static NAMED_BY_SCORE: LazyLock<String> = LazyLock::new(|| fitting(false, true));
static OWNED_BY_SCORE: LazyLock<String> = LazyLock::new(|| fitting(true, true));

pub(super) static STANDING: LazyLock<String> = LazyLock::new(|| format!("{STANDINGS} WHERE agent_id = $1"));
pub(super) static OFFER: LazyLock<String> =
    LazyLock::new(|| format!("{OFFERS} WHERE job_id = $1 AND agent_id = $2"));
pub(super) static OFFERS_OF_JOB: LazyLock<String> =
    LazyLock::new(|| format!("{OFFERS} WHERE job_id = $1 ORDER BY agent_id LIMIT $2"));
/// The newest first.
pub(super) static SNAPSHOTS_OF_JOB: LazyLock<String> = LazyLock::new(|| {
    format!("{SNAPSHOTS} WHERE s.job_id = $1 ORDER BY s.journal_id DESC LIMIT $2 OFFSET $3")
});
pub(super) const COUNT_SNAPSHOTS: &str =
    "SELECT count(*) FROM snapshot WHERE job_id = $1 AND standing LIKE $2";
/// A page of what lists look at of jobs for which one agent hires another.
pub(super) const HIRES_AFTER: &str = "SELECT job_id, number, state, strategy, client, client_owner, provider, \
     provider_owner, evaluator, evaluator_owner, initiator, CASE WHEN initiator IS NULL THEN NULL ELSE body END \
     FROM hire WHERE number > $1 ORDER BY number LIMIT 10000";
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
    // Who sits in a dispute stands in no column of its own, and there are few disputes.
    let disputed = row.text_or_null(11)?.map(|body| hire::parse(&body)).transpose()?;
    let dispute = disputed.as_ref().and_then(|hire| hire.dispute.as_ref());
    Ok(HireRow {
        job: JobId(row.count(0)?),
        number: row.small(1)?,
        state: state_name(&row.text(2)?).ok_or_else(|| corrupt("a state"))?,
        strategy: Strategy::parse(&row.text(3)?).ok_or_else(|| corrupt("a strategy"))?,
        client: seat(4)?.ok_or_else(|| corrupt("a job without its client"))?,
        provider: seat(6)?,
        evaluator: seat(8)?,
        initiator: agent(10)?,
        jurors: dispute
            .iter()
            .flat_map(|dispute| dispute.seated())
            .map(|seat| (seat.agent, seat.owner))
            .collect(),
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
pub(crate) fn all() -> [&'static str; 13] {
    let scored: [&'static str; 2] = [&NAMED_BY_SCORE, &OWNED_BY_SCORE];
    let [by_name, of_owner] = scored;
    [
        by_name,
        of_owner,
        &NAMED,
        &OWNED,
        &STANDING,
        &OFFER,
        &OFFERS_OF_JOB,
        &SNAPSHOTS_OF_JOB,
        COUNT_SNAPSHOTS,
        HIRES_AFTER,
        FEED,
        LAST_FED,
        TALLIES,
    ]
}

impl<D: Database> Queries<D> {
    /// A page of the agents that fit, and how many fit in all.
    pub(super) async fn page_of_agents(
        &self,
        filter: &AgentFilter,
        page: Page,
    ) -> Result<(Vec<Agent>, u64), StoreError> {
        let prefix = filter.name.to_ascii_lowercase();
        let offering = |role: Role| format!("%{}%", role.name());
        let roles = filter.role.map_or("%".to_owned(), offering);
        // What no list of roles is like leaves out nobody.
        let (also, not) = match filter.arbitrates {
            None => ("%".to_owned(), "-".to_owned()),
            Some(true) => (offering(Role::Arbitrator), "-".to_owned()),
            Some(false) => ("%".to_owned(), offering(Role::Arbitrator)),
        };
        let strategy = match filter.judges {
            None => "%",
            Some(true) => "_%",
            Some(false) => "",
        };
        let behind = Value::text(format!("{prefix}{BEHIND}"));
        let fit = [&roles, &also, &not].map(|roles| Value::name(roles));
        let score = filter.least_score.map(|score| Value::Int(score.into()));
        let asked = filter.owner.as_ref().map(Value::text).into_iter();
        let asked = asked.chain([Value::name(&prefix), behind]).chain(fit);
        let asked = asked.chain([Value::name(strategy)]).chain(score).collect();
        let sql: &'static str = match (filter.owner.is_some(), filter.least_score.is_some()) {
            (false, false) => &NAMED,
            (true, false) => &OWNED,
            (false, true) => &NAMED_BY_SCORE,
            (true, true) => &OWNED_BY_SCORE,
        };
        let fitting = self.database.list(sql, asked, |row| row.count(0).map(AgentId)).await?;
        let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit.min(MOST)).unwrap_or_default();
        let shown = fitting.iter().skip(skip).take(limit).map(|id| self.agent(*id));
        let agents = try_join_all(shown).await?;
        Ok((agents.into_iter().flatten().collect(), u64::try_from(fitting.len()).unwrap_or_default()))
    }
}
