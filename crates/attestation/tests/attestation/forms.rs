//! The forms of reports and attestations: what is read, and what is refused.

use crate::{NOON, balance, closed_report, key, object, report, wallet};
use docket_attestation::{Attestation, AttestationError, Balance, Key, Report, ReportError, Signed, State};
use docket_core::time::Timestamp;
use serde_json::{Value, json};

fn with(field: &str, value: Value) -> Result<Report, ReportError> {
    let mut json = object(report(1).to_value());
    json.insert(field.to_owned(), value);
    Report::from_value(Value::Object(json))
}

#[test]
fn a_report_reads_back_as_it_is_written() {
    for report in [report(1), report(7), closed_report()] {
        assert_eq!(Report::from_value(report.to_value()).unwrap(), report);
        assert_eq!(Report::parse_signed(&report.signed_form()).unwrap(), report);
        let pretty = serde_json::to_vec_pretty(&report.to_value()).unwrap();
        let read = Report::parse(&pretty).unwrap();
        assert_eq!(
            read.signed_form(),
            report.signed_form(),
            "spacing and order do not change what is signed"
        );
    }
}

#[test]
fn a_field_out_of_its_range_is_refused_by_name() {
    for (field, value) in [
        ("job_id", json!("")),
        ("job_id", json!("1 2")),
        ("job_id", json!("1".repeat(81))),
        ("reported_value", json!("-1")),
        ("reported_value", json!("01")),
        ("reported_value", json!("1.0")),
        ("reported_value", json!("340282366920938463463374607431768211456")),
        ("sequence", json!("0")),
        ("sequence", json!("+1")),
        ("snapshot_ms", json!("-1")),
        ("snapshot_ms", json!("253402300800000")),
        ("state", json!("ready")),
        ("state", json!("closed")),
        ("closed_reason", json!("deadline")),
    ] {
        let refused = with(field, value.clone()).unwrap_err();
        let named = if field == "closed_reason" { "state" } else { field };
        assert!(matches!(refused, ReportError::Field(name) if name == named), "{field} {value}: {refused}");
    }
}

#[test]
fn a_field_too_many_too_few_or_of_another_type_is_refused() {
    assert!(matches!(with("extra", json!(1)), Err(ReportError::Malformed(_))));
    assert!(matches!(with("sequence", json!(1)), Err(ReportError::Malformed(_))));
    assert!(matches!(with("balance_report", json!([])), Err(ReportError::Malformed(_))));
    for field in
        ["balance_report", "closed_reason", "job_id", "reported_value", "sequence", "snapshot_ms", "state"]
    {
        let mut json = object(report(1).to_value());
        json.remove(field);
        let refused = Report::from_value(Value::Object(json));
        assert!(matches!(refused, Err(ReportError::Malformed(_))), "{field}");
    }
}

