//! Who signed a request: the documented messages, those of our own, their time and their identity.

use crate::wallet::{Cases, made_by_viem};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::digest::Digest;
use docket_protocol::wallet::{
    Action, Address, AddressError, Headers, LIFETIME, SKEW, Signature, SignatureError, Signed, Statement,
    WalletKey, WalletRefusal, verify,
};
use proptest::prelude::*;

const SIGNED_AT: Timestamp = Timestamp(1_745_000_000_000);
const SET_BUDGET: Action = Action::own("set-budget");

fn key() -> WalletKey {
    WalletKey::from_hex(&Cases::read().secrets[0]).unwrap()
}

fn body() -> Digest {
    Digest::of(Cases::read().body.as_bytes())
}

/// A request for job 123, signed at [`SIGNED_AT`] by the first key, one second later.
fn judge(action: Action, signature: &str) -> Result<Signed, WalletRefusal> {
    let address = key().address().to_string();
    let headers = Headers { address: &address, signature, timestamp: "1745000000000" };
    verify(&headers, action, "123", body(), SIGNED_AT + Millis::seconds(1))
}

/// As [`judge`], of the first key's signature over a message.
fn judge_message(action: Action, message: &str) -> Result<Signed, WalletRefusal> {
    judge(action, &key().sign(message.as_bytes()).to_string())
}

#[test]
fn statements_are_written_as_documented() {
    let bare = Statement { action: Action::OFFERS, resource: "123", at: SIGNED_AT, body: None };
    assert_eq!(bare.to_string(), "AACP:offers:123:1745000000000");
    let bound = Statement { action: SET_BUDGET, body: Some(body()), ..bare };
    assert_eq!(
        bound.to_string(),
        "AACP:set-budget:123:1745000000000:fb96a8188692b4c824b7aeeeef0465b471e3099d649f2c47222ecb9cfd4d264f"
    );
}

#[test]
fn what_documented_clients_sign_with_viem_is_taken_for_its_own_action() {
    let digest = "fb96a8188692b4c824b7aeeeef0465b471e3099d649f2c47222ecb9cfd4d264f";
    let bound = [
        format!("AACP:offers:123:1745000000000:{digest}"),
        format!("AACP:set-budget:123:1745000000000:{digest}"),
    ];
    let actions = [Action::OFFERS, Action::TEE_JOBS, Action::SET_JOB_METADATA, SET_BUDGET];
    for (message, its_action) in [
        ("AACP:offers:123:1745000000000", Action::OFFERS),
        ("TermiX:offers:123:1745000000000", Action::OFFERS),
        ("AACP:make-offer:123:1745000000000", Action::OFFERS),
        (&bound[0], Action::OFFERS),
        ("AACP:tee-jobs:123:1745000000000", Action::TEE_JOBS),
        ("AACP:create-tee-job:123:1745000000000", Action::TEE_JOBS),
        ("AACP:set-job-metadata:123:1745000000000", Action::SET_JOB_METADATA),
        (&bound[1], SET_BUDGET),
    ] {
        let (address, signature) = made_by_viem(message);
        for action in actions {
            let judged = judge(action, &signature);
            if action == its_action {
                let signed = judged.unwrap();
                assert_eq!(signed.signer.to_string(), address, "{message}");
                assert_eq!(signed.at, SIGNED_AT, "{message}");
            } else {
                assert!(matches!(judged, Err(WalletRefusal::OtherSigner { .. })), "{message} as {action:?}");
            }
        }
    }
}

#[test]
fn an_alias_is_one_for_its_action_alone() {
    for (action, message) in [
        (Action::OFFERS, "TermiX:make-offer:123:1745000000000"),
        (Action::OFFERS, "AACP:create-offer:123:1745000000000"),
        (Action::TEE_JOBS, "TermiX:tee-jobs:123:1745000000000"),
        (Action::SET_JOB_METADATA, "TermiX:set-job-metadata:123:1745000000000"),
        (SET_BUDGET, "AACP:set-budget:123:1745000000000"),
    ] {
        assert!(
            matches!(judge_message(action, message), Err(WalletRefusal::OtherSigner { .. })),
            "{message}"
        );
    }
}

