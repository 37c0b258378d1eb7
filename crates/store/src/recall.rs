//! What the writer reads back: where the last write ended, and the rows that a group relies on.

use crate::backend::{Loaded, Needs, Resumed};
use crate::error::StoreError;
use crate::queries::{API_KEYS, OPEN_JOBS, WORKERS, log};
use crate::rows::hire::{STANDINGS, parse_standing, tally};
use crate::rows::hook::{HOOKS, event_id, parse_hook};
use crate::rows::read::{self, Terms};
use crate::rows::spent;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::Wallet;
use docket_core::id::{AgentId, ChallengeId, Dialect, JobId, Version};
use docket_core::ledger::Account;
use docket_core::merkle::{Hash, Plan, TILE_WIDTH};
use docket_core::money::Asset;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const EPOCH: &str = "SELECT value FROM meta WHERE name = 'epoch'";
const LAST_JOB: &str = "SELECT max(job_id) FROM job";
const LAST_NAME: &str = "SELECT max(public_id) FROM job WHERE dialect = $1";
const LAST_AGENT: &str = "SELECT max(agent_id) FROM agent";
const LAST_HIRE: &str = "SELECT max(number) FROM hire";
const LAST_JOURNAL: &str = "SELECT max(journal_id) FROM journal";
const LAST_TRANSFER: &str = "SELECT max(transfer_id) FROM transfer";
const LAST_POLICY: &str = "SELECT max(policy_id) FROM policy";
const LAST_DELIVERY: &str = "SELECT max(number) FROM delivery";
const LAST_NOTICE: &str = "SELECT max(number) FROM notice";
const LAST_LEAF: &str = "SELECT max(leaf_index) FROM log_leaf";

// Each ends with the column that is looked up.
const CLAIMS: &str = "SELECT claim_key, request, dialect, public_id FROM claim WHERE claim_key";
const JOBS: &str = "SELECT job_id FROM job WHERE job_id";
const NAMES: &str = "SELECT dialect, public_id FROM job \
     WHERE dialect IN ('quotes', 'credits', 'agents', 'registry') AND public_id";
const POLICIES: &str = "SELECT policy_id, body FROM policy WHERE body";
const BALANCES: &str = "SELECT account, asset, decimals, units FROM balance WHERE account";
const PAIRINGS: &str = "SELECT code, version FROM pairing WHERE code";
const SPENDINGS: &str = "SELECT spent, units FROM key_spending WHERE spent";
const DELIVERIES: &str = "SELECT event_id, version FROM delivery WHERE event_id";
const AGENTS: &str = "SELECT agent_id, version FROM agent WHERE agent_id";
const TALLIES: &str = "SELECT name, hour, units FROM tally WHERE hour";
const ENROLMENTS: &str = "SELECT wallet, version FROM enrolment WHERE wallet";
const CHALLENGES: &str = "SELECT challenge_id, version FROM challenge WHERE challenge_id";
const OFFERS: &str = "SELECT job_id, agent_id, version FROM offer WHERE job_id";

fn keys() -> String {
    format!("{API_KEYS} WHERE number")
}

fn hooks() -> String {
    format!("{HOOKS} WHERE client")
}

fn standings() -> String {
    format!("{STANDINGS} WHERE agent_id")
}

fn workers() -> String {
    format!("{WORKERS} WHERE worker_id")
}

/// Every query of the writer, with one key where it takes keys.
#[cfg(test)]
pub(crate) fn all() -> Vec<String> {
    let (workers, keys, hooks, standings) = (workers(), keys(), hooks(), standings());
    let last_name = LAST_NAME.to_owned();
    let lookups = [
        CLAIMS, JOBS, NAMES, POLICIES, BALANCES, &workers, PAIRINGS, &keys, SPENDINGS, &hooks, DELIVERIES,
        AGENTS, OFFERS, ENROLMENTS, CHALLENGES, TALLIES, &standings,
    ];
    let whole = [
        EPOCH,
        LAST_JOB,
        LAST_AGENT,
        LAST_HIRE,
        LAST_JOURNAL,
        LAST_TRANSFER,
        LAST_POLICY,
        LAST_DELIVERY,
        LAST_NOTICE,
        LAST_LEAF,
    ];
    let with_key = lookups.into_iter().map(|sql| format!("{sql} = $1"));
    whole.into_iter().map(str::to_owned).chain([last_name]).chain(with_key).collect()
}

