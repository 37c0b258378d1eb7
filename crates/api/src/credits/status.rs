//! How far a job has come, in this dialect's words.

use docket_core::event::{Closing, Fault, Voucher};
use docket_core::job::{Job, State};
use docket_core::policy::Ruling;

/// The words of the page.
pub(super) const ALL: [&str; 7] =
    ["pending", "processing", "settling", "settled", "failed", "refunded", "disputed"];

/// The word for a state. After a ruling a job is `settled` unless all went back to the client.
pub(super) const fn status(state: &State) -> &'static str {
    match state {
        State::Open { .. } | State::Funded { .. } | State::Assigned { .. } => "pending",
        State::Running { .. } => "processing",
        State::Submitted { .. } => "settling",
        State::Settled { .. } => "settled",
        State::Disputed { .. } => "disputed",
        State::Arbitrated { ruling: Ruling::ForClient, .. } | State::Rejected { .. } => "refunded",
        State::Arbitrated { .. } => "settled",
        State::Closed { how: Closing::Failed, .. } => "failed",
        State::Closed { how: Closing::Refunded | Closing::Expired | Closing::Cancelled, .. } => "refunded",
    }
}

/// Why a job came to nothing; `None` if it did not.
pub(super) const fn failure(state: &State) -> Option<Fault> {
    match state {
        State::Closed { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// Whether the client has only a part of the answer.
pub(super) fn is_broken(job: &Job) -> bool {
    job.delivery().is_some_and(|delivery| delivery.voucher == Voucher::Coordinator)
}

/// What the client pays in the end, in minor units; as long as nothing is delivered, what is held.
pub(super) fn charged(job: &Job) -> u128 {
    let Some(delivery) = job.delivery() else {
        return if job.state.is_final() { 0 } else { job.price.units };
    };
    let whole = job.policy.charge(job.price, delivery.usage.output, !is_broken(job));
    match job.state {
        State::Arbitrated { ruling: Ruling::ForClient, .. } | State::Rejected { .. } => 0,
        State::Arbitrated { ruling: Ruling::Divided { client }, .. } => {
            whole.units - whole.share(client).units
        }
        _ => whole.units,
    }
}
