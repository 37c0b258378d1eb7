//! What a snapshot is worth.

use crate::{Attestation, Freshness, Mark, Refusal, Report, Schedule, State, Verified, Verifier, Why};
use docket_core::agent::capital::Worth;
use docket_core::time::Timestamp;

/// What was found out about a report that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// It stands, and the line of attested snapshots with it.
    Attested {
        /// Who vouches for it.
        by: Verified,
        /// How many snapshots were due before it and never came.
        missed: u32,
    },
    /// Nobody vouches for it. Without a refusal, nobody was said to.
    Unattested(Option<Refusal>),
    /// Somebody vouches for it, and it is not new.
    Stale {
        /// Who.
        by: Verified,
        /// In which way.
        why: Why,
    },
}

impl Judgement {
    /// What the snapshot is worth from now on.
    pub const fn worth(&self) -> Worth {
        match self {
            Self::Attested { .. } => Worth::Attested,
            Self::Unattested(_) => Worth::Unattested,
            Self::Stale { .. } => Worth::Stale,
        }
    }

    /// The code of what is wrong with it, if anything is.
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Attested { .. } => None,
            Self::Unattested(None) => Some("attestation.missing"),
            Self::Unattested(Some(refusal)) => Some(refusal.code()),
            Self::Stale { why, .. } => Some(why.code()),
        }
    }
}

/// Judges a report that came at `received`, where the job's last attested snapshot stands at `last`.
///
/// That the report is of the job it came for is for the caller to check.
pub fn judge(
    report: &Report,
    attestation: Option<&Attestation>,
    verifier: &dyn Verifier,
    schedule: &Schedule,
    received: Timestamp,
    last: Mark,
) -> Judgement {
    let Some(attestation) = attestation else { return Judgement::Unattested(None) };
    let by = match verifier.verify(report, attestation, received) {
        Ok(by) => by,
        Err(refusal) => return Judgement::Unattested(Some(refusal)),
    };
    let mark = Mark { at: report.at(), sequence: report.sequence() };
    // Nothing comes after what closes the capital, so that it is as good later as in time.
    let counted = match report.state() {
        State::Running => received,
        State::Closed(_) => received.min(report.at() + schedule.max_age),
    };
    match schedule.freshness(mark, counted, last) {
        Freshness::Fresh { missed } => Judgement::Attested { by, missed },
        Freshness::Stale(why) => Judgement::Stale { by, why },
    }
}