#[test]
fn json_that_two_readers_may_see_differently_is_no_report() {
    let text = String::from_utf8(report(1).signed_form()).unwrap();
    let json = text.strip_prefix("docket-snapshot-v1\n").unwrap();
    let twice = json.replacen("{", r#"{"state":"closed","#, 1);
    assert!(matches!(Report::parse(twice.as_bytes()), Err(ReportError::NotStrict(_))));
    let inexact = json.replacen(r#""free":"50000000""#, r#""free":9007199254740993"#, 1);
    assert!(matches!(Report::parse(inexact.as_bytes()), Err(ReportError::NotStrict(_))));
    assert!(matches!(Report::parse(&vec![b' '; 20 * 1024 + 1]), Err(ReportError::TooLong)));
}

#[test]
fn balances_are_bounded_in_size_and_depth() {
    let fits = json!({ "note": "a".repeat(16 * 1024 - 11) });
    assert!(Balance::new(object(fits)).is_ok());
    let long = json!({ "note": "a".repeat(16 * 1024 - 10) });
    assert!(matches!(Balance::new(object(long)), Err(ReportError::TooLong)));
    let deep = json!({ "a": { "b": { "c": { "d": { "e": { "f": { "g": 1 } } } } } } });
    assert!(Balance::new(object(deep.clone())).is_ok());
    assert!(matches!(Balance::new(object(json!({ "deeper": deep }))), Err(ReportError::NotStrict(_))));
    assert!(matches!(Balance::new(object(json!({ "n": u64::MAX }))), Err(ReportError::Field(_))));
}

#[test]
fn a_balance_at_its_bounds_makes_a_report_that_reads_back() {
    let deep = json!({ "a": { "b": { "c": { "d": { "e": { "f": { "g": "x".repeat(16_000) } } } } } } });
    let full = Balance::new(object(deep)).unwrap();
    let report = Report::new("1", u128::MAX, NOON, u64::MAX, State::Running, full).unwrap();
    assert_eq!(Report::parse_signed(&report.signed_form()).unwrap(), report);
}

#[test]
fn only_the_exact_signed_form_is_read_as_such() {
    let form = report(1).signed_form();
    let spaced = [&form[..20], b" ", &form[20..]].concat();
    for other in [&form[1..], &form[19..], &[&form[..], b"\n"].concat(), &spaced] {
        assert!(Report::parse_signed(other).is_err());
    }
}

#[test]
fn an_attestation_reads_back_as_it_is_written() {
    let report = report(1);
    let signed = Signed::by_wallet(&wallet(2), &report);
    let collateral = Some(object(json!({ "tcb_info": "{}" })));
    for attestation in [
        Attestation::by_key(&key(1), &report),
        Attestation::by_wallet(&wallet(2), &report),
        Attestation::Dcap { signed, quote: vec![3, 0, 1], collateral },
        Attestation::Dcap { signed: Signed::by_key(&key(1), &report), quote: vec![], collateral: None },
        Attestation::SevSnp { signed, report: vec![1; 1184] },
    ] {
        assert_eq!(Attestation::from_value(attestation.to_value()).unwrap(), attestation);
        assert_eq!(Attestation::from_hex(&attestation.to_hex()).unwrap(), attestation);
    }
}

#[test]
fn what_is_no_attestation_is_refused() {
    let good = Attestation::by_key(&key(1), &report(1)).to_value();
    for (field, value) in [
        ("scheme", json!("rsa")),
        ("key", json!("00".repeat(32))),
        ("key", json!(1)),
        ("signature", json!("")),
        ("signature", json!("0x00")),
        ("extra", json!(null)),
    ] {
        let mut json = object(good.clone());
        json.insert(field.to_owned(), value.clone());
        assert!(Attestation::from_value(Value::Object(json)).is_err(), "{field} {value}");
    }
    for text in ["", "0x", "0xzz", &"ab".repeat(9)] {
        assert!(Attestation::from_hex(text).is_err(), "{text}");
    }
    let long = "0x".to_owned() + &"00".repeat(96 * 1024 + 1);
    assert!(matches!(Attestation::from_hex(&long), Err(AttestationError::TooLong)));
    let quote =
        json!({ "scheme": "dcap", "signed": good, "quote": "00".repeat(16 * 1024 + 2), "collateral": null });
    assert!(matches!(Attestation::from_value(quote), Err(AttestationError::TooLong)));
}

#[test]
fn a_pinned_key_is_written_with_its_scheme() {
    for key in [Key::Ed25519(key(1).public_key()), Key::Secp256k1(wallet(1).address())] {
        assert_eq!(key.to_string().parse(), Ok(key));
        let (_, bare) = key.to_string().split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(bare.parse::<Key>().is_err());
    }
    let lower = Key::Secp256k1(wallet(1).address()).to_string().to_lowercase();
    assert_eq!(lower.parse(), Ok(Key::Secp256k1(wallet(1).address())));
    for text in ["", "ed25519:", "secp256k1:0x12", &format!("ed25519:{}", "00".repeat(32)), "rsa:00"] {
        assert!(text.parse::<Key>().is_err(), "{text}");
    }
}

#[test]
fn an_instant_before_1970_is_no_snapshots() {
    let made = Report::new("1", 0, Timestamp(-1), 1, State::Running, balance());
    assert!(matches!(made, Err(ReportError::Field("snapshot_ms"))));
}
