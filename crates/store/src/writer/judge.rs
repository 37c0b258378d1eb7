//! Who wins: versions, balances and unique keys, checked in the order of arrival.
//!
//! This is the same code for every database: a backend reads and writes, and decides nothing.

use super::books::{Books, Key};
use super::keys::Keys;
use super::mail;
use super::records::Records;
use super::spendings::{self, Spent};
use super::sums::Sums;
use crate::backend::{Loaded, Needs, Resumed};
use crate::batch::{Batch, FeedEntry, JournalEntry, NoticeEntry, ResultEntry, TransferEntry, Write};
use crate::detail::detail;
use crate::error::CommitError;
use crate::hot::{Hot, Standing as Freshness};
use crate::store::Committed;
use docket_core::agent::tally::{IN_ALL, Tally, hour};
use docket_core::change::{Change, JobChange, Record, RecordChange};
use docket_core::hook::{Delivery, HookId};
use docket_core::id::Version;
use docket_core::merkle::{Frontier, Hash};
use docket_core::policy::Policy;
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Cached rows are forgotten all at once beyond so many.
const CACHED: usize = 200_000;

/// All that the writer relies on, as it stands on disk or will when the open group is written.
pub(super) struct Judge {
    journal_id: i64,
    transfer_id: i64,
    policy_id: i64,
    delivery: i64,
    notice: i64,
    log: Frontier,
    keys: Keys,
    records: Records,
    books: Books,
    spendings: Sums<Spent>,
    tallies: Sums<(Tally, i64)>,
    policies: HashMap<Arc<Policy>, i64>,
}

impl Judge {
    pub(super) fn resume(resumed: &Resumed, log: Frontier) -> Self {
        Self {
            journal_id: resumed.journal_id,
            transfer_id: resumed.transfer_id,
            policy_id: resumed.policy_id,
            delivery: resumed.delivery,
            notice: resumed.notice,
            log,
            keys: Keys::resume(resumed),
            records: Records::default(),
            books: Books::default(),
            spendings: Sums::default(),
            tallies: Sums::default(),
            policies: HashMap::new(),
        }
    }

    /// The log's size and root with everything that was judged so far.
    pub(super) fn log(&self) -> (u64, Hash) {
        (self.log.size(), self.log.root())
    }

    /// What must be read before these writes can be judged.
    pub(super) fn needs(&self, writes: &[Write]) -> Needs {
        let mut needs = Needs::default();
        for change in writes.iter().map(|write| &write.change) {
            self.keys.ask(change, &mut needs);
            needs.balances.extend(self.books.unknown(&change.transfers));
            if let Some(spending) = &change.spending {
                let sums = spendings::sums_of(spending).into_iter();
                needs.spendings.extend(sums.filter(|sum| self.spendings.is_unknown(sum)));
                self.records.ask_key(spending.key, &mut needs);
            }
            change.records.iter().for_each(|record| self.records.ask(&record.after, &mut needs));
            mail::listener(change).into_iter().for_each(|client| self.records.ask_hooks(client, &mut needs));
            change.notes.iter().for_each(|(agent, _)| self.records.ask_standing(*agent, &mut needs));
            let counts = change.tallies();
            let counted = counts.iter().flat_map(|(tally, _)| counted_as(*tally, change.at));
            needs.tallies.extend(counted.filter(|key| self.tallies.is_unknown(key)));
            if let Some((worker, _)) = change.evidence {
                self.records.ask_worker(worker, &mut needs);
            }
            let new = change.job.iter().filter(|job| job.before == Version::NONE);
            let policies = new.map(|job| &job.after.policy);
            needs.policies.extend(policies.filter(|policy| !self.policies.contains_key(*policy)).cloned());
        }
        needs
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, needs: &Needs, mut loaded: Loaded) {
        self.keys.learn(&mut loaded);
        self.records.learn(needs, &mut loaded);
        self.books.sums().learn(&needs.balances, loaded.balances);
        self.spendings.learn(&needs.spendings, loaded.spendings);
        self.tallies.learn(&needs.tallies, loaded.tallies);
        self.policies.extend(loaded.policies);
    }

    /// Judges one write against all before it, and adds it to the batch if it wins.
    pub(super) fn judge(
        &mut self,
        write: &Write,
        hot: &Hot,
        batch: &mut Batch,
    ) -> Result<Committed, CommitError> {
        let change = &write.change;
        self.keys.check(change.claim.as_ref())?;
        change.records.iter().try_for_each(|record| self.records.check(record))?;
        let spent = self.judge_spending(change)?;
        let balances = self.books.judge(&change.transfers)?;
        match &change.job {
            Some(job) if !change.is_durable() => return at_once(hot, job),
            Some(job) if job.before == Version::NONE => self.keys.check_new(&job.after)?,
            Some(job) => reserve(hot, job)?,
            None => {}
        }
        self.spendings.accept(spent);
        Ok(self.accept(write, balances, hot, batch))
    }

