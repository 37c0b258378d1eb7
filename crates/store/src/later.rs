//! Writes that nobody waits for: they go with the next group, or a little later on their own.

use crate::writer::{GROUP, Waiting};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What waits without haste.
#[derive(Default)]
pub(crate) struct Later {
    waiting: Mutex<Vec<Waiting>>,
    /// Whether the writer sleeps until it is woken.
    asleep: AtomicBool,
}

/// What is to be done for a write.
pub(crate) enum Outcome {
    /// The writer looks here in a moment.
    Kept,
    /// It is kept, and the writer must be woken.
    WakeWriter,
    /// Too much waits here.
    Full(Box<Waiting>),
}

impl Later {
    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, write: Box<Waiting>) -> Outcome {
        {
            let mut waiting = self.waiting();
            if waiting.len() >= GROUP {
                return Outcome::Full(write);
            }
            waiting.push(*write);
        }
        // The writer says that it sleeps, and looks here once more before it does.
        if self.asleep.load(Ordering::SeqCst) { Outcome::WakeWriter } else { Outcome::Kept }
    }

    /// All that waits.
    pub(crate) fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut *self.waiting())
    }

    /// Before the writer sleeps; `false` if something waits here.
    pub(crate) fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let nothing = self.waiting().is_empty();
        if !nothing {
            self.wake_up();
        }
        nothing
    }

    /// The writer is awake.
    pub(crate) fn wake_up(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }
}
