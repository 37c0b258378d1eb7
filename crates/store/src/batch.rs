//! What callers hand in, and what a group of winners is written as.

use crate::writer::{Key, Moved, Spent};
use docket_core::agent::capital::Worth;
use docket_core::agent::identity::{Agent, Wallet};
use docket_core::agent::offer::Offer;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::challenge::Challenge;
use docket_core::challenge::reference::Reference;
use docket_core::change::{Change, Claim, Notice};
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::hook::{Delivery, EventId, Hook, HookId};
use docket_core::id::{AgentId, ChallengeId, JobId, Version, WorkerId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyNumber};
use docket_core::ledger::Account;
use docket_core::merkle::Hash;
use docket_core::money::Amount;
use docket_core::time::Timestamp;
use docket_core::trust::{Pairing, Trust};
use docket_core::worker::Worker;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A change with the bytes that belong to it.
#[derive(Clone, Debug)]
pub struct Write {
    /// What is to change.
    pub change: Change,
    /// What is stored beside it, apart from the hot rows.
    pub documents: Documents,
    /// The entry for the log and its leaf hash; set exactly if the change is logged: it moves money, or names what one agent
    /// has delivered to another.
    pub leaf: Option<Leaf>,
}

/// One entry of the log.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The bytes that the leaf hash covers, below 64 KiB.
    pub entry: Arc<[u8]>,
    /// [`docket_core::merkle::leaf_hash`] of the entry, computed by the caller off the writer.
    pub hash: Hash,
}

impl Leaf {
    /// A leaf for an entry.
    pub fn new(entry: Vec<u8>) -> Self {
        Self { hash: docket_core::merkle::leaf_hash(&entry), entry: entry.into() }
    }
}

/// Bytes that are read rarely and never searched.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    /// What the client asks; comes with the job.
    pub payload: Option<Payload>,
    /// What the worker answered, and its proof; comes with the delivery.
    pub result: Option<ResultDocument>,
    /// What an enclave has said of a job's capital.
    pub snapshot: Option<SnapshotDocument>,
}

/// What an enclave has said of a job's capital, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotDocument {
    /// Of which job.
    pub job: JobId,
    /// When it came.
    pub received_at: Timestamp,
    /// What it is worth.
    pub worth: Worth,
    /// The code of what is wrong with it, if anything is.
    pub flaw: Option<Arc<str>>,
    /// The report, in canonical JSON.
    pub report: Arc<str>,
    /// Who vouches for it, in JSON, if anybody was said to.
    pub attestation: Option<Arc<str>>,
}

impl SnapshotDocument {
    /// How many bytes it has.
    pub(crate) fn weight(&self) -> usize {
        self.report.len() + self.attestation.as_ref().map_or(0, |attestation| attestation.len())
    }
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What the worker gets to see.
    pub body: Arc<[u8]>,
    /// What the answer repeats of the request, in the dialect's form; no worker sees it. `None` where nobody may read
    /// that answer again.
    pub echo: Option<Arc<str>>,
}

impl Payload {
    /// How many bytes it has.
    pub(crate) fn weight(&self) -> usize {
        self.body.len() + self.echo.as_ref().map_or(0, |echo| echo.len())
    }
}

impl<Body: Into<Arc<[u8]>>> From<Body> for Payload {
    fn from(body: Body) -> Self {
        Self { body: body.into(), echo: None }
    }
}

/// The answer to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultDocument {
    /// The raw bytes of the output, as the worker sent them.
    pub output: Arc<[u8]>,
    /// The signed receipts, in the protocol's form.
    pub receipt: Arc<[u8]>,
    /// Why this worker was chosen, in the engine's form.
    pub decision: Arc<str>,
}

impl ResultDocument {
    /// How many bytes it has.
    pub(crate) fn weight(&self) -> usize {
        self.output.len() + self.receipt.len() + self.decision.len()
    }
}

impl Write {
    /// How many bytes of documents it brings.
    pub(crate) fn weight(&self) -> usize {
        let Documents { payload, result, snapshot } = &self.documents;
        payload.as_ref().map_or(0, Payload::weight)
            + result.as_ref().map_or(0, ResultDocument::weight)
            + snapshot.as_ref().map_or(0, SnapshotDocument::weight)
    }
}

/// One transfer, as it stands in the journal.
pub(crate) struct TransferEntry {
    pub(crate) id: i64,
    pub(crate) journal_id: i64,
    pub(crate) from: Account,
    pub(crate) to: Account,
    pub(crate) amount: Amount,
}

/// One change, as it stands in the journal.
pub(crate) struct JournalEntry {
    pub(crate) journal_id: i64,
    pub(crate) job: Option<JobId>,
    pub(crate) version: Version,
    pub(crate) at: Timestamp,
    pub(crate) event: &'static str,
    pub(crate) detail: String,
    pub(crate) leaf_index: Option<u64>,
    /// The numbers of its transfers.
    pub(crate) transfers: Range<i64>,
}

