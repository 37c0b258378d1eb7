//! Attestation by a key alone: as good as the operator's knowledge of who holds it.

use crate::{Attestation, Key, Refusal, Report, Trust, Verified, Verifier};
use docket_core::time::Timestamp;
use std::collections::HashSet;

/// Believes the keys that the operator has pinned, and no others.
#[derive(Clone, Debug, Default)]
pub struct SoftwareVerifier {
    pinned: HashSet<Key>,
}

impl SoftwareVerifier {
    /// Believes these keys.
    pub fn pinning(keys: impl IntoIterator<Item = Key>) -> Self {
        Self { pinned: keys.into_iter().collect() }
    }
}

impl Verifier for SoftwareVerifier {
    fn verify(&self, report: &Report, attestation: &Attestation, _: Timestamp) -> Result<Verified, Refusal> {
        let Attestation::Software(signed) = attestation else {
            return Err(Refusal::OtherScheme { scheme: attestation.scheme() });
        };
        let key = signed.key();
        if !self.pinned.contains(&key) {
            return Err(Refusal::NotPinned);
        }
        if !signed.holds(report) {
            return Err(Refusal::BadSignature);
        }
        Ok(Verified { key, trust: Trust::PinnedKey })
    }
}
