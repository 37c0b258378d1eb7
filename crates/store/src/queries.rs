//! The queries: one text for both databases, each answered through an index.

pub(crate) mod agents;
mod challenges;
mod enrolments;
pub(crate) mod log;
pub(crate) mod of_key;

use crate::error::StoreError;
use crate::read::{
    AgentFilter, Answer, BalanceRow, Cursor, DeliveryRow, FeedRow, HireRow, JobFilter, JournalRow, KeyJobs,
    KeyRow, NoticeRow, Page, Read, Reader, SnapshotRow, SpendingRow, Stretch, TransferRow,
};
use crate::rows::agent::{AGENTS, parse_agent};
use crate::rows::challenge::{parse_challenge, parse_reference};
use crate::rows::enrolment::{parse_enrolment, parse_notice};
use crate::rows::hire::{parse_offer, parse_standing, tally};
use crate::rows::hook::{DELIVERIES, HOOKS, hook_id, parse_delivery, parse_hook};
use crate::rows::job::COLUMNS as JOB_COLUMNS;
use crate::rows::read::{self, Terms};
use crate::rows::snapshot::parse_snapshot;
use crate::rows::{period, spent};
use crate::value::{Columns, Value};
use docket_core::agent::capital::Worth;
use docket_core::agent::identity::{Agent, Wallet};
use docket_core::agent::offer::Offer;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::change::Claim;
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId};
use docket_core::id::{AgentId, ClientId, JobId, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use futures::future::try_join_all;
use futures::{FutureExt, TryFutureExt};
use std::sync::{Arc, LazyLock};

/// How many rows a page of jobs holds at most.
const PAGE: u32 = 100;

const JOB_FROM: &str =
    "FROM job j JOIN policy p ON p.policy_id = j.policy_id LEFT JOIN hire h ON h.job_id = j.job_id";
const TRANSFER: &str = "SELECT t.transfer_id, n.at_ms, j.dialect, j.public_id, n.event, t.from_account, t.to_account, \
     t.asset, t.decimals, t.units, n.leaf_index, j.api_key, j.created_ms FROM transfer t JOIN journal n ON n.journal_id = t.journal_id \
     LEFT JOIN job j ON j.job_id = n.job_id";

fn jobs_where(condition: &str) -> String {
    format!("SELECT {JOB_COLUMNS} {JOB_FROM} WHERE {condition}")
}

/// Keys with their spending, over the period that `$1` names and in all.
fn keys_where(condition: &str) -> String {
    format!(
        "SELECT k.number, k.key_hash, k.client, k.label, k.created_ms, k.revoked_ms, k.limit_day, k.limit_all, \
         k.version, d.units, a.units FROM api_key k LEFT JOIN key_spending d ON d.spent = k.number || $1 \
         LEFT JOIN key_spending a ON a.spent = k.number || '/all' WHERE {condition} ORDER BY k.number LIMIT 100"
    )
}

/// The movements on both sides of an account: each side has an index of its own.
fn statement() -> String {
    let side = |name: &str| {
        format!(
            "SELECT * FROM ({TRANSFER} WHERE t.{name}_account = $1 AND t.{name}_own = 1 AND t.transfer_id < $2 \
             ORDER BY t.transfer_id DESC LIMIT 100) AS {name}_side"
        )
    };
    format!("{} UNION ALL {} ORDER BY 1 DESC LIMIT 100", side("from"), side("to"))
}

/// The open jobs, found by the index of those alone.
pub(crate) static OPEN_JOBS: LazyLock<String> =
    LazyLock::new(|| jobs_where("j.job_id IN (SELECT job_id FROM job WHERE deadline_ms IS NOT NULL)"));
static JOB: LazyLock<String> = LazyLock::new(|| jobs_where("j.job_id = $1"));
static FIND: LazyLock<String> = LazyLock::new(|| jobs_where("j.public_id = $1 AND j.dialect = $2"));
static JOBS: LazyLock<String> = LazyLock::new(|| jobs_where("j.job_id < $1 ORDER BY j.job_id DESC LIMIT $2"));
static JOBS_OF_CLIENT: LazyLock<String> =
    LazyLock::new(|| jobs_where("j.client = $1 AND j.job_id < $2 ORDER BY j.job_id DESC LIMIT $3"));
static STATEMENT: LazyLock<String> = LazyLock::new(statement);
static TRANSFERS: LazyLock<String> =
    LazyLock::new(|| format!("{TRANSFER} WHERE t.transfer_id > $1 ORDER BY t.transfer_id LIMIT 10000"));
/// Where the transfers of a job stand: the first of each change, and how many it has.
const JOB_SPANS: &str = "SELECT transfer_id, transfers FROM journal WHERE job_id = $1 \
     AND transfer_id IS NOT NULL ORDER BY version";
/// As a query of its own: in a join with the journal, PostgreSQL takes such a span for a ninth of the table.
static SPAN: LazyLock<String> = LazyLock::new(|| {
    format!("{TRANSFER} WHERE t.transfer_id >= $1 AND t.transfer_id < $2 ORDER BY t.transfer_id")
});
const PAYLOAD: &str = "SELECT body FROM payload WHERE job_id = $1";
const ECHO: &str = "SELECT echo FROM payload WHERE job_id = $1 AND echo IS NOT NULL";
const RESULT: &str = "SELECT r.output, r.receipt, r.decision FROM journal j \
     JOIN result r ON r.journal_id = j.journal_id WHERE j.job_id = $1";
const JOURNAL: &str =
    "SELECT version, at_ms, event, detail, leaf_index FROM journal WHERE job_id = $1 ORDER BY version";
/// The columns of a worker; the rows are chosen where it is used.
pub(crate) const WORKERS: &str = "SELECT worker_id, proven, suspended, completed, failed, first_seen_ms, version, \
     rep_paid, rep_lost, rep_unproven, rep_placed, rep_compared, rep_connected, rep_watched, rep_watched_ms, \
     rep_hour, rep_passed, rep_refuted FROM worker";
static WORKER: LazyLock<String> = LazyLock::new(|| format!("{WORKERS} WHERE worker_id = $1"));
static WORKERS_AFTER: LazyLock<String> =
    LazyLock::new(|| format!("{WORKERS} WHERE worker_id > $1 ORDER BY worker_id LIMIT 100"));
const CLAIM: &str = "SELECT claim_key, request, dialect, public_id FROM claim WHERE claim_key = $1";
const PAIRING: &str = "SELECT code, client, expires_ms, claimed_by, version FROM pairing WHERE code = $1";
const TRUSTED: &str = "SELECT client, worker_id, since_ms FROM trust WHERE client = $1 ORDER BY worker_id";
/// The columns of a key; the rows are chosen where it is used.
pub(crate) const API_KEYS: &str = "SELECT number, key_hash, client, label, created_ms, revoked_ms, limit_day, limit_all, \
     version FROM api_key";
static API_KEY: LazyLock<String> = LazyLock::new(|| format!("{API_KEYS} WHERE number = $1"));
static HOOKS_OF_CLIENT: LazyLock<String> =
    LazyLock::new(|| format!("{HOOKS} WHERE client = $1 ORDER BY created_ms, hook_id"));
static HOOK: LazyLock<String> = LazyLock::new(|| format!("{HOOKS} WHERE hook_id = $1"));
static DELIVERIES_OF_HOOK: LazyLock<String> = LazyLock::new(|| {
    format!("{DELIVERIES} WHERE hook_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3")
});
static DELIVERY: LazyLock<String> = LazyLock::new(|| format!("{DELIVERIES} WHERE event_id = $1"));
static DUE_DELIVERIES: LazyLock<String> = LazyLock::new(|| {
    format!("{DELIVERIES} WHERE hook_id = $1 AND next_ms <= $2 ORDER BY next_ms, number LIMIT $3")
});
static ENDED_DELIVERIES: LazyLock<String> =
    LazyLock::new(|| format!("{DELIVERIES} WHERE ended_ms < $1 ORDER BY ended_ms LIMIT 100"));
static AGENT: LazyLock<String> = LazyLock::new(|| format!("{AGENTS} WHERE agent_id = $1"));
const NEXT_DELIVERY: &str = "SELECT next_ms FROM delivery WHERE hook_id = $1 AND next_ms IS NOT NULL \
     ORDER BY next_ms LIMIT 1";
/// Walks an index that has only what is still to be told.
const WAITING_HOOKS: &str =
    "SELECT hook_id, min(next_ms) FROM delivery WHERE next_ms IS NOT NULL GROUP BY hook_id";
static KEYS: LazyLock<String> = LazyLock::new(|| keys_where("k.number > $2"));
static KEYS_OF_CLIENT: LazyLock<String> = LazyLock::new(|| keys_where("k.number > $2 AND k.client = $3"));
const SPENDING: &str = "SELECT spent, units FROM key_spending WHERE spent = $1";
const SPENDINGS: &str = "SELECT spent, units FROM key_spending WHERE spent > $1 ORDER BY spent LIMIT 100";
/// Whole accounts only, so that no page ends between two assets of one.
const BALANCES: &str = "SELECT account, asset, decimals, units FROM balance WHERE account IN \
     (SELECT DISTINCT account FROM balance WHERE account > $1 ORDER BY account LIMIT 100) \
     ORDER BY account, asset, decimals";
const BALANCE: &str =
    "SELECT account, asset, decimals, units FROM balance WHERE account = $1 ORDER BY asset, decimals";

/// Every query that a reader may cause.
#[cfg(test)]
pub(crate) fn all() -> Vec<&'static str> {
    vec![
        &OPEN_JOBS,
        &JOB,
        &FIND,
        &JOBS,
        &JOBS_OF_CLIENT,
        &STATEMENT,
        &TRANSFERS,
        JOB_SPANS,
        &SPAN,
        PAYLOAD,
        ECHO,
        RESULT,
        JOURNAL,
        &WORKER,
        &WORKERS_AFTER,
        CLAIM,
        PAIRING,
        TRUSTED,
        &API_KEY,
        &KEYS,
        &KEYS_OF_CLIENT,
        SPENDING,
        SPENDINGS,
        &HOOKS_OF_CLIENT,
        &HOOK,
        &DELIVERIES_OF_HOOK,
        &DELIVERY,
        &DUE_DELIVERIES,
        NEXT_DELIVERY,
        WAITING_HOOKS,
        &ENDED_DELIVERIES,
        &AGENT,
        BALANCES,
        BALANCE,
    ]
    .into_iter()
    .chain(of_key::all())
    .chain(agents::all())
    .chain(enrolments::all())
    .chain(challenges::all())
    .chain(log::all())
    .collect()
}

