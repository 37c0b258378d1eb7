//! Reading: one text for both databases, and what its rows mean.

use crate::columns::{Columns, corrupt};
use crate::error::StoreError;
use crate::rows::{self, JOB_COLUMNS};
use docket_core::effect::{Effect, EffectKind};
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, JobId, PublicId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::money::Amount;
use docket_core::policy::Policy;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use futures::future::BoxFuture;
use std::sync::Arc;

/// The answer to a job.
pub type Answer = crate::batch::ResultDocument;

/// Which jobs a list shows.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only this client's.
    pub client: Option<ClientId>,
    /// Only older ones than this.
    pub before: Option<JobId>,
    /// How many; at most 100.
    pub limit: u32,
}

/// The balance of an account in one asset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BalanceRow {
    /// The account's text.
    pub account: String,
    /// The asset's name.
    pub asset: String,
    /// The asset's decimals.
    pub decimals: u8,
    /// Minor units; negative for the outside only.
    pub units: i128,
}

/// A transfer in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransferRow {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// About which job.
    pub job: Option<PublicId>,
    /// What caused it.
    pub event: String,
    /// From.
    pub from: Account,
    /// To.
    pub to: Account,
    /// How much.
    pub amount: Amount,
}

/// Something that happened to a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalRow {
    /// The job's version after it.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: String,
    /// Who, why, how much.
    pub detail: String,
    /// Its place in the log.
    pub leaf_index: Option<u64>,
}

/// A database, as readers see it. Reads see only what is durable.
#[allow(missing_docs, reason = "each method is documented where it is called, in `Store`")]
pub trait Reader: Send + Sync {
    fn job(&self, id: JobId) -> Read<'_, Option<Arc<Job>>>;
    fn find<'a>(&'a self, id: &'a PublicId) -> Read<'a, Option<Arc<Job>>>;
    fn jobs<'a>(&'a self, filter: &'a JobFilter) -> Read<'a, Vec<Arc<Job>>>;
    fn payload(&self, id: JobId) -> Read<'_, Option<Arc<[u8]>>>;
    fn answer(&self, id: JobId) -> Read<'_, Option<Answer>>;
    fn journal(&self, id: JobId) -> Read<'_, Vec<JournalRow>>;
    fn outbox(&self) -> Read<'_, Vec<Effect>>;
    fn worker(&self, id: WorkerId) -> Read<'_, Option<Worker>>;
    fn workers(&self, after: Option<WorkerId>) -> Read<'_, Vec<Worker>>;
    fn pairing(&self, code: Sha256) -> Read<'_, Option<Pairing>>;
    fn trusted<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Trust>>;
    fn balances<'a>(&'a self, after: Option<&'a str>) -> Read<'a, Vec<BalanceRow>>;
    fn balance<'a>(&'a self, account: &'a Account) -> Read<'a, Vec<BalanceRow>>;
    fn statement<'a>(&'a self, account: &'a Account, before: Option<i64>) -> Read<'a, Vec<TransferRow>>;
    fn transfers(&self, after: i64) -> Read<'_, Vec<TransferRow>>;
    fn log_hashes(&self, level: u8, first: u64, count: u64) -> Read<'_, Vec<Hash>>;
    fn log_entries(&self, first: u64, count: u64) -> Read<'_, Vec<Vec<u8>>>;
    fn log_index<'a>(&'a self, id: JobId, event: &'a str) -> Read<'a, Option<u64>>;
}

/// A read under way.
pub type Read<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// A value for a parameter of a query.
#[derive(Debug)]
pub(crate) enum Param<'a> {
    Int(i64),
    Text(std::borrow::Cow<'a, str>),
}

impl Param<'_> {
    pub(crate) fn job(id: JobId) -> Self {
        Self::Int(job_number(id))
    }

    pub(crate) fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string().into())
    }
}

