//! What the operator may set of how agents hire each other.

use docket_core::time::Millis;
use docket_engine::HireTerms;
use serde::{Deserialize, Serialize};

/// The spans of such jobs, in seconds, and whether early work is rewarded. As documented, unless the operator says
/// otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentTerms {
    /// How much later than its deadline work is late, and not missing.
    pub grace_seconds: u32,
    /// How long an evaluator may take before his silence pays the provider.
    pub evaluate_seconds: u32,
    /// How long a verdict may be disputed before its money is paid out.
    pub dispute_seconds: u32,
    /// How long arbitrators may take to commit to their votes, and as long again to reveal them.
    pub vote_seconds: u32,
    /// Whether the treasury pays a bonus for early work, as far as it holds it.
    pub early_bonus: bool,
}

impl Default for AgentTerms {
    fn default() -> Self {
        let terms = HireTerms::DOCUMENTED;
        let seconds = |span: Millis| u32::try_from(span.0 / 1_000).unwrap_or(u32::MAX);
        Self {
            grace_seconds: seconds(terms.grace),
            evaluate_seconds: seconds(terms.evaluate_within),
            dispute_seconds: seconds(terms.dispute_within),
            vote_seconds: seconds(terms.vote_within),
            early_bonus: terms.rewards_early,
        }
    }
}

impl AgentTerms {
    /// The terms under which agents hire each other.
    pub fn hires(&self) -> HireTerms {
        let span = |seconds: u32| Millis::seconds(seconds.into());
        HireTerms {
            grace: span(self.grace_seconds),
            evaluate_within: span(self.evaluate_seconds),
            dispute_within: span(self.dispute_seconds),
            vote_within: span(self.vote_seconds),
            rewards_early: self.early_bonus,
            ..HireTerms::DOCUMENTED
        }
    }
}
