//! Faults that are planted, to prove that the simulation would find them.

use docket_core::change::Change;
use docket_core::event::Event;

/// What is wrong with the coordinator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Planted {
    /// Nothing.
    Nothing,
    /// Of the transfers that pay for work, one is not written.
    SkippedTransfer,
    /// A new job is written without its hold.
    LostHold,
    /// Changes are acknowledged before they are on disk.
    EarlyAcknowledgement,
}

impl Planted {
    /// What the writer makes of a change.
    pub(crate) fn alter(self, change: &mut Change) {
        let event = change.job.as_ref().map(|job| &job.event);
        match (self, event) {
            (Self::SkippedTransfer, Some(Event::Settled { .. } | Event::Vested)) => {
                change.transfers.pop();
            }
            (Self::LostHold, Some(Event::Funded { .. })) => change.transfers.clear(),
            _ => {}
        }
    }
}
