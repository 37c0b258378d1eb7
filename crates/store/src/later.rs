//! Writes that nobody waits for: they go with the next group, or a little later on their own.

use crate::writer::{GROUP, GROUP_BYTES, Waiting};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What waits without haste.
#[derive(Default)]
pub(crate) struct Later {
    waiting: Mutex<Queue>,
    /// Whether the writer sleeps until it is woken.
    asleep: AtomicBool,
}

#[derive(Default)]
struct Queue {
    writes: Vec<Waiting>,
    bytes: usize,
    /// Nobody comes for them any more.
    closed: bool,
}

/// What is to be done for a write.
#[expect(clippy::large_enum_variant, reason = "it is looked at once, where it was made")]
pub(crate) enum Kept {
    /// The writer looks here in a moment.
    InTime,
    /// It must be woken.
    WakeWriter,
    /// Too much waits here, or nobody comes for it any more.
    Full(Waiting),
}

impl Later {
    fn waiting(&self) -> MutexGuard<'_, Queue> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, write: Waiting) -> Kept {
        {
            let mut waiting = self.waiting();
            if waiting.closed || waiting.writes.len() >= GROUP || waiting.bytes >= GROUP_BYTES {
                return Kept::Full(write);
            }
            waiting.bytes += write.write.weight();
            waiting.writes.push(write);
        }
        // The writer says that it sleeps, and looks here once more before it does.
        if self.asleep.load(Ordering::SeqCst) { Kept::WakeWriter } else { Kept::InTime }
    }

    /// All that waits.
    pub(crate) fn take(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.writes)
    }

    /// The writer is gone: who waits here learns it, and nobody else begins to.
    pub(crate) fn close(&self) {
        let mut waiting = self.waiting();
        waiting.closed = true;
        waiting.writes.clear();
    }

    /// Before the writer sleeps; `false` if something waits here.
    pub(crate) fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::SeqCst);
        let nothing = self.waiting().writes.is_empty();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Documents, Write};
    use crate::pending::Haste;
    use docket_core::change::{Change, Claim};
    use docket_core::hash::Sha256;
    use docket_core::id::{Dialect, PublicId};
    use docket_core::ledger::{Account, NetworkId, Transfer};
    use docket_core::money::{Amount, Asset};
    use docket_core::time::Timestamp;
    use tokio::sync::oneshot;

    fn of_weight(bytes: usize) -> Waiting {
        let account = Account::Outside(NetworkId("nowhere".into()));
        let transfer = Transfer { from: account.clone(), to: account, amount: Amount::new(1, Asset::USDC) };
        let answer = PublicId { dialect: Dialect::Credits, text: "it".into() };
        let claim = Claim { key: "key".into(), request: Sha256([0; 32]), answer };
        let documents = Documents { payload: Some(vec![0; bytes].into()), ..Documents::default() };
        let change = Change::of_transfer(transfer, claim, Timestamp(1));
        Waiting {
            write: Write { change, documents, leaf: None },
            haste: Haste::None,
            answer: oneshot::channel().0,
        }
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_in_bytes() {
        let later = Later::default();
        let keeps = |bytes| matches!(later.keep(of_weight(bytes)), Kept::InTime);
        assert!((0..GROUP).all(|_| keeps(1)) && !keeps(1));
        assert_eq!(later.take().len(), GROUP);
        assert!(keeps(GROUP_BYTES / 2) && keeps(GROUP_BYTES / 2) && !keeps(1));
        assert_eq!(later.take().len(), 2);
        assert!(keeps(1));
        later.close();
        assert!(!keeps(1) && later.take().is_empty());
    }
}
