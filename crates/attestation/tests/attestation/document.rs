//! `docs/attestation.md` shows what the code does.

use crate::{key, report, wallet};
use docket_attestation::{Attestation, Key, Refusal, Report, Why, report_data};

const PAGE: &str = include_str!("../../../../docs/attestation.md");

#[test]
fn the_example_of_the_page_is_what_is_signed() {
    let report = report(1);
    let form = String::from_utf8(report.signed_form()).unwrap();
    let lines = [
        form.clone(),
        report.digest().to_string(),
        Attestation::by_key(&key(1), &report).to_value().to_string(),
        Attestation::by_wallet(&wallet(2), &report).to_value().to_string(),
        hex::encode(report_data(&report, &Key::Secp256k1(wallet(2).address()))),
    ];
    for line in &lines {
        assert!(PAGE.contains(line), "the page does not show\n{line}");
    }
    let start = PAGE.find("docket-snapshot-v1\n{").unwrap();
    let shown = PAGE[start..].split("\n```").next().unwrap();
    assert_eq!(Report::parse_signed(shown.as_bytes()).unwrap(), report);
}

#[test]
fn the_page_lists_every_code() {
    let refusals = [
        Refusal::OtherScheme { scheme: "" },
        Refusal::NotSupported { scheme: "" },
        Refusal::NotPinned,
        Refusal::BadSignature,
        Refusal::BadQuote(String::new()),
        Refusal::NoCollateral,
        Refusal::Untrusted(String::new()),
        Refusal::OtherMeasurement,
        Refusal::OtherReportData,
    ];
    let whys = [Why::FromTheFuture, Why::TooOld, Why::NotNewer, Why::NotNext];
    let codes = refusals.iter().map(Refusal::code).chain(whys.map(Why::code));
    for code in codes.chain(["attestation.missing"]) {
        assert!(PAGE.contains(&format!("| `{code}` |")), "{code}");
    }
}