/// The number under which a job is stored; ids stay below 2^63 by their making.
pub(crate) fn job_number(id: JobId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// How many rows a page holds at most.
pub(crate) const PAGE: u32 = 100;

const JOB_FROM: &str = "FROM job j JOIN policy p ON p.policy_id = j.policy_id";
const TRANSFER: &str = "SELECT t.transfer_id, n.at_ms, j.dialect, j.public_id, n.event, t.from_account, t.to_account, \
     t.asset, t.decimals, t.units FROM transfer t JOIN journal n ON n.journal_id = t.journal_id \
     LEFT JOIN job j ON j.job_id = n.job_id";

pub(crate) fn select_job(condition: &str) -> String {
    format!("SELECT {JOB_COLUMNS} {JOB_FROM} WHERE {condition}")
}

pub(crate) const OPEN_JOBS: &str = "j.deadline_ms IS NOT NULL ORDER BY j.job_id";
pub(crate) const JOB_BY_ID: &str = "j.job_id = $1";
pub(crate) const JOB_BY_PUBLIC_ID: &str = "j.public_id = $1 AND j.dialect = $2";
pub(crate) const JOBS: &str = "j.job_id < $1 ORDER BY j.job_id DESC LIMIT $2";
pub(crate) const JOBS_OF_CLIENT: &str = "j.client = $1 AND j.job_id < $2 ORDER BY j.job_id DESC LIMIT $3";
pub(crate) const PAYLOAD: &str = "SELECT body FROM payload WHERE job_id = $1";
pub(crate) const RESULT: &str = "SELECT output, receipt, decision FROM result WHERE job_id = $1";
pub(crate) const JOURNAL: &str =
    "SELECT version, at_ms, event, detail, leaf_index FROM journal WHERE job_id = $1 ORDER BY version";
pub(crate) const OUTBOX: &str = "SELECT job_id, version, kind FROM outbox ORDER BY job_id, version, kind";
pub(crate) const WORKER_COLUMNS: &str =
    "SELECT worker_id, proven, suspended, completed, failed, first_seen_ms, version FROM worker";
pub(crate) const PAIRING: &str =
    "SELECT code, client, expires_ms, claimed_by, version FROM pairing WHERE code = $1";
pub(crate) const TRUSTED: &str =
    "SELECT client, worker_id, since_ms FROM trust WHERE client = $1 ORDER BY worker_id";
pub(crate) const BALANCES: &str = "SELECT account, asset, decimals, units FROM balance WHERE account > $1 ORDER BY account, asset LIMIT 100";
pub(crate) const BALANCE: &str =
    "SELECT account, asset, decimals, units FROM balance WHERE account = $1 ORDER BY asset";
pub(crate) const LOG_LEAVES: &str =
    "SELECT hash FROM log_leaf WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index";
pub(crate) const LOG_NODES: &str = "SELECT hash FROM log_node WHERE level = $1 AND node_index >= $2 \
     AND node_index < $3 ORDER BY node_index";
pub(crate) const LOG_ENTRIES: &str =
    "SELECT entry FROM log_leaf WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index";
pub(crate) const LOG_INDEX: &str = "SELECT leaf_index FROM journal WHERE job_id = $1 AND event = $2 \
     AND leaf_index IS NOT NULL ORDER BY version DESC LIMIT 1";

/// The movements on both sides of an account: each side has an index of its own.
pub(crate) fn select_statement() -> String {
    let side = |name: &str| {
        format!(
            "SELECT * FROM ({TRANSFER} WHERE t.{name}_account = $1 AND t.{name}_own = 1 AND t.transfer_id < $2 \
             ORDER BY t.transfer_id DESC LIMIT 100) AS {name}_side"
        )
    };
    format!("{} UNION {} ORDER BY 1 DESC LIMIT 100", side("from"), side("to"))
}

pub(crate) fn select_transfers() -> String {
    format!("{TRANSFER} WHERE t.transfer_id > $1 ORDER BY t.transfer_id LIMIT 10000")
}

pub(crate) fn read_job(row: &impl Columns, terms: &Terms) -> Result<Arc<Job>, StoreError> {
    rows::job(row, |text| terms.get(text)).map(Arc::new)
}

/// Policies by their text: jobs with the same terms share them.
#[derive(Default)]
pub(crate) struct Terms(std::sync::Mutex<std::collections::HashMap<String, Arc<Policy>>>);

impl Terms {
    fn get(&self, text: &str) -> Result<Arc<Policy>, StoreError> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(policy) = known.get(text) {
            return Ok(policy.clone());
        }
        let policy = Arc::new(crate::policy::decode(text)?);
        known.insert(text.to_owned(), policy.clone());
        Ok(policy)
    }
}