/// A database that answers queries.
pub(crate) trait Database: Send + Sync {
    /// Runs a query and reads each of its rows.
    fn list<'a, T: Send + 'a>(
        &'a self,
        sql: &'static str,
        params: Vec<Value<'a>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError> + Send + 'a,
    ) -> Read<'a, Vec<T>>;
}

/// A reader over any database.
pub(crate) struct Queries<D> {
    database: D,
    terms: Terms,
}

impl<D: Database> Queries<D> {
    pub(crate) fn new(database: D) -> Self {
        Self { database, terms: Terms::default() }
    }

    fn one<'a, T: Send + 'a>(
        &'a self,
        sql: &'static str,
        params: Vec<Value<'a>>,
        read: impl Fn(&dyn Columns) -> Result<T, StoreError> + Send + 'a,
    ) -> Read<'a, Option<T>> {
        self.database.list(sql, params, read).map_ok(|mut rows| rows.pop()).boxed()
    }

    fn jobs<'a>(&'a self, sql: &'static str, params: Vec<Value<'a>>) -> Read<'a, Vec<Arc<Job>>> {
        self.database.list(sql, params, |row| read::job(row, &self.terms))
    }
}

impl<D: Database> Reader for Queries<D> {
    fn job(&self, id: JobId) -> Read<'_, Option<Arc<Job>>> {
        self.one(&JOB, vec![Value::job(id)], |row| read::job(row, &self.terms))
    }

    fn find<'a>(&'a self, id: &'a PublicId) -> Read<'a, Option<Arc<Job>>> {
        let params = vec![Value::name(&id.text), Value::name(id.dialect.name())];
        self.one(&FIND, params, |row| read::job(row, &self.terms))
    }

    fn jobs<'a>(&'a self, filter: &'a JobFilter) -> Read<'a, Vec<Arc<Job>>> {
        let before = filter.before.map_or(Value::Int(i64::MAX), Value::job);
        let limit = Value::Int(filter.limit.min(PAGE).into());
        match &filter.client {
            Some(client) => self.jobs(&JOBS_OF_CLIENT, vec![Value::name(&client.0), before, limit]),
            None => self.jobs(&JOBS, vec![before, limit]),
        }
    }

    fn jobs_of_key<'a>(&'a self, which: &'a KeyJobs<'a>, cursor: Cursor, limit: u32) -> Read<'a, Stretch> {
        self.sift(which, cursor, limit).boxed()
    }

    fn payload(&self, id: JobId) -> Read<'_, Option<Arc<[u8]>>> {
        self.one(PAYLOAD, vec![Value::job(id)], |row| row.bytes(0).map(Into::into))
    }

    fn echo(&self, id: JobId) -> Read<'_, Option<Arc<str>>> {
        self.one(ECHO, vec![Value::job(id)], |row| row.text(0).map(Into::into))
    }

    fn answer(&self, id: JobId) -> Read<'_, Option<Answer>> {
        self.one(RESULT, vec![Value::job(id)], read::answer)
    }

    fn journal(&self, id: JobId) -> Read<'_, Vec<JournalRow>> {
        self.database.list(JOURNAL, vec![Value::job(id)], read::journal)
    }

    fn job_transfers(&self, job: JobId) -> Read<'_, Vec<TransferRow>> {
        let transfers = async move {
            let ends = |row: &dyn Columns| Ok((row.int(0)?, row.int(0)?.saturating_add(row.int(1)?)));
            let spans = self.database.list(JOB_SPANS, vec![Value::job(job)], ends).await?;
            let reads = spans.into_iter().map(|(first, end)| {
                self.database.list(&SPAN, vec![Value::Int(first), Value::Int(end)], read::transfer)
            });
            Ok(try_join_all(reads).await?.concat())
        };
        transfers.boxed()
    }

    fn worker(&self, id: WorkerId) -> Read<'_, Option<Worker>> {
        self.one(&WORKER, vec![Value::text(id)], read::worker)
    }

    fn workers(&self, after: Option<WorkerId>) -> Read<'_, Vec<Worker>> {
        let after = after.map_or(Value::name(""), Value::text);
        self.database.list(&WORKERS_AFTER, vec![after], read::worker)
    }

    fn claim<'a>(&'a self, key: &'a str) -> Read<'a, Option<Claim>> {
        self.one(CLAIM, vec![Value::name(key)], read::claim)
    }

    fn pairing(&self, code: Sha256) -> Read<'_, Option<Pairing>> {
        self.one(PAIRING, vec![Value::text(code)], read::pairing)
    }

    fn trusted<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Trust>> {
        self.database.list(TRUSTED, vec![Value::name(&client.0)], read::trust)
    }

    fn key(&self, number: KeyNumber) -> Read<'_, Option<ApiKey>> {
        self.one(&API_KEY, vec![Value::text(number)], read::api_key)
    }

    fn keys<'a>(
        &'a self,
        client: Option<&'a ClientId>,
        after: Option<KeyNumber>,
        day: Period,
    ) -> Read<'a, Vec<KeyRow>> {
        let (day, after) = (Value::text(period(day)), after.map_or(Value::name(""), Value::text));
        match client {
            Some(client) => {
                let params = vec![day, after, Value::name(&client.0)];
                self.database.list(&KEYS_OF_CLIENT, params, read::key_row)
            }
            None => self.database.list(&KEYS, vec![day, after], read::key_row),
        }
    }

    fn spending(&self, key: KeyNumber, period: Period) -> Read<'_, Option<SpendingRow>> {
        self.one(SPENDING, vec![spent(&(key, period))], read::spending_row)
    }

    fn spendings(&self, after: Option<(KeyNumber, Period)>) -> Read<'_, Vec<SpendingRow>> {
        let after = after.map_or(Value::name(""), |after| spent(&after));
        self.database.list(SPENDINGS, vec![after], read::spending_row)
    }

    fn hooks<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Hook>> {
        self.database.list(&HOOKS_OF_CLIENT, vec![Value::name(&client.0)], parse_hook)
    }

    fn hook(&self, id: HookId) -> Read<'_, Option<Hook>> {
        self.one(&HOOK, vec![Value::text(id)], parse_hook)
    }

    fn deliveries(&self, hook: HookId, before: Option<i64>, limit: u32) -> Read<'_, Vec<DeliveryRow>> {
        let before = Value::Int(before.unwrap_or(i64::MAX));
        let params = vec![Value::text(hook), before, Value::Int(limit.min(PAGE).into())];
        self.database.list(&DELIVERIES_OF_HOOK, params, parse_delivery)
    }

    fn delivery(&self, id: EventId) -> Read<'_, Option<DeliveryRow>> {
        self.one(&DELIVERY, vec![Value::text(id)], parse_delivery)
    }

    fn due_deliveries(&self, hook: HookId, now: Timestamp, limit: u32) -> Read<'_, Vec<Delivery>> {
        let params = vec![Value::text(hook), now.into(), Value::Int(limit.min(PAGE).into())];
        self.database.list(&DUE_DELIVERIES, params, |row| parse_delivery(row).map(|row| row.delivery))
    }

    fn next_delivery(&self, hook: HookId) -> Read<'_, Option<Timestamp>> {
        self.one(NEXT_DELIVERY, vec![Value::text(hook)], |row| row.instant(0))
    }

    fn waiting_hooks(&self) -> Read<'_, Vec<(HookId, Timestamp)>> {
        let waiting = |row: &dyn Columns| Ok((hook_id(&row.text(0)?)?, row.instant(1)?));
        self.database.list(WAITING_HOOKS, Vec::new(), waiting)
    }

    fn ended_deliveries(&self, before: Timestamp) -> Read<'_, Vec<Delivery>> {
        let params = vec![before.into()];
        self.database.list(&ENDED_DELIVERIES, params, |row| parse_delivery(row).map(|row| row.delivery))
    }

    fn agent(&self, id: AgentId) -> Read<'_, Option<Agent>> {
        self.one(&AGENT, vec![Value::count(id.0)], parse_agent)
    }

    fn agents<'a>(&'a self, filter: &'a AgentFilter, page: Page) -> Read<'a, (Vec<Agent>, u64)> {
        self.page_of_agents(filter, page).boxed()
    }

    fn agent_standing(&self, id: AgentId) -> Read<'_, Option<Standing>> {
        self.one(&agents::STANDING, vec![Value::count(id.0)], |row| Ok(parse_standing(row)?.1))
    }

    fn offer(&self, job: JobId, agent: AgentId) -> Read<'_, Option<Offer>> {
        self.one(&agents::OFFER, vec![Value::job(job), Value::count(agent.0)], parse_offer)
    }

    fn offers(&self, job: JobId, limit: u32) -> Read<'_, Vec<Offer>> {
        self.database.list(
            &agents::OFFERS_OF_JOB,
            vec![Value::job(job), Value::Int(limit.into())],
            parse_offer,
        )
    }

    fn snapshots(&self, job: JobId, page: Page) -> Read<'_, Vec<SnapshotRow>> {
        let params = vec![Value::job(job), Value::Int(page.limit.into()), Value::count(page.skip)];
        self.database.list(&agents::SNAPSHOTS_OF_JOB, params, parse_snapshot)
    }

    fn count_snapshots(&self, job: JobId, worth: Option<Worth>) -> Read<'_, u64> {
        let worth = worth.map_or("%", Worth::name);
        self.one(agents::COUNT_SNAPSHOTS, vec![Value::job(job), Value::name(worth)], |row| row.count(0))
            .map_ok(Option::unwrap_or_default)
            .boxed()
    }

    fn hire_rows(&self, after: Option<u32>) -> Read<'_, Vec<HireRow>> {
        let after = Value::Int(after.map_or(-1, i64::from));
        self.database.list(agents::HIRES_AFTER, vec![after], agents::hire_row)
    }

    fn feed(&self, after: i64, limit: u32) -> Read<'_, Vec<FeedRow>> {
        let params = vec![Value::Int(after), Value::Int(limit.min(1_000).into())];
        self.database.list(agents::FEED, params, agents::feed_row)
    }

    fn last_fed(&self) -> Read<'_, i64> {
        self.one(agents::LAST_FED, vec![], |row| Ok(row.int_or_null(0)?.unwrap_or_default()))
            .map_ok(Option::unwrap_or_default)
            .boxed()
    }

    fn tallies(&self, first: i64, last: i64) -> Read<'_, Vec<((Tally, i64), i128)>> {
        self.database.list(agents::TALLIES, vec![Value::Int(first), Value::Int(last)], tally)
    }

    fn enrolment(&self, wallet: Wallet) -> Read<'_, Option<Enrolment>> {
        self.one(&enrolments::ENROLMENT, vec![Value::text(wallet)], parse_enrolment)
    }

    fn enrolments(&self, after: Option<Wallet>) -> Read<'_, Vec<Enrolment>> {
        let after = after.map_or(Value::name(""), Value::text);
        self.database.list(&enrolments::AFTER, vec![after], parse_enrolment)
    }

    fn notices(&self, before: i64, limit: u32) -> Read<'_, Vec<NoticeRow>> {
        let limit = Value::Int(limit.min(100).into());
        self.database.list(enrolments::NOTICES, vec![Value::Int(before), limit], parse_notice)
    }

    fn last_notice(&self) -> Read<'_, i64> {
        self.one(enrolments::LAST_NOTICE, vec![], |row| Ok(row.int_or_null(0)?.unwrap_or_default()))
            .map_ok(Option::unwrap_or_default)
            .boxed()
    }

    fn open_challenges(&self) -> Read<'_, Vec<Challenge>> {
        self.database.list(&challenges::OPEN, vec![], parse_challenge)
    }

    fn challenges(&self, wallet: Wallet, limit: u32) -> Read<'_, Vec<Challenge>> {
        let limit = Value::Int(limit.min(PAGE).into());
        self.database.list(&challenges::OF_WALLET, vec![Value::text(wallet), limit], parse_challenge)
    }

    fn references<'a>(&'a self, model: &'a str, after: Timestamp, limit: u32) -> Read<'a, Vec<Reference>> {
        let params = vec![Value::name(model), after.into(), Value::Int(limit.min(1_000).into())];
        self.database.list(&challenges::OF_MODEL, params, parse_reference)
    }

    fn count_agents(&self) -> Read<'_, u64> {
        self.one(agents::COUNT_AGENTS, vec![], |row| row.count(0)).map_ok(Option::unwrap_or_default).boxed()
    }

    fn balances<'a>(&'a self, after: Option<&'a str>) -> Read<'a, Vec<BalanceRow>> {
        self.database.list(BALANCES, vec![Value::name(after.unwrap_or_default())], read::balance)
    }

    fn balance<'a>(&'a self, account: &'a Account) -> Read<'a, Vec<BalanceRow>> {
        self.database.list(BALANCE, vec![Value::text(account)], read::balance)
    }

    fn statement<'a>(&'a self, account: &'a Account, before: Option<i64>) -> Read<'a, Vec<TransferRow>> {
        let params = vec![Value::text(account), Value::Int(before.unwrap_or(i64::MAX))];
        self.database.list(&STATEMENT, params, read::transfer)
    }

    fn transfers(&self, after: i64) -> Read<'_, Vec<TransferRow>> {
        self.database.list(&TRANSFERS, vec![Value::Int(after)], read::transfer)
    }

    fn log_hashes(&self, level: u8, first: u64, count: u64) -> Read<'_, Vec<Hash>> {
        let (sql, params) = log::hashes(level, first, count);
        self.database.list(sql, params, read::hash)
    }

    fn log_entries(&self, first: u64, count: u64) -> Read<'_, Vec<Vec<u8>>> {
        self.database.list(log::ENTRIES, log::range(first, count).into(), |row| row.bytes(0))
    }

    fn log_index<'a>(&'a self, id: JobId, event: &'a str) -> Read<'a, Option<u64>> {
        self.one(log::INDEX, vec![Value::job(id), Value::name(event)], |row| row.count(0))
    }
}
