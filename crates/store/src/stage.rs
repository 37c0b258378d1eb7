//! What has become of a job, as a list is asked for it: states that mean the same to a client are one.

use docket_core::event::Closing;
use docket_core::job::State;
use docket_core::policy::Ruling;

/// What has become of a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Nobody works at it yet.
    Waiting,
    /// A worker is at it.
    Running,
    /// The work waits for the evaluator.
    Submitted,
    /// The worker is or will be paid, though perhaps not all of it.
    Settled,
    /// The workers that tried have failed, or there was none.
    Failed,
    /// The client has all of it back, for any other reason.
    Returned,
    /// Somebody disputes the outcome.
    Disputed,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::Running,
        Self::Submitted,
        Self::Settled,
        Self::Failed,
        Self::Returned,
        Self::Disputed,
    ];

    /// The stage of a state.
    pub const fn of(state: &State) -> Self {
        match state {
            State::Open { .. } | State::Funded { .. } | State::Assigned { .. } => Self::Waiting,
            State::Running { .. } => Self::Running,
            State::Submitted { .. } => Self::Submitted,
            State::Arbitrated { ruling: Ruling::ForClient, .. } | State::Rejected { .. } => Self::Returned,
            State::Settled { .. } | State::Arbitrated { .. } => Self::Settled,
            State::Disputed { .. } => Self::Disputed,
            State::Closed { how: Closing::Failed, .. } => Self::Failed,
            State::Closed { how: Closing::Refunded | Closing::Expired | Closing::Cancelled, .. } => {
                Self::Returned
            }
        }
    }

    /// What its rows have in common; `None` for what only memory knows.
    pub(crate) const fn condition(self) -> Option<&'static str> {
        match self {
            Self::Waiting | Self::Running => None,
            Self::Submitted => Some("j.state = 'submitted'"),
            Self::Settled => {
                Some("(j.state = 'settled' OR (j.state = 'arbitrated' AND j.outcome <> 'client'))")
            }
            Self::Failed => Some("j.state = 'failed'"),
            Self::Returned => Some(
                "(j.state IN ('refunded', 'expired', 'cancelled', 'rejected') \
                 OR (j.state = 'arbitrated' AND j.outcome = 'client'))",
            ),
            Self::Disputed => Some("j.state = 'disputed'"),
        }
    }

    /// Whether its rows came to something else than a settlement: few do, and they have an index of their own.
    pub(crate) const fn is_astray(self) -> bool {
        matches!(self, Self::Failed | Self::Returned | Self::Disputed)
    }
}