pub(crate) fn read_answer(row: &impl Columns) -> Result<Answer, StoreError> {
    Ok(Answer { output: row.bytes(0)?.into(), receipt: row.bytes(1)?.into(), decision: row.text(2)?.into() })
}

pub(crate) fn read_journal(row: &impl Columns) -> Result<JournalRow, StoreError> {
    Ok(JournalRow {
        version: Version(row.count(0)?),
        at: row.instant(1)?,
        event: row.text(2)?,
        detail: row.text(3)?,
        leaf_index: row.int_or_null(4)?.map(i64::unsigned_abs),
    })
}

pub(crate) fn read_effect(row: &impl Columns) -> Result<Effect, StoreError> {
    Ok(Effect {
        job: JobId(row.count(0)?),
        version: Version(row.count(1)?),
        kind: EffectKind::parse(&row.text(2)?).ok_or_else(|| corrupt("an effect"))?,
    })
}

pub(crate) fn read_worker(row: &impl Columns) -> Result<Worker, StoreError> {
    Ok(Worker {
        id: row.worker(0)?,
        proven: row.flag(1)?,
        suspended: row.flag(2)?,
        standing: docket_core::change::Standing { completed: row.small(3)?, failed: row.small(4)? },
        first_seen: row.instant(5)?,
        version: Version(row.count(6)?),
    })
}

pub(crate) fn read_pairing(row: &impl Columns) -> Result<Pairing, StoreError> {
    let claimed_by = row.text_or_null(3)?;
    Ok(Pairing {
        code: row.digest(0)?,
        client: ClientId(row.text(1)?.into()),
        expires_at: row.instant(2)?,
        claimed_by: claimed_by
            .map(|key| WorkerId::from_hex(&key).ok_or_else(|| corrupt("a worker's key")))
            .transpose()?,
        version: Version(row.count(4)?),
    })
}

pub(crate) fn read_trust(row: &impl Columns) -> Result<Trust, StoreError> {
    Ok(Trust { client: ClientId(row.text(0)?.into()), worker: row.worker(1)?, since: row.instant(2)? })
}

pub(crate) fn read_balance(row: &impl Columns) -> Result<BalanceRow, StoreError> {
    Ok(BalanceRow {
        account: row.text(0)?,
        asset: row.text(1)?,
        decimals: u8::try_from(row.int(2)?).map_err(|_| corrupt("an asset's decimals"))?,
        units: row.text(3)?.parse().map_err(|_| corrupt("a balance"))?,
    })
}

pub(crate) fn read_transfer(row: &impl Columns) -> Result<TransferRow, StoreError> {
    let account = |column| Account::parse(&row.text(column)?).ok_or_else(|| corrupt("an account"));
    let job = match (row.text_or_null(2)?, row.text_or_null(3)?) {
        (Some(dialect), Some(text)) => Some(PublicId {
            dialect: docket_core::id::Dialect::parse(&dialect).ok_or_else(|| corrupt("a dialect"))?,
            text: text.into(),
        }),
        _ => None,
    };
    let asset = row.asset(7, 8)?;
    Ok(TransferRow {
        id: row.int(0)?,
        at: row.instant(1)?,
        job,
        event: row.text(4)?,
        from: account(5)?,
        to: account(6)?,
        amount: row.amount(9, asset)?,
    })
}

pub(crate) fn read_hash(row: &impl Columns) -> Result<Hash, StoreError> {
    row.bytes(0)?.try_into().map_err(|_| corrupt("a hash of the log"))
}
