//! What the writer tells everybody.

use docket_core::merkle::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How long the durable log is, whether readers see all that is durable, and
/// whether it still writes.
#[derive(Default)]
pub(crate) struct Published {
    pub(crate) log: Mutex<(u64, Hash)>,
    pub(crate) unseen: AtomicBool,
    pub(crate) stopped: OnceLock<String>,
    pub(crate) heir: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Published {
    pub(crate) fn extend_log(&self, size: u64, root: Hash) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = (size, root);
    }

    /// Something is durable that readers do not see yet. Said before anybody is answered.
    pub(crate) fn hide(&self) {
        self.unseen.store(true, Ordering::Release);
    }

    /// Readers see all that is durable.
    pub(crate) fn show(&self) {
        self.unseen.store(false, Ordering::Release);
    }

    pub(crate) fn stop(&self, reason: String) {
        self.stopped.set(reason).ok(); // The first reason is the one that counts.
        self.heir.get().inspect(|heir| heir());
    }
}
