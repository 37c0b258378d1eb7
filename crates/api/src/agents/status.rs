//! This dialect's words for what an agent is to a job, and how it judges one.

use docket_core::agent::role::{Role, Strategy};

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
