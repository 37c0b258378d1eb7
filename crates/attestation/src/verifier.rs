//! Who may vouch for a report.

use crate::{Attestation, Key, Refusal, Report};
use docket_core::time::Timestamp;

/// Judges whether an attestation speaks for a report. Says nothing about whether the report is fresh.
pub trait Verifier: Send + Sync {
    /// Answers who vouches for the report, or why nobody does. `now` is when it was received: what a manufacturer
    /// says of a platform is good for some time only.
    fn verify(&self, report: &Report, attestation: &Attestation, now: Timestamp)
    -> Result<Verified, Refusal>;
}

/// Somebody vouches for a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verified {
    /// The key that signed the report.
    pub key: Key,
    /// Why that key is believed.
    pub trust: Trust,
}

/// Why a key is believed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// The operator has pinned it.
    PinnedKey,
    /// A quote binds it to code that the operator has pinned.
    Measurement {
        /// What the operator calls the code.
        name: String,
        /// What Intel says of the platform, such as `UpToDate`.
        tcb_status: String,
        /// The advisories that still apply to the platform.
        advisories: Vec<String>,
    },
}

/// Several verifiers, asked in turn until one judges the scheme.
#[derive(Default)]
pub struct AnyOf(Vec<Box<dyn Verifier>>);

impl AnyOf {
    /// Asks these, in this order. Of none, nothing is ever attested.
    pub fn new(verifiers: Vec<Box<dyn Verifier>>) -> Self {
        Self(verifiers)
    }
}

impl Verifier for AnyOf {
    fn verify(
        &self,
        report: &Report,
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let verdicts = self.0.iter().map(|verifier| verifier.verify(report, attestation, now));
        verdicts
            .into_iter()
            .find(|verdict| !matches!(verdict, Err(Refusal::OtherScheme { .. })))
            .unwrap_or(Err(Refusal::OtherScheme { scheme: attestation.scheme() }))
    }
}
