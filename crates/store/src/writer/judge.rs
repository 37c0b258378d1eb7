//! Who wins: versions, balances and unique keys, checked in the order of arrival.
//!
//! This is the same code for every database: a backend reads and writes, and decides nothing.

use crate::backend::{Loaded, Needs, Resumed};
use crate::batch::{Batch, JournalEntry, TransferEntry, Write, detail};
use crate::error::CommitError;
use crate::hot::{Hot, Standing as Freshness};
use crate::store::Committed;
use docket_core::change::{Change, Claim, JobChange, Record, Standing};
use docket_core::effect::ends_routing;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, JobId, Version, WorkerId};
use docket_core::ledger::{Account, Transfer};
use docket_core::merkle::{Frontier, Hash};
use docket_core::money::Asset;
use docket_core::policy::Policy;
use docket_core::refusal::Refusal;
use docket_core::trust::Pairing;
use docket_core::worker::Worker;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Cached balances and workers are forgotten all at once beyond so many.
const CACHED: usize = 200_000;

/// The rows that the writer relies on, as they stand on disk or will when the open group is written.
pub(super) struct Judge {
    journal_id: i64,
    transfer_id: i64,
    log: Frontier,
    policies: HashMap<Policy, i64>,
    balances: HashMap<(Account, Asset), i128>,
    workers: HashMap<WorkerId, Worker>,
    // What the open group alone needs.
    claims: HashMap<Arc<str>, Claim>,
    pairings: HashMap<Sha256, Pairing>,
    trusts: HashSet<(ClientId, WorkerId)>,
    taken: HashSet<JobId>,
    moved: BTreeMap<(Account, AssetName), i128>,
    stood: BTreeMap<WorkerId, Standing>,
}

/// Orders assets, so that a group's balances are always written in one order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct AssetName(Asset);

impl Judge {
    pub(super) fn resume(resumed: Resumed, log: Frontier) -> Self {
        Self {
            journal_id: resumed.journal_id,
            transfer_id: resumed.transfer_id,
            log,
            policies: resumed.policies.into_iter().map(|(id, policy)| (policy, id)).collect(),
            balances: HashMap::new(),
            workers: HashMap::new(),
            claims: HashMap::new(),
            pairings: HashMap::new(),
            trusts: HashSet::new(),
            taken: HashSet::new(),
            moved: BTreeMap::new(),
            stood: BTreeMap::new(),
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
            needs.claims.extend(change.claim.iter().map(|claim| claim.key.clone()));
            for transfer in &change.transfers {
                for account in [&transfer.from, &transfer.to] {
                    let key = (account.clone(), transfer.amount.asset);
                    if account.job().is_none() && !self.balances.contains_key(&key) {
                        needs.balances.push(key);
                    }
                }
            }
            let stood = change.standing.map(|(worker, _)| worker);
            needs.workers.extend(stood.filter(|worker| !self.workers.contains_key(worker)));
            for record in &change.records {
                match &record.after {
                    Record::Worker(worker) if self.workers.contains_key(&worker.id) => {}
                    Record::Worker(worker) => needs.workers.push(worker.id),
                    Record::Pairing(pairing) => needs.pairings.push(pairing.code),
                    Record::Trust(trust) => needs.trusts.push((trust.client.clone(), trust.worker)),
                }
            }
        }
        needs
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, needs: &Needs, loaded: Loaded) {
        let absent = needs.balances.iter().map(|key| (key.clone(), 0));
        self.balances.extend(absent);
        self.balances.extend(loaded.balances);
        self.workers.extend(loaded.workers);
        self.claims.extend(loaded.claims);
        self.pairings.extend(loaded.pairings);
        self.trusts.extend(loaded.trusts);
    }

    /// Judges one write against all before it, and adds it to the batch if it wins.
    pub(super) fn judge(
        &mut self,
        write: &Write,
        hot: &Hot,
        batch: &mut Batch,
    ) -> Result<Committed, CommitError> {
        let change = &write.change;
        self.check_claim(change)?;
        self.check_records(change)?;
        self.check_balances(&change.transfers)?;
        if let Some(job) = &change.job {
            if !change.is_durable() {
                return at_once(hot, job);
            }
            self.reserve(hot, job)?;
        }
        Ok(self.accept(write, batch))
    }

