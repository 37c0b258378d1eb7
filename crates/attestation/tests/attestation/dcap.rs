//! Intel's quotes: the samples that the library publishes, at instants at which their collateral was good.

use crate::made_up::Platform;
use crate::{key, report, wallet};
use docket_attestation::dcap::{DcapVerifier, Measured, Measurement, Pin, Pinned, Platforms, TcbStatus};
use docket_attestation::{
    Attestation, Refusal, Report, Signed, SoftwareVerifier, Trust, Verified, Verifier, report_data,
};
use docket_core::time::{Millis, Timestamp};
use serde_json::{Map, Value};

/// A quote and its collateral.
struct Sample {
    quote: Vec<u8>,
    collateral: Map<String, Value>,
    /// An instant at which the collateral was good.
    good_at: Timestamp,
}

macro_rules! sample {
    ($name:literal, $good_at:literal) => {
        Sample {
            quote: hex::decode(
                include_str!(concat!("../../../../fixtures/dcap/", $name, ".quote.hex")).trim(),
            )
            .unwrap(),
            collateral: serde_json::from_str(include_str!(concat!(
                "../../../../fixtures/dcap/",
                $name,
                ".collateral.json"
            )))
            .unwrap(),
            good_at: Timestamp($good_at * 1_000),
        }
    };
}

/// TDX 1.0, quote version 4.
fn tdx() -> Sample {
    sample!("tdx", 1_751_328_000) // 2025-07-01
}

/// TDX 1.5, quote version 5.
fn tdx_15() -> Sample {
    sample!("tdx_15", 1_792_800_000) // 2026-10-24
}

/// A platform that wants an update.
fn outdated() -> Sample {
    sample!("tdx_outdated", 1_772_323_200) // 2026-03-01
}

/// SGX, quote version 3.
fn sgx() -> Sample {
    sample!("sgx", 1_751_328_000) // 2025-07-01
}

/// Takes every platform of which Intel says anything but `Revoked`.
fn lenient() -> Platforms {
    Platforms {
        also: vec![
            TcbStatus::SWHardeningNeeded,
            TcbStatus::ConfigurationNeeded,
            TcbStatus::ConfigurationAndSWHardeningNeeded,
        ],
        allow_smt: true,
        allow_dynamic: true,
        allow_cached_keys: true,
        rejected_advisories: vec![],
    }
}

fn verifier(platforms: Platforms) -> DcapVerifier {
    DcapVerifier::pinning(vec![], platforms)
}

impl Sample {
    fn judged(&self, platforms: Platforms) -> Result<docket_attestation::dcap::Authentic, Refusal> {
        verifier(platforms).authenticate(&self.quote, &self.collateral, self.good_at)
    }
}

