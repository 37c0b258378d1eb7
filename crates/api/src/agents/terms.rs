//! What the operator may set of how agents hire each other.

use crate::enclave::SimulatedEnclave;
use docket_attestation::{
    AnyOf, Key, KeyTextError, PinError, PinnedCode, Schedule, SoftwareVerifier, Verifier, quote_verifier,
};
use docket_core::time::Millis;
use docket_engine::{Enclaves, HireTerms};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Terms that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    /// One of `enclave_keys`.
    #[error(transparent)]
    Key(#[from] KeyTextError),
    /// One of `enclave_code`.
    #[error(transparent)]
    Code(#[from] PinError),
}

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
    /// The keys of enclaves that are believed about entrusted capital, as `ed25519:` and 64 digits or `secp256k1:` and an
    /// address. Nothing in a signature says that there is an enclave behind it.
    pub enclave_keys: Vec<String>,
    /// The measured code that is believed about it, where Docket was built with the feature `dcap`.
    pub enclave_code: Vec<PinnedCode>,
    /// Whether a **simulated** enclave with a **simulated** exchange is served and believed.
    pub simulated_enclave: bool,
    /// How far apart snapshots of entrusted capital are due.
    pub snapshot_seconds: u32,
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
            enclave_keys: Vec::new(),
            enclave_code: Vec::new(),
            simulated_enclave: false,
            snapshot_seconds: seconds(Schedule::default().interval),
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

    /// Who is believed about entrusted capital: the pinned keys and code, and the simulated enclave if one is served.
    ///
    /// # Errors
    /// A text that names no key or no code.
    pub fn enclaves(&self, simulated: Option<&SimulatedEnclave>) -> Result<Enclaves, TermsError> {
        let pinned: Result<Vec<Key>, _> = self.enclave_keys.iter().map(|text| text.parse()).collect();
        let keys: Vec<Key> = pinned?.into_iter().chain(simulated.map(SimulatedEnclave::key)).collect();
        let anybody = !keys.is_empty() || !self.enclave_code.is_empty();
        let by_key: Box<dyn Verifier> = Box::new(SoftwareVerifier::pinning(keys));
        let by_code = quote_verifier(&self.enclave_code)?;
        let verifier = AnyOf::new(std::iter::once(by_key).chain(by_code).collect());
        let interval = Millis::seconds(self.snapshot_seconds.into());
        let schedule = Schedule { interval, ..Schedule::default() };
        Ok(Enclaves { verifier: Arc::new(verifier), schedule, anybody })
    }
}
