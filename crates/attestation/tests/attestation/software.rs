//! Keys that the operator has pinned, and what follows from them.

use crate::{NOON, key, report, wallet};
use docket_attestation::{
    AnyOf, Attestation, Judgement, Key, Mark, Refusal, Schedule, Signed, SoftwareVerifier, Trust, Verifier,
    Why, Worth, judge,
};
use docket_core::time::{Millis, Timestamp};

fn pinned() -> SoftwareVerifier {
    SoftwareVerifier::pinning([Key::Ed25519(key(1).public_key()), Key::Secp256k1(wallet(2).address())])
}

#[test]
fn a_pinned_key_of_either_kind_attests_what_it_signed() {
    let report = report(1);
    for attestation in [Attestation::by_key(&key(1), &report), Attestation::by_wallet(&wallet(2), &report)] {
        let verified = pinned().verify(&report, &attestation, NOON).unwrap();
        assert_eq!(verified.key, attestation.key());
        assert_eq!(verified.trust, Trust::PinnedKey);
    }
}

#[test]
fn a_key_that_is_not_pinned_attests_nothing() {
    let report = report(1);
    for attestation in [Attestation::by_key(&key(3), &report), Attestation::by_wallet(&wallet(3), &report)] {
        assert_eq!(pinned().verify(&report, &attestation, NOON), Err(Refusal::NotPinned));
    }
    let nobody = SoftwareVerifier::default();
    let attestation = Attestation::by_key(&key(1), &report);
    assert_eq!(nobody.verify(&report, &attestation, NOON), Err(Refusal::NotPinned));
}

#[test]
fn a_signature_over_another_report_attests_nothing() {
    for attestation in
        [Attestation::by_key(&key(1), &report(1)), Attestation::by_wallet(&wallet(2), &report(1))]
    {
        assert_eq!(pinned().verify(&report(2), &attestation, NOON), Err(Refusal::BadSignature));
    }
}

#[test]
fn a_pinned_key_in_front_of_anothers_signature_attests_nothing() {
    let report = report(1);
    let Signed::Secp256k1 { signature, .. } = Signed::by_wallet(&wallet(3), &report) else { unreachable!() };
    let claimed = Attestation::Software(Signed::Secp256k1 { address: wallet(2).address(), signature });
    assert_eq!(pinned().verify(&report, &claimed, NOON), Err(Refusal::BadSignature));
}

/// Else whoever has the key of a measured enclave could leave the measurement away.
#[test]
fn a_pinned_key_does_not_stand_for_a_quote_nor_the_other_way_round() {
    let report = report(1);
    let signed = Signed::by_wallet(&wallet(2), &report);
    let quoted = Attestation::Dcap { signed, quote: vec![], collateral: None };
    let refused = Err(Refusal::OtherScheme { scheme: "dcap" });
    assert_eq!(pinned().verify(&report, &quoted, NOON), refused);
    assert_eq!(AnyOf::new(vec![Box::new(pinned())]).verify(&report, &quoted, NOON), refused);
    assert_eq!(AnyOf::default().verify(&report, &quoted, NOON), refused);
}

#[test]
fn several_verifiers_are_asked_until_one_judges_the_scheme() {
    let report = report(1);
    let both = AnyOf::new(vec![Box::new(docket_attestation::sev::SevVerifier), Box::new(pinned())]);
    assert!(both.verify(&report, &Attestation::by_key(&key(1), &report), NOON).is_ok());
    let other = Attestation::by_key(&key(3), &report);
    assert_eq!(both.verify(&report, &other, NOON), Err(Refusal::NotPinned));
}

fn judged(sequence: u64, signer: u8, received: Timestamp, last: Mark) -> Judgement {
    let report = report(sequence);
    let attestation = Attestation::by_key(&key(signer), &report);
    judge(&report, Some(&attestation), &pinned(), &Schedule::default(), received, last)
}

#[test]
fn a_snapshot_is_attested_stale_or_unattested_and_says_why() {
    let start = Mark::start(Timestamp(NOON.0 - Millis::hours(4).0));
    let attested = judged(1, 1, NOON, start);
    assert_eq!((attested.worth(), attested.code()), (Worth::Attested, None));
    assert!(matches!(attested, Judgement::Attested { missed: 0, .. }));

    let late = judged(1, 1, NOON + Millis::hours(1), start);
    assert_eq!((late.worth(), late.code()), (Worth::Stale, Some("snapshot.too_old")));
    let again = judged(1, 1, NOON, Mark { at: NOON, sequence: 1 });
    assert!(matches!(again, Judgement::Stale { why: Why::NotNewer, .. }));

    let foreign = judged(1, 3, NOON, start);
    assert_eq!((foreign.worth(), foreign.code()), (Worth::Unattested, Some("attestation.not_pinned")));
    let bare = judge(&report(1), None, &pinned(), &Schedule::default(), NOON, start);
    assert_eq!((bare.worth(), bare.code()), (Worth::Unattested, Some("attestation.missing")));
}

/// What nobody vouches for is never called merely stale.
#[test]
fn an_old_report_of_an_unknown_key_is_unattested() {
    let judged = judged(1, 3, NOON + Millis::hours(9), Mark::start(NOON));
    assert_eq!(judged.worth(), Worth::Unattested);
}

#[test]
fn what_a_snapshot_is_worth_reads_back_and_only_one_settles() {
    for worth in [Worth::Attested, Worth::Unattested, Worth::Stale] {
        assert_eq!(Worth::parse(worth.name()), Some(worth));
        assert_eq!(worth.may_settle(), worth == Worth::Attested);
    }
    assert_eq!(Worth::parse("verified"), None);
}
