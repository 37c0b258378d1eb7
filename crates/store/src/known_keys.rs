//! API keys that were asked for lately, so that a request need not read the disk to know whose it is.
//!
//! The writer forgets what it has changed once that is durable, before anybody is answered.

use docket_core::key::{ApiKey, KeyNumber};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Beyond so many, keys are forgotten all at once.
const KEYS: usize = 10_000;

/// Keys by their numbers.
#[derive(Default)]
pub(crate) struct KnownKeys {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<KeyNumber, Arc<ApiKey>>,
    /// Counts the groups that changed keys: what was read before one of them may be out of date.
    changes: u64,
}

/// A moment before a read of the disk.
pub(crate) struct Moment(u64);

impl KnownKeys {
    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        // A map that lacks a key costs a read of the disk, no more.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key, or the moment from which on it is read from the disk.
    pub(crate) fn get(&self, number: KeyNumber) -> Result<Arc<ApiKey>, Moment> {
        let known = self.known();
        known.keys.get(&number).cloned().ok_or(Moment(known.changes))
    }

    /// Keeps a key that was read from the disk, unless keys have changed since.
    pub(crate) fn keep(&self, key: Arc<ApiKey>, since: Moment) {
        let mut known = self.known();
        if known.changes != since.0 {
            return;
        }
        if known.keys.len() >= KEYS {
            known.keys.clear();
        }
        known.keys.insert(key.number(), key);
    }

    /// Forgets keys that were written just now.
    pub(crate) fn forget<'a>(&self, written: impl Iterator<Item = &'a KeyNumber>) {
        let mut known = self.known();
        let mut changes = 0;
        for number in written {
            known.keys.remove(number);
            changes = 1;
        }
        known.changes += changes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docket_core::id::ClientId;
    use docket_core::key::{KeyId, Limits};
    use docket_core::time::Timestamp;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let client = ClientId("ann".into());
        let (key, _) = ApiKey::create(KeyId::of("a"), client, "".into(), Limits::default(), Timestamp(0));
        let (key, number) = (Arc::new(key), KeyId::of("a").number());
        let known = KnownKeys::default();
        let Err(before) = known.get(number) else { panic!("nothing is known yet") };
        known.forget([number].iter());
        known.keep(key.clone(), before);
        let Err(now) = known.get(number) else { panic!("it was read before the change") };
        known.keep(key.clone(), now);
        assert_eq!(known.get(number).ok(), Some(key));
        known.forget([].iter());
        assert!(known.get(number).is_ok(), "no key has changed");
        known.forget([number].iter());
        assert!(known.get(number).is_err());
    }
}
