//! A worker's wish to be a node, and who may have signed it.

use crate::fixture;
use crate::wallet::{Cases, made_by_viem};
use docket_core::time::{Millis, Timestamp};
use docket_protocol::frames::{FromWorker, NodeOffer, decode_from_worker};
use docket_protocol::keys::{PublicKey, SigningKey};
use docket_protocol::wallet::{LIFETIME, SKEW, WalletKey, WalletRefusal};
use serde_json::Value;

const SIGNED_AT: Timestamp = Timestamp(1_745_000_000_000);
const WORKER: &str = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";

fn worker() -> PublicKey {
    PublicKey::from_hex(WORKER).unwrap()
}

fn wallet() -> WalletKey {
    WalletKey::from_hex(&Cases::read().secrets[0]).unwrap()
}

fn offer() -> NodeOffer {
    NodeOffer::sign(&wallet(), &worker(), 2, SIGNED_AT.0)
}

fn is_of_other(judged: Result<impl std::fmt::Debug, WalletRefusal>) -> bool {
    matches!(judged, Err(WalletRefusal::OtherSigner { .. }))
}

#[test]
fn a_worker_signs_as_viem_does() {
    let text = NodeOffer::text(&worker(), 2, SIGNED_AT.0);
    assert_eq!(text, format!("Docket:connect-node:{WORKER}:2:1745000000000"));
    let (address, signature) = made_by_viem(&text);
    assert_eq!((offer().address.to_string(), offer().signature.to_string()), (address, signature));
}

#[test]
fn what_stands_in_the_example_holds() {
    let frames: Value = fixture::read("frames.json");
    let mut nodes = 0;
    for frame in frames["from_worker"].as_array().unwrap() {
        if let Ok(FromWorker::Register(register)) = decode_from_worker(&frame.to_string())
            && let Some(node) = register.node
        {
            assert_eq!(node, offer());
            nodes += 1;
        }
    }
    assert_eq!(nodes, 1);
}

#[test]
fn an_offer_holds_for_its_own_worker_class_and_time_alone() {
    let signed = offer().verify(&worker(), SIGNED_AT).unwrap();
    assert_eq!((signed.signer, signed.at), (wallet().address(), SIGNED_AT));
    let other = SigningKey::from_seed(&[9; 32]).public_key();
    assert!(is_of_other(offer().verify(&other, SIGNED_AT)));
    assert!(is_of_other(NodeOffer { gpu_tier: 3, ..offer() }.verify(&worker(), SIGNED_AT)));
    assert!(is_of_other(NodeOffer { signed_at: SIGNED_AT.0 + 1, ..offer() }.verify(&worker(), SIGNED_AT)));
    let stranger = WalletKey::from_bytes(&[9; 32]).unwrap().address();
    assert!(is_of_other(NodeOffer { address: stranger, ..offer() }.verify(&worker(), SIGNED_AT)));
}

#[test]
fn an_offer_is_good_for_five_minutes() {
    let judge = |now| offer().verify(&worker(), now).map(|signed| signed.at);
    assert_eq!(judge(SIGNED_AT + LIFETIME), Ok(SIGNED_AT));
    assert_eq!(judge(SIGNED_AT + LIFETIME + Millis(1)), Err(WalletRefusal::Stale));
    assert_eq!(judge(Timestamp(SIGNED_AT.0 - SKEW.0)), Ok(SIGNED_AT));
    assert_eq!(judge(Timestamp(SIGNED_AT.0 - SKEW.0 - 1)), Err(WalletRefusal::FromTheFuture));
}

#[test]
fn what_is_signed_later_has_another_identity() {
    let first = offer().verify(&worker(), SIGNED_AT).unwrap().message;
    let later = NodeOffer::sign(&wallet(), &worker(), 2, SIGNED_AT.0 + 1);
    assert_ne!(later.verify(&worker(), SIGNED_AT).unwrap().message, first);
    assert_eq!(offer().verify(&worker(), SIGNED_AT + Millis(9)).unwrap().message, first);
}
