//! What an enclave says of a job's capital, who vouches for that, and when it may settle anything.
//!
//! Forms, signatures and rules, without a clock or randomness. Where snapshots are kept and what a settlement pays is
//! left to others. `docs/attestation.md` has every form with an example.

mod attestation;
mod deliverable;
mod freshness;
mod key;
mod measured;
mod pin;
mod refusal;
mod report;
mod software;
mod standing;
mod verifier;

#[cfg(feature = "dcap")]
pub mod dcap;
pub mod sev;

pub use attestation::{Attestation, AttestationError, MAX_ATTESTATION};
pub use deliverable::deliverable_hash;
pub use docket_core::agent::capital::{ClosedReason, Outcome, Worth, outcome, stop_loss_at, target_at};
pub use freshness::{Freshness, Mark, Schedule, Why};
pub use key::{Key, KeyTextError, Signed};
pub use measured::{report_data, statement_of_key};
pub use pin::{PinError, PinnedCode, quote_verifier};
pub use refusal::Refusal;
pub use report::{Balance, MAX_REPORT, Report, ReportError, State};
pub use software::SoftwareVerifier;
pub use standing::{Judgement, judge};
pub use verifier::{AnyOf, Trust, Verified, Verifier};
