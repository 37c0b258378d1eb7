//! Memory for what is larger than a frame, shared by all workers.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many bytes of outputs may be on their way at a time, from their first part until they are written down.
const BYTES: usize = 256 << 20;

/// What is left of it.
pub(crate) struct Room(Arc<Semaphore>);

/// Some of it, until this is dropped.
pub(super) struct Taken(OwnedSemaphorePermit);

impl Default for Room {
    fn default() -> Self {
        Self::of(BYTES)
    }
}

impl Room {
    fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Takes so many bytes, if they are there.
    pub(super) fn take(&self, bytes: usize) -> Option<Taken> {
        let bytes = u32::try_from(bytes).ok()?;
        self.0.clone().try_acquire_many_owned(bytes).ok().map(Taken)
    }
}

impl Taken {
    /// Both together.
    pub(super) fn add(&mut self, more: Self) {
        self.0.merge(more.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_all_at_once() {
        let room = Room::of(10);
        let mut taken = room.take(4).unwrap();
        taken.add(room.take(6).unwrap());
        assert!(room.take(1).is_none() && room.take(0).is_some());
        drop(taken);
        assert!(room.take(10).is_some());
    }
}
