//! What holds for every report, every change of it, and every order in which snapshots come.

use crate::{key, object, report, wallet};
use docket_attestation::{
    Attestation, Balance, Judgement, Key, Mark, Report, Schedule, SoftwareVerifier, State, Verifier, Worth,
    judge,
};
use docket_core::time::{Millis, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::json;

const START: Timestamp = Timestamp(1_775_000_000_000);

fn pinned() -> SoftwareVerifier {
    SoftwareVerifier::pinning([Key::Ed25519(key(1).public_key()), Key::Secp256k1(wallet(2).address())])
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        cases: 64,
        ..ProptestConfig::default()
    }
}

/// What happened to a snapshot on its way.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// After the one before, by the enclave's clock.
    gap_ms: i64,
    delay_ms: i64,
    /// Whether a pinned key signed it.
    pinned: bool,
    /// Its number is less by so many than it should be.
    behind: u64,
    value: u64,
}

fn sent() -> impl Strategy<Value = Sent> {
    (0..20_000_000_i64, prop_oneof![0..60_000_i64, 0..4_000_000_i64], any::<bool>(), 0..3_u64, any::<u64>())
        .prop_map(|(gap_ms, delay_ms, pinned, behind, value)| Sent {
            gap_ms,
            delay_ms,
            pinned,
            behind,
            value,
        })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_byte_changed_in_a_signed_report_is_refused(at in any::<prop::sample::Index>(), bits in 1..=255_u8) {
        let report = report(1);
        let mut form = report.signed_form();
        let index = at.index(form.len());
        form[index] ^= bits;
        for attestation in [Attestation::by_key(&key(1), &report), Attestation::by_wallet(&wallet(2), &report)] {
            if let Ok(changed) = Report::parse_signed(&form) {
                prop_assert!(pinned().verify(&changed, &attestation, START).is_err());
            }
            // The same where the report is read more freely, as out of a request.
            if let Ok(changed) = Report::parse(form.strip_prefix(b"docket-snapshot-v1\n").unwrap_or(&form)) {
                let unchanged = changed.signed_form() == report.signed_form();
                prop_assert_eq!(pinned().verify(&changed, &attestation, START).is_ok(), unchanged);
            }
        }
    }

    #[test]
    fn any_byte_changed_in_an_attestation_is_refused_or_says_the_same(at in any::<prop::sample::Index>(), bits in 1..=255_u8) {
        let report = report(1);
        for attestation in [Attestation::by_key(&key(1), &report), Attestation::by_wallet(&wallet(2), &report)] {
            let mut json = attestation.to_value().to_string().into_bytes();
            let index = at.index(json.len());
            json[index] ^= bits;
            if let Ok(changed) = Attestation::parse(&json) {
                // Hexadecimal digits in another case are the same signature.
                prop_assert_eq!(pinned().verify(&report, &changed, START).is_ok(), changed == attestation);
            }
        }
    }

    #[test]
    fn a_snapshot_is_attested_if_it_is_signed_new_and_later_than_the_last(all in prop::collection::vec(sent(), 0..12)) {
        let schedule = Schedule::default();
        let (mut last, mut at) = (Mark::start(START), START);
        for (sent, number) in all.into_iter().zip(1_u64..) {
            at = at + Millis(sent.gap_ms);
            let sequence = number.saturating_sub(sent.behind).max(1);
            let balance = Balance::new(object(json!({}))).unwrap();
            let report = Report::new("1", sent.value.into(), at, sequence, State::Running, balance).unwrap();
            let attestation = Attestation::by_key(&key(if sent.pinned { 1 } else { 9 }), &report);
            let received = at + Millis(sent.delay_ms);
            let judgement = judge(&report, Some(&attestation), &pinned(), &schedule, received, last);
            let mark = Mark { at, sequence };
            let good = sent.pinned && sent.delay_ms <= schedule.max_age.0 && at > last.at && sequence > last.sequence;
            prop_assert_eq!(good, matches!(judgement, Judgement::Attested { .. }));
            prop_assert_eq!(!sent.pinned, judgement.worth() == Worth::Unattested);
            if good {
                last = mark;
            }
        }
    }
}
