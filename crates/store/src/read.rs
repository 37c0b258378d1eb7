//! What readers can ask, and what they are answered.

use crate::batch::SnapshotDocument;
use crate::error::StoreError;
use crate::stage::Stage;
use docket_core::agent::capital::Worth;
use docket_core::agent::identity::{Agent, Wallet};
use docket_core::agent::offer::Offer;
use docket_core::agent::role::{Role, Strategy};
use docket_core::agent::score::Score;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::change::{Claim, Notice};
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId};
use docket_core::id::{AgentId, ClientId, JobId, PublicId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::money::{Amount, Asset};
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

/// Where a page of a list begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cursor {
    /// With the newest.
    #[default]
    Newest,
    /// With the newest that is older than this.
    Before(JobId),
    /// With the oldest that is newer than this.
    After(JobId),
}

/// Which of an API key's jobs a list shows.
#[derive(Clone, Copy, Debug)]
pub struct KeyJobs<'a> {
    /// The key.
    pub key: KeyId,
    /// Only those for this model.
    pub model: Option<&'a str>,
    /// Only those that have come to this.
    pub stage: Option<Stage>,
}

impl KeyJobs<'_> {
    /// Whether a job of the key belongs there.
    pub(crate) fn fits(&self, job: &Job) -> bool {
        self.model.is_none_or(|model| job.ask.model.as_deref() == Some(model))
            && self.stage.is_none_or(|stage| stage == Stage::of(&job.state))
    }
}

/// What was found of a list in one go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stretch {
    /// The jobs, from the cursor on: the newest first, or after a job the oldest first.
    pub jobs: Vec<Arc<Job>>,
    /// Where to go on, unless all was looked at.
    pub rest: Option<Cursor>,
}

impl Stretch {
    /// Of the jobs that fit up to `end`, at most `limit`, from a cursor on.
    pub(crate) fn new(jobs: Vec<Arc<Job>>, end: Option<JobId>, cursor: Cursor, limit: u32) -> Self {
        let is_full = u32::try_from(jobs.len()).is_ok_and(|found| found >= limit);
        let last = if is_full { jobs.last().map(|job| job.id).or(end) } else { end };
        let rest = last.map(|job| match cursor {
            Cursor::After(_) => Cursor::After(job),
            Cursor::Newest | Cursor::Before(_) => Cursor::Before(job),
        });
        Self { jobs, rest }
    }
}

/// Which agents a list shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AgentFilter {
    /// Only this wallet's.
    pub owner: Option<Wallet>,
    /// Only those that offer to be this.
    pub role: Option<Role>,
    /// Only those that judge, or only those that do not.
    pub judges: Option<bool>,
    /// Only those whose names begin so, in either case.
    pub name: String,
    /// Only those that offer to arbitrate, or only those that do not.
    pub arbitrates: Option<bool>,
    /// Only those with at least so many points.
    pub least_score: Option<u8>,
}

impl AgentFilter {
    /// Whether an agent with this score belongs there.
    pub fn fits(&self, agent: &Agent, score: Score) -> bool {
        let roles = &agent.profile.roles;
        let name = agent.profile.name.to_ascii_lowercase();
        self.owner.is_none_or(|owner| agent.owner == owner)
            && self.role.is_none_or(|role| roles.contains(&role))
            && self.judges.is_none_or(|judges| agent.capability.is_some() == judges)
            && name.starts_with(&self.name.to_ascii_lowercase())
            && self.arbitrates.is_none_or(|arbitrates| roles.contains(&Role::Arbitrator) == arbitrates)
            && self.least_score.is_none_or(|least| score.points() >= least)
    }
}

/// A snapshot as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnapshotRow {
    /// What it is.
    pub document: SnapshotDocument,
    /// Where the log has it; an attested one alone.
    pub leaf_index: Option<u64>,
}

/// Which part of a numbered list is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many are left out before it.
    pub skip: u64,
    /// How many it has; at most 100.
    pub limit: u32,
}

/// An API key and what it has spent, in minor units.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRow {
    /// The key.
    pub key: ApiKey,
    /// On the day that was asked about.
    pub spent_on_day: u128,
    /// In its whole life.
    pub spent_in_all: u128,
}

/// What a hook is told, with its place in their order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliveryRow {
    /// Grows from one to the next.
    pub number: i64,
    /// What it is.
    pub delivery: Delivery,
}

/// What lists look at of a job for which one agent hires another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HireRow {
    /// The job.
    pub job: JobId,
    /// What it is called.
    pub number: u32,
    /// The name of its state.
    pub state: &'static str,
    /// How it is judged.
    pub strategy: Strategy,
    /// Who asks for it, and whose that agent is.
    pub client: (AgentId, Wallet),
    /// Who does it.
    pub provider: Option<(AgentId, Wallet)>,
    /// Who judges it.
    pub evaluator: Option<(AgentId, Wallet)>,
    /// Who has opened a dispute about it.
    pub initiator: Option<AgentId>,
    /// Who sits in that dispute.
    pub jurors: Vec<(AgentId, Wallet)>,
}

/// Something that has happened to such a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedRow {
    /// Grows from one to the next, not by one.
    pub number: i64,
    /// Which job.
    pub job: JobId,
    /// What.
    pub event: String,
    /// The name of the job's state before it; empty for a new job.
    pub before: String,
    /// The name of the job's state after it.
    pub after: String,
    /// Whose offer it is, if it is one.
    pub agent: Option<AgentId>,
}