fn untrusted<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    match result {
        Err(Refusal::Untrusted(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn quotes_of_every_kind_are_followed_to_intels_root() {
    for (name, sample) in [("tdx", tdx()), ("tdx 1.5", tdx_15())] {
        let authentic = sample.judged(lenient()).unwrap_or_else(|refused| panic!("{name}: {refused}"));
        assert_eq!(authentic.tcb_status, TcbStatus::UpToDate, "{name}");
        assert_eq!(authentic.measurement, Measurement::parse(&sample.quote).unwrap(), "{name}");
        assert!(matches!(authentic.measurement.code, Measured::Tdx { .. }), "{name}");
    }
    let authentic = sgx().judged(lenient()).unwrap();
    assert_eq!(authentic.tcb_status, TcbStatus::ConfigurationAndSWHardeningNeeded);
    assert_eq!(authentic.advisories, ["INTEL-SA-00289", "INTEL-SA-00615"]);
    assert!(matches!(authentic.measurement.code, Measured::Sgx { .. }));
}

/// The measurements as they stand in the bytes, at the offsets in Intel's documents.
#[test]
fn measurements_are_read_from_where_they_stand() {
    let quote = tdx().quote;
    let Measured::Tdx { mr_td, rtmr } = Measurement::parse(&quote).unwrap().code else { unreachable!() };
    let body = &quote[48..];
    assert_eq!(mr_td, body[136..184]);
    for (at, register) in rtmr.iter().enumerate() {
        assert_eq!(register[..], body[328 + 48 * at..376 + 48 * at]);
    }
    assert_eq!(Measurement::parse(&quote).unwrap().report_data, body[520..584]);

    let quote = sgx().quote;
    let Measured::Sgx { mr_enclave, mr_signer, product, version } = Measurement::parse(&quote).unwrap().code
    else {
        unreachable!()
    };
    let body = &quote[48..];
    assert_eq!((&mr_enclave[..], &mr_signer[..]), (&body[64..96], &body[128..160]));
    assert_eq!([product.to_le_bytes(), version.to_le_bytes()].concat(), body[256..260]);
}

#[test]
fn a_platform_is_accepted_only_in_the_states_that_the_operator_allows() {
    assert!(untrusted(sgx().judged(Platforms::default())).contains("not acceptable"));
    let why = untrusted(outdated().judged(lenient()));
    assert!(why.contains("No matching TCB level"), "{why}");
    let mut platforms = lenient();
    platforms.rejected_advisories.push("INTEL-SA-00615".to_owned());
    assert!(untrusted(sgx().judged(platforms)).contains("INTEL-SA-00615"));
}

#[test]
fn collateral_is_good_for_its_time_only() {
    let sample = tdx();
    for months in [-2, 2] {
        let at = Timestamp(sample.good_at.0 + Millis::hours(24 * 30 * months).0);
        untrusted(verifier(lenient()).authenticate(&sample.quote, &sample.collateral, at));
    }
    untrusted(verifier(lenient()).authenticate(&sample.quote, &sample.collateral, Timestamp(-1)));
}

#[test]
fn a_quote_under_another_root_or_with_anothers_collateral_is_not_trusted() {
    let sample = tdx();
    let foreign = DcapVerifier::under_root(vec![], vec![], lenient());
    untrusted(foreign.authenticate(&sample.quote, &sample.collateral, sample.good_at));
    untrusted(verifier(lenient()).authenticate(&sample.quote, &sgx().collateral, sample.good_at));
    let mut broken = sample.collateral.clone();
    broken.remove("tcb_info");
    let refused = verifier(lenient()).authenticate(&sample.quote, &broken, sample.good_at);
    assert_eq!(refused, Err(Refusal::NoCollateral));
}

/// Every byte of what is signed is looked at: header, measurements, report data and the signature itself.
#[test]
fn a_changed_byte_in_a_quote_is_refused() {
    let sample = tdx();
    for at in (0..632).step_by(41).chain([48 + 136, 48 + 328, 48 + 520, 48 + 583, 636, 699]) {
        let mut quote = sample.quote.clone();
        quote[at] ^= 1;
        let judged = verifier(lenient()).authenticate(&quote, &sample.collateral, sample.good_at);
        assert!(judged.is_err(), "byte {at}");
    }
}

#[test]
fn what_is_no_quote_is_refused_without_harm() {
    let quote = tdx().quote;
    for length in [0, 1, 47, 48, 632, 636, quote.len() / 2] {
        assert!(matches!(Measurement::parse(&quote[..length]), Err(Refusal::BadQuote(_))), "{length} bytes");
    }
    let mut long = quote;
    long[632..636].fill(0xff);
    assert!(matches!(Measurement::parse(&long), Err(Refusal::BadQuote(_))), "a length beyond all bounds");
}

#[test]
fn a_pin_covers_exactly_its_code() {
    let measurement = Measurement::parse(&tdx().quote).unwrap();
    let Measured::Tdx { mr_td, rtmr } = measurement.code else { unreachable!() };
    let pin = |code| Pin { name: "enclave 1".to_owned(), code };
    let all = rtmr.map(Some);
    assert!(pin(Pinned::Tdx { mr_td, rtmr: all }).covers(&measurement));
    assert!(pin(Pinned::Tdx { mr_td, rtmr: [None; 4] }).covers(&measurement));
    assert!(!pin(Pinned::Tdx { mr_td: [1; 48], rtmr: all }).covers(&measurement));
    for at in 0..4 {
        let mut other = all;
        other[at] = Some([1; 48]);
        assert!(!pin(Pinned::Tdx { mr_td, rtmr: other }).covers(&measurement), "register {at}");
    }

    let enclave = Measurement::parse(&sgx().quote).unwrap();
    let Measured::Sgx { mr_enclave, mr_signer, product, version } = enclave.code else { unreachable!() };
    let signer = |least_version| pin(Pinned::SgxSigner { mr_signer, product, least_version });
    assert!(pin(Pinned::SgxEnclave { mr_enclave }).covers(&enclave));
    assert!(signer(version).covers(&enclave) && !signer(version + 1).covers(&enclave));
    assert!(!pin(Pinned::SgxSigner { mr_signer, product: product + 1, least_version: 0 }).covers(&enclave));
    assert!(!pin(Pinned::SgxEnclave { mr_enclave: mr_signer }).covers(&enclave));
    assert!(!pin(Pinned::SgxEnclave { mr_enclave }).covers(&measurement));
    assert!(!pin(Pinned::Tdx { mr_td, rtmr: all }).covers(&enclave));
}

/// The samples are genuine, and bind something else than our reports.
#[test]
fn a_genuine_quote_that_binds_something_else_attests_nothing() {
    let sample = tdx();
    let Measured::Tdx { mr_td, rtmr } = Measurement::parse(&sample.quote).unwrap().code else {
        unreachable!()
    };
    let pin = Pin { name: "enclave 1".to_owned(), code: Pinned::Tdx { mr_td, rtmr: rtmr.map(Some) } };
    let verifier = DcapVerifier::pinning(vec![pin], lenient());
    let report = report(1);
    let signed = Signed::by_wallet(&wallet(2), &report);
    let genuine = Attestation::Dcap {
        signed,
        quote: sample.quote.clone(),
        collateral: Some(sample.collateral.clone()),
    };
    assert_eq!(verifier.verify(&report, &genuine, sample.good_at), Err(Refusal::OtherReportData));

    // Written over, it binds them, and is no longer genuine.
    let mut quote = sample.quote;
    quote[48 + 520..48 + 584].copy_from_slice(&report_data(&report, &signed.key()));
    let forged =
        Attestation::Dcap { signed, quote: quote.clone(), collateral: Some(sample.collateral.clone()) };
    untrusted(verifier.verify(&report, &forged, sample.good_at));
    let bare = Attestation::Dcap { signed, quote: quote.clone(), collateral: None };
    assert_eq!(verifier.verify(&report, &bare, sample.good_at), Err(Refusal::NoCollateral));

    let Signed::Secp256k1 { address, .. } = signed else { unreachable!() };
    let Signed::Secp256k1 { signature, .. } = Signed::by_wallet(&wallet(3), &report) else { unreachable!() };
    let other = Signed::Secp256k1 { address, signature };
    let unsigned = Attestation::Dcap { signed: other, quote, collateral: None };
    assert_eq!(verifier.verify(&report, &unsigned, sample.good_at), Err(Refusal::BadSignature));
    let software = Attestation::Software(signed);
    assert!(matches!(verifier.verify(&report, &software, sample.good_at), Err(Refusal::OtherScheme { .. })));
}

fn platform() -> Platform {
    let sample = tdx();
    Platform::like(sample.quote, &sample.collateral)
}

/// The code of a platform, pinned with all its registers.
fn pin(platform: &Platform) -> Pin {
    let Measured::Tdx { mr_td, rtmr } = platform.measurement().code else { unreachable!() };
    Pin { name: "enclave 1".to_owned(), code: Pinned::Tdx { mr_td, rtmr: rtmr.map(Some) } }
}

/// An attestation of this report by a quote of this platform.
fn quoted(platform: &Platform, report: &Report, signed: Signed) -> Attestation {
    let quote = platform.quote(report_data(report, &signed.key()));
    Attestation::Dcap { signed, quote, collateral: Some(platform.collateral()) }
}

#[test]
fn a_quote_that_binds_report_and_key_attests_the_report() {
    let (platform, report) = (platform(), report(1));
    let verifier = DcapVerifier::under_root(platform.root(), vec![pin(&platform)], lenient());
    for signed in [Signed::by_wallet(&wallet(2), &report), Signed::by_key(&key(1), &report)] {
        let attestation = quoted(&platform, &report, signed);
        let trust = Trust::Measurement {
            name: "enclave 1".to_owned(),
            tcb_status: "UpToDate".to_owned(),
            advisories: vec![],
        };
        let verified = Verified { key: signed.key(), trust };
        assert_eq!(verifier.verify(&report, &attestation, tdx().good_at), Ok(verified.clone()));
        let read = Attestation::from_hex(&attestation.to_hex()).unwrap();
        assert_eq!(verifier.verify(&report, &read, tdx().good_at), Ok(verified));
        // Under Intel's own root it is nobody's.
        let intels = DcapVerifier::pinning(vec![pin(&platform)], lenient());
        untrusted(intels.verify(&report, &attestation, tdx().good_at));
    }
}

#[test]
fn a_quote_is_good_for_its_report_and_its_key_alone() {
    let (platform, report, other) = (platform(), report(1), report(2));
    let verifier = DcapVerifier::under_root(platform.root(), vec![pin(&platform)], lenient());
    let signed = Signed::by_wallet(&wallet(2), &report);
    let good = quoted(&platform, &report, signed);
    assert_eq!(verifier.verify(&other, &good, tdx().good_at), Err(Refusal::OtherReportData));

    // Another key takes the quote of the first, or signs another report under the quote of its own.
    let Attestation::Dcap { quote, collateral, .. } = good.clone() else { unreachable!() };
    let taken = Attestation::Dcap { signed: Signed::by_wallet(&wallet(3), &report), quote, collateral };
    assert_eq!(verifier.verify(&report, &taken, tdx().good_at), Err(Refusal::OtherReportData));
    let foreign = quoted(&platform, &report, Signed::by_wallet(&wallet(2), &other));
    assert_eq!(verifier.verify(&report, &foreign, tdx().good_at), Err(Refusal::BadSignature));

    // That the operator has pinned the key as well changes nothing.
    let software = SoftwareVerifier::pinning([signed.key()]);
    assert!(matches!(software.verify(&report, &good, tdx().good_at), Err(Refusal::OtherScheme { .. })));
    assert!(verifier.verify(&report, &good, tdx().good_at).is_ok());
}

#[test]
fn code_that_is_not_pinned_attests_nothing() {
    let (platform, report) = (platform(), report(1));
    let signed = Signed::by_wallet(&wallet(2), &report);
    let attestation = quoted(&platform, &report, signed);
    let mut other = pin(&platform);
    let Pinned::Tdx { rtmr, .. } = &mut other.code else { unreachable!() };
    rtmr[2] = Some([1; 48]);
    for pins in [vec![], vec![other]] {
        let verifier = DcapVerifier::under_root(platform.root(), pins, lenient());
        let verdict = verifier.verify(&report, &attestation, tdx().good_at);
        assert_eq!(verdict, Err(Refusal::OtherMeasurement));
    }
}

/// Most machines in a data centre need some of these leaves, so that the operator has to give them knowingly.
#[test]
fn what_a_platform_may_do_needs_leave() {
    let (platform, report) = (platform(), report(1));
    let signed = Signed::by_wallet(&wallet(2), &report);
    let attestation = quoted(&platform, &report, signed);
    let why = |platforms| {
        let verifier = DcapVerifier::under_root(platform.root(), vec![pin(&platform)], platforms);
        untrusted(verifier.verify(&report, &attestation, tdx().good_at))
    };
    assert!(why(Platforms::default()).contains("Dynamic platform"));
    assert!(why(Platforms { allow_smt: false, ..lenient() }).contains("SMT"));
    assert!(why(Platforms { allow_cached_keys: false, ..lenient() }).contains("Cached keys"));
}

/// Whoever may debug a machine can have it sign anything.
#[test]
fn a_machine_that_may_be_debugged_attests_nothing() {
    let (platform, report) = (platform(), report(1));
    let signed = Signed::by_wallet(&wallet(2), &report);
    // The lowest bit of the machine's attributes.
    let quote = platform.quote_with(report_data(&report, &signed.key()), |machine| machine[48 + 120] |= 1);
    let attestation = Attestation::Dcap { signed, quote, collateral: Some(platform.collateral()) };
    let verifier = DcapVerifier::under_root(platform.root(), vec![pin(&platform)], lenient());
    assert!(
        untrusted(verifier.verify(&report, &attestation, tdx().good_at)).to_lowercase().contains("debug")
    );
}
