//! The fleet as others see it, and what all of it is told.

use super::{Fleet, Member};
use crate::census::Census;
use crate::roster::{Connection, ToWorker, WorkerView};
use docket_core::feature::Features;
use docket_core::id::{JobId, WorkerId};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

impl Fleet {
    /// How many workers are connected.
    pub(crate) fn connected(&self) -> usize {
        self.connections.len()
    }

    /// Tells the worker behind a connection something.
    pub(crate) fn tell(&self, connection: Connection, message: ToWorker) {
        let member = self.worker(connection).and_then(|worker| self.members.get(&worker));
        if let Some(member) = member {
            member.outbound.send(Box::new(message)).ok(); // Whoever is gone needs no message.
        }
    }

    /// Tells the worker behind a connection that a job is not its own, unless the job was given to it
    /// just now.
    pub(crate) fn tell_unless_held(&self, connection: Connection, job: JobId, message: ToWorker) {
        if self.holders.get(&job) != self.connections.get(&connection) {
            self.tell(connection, message);
        }
    }

    /// Tells everybody something.
    pub(crate) fn tell_all(&self, message: &ToWorker) {
        for member in self.members.values() {
            member.outbound.send(Box::new(message.clone())).ok(); // Whoever is gone needs no message.
        }
    }

    /// The models that connected workers serve, and how many of them, apart by what they honour there.
    pub(crate) fn served(&self) -> impl Iterator<Item = (Arc<str>, BTreeMap<Features, u32>)> {
        self.served.iter().map(|(name, workers)| (name.clone(), workers.clone()))
    }

    /// The same for one model.
    pub(crate) fn serves(&self, name: &str) -> Option<(Arc<str>, BTreeMap<Features, u32>)> {
        self.served.get_key_value(name).map(|(name, workers)| (name.clone(), workers.clone()))
    }

    /// Workers as the operator sees them, from after a key.
    pub(crate) fn views(&self, after: Option<WorkerId>, limit: usize) -> Vec<WorkerView> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let members = self.members.range((from, Bound::Unbounded)).take(limit);
        members.map(|(_, member)| member.view()).collect()
    }

    /// One worker as the operator sees it.
    pub(crate) fn view(&self, worker: &WorkerId) -> Option<WorkerView> {
        self.members.get(worker).map(Member::view)
    }

    /// Adds the fleet to the counts.
    pub(crate) fn count(&self, census: Census) -> Census {
        let held = || self.members.values().flat_map(|member| member.held.values());
        Census {
            waiting: self.waiting.len(),
            connected: self.connections.len(),
            away: self.gone.len(),
            held: held().count(),
            being_given: held().filter(|held| held.attempt.is_none()).count(),
            ..census
        }
    }
}

impl Member {
    fn view(&self) -> WorkerView {
        WorkerView {
            candidate: self.candidate.clone(),
            connected: self.connection.is_some(),
            jobs: self.held.values().map(|held| held.name.clone()).collect(),
            turns: self.turns,
            models: self.model_names.clone(),
        }
    }
}