    /// What the key of a job has spent after a change, if it may. A key that is out of use, or is not
    /// that of the job's client, takes nothing more, but has back what it held.
    fn judge_spending(&self, change: &Change) -> Result<Vec<(Spent, i128)>, Refusal> {
        let Some(spending) = &change.spending else { return Ok(Vec::new()) };
        if spending.units <= 0 {
            return spendings::judge(&self.spendings, spending, None);
        }
        let client = change.job.as_ref().map(|job| &job.after.client);
        let key = self.records.key(spending.key).filter(|key| Some(&key.client) == client);
        let key = key.ok_or(Refusal::KeyRevoked)?;
        key.check_in_use()?;
        spendings::judge(&self.spendings, spending, Some(key))
    }

    /// Adds a winner to the batch. Nothing may fail from here on.
    fn accept(
        &mut self,
        write: &Write,
        balances: Vec<(Key, i128)>,
        hot: &Hot,
        batch: &mut Batch,
    ) -> Committed {
        let change = &write.change;
        let log_index = self.accept_leaf(write, batch);
        if !change.records.iter().any(|record| matches!(record.after, Record::Delivery(_))) {
            self.accept_journal(change, log_index, batch);
        }
        self.accept_feed(change, hot, batch);
        if let Some(notice) = change.notice() {
            self.notice += 1;
            batch.notices.push(NoticeEntry { number: self.notice, at: change.at, notice });
        }
        self.accept_job(write, batch);
        change
            .notes
            .iter()
            .for_each(|(agent, note)| self.records.accept_note(*agent, *note, change.at, batch));
        for (tally, sum) in change.tallies() {
            for key in counted_as(tally, change.at) {
                let after = self.tallies.get(&key).saturating_add(sum);
                self.tallies.accept(vec![(key, after)]);
            }
        }
        let listeners = self.accept_mail(change, &balances, batch);
        self.books.sums().accept(balances);
        self.keys.accept(change);
        for record in &change.records {
            self.accept_record(record, batch);
        }
        let worker =
            change.evidence.and_then(|evidence| self.records.accept_evidence(evidence, change.at, batch));
        batch.claims.extend(change.claim.iter().map(|claim| (claim.clone(), change.at)));
        Committed { job: change.job.as_ref().map(|job| job.after.clone()), log_index, listeners, worker }
    }

    fn accept_record(&mut self, record: &RecordChange, batch: &mut Batch) {
        match &record.after {
            Record::Delivery(delivery) if record.before == Version::NONE => {
                self.accept_delivery(delivery.clone(), batch);
            }
            after => self.records.accept(after, batch),
        }
    }

    fn accept_delivery(&mut self, delivery: Delivery, batch: &mut Batch) {
        self.delivery += 1;
        self.records.announce(&delivery);
        batch.new_deliveries.push((self.delivery, delivery));
    }

    /// Writes down what the hooks of a job's client are to be told; answers which hooks those are.
    fn accept_mail(&mut self, change: &Change, balances: &[(Key, i128)], batch: &mut Batch) -> Vec<HookId> {
        let Some(client) = mail::listener(change) else { return Vec::new() };
        let hooks = self.records.hooks(client);
        let sums = self.books.sums();
        let told = mail::deliveries(change, hooks, balances, |key| sums.get(key));
        let listeners = told.iter().map(|delivery| delivery.hook).collect();
        told.into_iter().for_each(|delivery| self.accept_delivery(delivery, batch));
        listeners
    }

    fn accept_leaf(&mut self, write: &Write, batch: &mut Batch) -> Option<u64> {
        let leaf = write.leaf.as_ref()?;
        let index = self.log.size();
        self.log.push(leaf.hash, |level, at, hash| {
            if level > 0 {
                batch.nodes.push((level, at, hash));
            }
        });
        batch.leaves.push((index, leaf.clone()));
        Some(index)
    }

    /// Says what has happened to a job for which one agent hires another, to those who follow such jobs.
    fn accept_feed(&self, change: &Change, hot: &Hot, batch: &mut Batch) {
        let before = |job| hot.get(job).map_or("", |job| job.state.name());
        let journal_id = self.journal_id;
        if let Some(JobChange { after, event, .. }) = &change.job {
            if after.hire.is_some() {
                let (job, before, after) = (after.id, before(after.id), after.state.name());
                batch.feed.push(FeedEntry {
                    journal_id,
                    job,
                    event: event.name(),
                    before,
                    after,
                    agent: None,
                });
            }
            return;
        }
        if let Some(Record::Offer(offer)) = change.records.first().map(|record| &record.after) {
            let event = if offer.withdrawn_at.is_some() { "withdrawn" } else { "offered" };
            let state = before(offer.job);
            let agent = Some(offer.agent);
            batch.feed.push(FeedEntry {
                journal_id,
                job: offer.job,
                event,
                before: state,
                after: state,
                agent,
            });
        }
    }

