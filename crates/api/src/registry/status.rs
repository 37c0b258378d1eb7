//! A job's state in this dialect's words.

use docket_core::event::Fault;
use docket_core::job::State;

/// The word for a state. There is none for work that came to nothing: its money is back, as after the 24 hours.
pub(super) const fn status(state: &State) -> &'static str {
    match state {
        State::Open { .. } | State::Funded { .. } => "submitted",
        State::Assigned { .. } | State::Running { .. } | State::Submitted { .. } => "assigned",
        State::Settled { .. }
        | State::Rejected { .. }
        | State::Disputed { .. }
        | State::Arbitrated { .. } => "completed",
        State::Closed { .. } => "expired",
    }
}

/// Every word of [`status`].
pub(super) const STATUSES: [&str; 4] = ["submitted", "assigned", "completed", "expired"];

/// Why the money went back.
pub(super) const fn failure(state: &State) -> Option<Fault> {
    match state {
        State::Closed { reason, .. } => Some(*reason),
        _ => None,
    }
}