    fn check_claim(&self, change: &Change) -> Result<(), CommitError> {
        let Some(claim) = &change.claim else { return Ok(()) };
        match self.claims.get(&claim.key) {
            None => Ok(()),
            Some(earlier) if earlier.request == claim.request => {
                Err(CommitError::Repeated(earlier.answer.clone()))
            }
            Some(_) => Err(Refusal::KeyReused.into()),
        }
    }

    fn check_records(&self, change: &Change) -> Result<(), CommitError> {
        for record in &change.records {
            let stands = match &record.after {
                Record::Worker(worker) => self.workers.get(&worker.id).map_or(Version::NONE, |w| w.version),
                Record::Pairing(pairing) => {
                    self.pairings.get(&pairing.code).map_or(Version::NONE, |pairing| pairing.version)
                }
                // Trust is given once; giving it again changes nothing.
                Record::Trust(_) => continue,
            };
            if stands != record.before {
                return Err(CommitError::Conflict);
            }
        }
        Ok(())
    }

    fn check_balances(&self, transfers: &[Transfer]) -> Result<(), CommitError> {
        let mut change: HashMap<(&Account, Asset), i128> = HashMap::new();
        for transfer in transfers {
            let units = i128::try_from(transfer.amount.units).map_err(|_| Refusal::InsufficientFunds)?;
            for (account, units) in [(&transfer.from, -units), (&transfer.to, units)] {
                if account.job().is_some() {
                    continue;
                }
                let key = (account, transfer.amount.asset);
                let sum = change.entry(key).or_default();
                *sum = sum.checked_add(units).ok_or(Refusal::InsufficientFunds)?;
            }
        }
        for ((account, asset), units) in change {
            let balance = self.balances.get(&(account.clone(), asset)).copied().unwrap_or_default();
            let after = balance.checked_add(units).ok_or(Refusal::InsufficientFunds)?;
            if after < 0 && units < 0 && !account.may_be_negative() {
                return Err(Refusal::InsufficientFunds.into());
            }
        }
        Ok(())
    }

    fn reserve(&mut self, hot: &Hot, job: &JobChange) -> Result<(), CommitError> {
        let id = job.after.id;
        if job.before == Version::NONE {
            let free = hot.get(id).is_none() && self.taken.insert(id);
            return if free { Ok(()) } else { Err(Refusal::IdTaken.into()) };
        }
        match hot.reserve(id, job.before) {
            Freshness::Current => Ok(()),
            Freshness::Outdated | Freshness::Busy | Freshness::Absent => Err(CommitError::Conflict),
        }
    }

    /// Adds a winner to the batch. Nothing may fail from here on.
    fn accept(&mut self, write: &Write, batch: &mut Batch) -> Committed {
        let change = &write.change;
        self.journal_id += 1;
        let log_index = write.leaf.as_ref().map(|leaf| {
            let index = self.log.size();
            self.log.push(leaf.hash, |level, at, hash| {
                if level > 0 {
                    batch.nodes.push((level, at, hash));
                }
            });
            batch.leaves.push((index, leaf.clone()));
            index
        });
        self.accept_job(write, batch);
        batch.journal.push(JournalEntry {
            journal_id: self.journal_id,
            job: change.job_id(),
            version: change.job.as_ref().map_or(Version::NONE, |job| job.after.version),
            at: change.at,
            event: change.job.as_ref().map_or_else(|| record_event(change), |job| job.event.name()),
            detail: change.job.as_ref().map(|job| detail(&job.event)).unwrap_or_default(),
            leaf_index: log_index,
        });
        for transfer in &change.transfers {
            self.accept_transfer(transfer, batch);
        }
        for record in &change.records {
            self.accept_record(record.before, &record.after, batch);
        }
        if let Some((worker, gained)) = change.standing {
            let sum = self.stood.entry(worker).or_default();
            sum.completed += gained.completed;
            sum.failed += gained.failed;
            if let Some(worker) = self.workers.get_mut(&worker) {
                worker.standing.completed += gained.completed;
                worker.standing.failed += gained.failed;
            }
        }
        if let Some(claim) = &change.claim {
            self.claims.insert(claim.key.clone(), claim.clone());
            batch.claims.push((claim.clone(), change.at));
        }
        batch.effects.extend(&change.effects);
        Committed { job: change.job.as_ref().map(|job| job.after.clone()), log_index }
    }