/// What has happened to a job for which one agent hires another, for those who follow it.
pub(crate) struct FeedEntry {
    pub(crate) journal_id: i64,
    pub(crate) job: JobId,
    pub(crate) event: &'static str,
    /// The job's state before.
    pub(crate) before: &'static str,
    /// The job's state after.
    pub(crate) after: &'static str,
    /// Whose offer it is, if it is one.
    pub(crate) agent: Option<AgentId>,
}

/// What everybody may see of the work for which a class of hardware is asked.
pub(crate) struct NoticeEntry {
    pub(crate) number: i64,
    pub(crate) at: Timestamp,
    pub(crate) notice: Notice,
}

/// The answer to a job, as it stands beside the journal.
pub(crate) struct ResultEntry {
    pub(crate) journal_id: i64,
    pub(crate) job: JobId,
    pub(crate) document: ResultDocument,
}

/// The winners of a group, or of several, ready to be written in one transaction. No row with a version stands in a group
/// twice; of several groups, the later one is behind the earlier.
#[derive(Default)]
pub struct Batch {
    pub(crate) new_policies: Vec<(i64, String)>,
    pub(crate) new_jobs: Vec<(Arc<Job>, i64)>,
    pub(crate) changed_jobs: Vec<Arc<Job>>,
    pub(crate) payloads: Vec<(JobId, Payload)>,
    pub(crate) results: Vec<ResultEntry>,
    pub(crate) snapshots: Vec<(i64, SnapshotDocument)>,
    pub(crate) journal: Vec<JournalEntry>,
    pub(crate) transfers: Vec<TransferEntry>,
    pub(crate) balances: BTreeMap<Key, Moved>,
    pub(crate) claims: Vec<(Claim, Timestamp)>,
    pub(crate) leaves: Vec<(u64, Leaf)>,
    pub(crate) nodes: Vec<(u8, u64, Hash)>,
    pub(crate) workers: BTreeMap<WorkerId, Worker>,
    pub(crate) pairings: BTreeMap<Sha256, Pairing>,
    pub(crate) trusts: Vec<Trust>,
    pub(crate) standings: BTreeMap<WorkerId, Worker>,
    pub(crate) keys: BTreeMap<KeyNumber, ApiKey>,
    pub(crate) spendings: BTreeMap<Spent, Moved>,
    pub(crate) hooks: BTreeMap<HookId, Hook>,
    pub(crate) new_deliveries: Vec<(i64, Delivery)>,
    pub(crate) changed_deliveries: BTreeMap<EventId, Delivery>,
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) offers: BTreeMap<(JobId, AgentId), Offer>,
    pub(crate) agent_standings: BTreeMap<AgentId, Standing>,
    pub(crate) feed: Vec<FeedEntry>,
    pub(crate) tallies: BTreeMap<(Tally, i64), Moved>,
    pub(crate) enrolments: BTreeMap<Wallet, Enrolment>,
    pub(crate) notices: Vec<NoticeEntry>,
    pub(crate) challenges: BTreeMap<ChallengeId, Challenge>,
    pub(crate) references: Vec<Reference>,
}

impl Batch {
    /// Adds a later group, so that both can be written as one. One with records of its own, which are written in an
    /// order of their own, is given back, and so is any after such a one.
    pub(crate) fn join(&mut self, later: Self) -> Result<(), Box<Self>> {
        if self.has_records() || later.has_records() {
            return Err(Box::new(later));
        }
        self.new_policies.extend(later.new_policies);
        self.new_jobs.extend(later.new_jobs);
        self.changed_jobs.extend(later.changed_jobs);
        self.payloads.extend(later.payloads);
        self.results.extend(later.results);
        self.snapshots.extend(later.snapshots);
        self.journal.extend(later.journal);
        self.transfers.extend(later.transfers);
        join_sums(&mut self.balances, later.balances);
        self.claims.extend(later.claims);
        self.leaves.extend(later.leaves);
        self.nodes.extend(later.nodes);
        self.standings.extend(later.standings);
        join_sums(&mut self.spendings, later.spendings);
        self.new_deliveries.extend(later.new_deliveries);
        self.agent_standings.extend(later.agent_standings);
        self.feed.extend(later.feed);
        self.notices.extend(later.notices);
        join_sums(&mut self.tallies, later.tallies);
        Ok(())
    }

    /// Whether it has rows that are no job's and no sum.
    fn has_records(&self) -> bool {
        let Self {
            workers,
            pairings,
            trusts,
            keys,
            hooks,
            changed_deliveries,
            agents,
            offers,
            enrolments,
            challenges,
            references,
            ..
        } = self;
        let records = [workers.len(), pairings.len(), trusts.len(), keys.len(), hooks.len(), agents.len()];
        let others = [offers.len(), enrolments.len(), challenges.len(), references.len()];
        let records = records.into_iter().chain(others);
        records.into_iter().any(|count| count > 0) || !changed_deliveries.is_empty()
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        // What is told to hooks is no part of the journal: nothing is decided by it.
        self.journal.is_empty() && self.new_deliveries.is_empty() && self.changed_deliveries.is_empty()
    }
}

/// What stood before the first stands before both.
fn join_sums<K: Ord>(sums: &mut BTreeMap<K, Moved>, later: BTreeMap<K, Moved>) {
    for (key, moved) in later {
        sums.entry(key).or_insert(moved).after = moved.after;
    }
}
