//! What was asked for lately, so that a request need not read the disk: API keys, and the hooks of accounts.
//!
//! The writer forgets what it has changed once that is durable, before anybody is answered.

use docket_core::hook::Hook;
use docket_core::id::ClientId;
use docket_core::key::{ApiKey, KeyNumber};
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
        assert_eq!(known.get(&1).ok(), Some(value));
        known.forget([].iter());
        assert!(known.get(&1).is_ok(), "nothing has changed");
        known.forget([1].iter());
        assert!(known.get(&1).is_err());
    }
}
