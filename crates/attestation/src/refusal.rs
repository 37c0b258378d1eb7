//! Why nobody vouches for a report.

/// Why an attestation does not speak for a report. The report is kept and settles nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// This verifier judges other schemes.
    #[error("attestations by `{scheme}` are not judged here")]
    OtherScheme {
        /// The scheme.
        scheme: &'static str,
    },
    /// Nobody judges this scheme yet, although its form is read.
    #[error("attestations by `{scheme}` are read and not yet judged")]
    NotSupported {
        /// The scheme.
        scheme: &'static str,
    },
    /// The operator has not pinned the key.
    #[error("the key is none that the operator has pinned")]
    NotPinned,
    /// The key did not sign this report.
    #[error("the key did not sign this report")]
    BadSignature,
    /// The bytes are no quote.
    #[error("not a quote: {0}")]
    BadQuote(String),
    /// A quote came without what Intel says of its platform, or with something that is not that.
    #[error("the quote came without usable collateral")]
    NoCollateral,
    /// Intel's chain of signatures does not end in the quote, or the platform's state is not accepted.
    #[error("the quote is not trusted: {0}")]
    Untrusted(String),
    /// The quote is good, of code that the operator has not pinned.
    #[error("the measurement is none that the operator has pinned")]
    OtherMeasurement,
    /// The quote is good, and says something else than this report and this key.
    #[error("the quote does not bind this report and this key")]
    OtherReportData,
}

impl Refusal {
    /// The code that callers may match on, listed in `docs/attestation.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherScheme { .. } => "attestation.other_scheme",
            Self::NotSupported { .. } => "attestation.not_supported",
            Self::NotPinned => "attestation.not_pinned",
            Self::BadSignature => "attestation.bad_signature",
            Self::BadQuote(_) => "attestation.bad_quote",
            Self::NoCollateral => "attestation.no_collateral",
            Self::Untrusted(_) => "attestation.untrusted",
            Self::OtherMeasurement => "attestation.other_measurement",
            Self::OtherReportData => "attestation.other_report_data",
        }
    }
}
