//! Faults that are planted, to prove that the simulation would find them.

use docket_core::change::Change;
use docket_core::event::Event;
use docket_core::job::State;
use docket_core::ledger::{Account, Transfer};
use std::sync::Arc;

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
    /// A broken answer costs a unit more than was told of it.
    Overcharge,
    /// What comes back to a client does not come back to the key under which he spent it.
    KeptSpending,
    /// After a crash nobody knows that hooks are to be told something.
    ForgottenHooks,
    /// What was locked for a job is not free again when the job ends.
    KeptLock,
    /// Nobody remembers what was signed, so that it counts as often as it comes.
    ForgottenWord,
}

impl Planted {
    /// What the writer makes of a change.
    pub(crate) fn alter(self, change: &mut Change) {
        let event = change.job.as_ref().map(|job| &job.event);
        match (self, event) {
            (Self::SkippedTransfer, Some(Event::Settled { .. } | Event::Vested { .. })) => {
                change.transfers.pop();
            }
            (Self::LostHold, Some(Event::Funded { .. })) => change.transfers.clear(),
            (Self::Overcharge, Some(Event::Settled { broken: Some(_), .. })) => overcharge(change),
            (Self::KeptLock, _) => change.transfers.retain(|leg| !frees(leg)),
            (Self::ForgottenWord, _) => {
                change.claim = change.claim.take().filter(|claim| !claim.key.starts_with("agent/signed/"));
            }
            (Self::KeptSpending, _) => change.spending = change.spending.filter(|spent| spent.units > 0),
            _ => {}
        }
    }
}

fn frees(leg: &Transfer) -> bool {
    matches!((&leg.from, &leg.to), (Account::Locked(..), Account::Stake(_)))
}

/// Moves one unit more of what comes back into what vests, wherever both stand.
fn overcharge(change: &mut Change) {
    let Some(job) = &mut change.job else { return };
    let after = Arc::make_mut(&mut job.after);
    let vesting = Account::Vesting(after.id);
    let (vested, back): (Vec<_>, Vec<_>) = change.transfers.iter_mut().partition(|leg| leg.to == vesting);
    if let ([vested], [back]) =
        (&mut vested.into_iter().collect::<Vec<_>>()[..], &mut back.into_iter().collect::<Vec<_>>()[..])
        && back.amount.units > 1
        && let State::Settled { charge, .. } = &mut after.state
    {
        vested.amount.units += 1;
        back.amount.units -= 1;
        charge.units += 1;
        after.vesting.units += 1;
        change.spending.iter_mut().for_each(|spent| spent.units += 1);
    }
}