    fn accept_job(&mut self, write: &Write, batch: &mut Batch) {
        let Some(job) = &write.change.job else { return };
        if job.before == Version::NONE {
            let policy = self.policy(&job.after.policy, batch);
            batch.new_jobs.push((job.after.clone(), policy));
        } else {
            batch.changed_jobs.push(job.after.clone());
        }
        let documents = &write.documents;
        batch.payloads.extend(documents.payload.iter().map(|body| (job.after.id, body.clone())));
        batch.results.extend(documents.result.iter().map(|result| (job.after.id, result.clone())));
        if ends_routing(&job.event) {
            batch.routed.push(job.after.id);
        }
    }

    fn policy(&mut self, policy: &Policy, batch: &mut Batch) -> i64 {
        if let Some(id) = self.policies.get(policy) {
            return *id;
        }
        let id = i64::try_from(self.policies.len()).unwrap_or(i64::MAX).saturating_add(1);
        batch.new_policies.push((id, crate::policy::encode(policy)));
        self.policies.insert(policy.clone(), id);
        id
    }

    fn accept_transfer(&mut self, transfer: &Transfer, batch: &mut Batch) {
        let units = i128::try_from(transfer.amount.units).unwrap_or(i128::MAX);
        for (account, units) in [(&transfer.from, -units), (&transfer.to, units)] {
            if account.job().is_none() {
                let key = (account.clone(), transfer.amount.asset);
                let balance = self.balances.entry(key).or_default();
                *balance += units;
                self.moved.insert((account.clone(), AssetName(transfer.amount.asset)), *balance);
            }
        }
        self.transfer_id += 1;
        batch.transfers.push(TransferEntry {
            id: self.transfer_id,
            journal_id: self.journal_id,
            from: transfer.from.clone(),
            to: transfer.to.clone(),
            amount: transfer.amount,
        });
    }

    fn accept_record(&mut self, before: Version, record: &Record, batch: &mut Batch) {
        match record {
            Record::Worker(worker) => {
                let standing = self.workers.get(&worker.id).map_or(worker.standing, |known| known.standing);
                self.workers.insert(worker.id, Worker { standing, ..*worker });
            }
            Record::Pairing(pairing) => {
                self.pairings.insert(pairing.code, pairing.clone());
            }
            Record::Trust(trust) => {
                if !self.trusts.insert((trust.client.clone(), trust.worker)) {
                    return;
                }
            }
        }
        batch.records.push((before, record.clone()));
    }

    /// Adds what a group writes once: balances and standings. Forgets what only the group needed.
    pub(super) fn finish(&mut self, batch: &mut Batch) {
        let moved = std::mem::take(&mut self.moved);
        batch.balances.extend(moved.into_iter().map(|((account, asset), units)| (account, asset.0, units)));
        batch.standings.extend(std::mem::take(&mut self.stood));
        self.claims.clear();
        self.pairings.clear();
        self.trusts.clear();
        self.taken.clear();
        if self.balances.len() + self.workers.len() > CACHED {
            self.balances.clear();
            self.workers.clear();
        }
    }
}

/// A change that only memory needs. It is judged here when it came while the job was being written.
fn at_once(hot: &Hot, job: &JobChange) -> Result<Committed, CommitError> {
    match hot.apply_at_once(job) {
        Freshness::Current => Ok(Committed { job: Some(job.after.clone()), log_index: None }),
        Freshness::Outdated | Freshness::Busy | Freshness::Absent => Err(CommitError::Conflict),
    }
}

/// What the journal calls a change that is not about a job.
fn record_event(change: &Change) -> &'static str {
    match change.records.first().map(|record| &record.after) {
        Some(Record::Worker(_)) => "worker",
        Some(Record::Pairing(_)) => "pairing",
        Some(Record::Trust(_)) => "trust",
        None => "transfer",
    }
}
