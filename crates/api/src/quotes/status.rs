//! A job's state in this dialect's three words.

use docket_core::event::Fault;
use docket_core::job::State;

/// The word for a state.
pub(super) const fn status(state: &State) -> &'static str {
    match state {
        State::Open { .. }
        | State::Funded { .. }
        | State::Assigned { .. }
        | State::Running { .. }
        | State::Submitted { .. } => "pending",
        State::Settled { .. }
        | State::Rejected { .. }
        | State::Disputed { .. }
        | State::Arbitrated { .. } => "completed",
        State::Closed { .. } => "failed",
    }
}

/// Why a job failed.
pub(super) const fn failure(state: &State) -> Option<Fault> {
    match state {
        State::Closed { reason, .. } => Some(*reason),
        _ => None,
    }
}