/// The writer's own connection.
pub(crate) trait Lookup {
    /// Runs a query and reads each of its rows.
    fn list<T>(
        &mut self,
        sql: &str,
        params: &[Value<'_>],
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError>;

    /// The rows in which the column that the query ends with has one of the keys, which are all of one type.
    fn among<T>(
        &mut self,
        sql: &str,
        keys: Vec<Value<'_>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError>;
}

/// Reads where the last write ended. The start must have been counted before.
pub(crate) fn resume(database: &mut impl Lookup) -> Result<Resumed, StoreError> {
    let epoch = database.list(EPOCH, &[], |row| row.text(0))?.pop().and_then(|epoch| epoch.parse().ok());
    let log_size = last(database, LAST_LEAF)?.map_or(0, |last| last.unsigned_abs() + 1);
    let terms = Terms::default();
    Ok(Resumed {
        epoch: epoch.ok_or_else(|| corrupt("the count of starts"))?,
        last_job: last(database, LAST_JOB)?.map(|id| JobId(id.unsigned_abs())),
        last_names: last_names(database)?,
        last_agent: last(database, LAST_AGENT)?.map(|id| AgentId(id.unsigned_abs())),
        last_hire: last(database, LAST_HIRE)?.map(i64::unsigned_abs),
        journal_id: last(database, LAST_JOURNAL)?.unwrap_or_default(),
        transfer_id: last(database, LAST_TRANSFER)?.unwrap_or_default(),
        policy_id: last(database, LAST_POLICY)?.unwrap_or_default(),
        delivery: last(database, LAST_DELIVERY)?.unwrap_or_default(),
        notice: last(database, LAST_NOTICE)?.unwrap_or_default(),
        log_size,
        log_peaks: log_peaks(database, log_size)?,
        open_jobs: database.list(&OPEN_JOBS, &[], |row| read::job(row, &terms))?,
    })
}

fn last(database: &mut impl Lookup, sql: &str) -> Result<Option<i64>, StoreError> {
    Ok(database.list(sql, &[], |row| row.int_or_null(0))?.pop().flatten())
}

fn last_names(database: &mut impl Lookup) -> Result<BTreeMap<Dialect, Arc<str>>, StoreError> {
    let mut names = BTreeMap::new();
    for dialect in Dialect::ALL {
        let last = database.list(LAST_NAME, &[Value::name(dialect.name())], |row| row.text_or_null(0))?.pop();
        names.extend(last.flatten().map(|name| (dialect, name.into())));
    }
    Ok(names)
}

/// The right edge of the log, from the stored hashes.
fn log_peaks(database: &mut impl Lookup, size: u64) -> Result<Vec<Hash>, StoreError> {
    let plan = Plan::frontier(size);
    let mut tiles = BTreeMap::new();
    for tile in plan.tiles() {
        let (sql, params) = log::hashes(tile.level, tile.index * TILE_WIDTH, tile.width.into());
        tiles.insert(tile, database.list(sql, &params, read::hash)?);
    }
    plan.hashes(&tiles).map_err(|_| corrupt("the hashes of the log"))
}

/// Reads the rows that a group relies on.
pub(crate) fn load(database: &mut impl Lookup, needs: &Needs) -> Result<Loaded, StoreError> {
    let claims = needs.claims.iter().map(|key| Value::name(key)).collect();
    let claims = database.among(CLAIMS, claims, read::claim)?;
    let jobs = needs.jobs.iter().copied().map(Value::job).collect();
    let names = needs.names.iter().map(|id| Value::name(&id.text)).collect();
    let policies = needs.policies.iter().map(|policy| Value::text(crate::policy::encode(policy))).collect();
    let policies = database
        .among(POLICIES, policies, |row| Ok((crate::policy::decode(&row.text(1)?)?.into(), row.int(0)?)))?;
    let accounts = needs.balances.iter().map(|(account, _)| Value::text(account)).collect();
    let balances = database.among(BALANCES, accounts, balance)?.into_iter();
    let workers = needs.workers.iter().map(Value::text).collect();
    let workers = database.among(&self::workers(), workers, read::worker)?;
    let pairings = needs.pairings.iter().map(Value::text).collect();
    let pairings = database.among(PAIRINGS, pairings, |row| Ok((row.digest(0)?, version(row)?)))?;
    let keys_asked = needs.keys.iter().map(Value::text).collect();
    let keys = database.among(&keys(), keys_asked, read::api_key)?.into_iter();
    let spendings = needs.spendings.iter().map(spent).collect();
    let spendings = database.among(SPENDINGS, spendings, read::spending)?;
    let hooks_asked = needs.hooks.iter().map(|client| Value::name(&client.0)).collect();
    let hooks = database.among(&hooks(), hooks_asked, parse_hook)?;
    let deliveries = needs.deliveries.iter().map(Value::text).collect();
    let deliveries =
        database.among(DELIVERIES, deliveries, |row| Ok((event_id(&row.text(0)?)?, version(row)?)))?;
    let agents = needs.agents.iter().map(|agent| Value::count(agent.0)).collect();
    let agents = database.among(AGENTS, agents, |row| Ok((AgentId(row.count(0)?), version(row)?)))?;
    let standings_asked = needs.agent_standings.iter().map(|agent| Value::count(agent.0)).collect();
    let standings = database.among(&standings(), standings_asked, parse_standing)?;
    let offered: BTreeSet<_> = needs.offers.iter().map(|(job, _)| *job).collect();
    let offered = offered.into_iter().map(Value::job).collect();
    let offers = database.among(OFFERS, offered, |row| {
        Ok(((JobId(row.count(0)?), AgentId(row.count(1)?)), Version(row.count(2)?)))
    })?;
    let enrolments = needs.enrolments.iter().map(Value::text).collect();
    let enrolments = database.among(ENROLMENTS, enrolments, |row| {
        let wallet = Wallet::parse(&row.text(0)?).ok_or_else(|| corrupt("a wallet"))?;
        Ok((wallet, version(row)?))
    })?;
    let challenges = needs.challenges.iter().map(|challenge| Value::count(challenge.0)).collect();
    let challenges =
        database.among(CHALLENGES, challenges, |row| Ok((ChallengeId(row.count(0)?), version(row)?)))?;
    let hours: BTreeSet<_> = needs.tallies.iter().map(|(_, hour)| *hour).collect();
    let tallies = database.among(TALLIES, hours.into_iter().map(Value::Int).collect(), tally)?;
    Ok(Loaded {
        claims: claims.into_iter().map(|claim| (claim.key.clone(), claim)).collect(),
        jobs: database.among(JOBS, jobs, |row| row.count(0).map(JobId))?.into_iter().collect(),
        names: database.among(NAMES, names, |row| read::public_id(row, 0, 1))?.into_iter().collect(),
        policies: policies.into_iter().collect(),
        balances: balances.filter(|(key, _)| needs.balances.contains(key)).collect(),
        workers: workers.into_iter().map(|worker| (worker.id, worker)).collect(),
        pairings: pairings.into_iter().collect(),
        keys: keys.map(|key| (key.number(), key)).collect(),
        spendings: spendings.into_iter().collect(),
        hooks,
        deliveries: deliveries.into_iter().collect(),
        agents: agents.into_iter().collect(),
        agent_standings: standings.into_iter().collect(),
        tallies: tallies.into_iter().filter(|(name, _)| needs.tallies.contains(name)).collect(),
        offers: offers.into_iter().filter(|(name, _)| needs.offers.contains(name)).collect(),
        enrolments: enrolments.into_iter().collect(),
        challenges: challenges.into_iter().collect(),
    })
}

fn version(row: &dyn Columns) -> Result<Version, StoreError> {
    row.count(1).map(Version)
}

fn balance(row: &dyn Columns) -> Result<((Account, Asset), i128), StoreError> {
    let row = read::balance(row)?;
    let account = Account::parse(&row.account).ok_or_else(|| corrupt("an account"))?;
    let asset = Asset::named(&row.asset, row.decimals).ok_or_else(|| corrupt("an asset"))?;
    Ok(((account, asset), row.units))
}
