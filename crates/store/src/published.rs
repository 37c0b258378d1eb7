//! What the writer tells everybody.

use docket_core::merkle::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How long the durable log is, whether readers see all that is durable, and whether it still writes.
#[derive(Default)]
pub(crate) struct Published {
    log: Mutex<(u64, Hash)>,
    unseen: AtomicBool,
    stopped: OnceLock<String>,
    heir: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Published {
    pub(crate) fn extend_log(&self, size: u64, root: Hash) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner) = (size, root);
    }

    pub(crate) fn log(&self) -> (u64, Hash) {
        *self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether something is durable that readers do not see yet.
    pub(crate) fn hides(&self) -> bool {
        self.unseen.load(Ordering::Acquire)
    }

    /// Why it writes no more, if so.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(String::as_str)
    }

    /// Who is told when it stops; the first who asks.
    pub(crate) fn tell_stopped(&self, heir: impl Fn() + Send + Sync + 'static) {
        self.heir.set(Box::new(heir)).ok();
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
