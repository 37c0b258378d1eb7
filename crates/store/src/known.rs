//! What was asked for lately, so that a request need not read the disk: API keys, the hooks of accounts, agents with what
//! is known of them, and offers.
//!
//! The writer replaces or forgets what it has changed once that is durable, before anybody is answered.

use crate::batch::Batch;
use docket_core::agent::identity::Agent;
use docket_core::agent::offer::Offer;
use docket_core::agent::standing::Standing;
use docket_core::hook::Hook;
use docket_core::id::{AgentId, ClientId, JobId};
use docket_core::key::{ApiKey, KeyNumber};
use docket_core::ledger::Account;
use docket_core::money::Asset;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Beyond so many, all are forgotten at once.
const MOST: usize = 10_000;

/// All that was asked for lately.
#[derive(Default)]
pub(crate) struct Lately {
    /// API keys.
    pub(crate) keys: Known<KeyNumber, ApiKey>,
    /// The hooks of accounts.
    pub(crate) hooks: Known<ClientId, [Hook]>,
    /// Agents.
    pub(crate) agents: Known<AgentId, Agent>,
    /// What is known of them.
    pub(crate) standings: Known<AgentId, Standing>,
    /// Their free stakes, in minor units.
    pub(crate) stakes: Known<(AgentId, Asset), i128>,
    /// The offers for a job.
    pub(crate) offers: Known<JobId, [Offer]>,
}

impl Lately {
    /// Takes over what was written.
    pub(crate) fn take(&self, batch: &Batch) {
        self.keys.forget(batch.keys.keys());
        self.hooks.forget(batch.hooks.values().map(|hook| &hook.client));
        self.agents.put(batch.agents.iter().map(|(id, agent)| (*id, Arc::new(agent.clone()))));
        self.standings.put(batch.agent_standings.iter().map(|(id, standing)| (*id, Arc::new(*standing))));
        self.stakes.put(batch.balances.iter().filter_map(|((account, asset), moved)| match account {
            Account::Stake(agent) => Some(((*agent, *asset), Arc::new(moved.after))),
            _ => None,
        }));
        // Nobody has offered to do a job that is new.
        let new = batch.new_jobs.iter().filter(|(job, _)| job.hire.is_some());
        self.offers.put(new.map(|(job, _)| (job.id, Arc::from(Vec::new()))));
        self.offers.forget(batch.offers.keys().map(|(job, _)| job));
    }
}

/// Values by their names.
pub(crate) struct Known<K, V: ?Sized> {
    known: Mutex<Values<K, V>>,
}

struct Values<K, V: ?Sized> {
    values: HashMap<K, Arc<V>>,
    /// Counts the groups that changed values: what was read before one of them may be out of date.
    changes: u64,
}

impl<K, V: ?Sized> Default for Known<K, V> {
    fn default() -> Self {
        Self { known: Mutex::new(Values { values: HashMap::new(), changes: 0 }) }
    }
}

/// A moment before a read of the disk.
pub(crate) struct Moment(u64);

impl<K: Clone + Eq + Hash, V: ?Sized> Known<K, V> {
    fn known(&self) -> std::sync::MutexGuard<'_, Values<K, V>> {
        // A map that lacks a value costs a read of the disk, no more.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value, or the moment from which on it is read from the disk.
    pub(crate) fn get(&self, name: &K) -> Result<Arc<V>, Moment> {
        let known = self.known();
        known.values.get(name).cloned().ok_or(Moment(known.changes))
    }

    /// Keeps a value that was read from the disk, unless some have changed since.
    pub(crate) fn keep(&self, name: K, value: Arc<V>, since: Moment) {
        let mut known = self.known();
        if known.changes != since.0 {
            return;
        }
        if known.values.len() >= MOST {
            known.values.clear();
        }
        known.values.insert(name, value);
    }

    /// Keeps values that were written just now.
    pub(crate) fn put(&self, written: impl Iterator<Item = (K, Arc<V>)>) {
        let mut known = self.known();
        let mut changes = 0;
        for (name, value) in written {
            if known.values.len() >= MOST {
                known.values.clear();
            }
            known.values.insert(name, value);
            changes = 1;
        }
        known.changes += changes;
    }

    /// Forgets values that were written just now.
    pub(crate) fn forget<'a>(&self, written: impl Iterator<Item = &'a K>)
    where
        K: 'a,
    {
        let mut known = self.known();
        let mut changes = 0;
        for name in written {
            known.values.remove(name);
            changes = 1;
        }
        known.changes += changes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let known = Known::<u8, str>::default();
        let value: Arc<str> = "value".into();
        let Err(before) = known.get(&1) else { panic!("nothing is known yet") };
        known.forget([1].iter());
        known.keep(1, value.clone(), before);
        let Err(now) = known.get(&1) else { panic!("it was read before the change") };
        known.keep(1, value.clone(), now);
        assert_eq!(known.get(&1).ok(), Some(value.clone()));
        known.forget([].iter());
        assert!(known.get(&1).is_ok(), "nothing has changed");
        let Err(before) = known.get(&2) else { panic!("nothing is known of it yet") };
        let newer: Arc<str> = "newer".into();
        known.put([(2, newer.clone())].into_iter());
        known.keep(2, value, before);
        assert_eq!(known.get(&2).ok(), Some(newer), "it was read before it was written");
        known.forget([1].iter());
        assert!(known.get(&1).is_err());
    }
}
