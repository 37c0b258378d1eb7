//! Records with a version: workers, pairings, trust.

use crate::backend::{Loaded, Needs};
use crate::batch::Batch;
use crate::error::CommitError;
use docket_core::change::{Record, RecordChange, Standing};
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Version, WorkerId};
use docket_core::trust::Pairing;
use docket_core::worker::Worker;
use std::collections::{HashMap, HashSet};

/// The records that the writer relies on, as they stand on disk or will when the open group is written.
#[derive(Default)]
pub(super) struct Records {
    workers: HashMap<WorkerId, Worker>,
    // What the open group alone needs.
    pairings: HashMap<Sha256, Pairing>,
    trusts: HashSet<(ClientId, WorkerId)>,
}

impl Records {
    /// Adds what must be read before a record can be judged.
    pub(super) fn ask(&self, record: &Record, needs: &mut Needs) {
        match record {
            Record::Worker(worker) => self.ask_worker(worker.id, needs),
            Record::Pairing(pairing) => {
                needs.pairings.insert(pairing.code);
            }
            Record::Trust(trust) => {
                needs.trusts.insert((trust.client.clone(), trust.worker));
            }
        }
    }

    /// Adds a worker, if it is not known.
    pub(super) fn ask_worker(&self, worker: WorkerId, needs: &mut Needs) {
        if !self.workers.contains_key(&worker) {
            needs.workers.insert(worker);
        }
    }

    /// Takes what was read.
    pub(super) fn learn(&mut self, loaded: &mut Loaded) {
        self.workers.extend(loaded.workers.drain());
        self.pairings.extend(loaded.pairings.drain());
        self.trusts.extend(loaded.trusts.drain());
    }

    /// Refuses a record that has changed since it was decided on.
    pub(super) fn check(&self, change: &RecordChange) -> Result<(), CommitError> {
        let stands = match &change.after {
            Record::Worker(worker) => self.workers.get(&worker.id).map(|worker| worker.version),
            Record::Pairing(pairing) => self.pairings.get(&pairing.code).map(|pairing| pairing.version),
            // Trust is given once; giving it again changes nothing.
            Record::Trust(_) => return Ok(()),
        };
        if stands.unwrap_or(Version::NONE) == change.before { Ok(()) } else { Err(CommitError::Conflict) }
    }

    /// Adds a record that has won to the batch, in the place of an older version of it.
    pub(super) fn accept(&mut self, record: &Record, batch: &mut Batch) {
        match record {
            Record::Worker(worker) => {
                let known = self.workers.get(&worker.id);
                // Standing is added up, never set: the worker may have earned some meanwhile.
                let standing = known.map_or(Standing::default(), |known| known.standing);
                let worker = Worker { standing, ..*worker };
                self.workers.insert(worker.id, worker);
                batch.workers.insert(worker.id, worker);
            }
            Record::Pairing(pairing) => {
                self.pairings.insert(pairing.code, pairing.clone());
                batch.pairings.insert(pairing.code, pairing.clone());
            }
            Record::Trust(trust) => {
                if self.trusts.insert((trust.client.clone(), trust.worker)) {
                    batch.trusts.push(trust.clone());
                }
            }
        }
    }

    /// Adds to a worker's standing, if the worker has ever registered.
    pub(super) fn add_standing(&mut self, worker: WorkerId, gained: Standing, batch: &mut Batch) {
        let Some(known) = self.workers.get_mut(&worker) else { return };
        for sum in [&mut known.standing, batch.standings.entry(worker).or_default()] {
            sum.completed = sum.completed.saturating_add(gained.completed);
            sum.failed = sum.failed.saturating_add(gained.failed);
        }
    }

    /// How many records are kept from group to group.
    pub(super) fn len(&self) -> usize {
        self.workers.len()
    }

    /// Ends the group.
    pub(super) fn end_group(&mut self) {
        self.pairings.clear();
        self.trusts.clear();
    }

    /// Forgets all that is on disk. No group may be open.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
