//! This dialect's words for what an agent is to a job, and how it judges one.

use docket_core::agent::offer::OfferStatus;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::event::Closing;
use docket_core::job::State;

/// How far a job has come. What the reference has no word for stands with what it is to the parties.
pub(super) const fn job_status(state: &State) -> &'static str {
    match state {
        State::Open { .. } => "OPEN",
        State::Funded { .. } | State::Assigned { .. } | State::Running { .. } => "FUNDED",
        State::Submitted { .. } => "SUBMITTED",
        State::Settled { .. } => "COMPLETED",
        State::Rejected { .. } | State::Closed { how: Closing::Cancelled, .. } => "REJECTED",
        State::Closed { how: Closing::Expired | Closing::Failed | Closing::Refunded, .. } => "EXPIRED",
        State::Disputed { .. } => "DISPUTED",
        State::Arbitrated { .. } => "ARBITRATED",
    }
}

/// The words of [`job_status`], each with the names of the states that it stands for.
pub(super) const JOB_STATUSES: [(&str, &[&str]); 8] = [
    ("OPEN", &["open"]),
    ("FUNDED", &["funded"]),
    ("SUBMITTED", &["submitted"]),
    ("COMPLETED", &["settled"]),
    ("REJECTED", &["rejected", "cancelled"]),
    ("EXPIRED", &["expired", "failed", "refunded"]),
    ("DISPUTED", &["disputed"]),
    ("ARBITRATED", &["arbitrated"]),
];

/// The word for an offer.
pub(super) const fn offer_status(status: OfferStatus) -> &'static str {
    match status {
        OfferStatus::Pending => "PENDING",
        OfferStatus::Accepted => "ACCEPTED",
        OfferStatus::Rejected => "REJECTED",
        OfferStatus::Withdrawn => "WITHDRAWN",
    }
}

/// The word for a level.
pub(super) const fn level(level: Level) -> &'static str {
    match level {
        Level::L0 => "L0",
        Level::L1 => "L1",
        Level::L2 => "L2",
        Level::L3 => "L3",
    }
}

/// The reverse of [`level`].
pub(super) fn parse_level(text: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|known| text == level(*known))
}

/// The word for a role.
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Client => "CLIENT",
        Role::Provider => "PROVIDER",
        Role::Evaluator => "EVALUATOR",
        Role::Arbitrator => "ARBITRATOR",
    }
}

/// The reverse of [`role`], in either case.
pub(super) fn parse_role(text: &str) -> Option<Role> {
    Role::ALL.into_iter().find(|known| text.eq_ignore_ascii_case(role(*known)))
}

/// The word for a strategy.
pub(super) const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Program => "PROGRAM",
        Strategy::Rubric => "RUBRIC",
        Strategy::Hybrid => "HYBRID",
        Strategy::Capital => "CEX_CAPITAL",
    }
}

/// The reverse of [`strategy`], in upper case only: clients send back what they were shown.
pub(super) fn parse_strategy(text: &str) -> Option<Strategy> {
    Strategy::ALL.into_iter().find(|known| text == strategy(*known))
}
