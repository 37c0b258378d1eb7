//! AMD's reports are read, and none is believed yet.

use crate::{NOON, report, wallet};
use docket_attestation::sev::{LENGTH, SevVerifier};
use docket_attestation::{Attestation, Refusal, Signed, Verifier};

#[test]
fn a_report_by_sev_snp_is_read_and_refused_as_not_supported() {
    let report = report(1);
    let signed = Signed::by_wallet(&wallet(2), &report);
    let mut bytes = vec![0; LENGTH];
    bytes[0] = 3;
    let attestation = Attestation::SevSnp { signed, report: bytes };
    let refused = SevVerifier.verify(&report, &attestation, NOON).unwrap_err();
    assert_eq!(refused, Refusal::NotSupported { scheme: "sev-snp" });
    assert_eq!(refused.code(), "attestation.not_supported");

    let broken = Attestation::SevSnp { signed, report: vec![3] };
    assert!(matches!(SevVerifier.verify(&report, &broken, NOON), Err(Refusal::BadQuote(_))));
    let software = Attestation::Software(signed);
    assert!(matches!(SevVerifier.verify(&report, &software, NOON), Err(Refusal::OtherScheme { .. })));
}
