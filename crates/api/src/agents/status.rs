//! This dialect's words for what an agent is to a job, and how it judges one.

use docket_core::agent::offer::OfferStatus;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::job::State;

/// How far a job has come. What the reference has no word for stands with what it is to the parties.
pub(super) fn job_status(state: &State) -> &'static str {
    status_named(state.name()).expect("every state has a word, which a test sees to")
}

/// The word for the name of a state, or `None` if no state has that name.
pub(super) fn status_named(state: &str) -> Option<&'static str> {
    JOB_STATUSES.iter().find(|(_, states)| states.contains(&state)).map(|(word, _)| *word)
}

/// The words for states, each with the names of those that it stands for.
pub(super) const JOB_STATUSES: [(&str, &[&str]); 8] = [
    ("OPEN", &["open"]),
    ("FUNDED", &["funded", "assigned", "running"]),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_word() {
        let stood_for = || JOB_STATUSES.iter().flat_map(|(_, states)| *states);
        assert_eq!(stood_for().count(), State::NAMES.len());
        for name in State::NAMES {
            assert_eq!(stood_for().filter(|state| **state == name).count(), 1, "{name}");
            assert!(status_named(name).is_some(), "{name}");
        }
        assert_eq!(status_named(""), None);
    }
}