#[test]
fn a_body_that_is_named_must_be_the_one_that_came() {
    let (right, wrong) = (hex::encode(body().0), hex::encode(Digest::of(b"").0));
    for action in [Action::OFFERS, SET_BUDGET] {
        let bound = Statement { action, resource: "123", at: SIGNED_AT, body: Some(body()) }.to_string();
        assert!(judge_message(action, &bound).is_ok());
        for other in [
            bound.replace(&right, &wrong),
            bound.replace(&right, &right.to_uppercase()),
            bound.replace(&right, &format!("0x{right}")),
            bound.replace(&right, ""),
            bound.replace(&right, &right[..62]),
            format!("{bound}:"),
        ] {
            let refused = judge_message(action, &other);
            assert!(matches!(refused, Err(WalletRefusal::OtherSigner { .. })), "{other}");
        }
    }
}

#[test]
fn a_refusal_says_what_would_be_right_to_sign() {
    let refused = judge_message(Action::OFFERS, "AACP:offers:124:1745000000000").unwrap_err();
    assert_eq!(refused.to_string(), "this address did not sign `AACP:offers:123:1745000000000`");
    let refused = judge_message(SET_BUDGET, "AACP:set-budget:123:1745000000000").unwrap_err();
    let right = Statement { action: SET_BUDGET, resource: "123", at: SIGNED_AT, body: Some(body()) };
    assert_eq!(refused, WalletRefusal::OtherSigner { message: right.to_string() });
}

#[test]
fn a_message_is_good_for_five_minutes_and_not_before_its_time() {
    let (address, signature) = made_by_viem("AACP:offers:123:1745000000000");
    let headers = Headers { address: &address, signature: &signature, timestamp: "1745000000000" };
    let at = |now: Timestamp| verify(&headers, Action::OFFERS, "123", body(), now).map(|signed| signed.at);
    assert_eq!((LIFETIME, SKEW), (Millis(300_000), Millis(30_000)));
    assert_eq!(at(SIGNED_AT + Millis(300_000)), Ok(SIGNED_AT));
    assert_eq!(at(SIGNED_AT + Millis(300_001)), Err(WalletRefusal::Stale));
    assert_eq!(at(Timestamp(i64::MAX)), Err(WalletRefusal::Stale));
    assert_eq!(at(SIGNED_AT + Millis(-30_000)), Ok(SIGNED_AT));
    assert_eq!(at(SIGNED_AT + Millis(-30_001)), Err(WalletRefusal::FromTheFuture));
    assert_eq!(at(Timestamp(0)), Err(WalletRefusal::FromTheFuture));
}

#[test]
fn an_instant_has_one_spelling() {
    let (address, signature) = made_by_viem("AACP:offers:123:1745000000000");
    let with = |timestamp: &str| {
        let headers = Headers { address: &address, signature: &signature, timestamp };
        verify(&headers, Action::OFFERS, "123", body(), SIGNED_AT)
    };
    assert!(with("1745000000000").is_ok());
    for timestamp in [
        "",
        "0001745000000000",
        "+1745000000000",
        "-1",
        "-0",
        " 1745000000000",
        "1745000000000 ",
        "1745000000000.0",
        "1.745e12",
        "0x1964d8b2a00",
        "１745000000000",
        "2025-04-18T18:13:20Z",
        "9223372036854775808",
        &"1".repeat(100_000),
    ] {
        assert_eq!(with(timestamp), Err(WalletRefusal::BadTimestamp), "{:.30}", timestamp);
    }
    assert_eq!(with("9223372036854775807"), Err(WalletRefusal::FromTheFuture));
    assert_eq!(with("0"), Err(WalletRefusal::Stale));
    assert_eq!(with("1745000000"), Err(WalletRefusal::Stale), "seconds");
}