    fn accept_job(&mut self, write: &Write, batch: &mut Batch) {
        let snapshot = write.documents.snapshot.iter();
        batch.snapshots.extend(snapshot.map(|snapshot| (self.journal_id, snapshot.clone())));
        let Some(job) = &write.change.job else { return };
        if job.before == Version::NONE {
            let policy = self.policy(&job.after.policy, batch);
            batch.new_jobs.push((job.after.clone(), policy));
        } else {
            batch.changed_jobs.push(job.after.clone());
        }
        let documents = &write.documents;
        batch.payloads.extend(documents.payload.iter().map(|body| (job.after.id, body.clone())));
        batch.results.extend(documents.result.iter().map(|result| ResultEntry {
            journal_id: self.journal_id,
            job: job.after.id,
            document: result.clone(),
        }));
    }

    fn policy(&mut self, policy: &Arc<Policy>, batch: &mut Batch) -> i64 {
        if let Some(id) = self.policies.get(policy) {
            return *id;
        }
        self.policy_id += 1;
        batch.new_policies.push((self.policy_id, crate::policy::encode(policy)));
        self.policies.insert(policy.clone(), self.policy_id);
        self.policy_id
    }

    fn accept_journal(&mut self, change: &Change, leaf_index: Option<u64>, batch: &mut Batch) {
        self.journal_id += 1;
        let job = change.job.as_ref();
        let first = self.transfer_id + 1;
        for transfer in &change.transfers {
            self.transfer_id += 1;
            batch.transfers.push(TransferEntry {
                id: self.transfer_id,
                journal_id: self.journal_id,
                from: transfer.from.clone(),
                to: transfer.to.clone(),
                amount: transfer.amount,
            });
        }
        batch.journal.push(JournalEntry {
            journal_id: self.journal_id,
            job: change.job_id(),
            version: job.map_or(Version::NONE, |job| job.after.version),
            at: change.at,
            event: job.map_or_else(|| record_event(change), |job| job.event.name()),
            detail: job.map(|job| detail(&job.event)).unwrap_or_default(),
            leaf_index,
            transfers: first..self.transfer_id + 1,
        });
    }

    /// Ends the group, whether anybody has won or not: adds what it writes once, forgets what it alone needed.
    pub(super) fn end_group(&mut self, batch: &mut Batch) {
        batch.balances = self.books.sums().take_moved();
        batch.spendings = self.spendings.take_moved();
        batch.tallies = self.tallies.take_moved();
        self.keys.forget();
        self.records.end_group();
        let sums = self.books.sums().len() + self.spendings.len();
        if sums + self.records.len() + self.policies.len() > CACHED {
            self.books.sums().forget();
            self.spendings.forget();
            self.tallies.forget();
            self.records.forget();
            self.policies.clear();
        }
    }
}

/// Each count stands under its hour and under that of all.
fn counted_as(tally: Tally, at: Timestamp) -> [(Tally, i64); 2] {
    [(tally, hour(at)), (tally, IN_ALL)]
}

/// Keeps others from changing the job until the group is written.
fn reserve(hot: &Hot, job: &JobChange) -> Result<(), CommitError> {
    match hot.reserve(job.after.id, job.before) {
        Freshness::Current => Ok(()),
        Freshness::Outdated | Freshness::Busy | Freshness::Absent => Err(CommitError::Conflict),
    }
}

/// A change that only memory needs. It is judged here when it came while the job was being written.
fn at_once(hot: &Hot, job: &JobChange) -> Result<Committed, CommitError> {
    match hot.apply_at_once(job) {
        Freshness::Current => Ok(Committed::at_once(job)),
        Freshness::Outdated | Freshness::Busy | Freshness::Absent => Err(CommitError::Conflict),
    }
}

/// What the journal calls a change that is not about a job.
fn record_event(change: &Change) -> &'static str {
    match change.records.first().map(|record| &record.after) {
        Some(Record::Worker(_)) => "worker",
        Some(Record::Pairing(_)) => "pairing",
        Some(Record::Trust(_)) => "trust",
        Some(Record::Key(_)) => "key",
        Some(Record::Hook(_)) => "hook",
        Some(Record::Delivery(_)) => "delivery",
        Some(Record::Agent(_)) => "agent",
        Some(Record::Offer(_)) => "offer",
        Some(Record::Enrolment(_)) => "enrolment",
        Some(Record::Challenge(_)) => "challenge",
        Some(Record::Reference(_)) => "reference",
        None if change.evidence.is_some() => "attendance",
        None if !change.moves_money() => "claim",
        None => "transfer",
    }
}
