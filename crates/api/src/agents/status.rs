//! This dialect's words for what an agent is to a job.

use docket_core::agent::role::Role;

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
