//! AMD's SEV-SNP attestation report: what stands where. Its signature is not judged yet.
//!
//! Offsets are those of the table `ATTESTATION_REPORT` in AMD's SEV-SNP firmware ABI specification (document 56860).

use crate::{Attestation, Refusal, Report, Verified, Verifier};
use docket_core::time::Timestamp;

/// How long an attestation report is, signature included, in bytes.
pub const LENGTH: usize = 1184;

/// The bit in `policy` that allows debugging, which gives everything away.
const POLICY_DEBUG: u64 = 1 << 19;

/// What an attestation report says of its guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guest {
    /// The version of the form: 2 to 5.
    pub version: u32,
    /// What the guest's owner allows, bit by bit.
    pub policy: u64,
    /// The privilege level from which the report was asked for; 0 is the most privileged.
    pub vmpl: u32,
    /// What the guest wants to have bound: see [`crate::report_data`].
    pub report_data: [u8; 64],
    /// The measurement of the guest at its launch.
    pub measurement: [u8; 48],
    /// What the host gave the guest at its launch.
    pub host_data: [u8; 32],
    /// The version of the platform's trusted base as it was reported.
    pub reported_tcb: u64,
    /// The chip.
    pub chip_id: [u8; 64],
}

impl Guest {
    /// Reads an attestation report. Nothing of it is proven.
    pub fn parse(report: &[u8]) -> Result<Self, Refusal> {
        let report: &[u8; LENGTH] =
            report.try_into().map_err(|_| Refusal::BadQuote(format!("not {LENGTH} bytes")))?;
        let version = u32::from_le_bytes(field(report, 0x00));
        if !(2..=5).contains(&version) {
            return Err(Refusal::BadQuote(format!("version {version} of the form is not known")));
        }
        Ok(Self {
            version,
            policy: u64::from_le_bytes(field(report, 0x08)),
            vmpl: u32::from_le_bytes(field(report, 0x30)),
            report_data: field(report, 0x50),
            measurement: field(report, 0x90),
            host_data: field(report, 0xC0),
            reported_tcb: u64::from_le_bytes(field(report, 0x180)),
            chip_id: field(report, 0x1A0),
        })
    }

    /// Whether the host may look into the guest.
    pub const fn allows_debugging(&self) -> bool {
        self.policy & POLICY_DEBUG != 0
    }
}

fn field<const N: usize>(report: &[u8; LENGTH], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&report[at..at + N]);
    bytes
}

/// Reads SEV-SNP reports and refuses every one: AMD's chain of certificates is not followed yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct SevVerifier;

impl Verifier for SevVerifier {
    fn verify(&self, _: &Report, attestation: &Attestation, _: Timestamp) -> Result<Verified, Refusal> {
        let Attestation::SevSnp { report, .. } = attestation else {
            return Err(Refusal::OtherScheme { scheme: attestation.scheme() });
        };
        Guest::parse(report)?;
        Err(Refusal::NotSupported { scheme: attestation.scheme() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field has bytes of its own, so that an offset that is off shows.
    fn sample() -> [u8; LENGTH] {
        let mut report = [0; LENGTH];
        report[0x00] = 3;
        report[0x08..0x10].copy_from_slice(&(0x3_0000_u64 | POLICY_DEBUG).to_le_bytes());
        report[0x30] = 1;
        report[0x50..0x90].fill(0x50);
        report[0x90..0xC0].fill(0x90);
        report[0xC0..0xE0].fill(0xC0);
        report[0x180..0x188].copy_from_slice(&7_u64.to_le_bytes());
        report[0x1A0..0x1E0].fill(0x1A);
        report
    }

    #[test]
    fn the_fields_of_a_report_are_found() {
        let guest = Guest::parse(&sample()).unwrap();
        let expected = Guest {
            version: 3,
            policy: 0xB_0000,
            vmpl: 1,
            report_data: [0x50; 64],
            measurement: [0x90; 48],
            host_data: [0xC0; 32],
            reported_tcb: 7,
            chip_id: [0x1A; 64],
        };
        assert_eq!(guest, expected);
        assert!(guest.allows_debugging());
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let mut old = sample();
        old[0] = 1;
        for bytes in [&old[..], &sample()[1..], &[]] {
            assert!(matches!(Guest::parse(bytes), Err(Refusal::BadQuote(_))));
        }
    }
}