#[test]
fn a_signer_is_found_in_every_case_and_nobody_else_is_taken_for_him() {
    let (address, signature) = made_by_viem("AACP:offers:123:1745000000000");
    let by = |address: &str, signature: &str| {
        let headers = Headers { address, signature, timestamp: "1745000000000" };
        verify(&headers, Action::OFFERS, "123", body(), SIGNED_AT)
    };
    let digits = &address[2..];
    for spelling in [digits.to_owned(), digits.to_lowercase(), digits.to_uppercase()] {
        assert_eq!(by(&format!("0x{spelling}"), &signature).unwrap().signer, key().address(), "{spelling}");
    }
    let other = Address([1; 20]).to_string();
    assert!(matches!(by(&other, &signature), Err(WalletRefusal::OtherSigner { .. })));
    assert_eq!(by(digits, &signature), Err(WalletRefusal::BadAddress(AddressError::Malformed)));
    assert_eq!(by("", &signature), Err(WalletRefusal::BadAddress(AddressError::Malformed)));
    let short = &signature[..130];
    assert_eq!(by(&address, short), Err(WalletRefusal::BadSignature(SignatureError::Length)));
    let nobodys = format!("0x{:064x}{:064x}1b", 5, 1);
    assert_eq!(by(&address, &nobodys), Err(WalletRefusal::BadSignature(SignatureError::NoSigner)));
}

#[test]
fn a_message_keeps_its_identity_however_its_signature_is_written() {
    let (address, signature) = made_by_viem("AACP:offers:123:1745000000000");
    let by = |address: &str, signature: &str| {
        let headers = Headers { address, signature, timestamp: "1745000000000" };
        verify(&headers, Action::OFFERS, "123", body(), SIGNED_AT).unwrap().message
    };
    let first = by(&address, &signature);
    let plain_v = if signature.ends_with("1b") { "00" } else { "01" };
    assert_eq!(by(&address.to_lowercase(), &format!("{}{plain_v}", &signature[..130])), first);
    assert_eq!(by(&address, &format!("0x{}", signature[2..].to_uppercase())), first);
    // Another message, another signer: another identity.
    assert_ne!(judge_message(Action::OFFERS, "AACP:make-offer:123:1745000000000").unwrap().message, first);
    let other = WalletKey::from_bytes(&[9; 32]).unwrap();
    let theirs = other.sign(b"AACP:offers:123:1745000000000").to_string();
    assert_ne!(by(&other.address().to_string(), &theirs), first);
}

/// Resources as a path may hold them, also with what stands between the parts of a message.
fn any_resource() -> impl Strategy<Value = String> {
    prop_oneof!["[0-9]{1,6}", "[a-zA-Z0-9:._-]{0,24}", any::<String>()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_statement_holds_for_its_own_request_alone(
        resource in any_resource(),
        other in any_resource(),
        ms in 0..=i64::MAX,
        later in 1..=1_000_i64,
        contents: Vec<u8>,
    ) {
        let (at, body) = (Timestamp(ms), Digest::of(&contents));
        let signature = |body| {
            let statement = Statement { action: Action::OFFERS, resource: &resource, at, body };
            key().sign(statement.to_string().as_bytes())
        };
        let address = key().address().to_string();
        let holds = |signature: &Signature, action, resource: &str, ms: i64, body| {
            let (signature, timestamp) = (signature.to_string(), ms.to_string());
            let headers = Headers { address: &address, signature: &signature, timestamp: &timestamp };
            verify(&headers, action, resource, body, Timestamp(ms)).is_ok()
        };
        let (bare, bound) = (signature(None), signature(Some(body)));
        let another = Digest::of(b"another body");
        prop_assert!(holds(&bare, Action::OFFERS, &resource, ms, body));
        prop_assert!(holds(&bare, Action::OFFERS, &resource, ms, another));
        prop_assert!(holds(&bound, Action::OFFERS, &resource, ms, body));
        prop_assert!(!holds(&bound, Action::OFFERS, &resource, ms, another));
        for signature in [&bare, &bound] {
            prop_assert_eq!(holds(signature, Action::OFFERS, &other, ms, body), other == resource);
            prop_assert!(!holds(signature, Action::OFFERS, &resource, ms.wrapping_add(later), body));
            prop_assert!(!holds(signature, Action::TEE_JOBS, &resource, ms, body));
        }
    }
}
