//! Intel's TDX and SGX quotes: whether a platform is genuine, which code it runs, and what that code has bound.
//!
//! The signatures and Intel's collateral are judged by the library; which code is believed, and that it speaks for this
//! report, is judged here. Nothing is fetched: collateral comes with the attestation.

mod measurement;

pub use dcap_qvl::TcbStatus;
pub use measurement::{Measured, Measurement, Pin, Pinned};

use crate::{Attestation, Refusal, Report, Trust, Verified, Verifier, report_data};
use dcap_qvl::verify::QuoteVerifier;
use dcap_qvl::{QuoteCollateralV3, QuotePolicy};
use docket_core::time::Timestamp;
use serde_json::{Map, Value};

/// Which platforms are good enough. By default only those of which Intel says `UpToDate`, with no further leave.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Platforms {
    /// What Intel may say of a platform besides `UpToDate`. What is revoked is never accepted.
    pub also: Vec<TcbStatus>,
    /// Whether two threads may share a core.
    pub allow_smt: bool,
    /// Whether processors may be added to the platform.
    pub allow_dynamic: bool,
    /// Whether the manufacturer of the platform keeps its keys.
    pub allow_cached_keys: bool,
    /// Advisories that may not apply to the platform.
    pub rejected_advisories: Vec<String>,
}

/// Believes the code that the operator has pinned, on platforms that Intel stands for.
pub struct DcapVerifier {
    quotes: QuoteVerifier,
    platforms: Platforms,
    pins: Vec<Pin>,
}

impl DcapVerifier {
    /// Believes these pins, under the root that Intel has published.
    pub fn pinning(pins: Vec<Pin>, platforms: Platforms) -> Self {
        Self { quotes: QuoteVerifier::new_prod(), platforms, pins }
    }

    /// The same under another root, in DER: for platforms that are made up in a test.
    pub fn under_root(root: Vec<u8>, pins: Vec<Pin>, platforms: Platforms) -> Self {
        Self { quotes: QuoteVerifier::new(root), platforms, pins }
    }

    /// Follows the signatures from Intel's root to the quote, and asks whether the platform is accepted at `now`.
    /// Refuses what may be debugged. Which code it is and what it has bound is left to the caller.
    pub fn authenticate(
        &self,
        quote: &[u8],
        collateral: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Authentic, Refusal> {
        let collateral: QuoteCollateralV3 =
            serde_json::from_value(Value::Object(collateral.clone())).map_err(|_| Refusal::NoCollateral)?;
        let seconds = u64::try_from(now.0 / 1_000).unwrap_or(0);
        let claims = self
            .quotes
            .verify_with_policy(quote, collateral, seconds, &self.platforms.policy(seconds))
            .map_err(|error| Refusal::Untrusted(format!("{error:#}")))?;
        Ok(Authentic {
            measurement: Measurement::of(&claims.report),
            tcb_status: claims.tcb.status,
            advisories: claims.tcb.advisory_ids,
        })
    }
}

/// A quote for which Intel stands, on a platform that is accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authentic {
    /// Which code, and what it has bound.
    pub measurement: Measurement,
    /// What Intel says of the platform.
    pub tcb_status: TcbStatus,
    /// The advisories that still apply to the platform.
    pub advisories: Vec<String>,
}

impl Platforms {
    fn policy(&self, now_seconds: u64) -> QuotePolicy {
        let strict = QuotePolicy::strict(now_seconds)
            .allow_smt(self.allow_smt)
            .allow_dynamic_platform(self.allow_dynamic)
            .allow_cached_keys(self.allow_cached_keys)
            .reject_advisories(&self.rejected_advisories);
        self.also.iter().fold(strict, |policy, status| policy.allow_status(*status))
    }
}

impl Verifier for DcapVerifier {
    fn verify(
        &self,
        report: &Report,
        attestation: &Attestation,
        now: Timestamp,
    ) -> Result<Verified, Refusal> {
        let Attestation::Dcap { signed, quote, collateral } = attestation else {
            return Err(Refusal::OtherScheme { scheme: attestation.scheme() });
        };
        let key = signed.key();
        // What is cheap to refuse comes first. Nothing of the quote is believed yet.
        let claimed = Measurement::parse(quote)?;
        if claimed.report_data != report_data(report, &key) {
            return Err(Refusal::OtherReportData);
        }
        if !signed.holds(report) {
            return Err(Refusal::BadSignature);
        }
        let collateral = collateral.as_ref().ok_or(Refusal::NoCollateral)?;
        let authentic = self.authenticate(quote, collateral, now)?;
        // Judged is what the library has authenticated, and not what was read before.
        if authentic.measurement.report_data != report_data(report, &key) {
            return Err(Refusal::OtherReportData);
        }
        let pin = self.pins.iter().find(|pin| pin.covers(&authentic.measurement));
        let pin = pin.ok_or(Refusal::OtherMeasurement)?;
        Ok(Verified {
            key,
            trust: Trust::Measurement {
                name: pin.name.clone(),
                tcb_status: authentic.tcb_status.to_string(),
                advisories: authentic.advisories,
            },
        })
    }
}