/// Something that everybody may see of the work for which a class of hardware is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoticeRow {
    /// Counts them all, from 1.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
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

impl BalanceRow {
    /// Whether it is the balance in this asset.
    pub fn is_in(&self, asset: Asset) -> bool {
        (self.asset.as_str(), self.decimals) == (asset.name(), asset.decimals())
    }
}

/// What a key has spent over a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpendingRow {
    /// The key.
    pub key: KeyNumber,
    /// Over what.
    pub period: Period,
    /// Minor units.
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
    /// The key under which the job was asked for, and the day to whose spending it counts.
    pub key: Option<(KeyNumber, Period)>,
    /// What caused it.
    pub event: String,
    /// From.
    pub from: Account,
    /// To.
    pub to: Account,
    /// How much.
    pub amount: Amount,
    /// The place in the log of what caused it.
    pub log_index: Option<u64>,
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
    fn jobs_of_key<'a>(&'a self, which: &'a KeyJobs<'a>, cursor: Cursor, limit: u32) -> Read<'a, Stretch>;
    fn payload(&self, id: JobId) -> Read<'_, Option<Arc<[u8]>>>;
    fn echo(&self, id: JobId) -> Read<'_, Option<Arc<str>>>;
    fn answer(&self, id: JobId) -> Read<'_, Option<Answer>>;
    fn journal(&self, id: JobId) -> Read<'_, Vec<JournalRow>>;
    fn job_transfers(&self, job: JobId) -> Read<'_, Vec<TransferRow>>;
    fn worker(&self, id: WorkerId) -> Read<'_, Option<Worker>>;
    fn workers(&self, after: Option<WorkerId>) -> Read<'_, Vec<Worker>>;
    fn claim<'a>(&'a self, key: &'a str) -> Read<'a, Option<Claim>>;
    fn pairing(&self, code: Sha256) -> Read<'_, Option<Pairing>>;
    fn trusted<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Trust>>;
    fn key(&self, number: KeyNumber) -> Read<'_, Option<ApiKey>>;
    fn keys<'a>(
        &'a self,
        client: Option<&'a ClientId>,
        after: Option<KeyNumber>,
        day: Period,
    ) -> Read<'a, Vec<KeyRow>>;
    fn spending(&self, key: KeyNumber, period: Period) -> Read<'_, Option<SpendingRow>>;
    fn spendings(&self, after: Option<(KeyNumber, Period)>) -> Read<'_, Vec<SpendingRow>>;
    fn hooks<'a>(&'a self, client: &'a ClientId) -> Read<'a, Vec<Hook>>;
    fn hook(&self, id: HookId) -> Read<'_, Option<Hook>>;
    fn deliveries(&self, hook: HookId, before: Option<i64>, limit: u32) -> Read<'_, Vec<DeliveryRow>>;
    fn delivery(&self, id: EventId) -> Read<'_, Option<DeliveryRow>>;
    fn due_deliveries(&self, hook: HookId, now: Timestamp, limit: u32) -> Read<'_, Vec<Delivery>>;
    fn next_delivery(&self, hook: HookId) -> Read<'_, Option<Timestamp>>;
    fn waiting_hooks(&self) -> Read<'_, Vec<(HookId, Timestamp)>>;
    fn ended_deliveries(&self, before: Timestamp) -> Read<'_, Vec<Delivery>>;
    fn agent(&self, id: AgentId) -> Read<'_, Option<Agent>>;
    fn agents<'a>(&'a self, filter: &'a AgentFilter, page: Page) -> Read<'a, (Vec<Agent>, u64)>;
    fn agent_standing(&self, id: AgentId) -> Read<'_, Option<Standing>>;
    fn offer(&self, job: JobId, agent: AgentId) -> Read<'_, Option<Offer>>;
    fn offers(&self, job: JobId, limit: u32) -> Read<'_, Vec<Offer>>;
    fn snapshots(&self, job: JobId, page: Page) -> Read<'_, Vec<SnapshotRow>>;
    fn count_snapshots(&self, job: JobId, worth: Option<Worth>) -> Read<'_, u64>;
    fn hire_rows(&self, after: Option<u32>) -> Read<'_, Vec<HireRow>>;
    fn feed(&self, after: i64, limit: u32) -> Read<'_, Vec<FeedRow>>;
    fn last_fed(&self) -> Read<'_, i64>;
    fn tallies(&self, first: i64, last: i64) -> Read<'_, Vec<((Tally, i64), i128)>>;
    fn count_agents(&self) -> Read<'_, u64>;
    fn enrolment(&self, wallet: Wallet) -> Read<'_, Option<Enrolment>>;
    fn enrolments(&self, after: Option<Wallet>) -> Read<'_, Vec<Enrolment>>;
    fn open_challenges(&self) -> Read<'_, Vec<Challenge>>;
    fn challenges(&self, wallet: Wallet, limit: u32) -> Read<'_, Vec<Challenge>>;
    fn references<'a>(&'a self, model: &'a str, after: Timestamp, limit: u32) -> Read<'a, Vec<Reference>>;
    fn notices(&self, before: i64, limit: u32) -> Read<'_, Vec<NoticeRow>>;
    fn last_notice(&self) -> Read<'_, i64>;
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
