//! What the writer needs of a database: read what a group relies on, write what has won.

use crate::batch::Batch;
use crate::error::StoreError;
use crate::read::Reader;
use docket_core::agent::identity::Wallet;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::change::Claim;
use docket_core::hash::Sha256;
use docket_core::hook::{EventId, Hook};
use docket_core::id::{AgentId, ChallengeId, ClientId, Dialect, JobId, PublicId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::money::Asset;
use docket_core::policy::Policy;
use docket_core::worker::Worker;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// One database, as the writer sees it. Every call blocks; the writer has a thread of its own.
pub trait Backend: Send {
    /// Reads where the last write ended.
    fn resume(&mut self) -> Result<Resumed, StoreError>;

    /// Reads the rows that a group relies on and that are not cached. [`StoreError::Stopped`] means
    /// that no later call can succeed either.
    fn load(&mut self, needs: &Needs) -> Result<Loaded, StoreError>;

    /// Writes a group and syncs once. All of it is durable when this returns `Ok`; after an error nothing may
    /// be assumed.
    fn write(&mut self, batch: &Batch) -> Result<Seen, StoreError>;

    /// Takes a group that was just written, to carry it out if that is left to be done, by the next
    /// [`Self::show`] at the latest. What goes wrong here loses nothing, but only a restart can go on.
    fn apply(&mut self, batch: Batch) -> Result<(), StoreError>;

    /// Lets readers see all that was written. After an error, only a restart can.
    fn show(&mut self) -> Result<(), StoreError>;
}

/// When readers see what was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// At once.
    Now,
    /// After [`Backend::show`].
    WhenShown,
}

/// An open database in its two halves.
pub struct Connected {
    /// For the writer.
    pub backend: Box<dyn Backend>,
    /// For everybody.
    pub reader: Arc<dyn Reader>,
}

/// Where the last write ended.
#[derive(Default)]
pub struct Resumed {
    /// Counts the starts of the coordinator; already counted up and durable.
    pub epoch: u32,
    /// The greatest id of a job.
    pub last_job: Option<JobId>,
    /// The greatest public name of a job in each dialect, by its bytes.
    pub last_names: BTreeMap<Dialect, Arc<str>>,
    /// The greatest number of an agent.
    pub last_agent: Option<AgentId>,
    /// The greatest number of a job for which one agent hires another.
    pub last_hire: Option<u64>,
    /// The last number given to a row of the journal.
    pub journal_id: i64,
    /// The last number given to a transfer.
    pub transfer_id: i64,
    /// The last number given to a policy.
    pub policy_id: i64,
    /// The last number given to a delivery to a hook.
    pub delivery: i64,
    /// The last number given to a notice.
    pub notice: i64,
    /// How many leaves the log has.
    pub log_size: u64,
    /// The roots of the complete subtrees of the log.
    pub log_peaks: Vec<Hash>,
    /// Every job that is not final.
    pub open_jobs: Vec<Arc<Job>>,
}

/// Rows that a group relies on.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Needs {
    /// Keys that may have been used.
    pub claims: BTreeSet<Arc<str>>,
    /// New jobs whose numbers may be taken.
    pub jobs: BTreeSet<JobId>,
    /// Public names of new jobs.
    pub names: BTreeSet<PublicId>,
    /// Terms of new jobs that are not cached.
    pub policies: HashSet<Arc<Policy>>,
    /// Accounts whose balances are not cached.
    pub balances: BTreeSet<(Account, Asset)>,
    /// Workers that are not cached.
    pub workers: BTreeSet<WorkerId>,
    /// Pairing codes.
    pub pairings: BTreeSet<Sha256>,
    /// API keys that are not cached.
    pub keys: BTreeSet<KeyNumber>,
    /// Spending of keys that is not cached.
    pub spendings: BTreeSet<(KeyNumber, Period)>,
    /// Accounts whose hooks are not cached.
    pub hooks: BTreeSet<ClientId>,
    /// What hooks are told.
    pub deliveries: BTreeSet<EventId>,
    /// Agents.
    pub agents: BTreeSet<AgentId>,
    /// Agents whose standing is not cached.
    pub agent_standings: BTreeSet<AgentId>,
    /// Offers.
    pub offers: BTreeSet<(JobId, AgentId)>,
    /// Counts of an hour that are not cached.
    pub tallies: BTreeSet<(Tally, i64)>,
    /// Enrolments.
    pub enrolments: BTreeSet<Wallet>,
    /// Challenges.
    pub challenges: BTreeSet<ChallengeId>,
}

impl Needs {
    /// Whether nothing has to be read.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The rows that were found.
#[derive(Default)]
pub struct Loaded {
    /// Keys that were used.
    pub claims: HashMap<Arc<str>, Claim>,
    /// Numbers that are taken.
    pub jobs: HashSet<JobId>,
    /// Public names that are taken.
    pub names: HashSet<PublicId>,
    /// Terms that are stored, with their numbers.
    pub policies: HashMap<Arc<Policy>, i64>,
    /// Balances; an account that is absent holds nothing.
    pub balances: HashMap<(Account, Asset), i128>,
    /// Workers.
    pub workers: HashMap<WorkerId, Worker>,
    /// Pairings, with their versions.
    pub pairings: HashMap<Sha256, Version>,
    /// API keys.
    pub keys: HashMap<KeyNumber, ApiKey>,
    /// What keys have spent; a sum that is absent is nothing.
    pub spendings: HashMap<(KeyNumber, Period), i128>,
    /// Hooks.
    pub hooks: Vec<Hook>,
    /// What hooks are told, with their versions.
    pub deliveries: HashMap<EventId, Version>,
    /// Agents, with their versions.
    pub agents: HashMap<AgentId, Version>,
    /// What is known of agents; of one that is absent, nothing.
    pub agent_standings: HashMap<AgentId, Standing>,
    /// Counts; one that is absent is nothing.
    pub tallies: HashMap<(Tally, i64), i128>,
    /// Offers, with their versions.
    pub offers: HashMap<(JobId, AgentId), Version>,
    /// Enrolments, with their versions.
    pub enrolments: HashMap<Wallet, Version>,
    /// Challenges, with their versions.
    pub challenges: HashMap<ChallengeId, Version>,
}
