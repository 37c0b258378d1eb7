//! The one rule for signatures, on the inputs where verifiers disagree.

use crate::fixture;
use docket_protocol::keys::{Claim, KeyError, PublicKey, Signature, SigningKey, all_hold};
use serde::Deserialize;

#[derive(Deserialize)]
struct EdgeCases {
    signatures: Vec<EdgeCase>,
    keys_of_small_order: Vec<String>,
    keys_in_a_second_spelling: Vec<String>,
    no_points: Vec<String>,
}

#[derive(Deserialize)]
struct EdgeCase {
    why: String,
    accept: bool,
    message: String,
    pub_key: String,
    signature: String,
}

#[test]
fn signatures_on_the_edge_get_one_verdict() {
    let cases: EdgeCases = fixture::read("ed25519_edge_cases.json");
    assert_eq!(cases.signatures.len(), 10);
    for EdgeCase { why, accept, message, pub_key, signature } in cases.signatures {
        let signature = Signature(hex::decode(signature).unwrap().try_into().unwrap());
        let message = hex::decode(message).unwrap();
        let accepted = PublicKey::from_hex(&pub_key).is_ok_and(|key| key.verify(&message, &signature));
        assert_eq!(accepted, accept, "{why}");
        // The verdict is the same among others.
        let Ok(key) = PublicKey::from_hex(&pub_key) else { continue };
        let claim = Claim::new(&key, &message, &signature);
        assert_eq!(claim.holds(), accept, "{why}");
        let honest = SigningKey::from_seed(&[1; 32]);
        let honest = Claim::new(&honest.public_key(), b"message", &honest.sign(b"message"));
        for batch in
            [vec![&claim], vec![&claim, &claim], vec![&honest, &claim], vec![&claim, &honest, &claim]]
        {
            assert_eq!(all_hold(&batch), accept, "{why}, in a batch of {}", batch.len());
        }
    }
}

#[test]
fn errors_do_not_cancel_each_other() {
    // S one higher in the one and one lower in the other: added up as they are, both equations would hold.
    let key = SigningKey::from_seed(&[1; 32]);
    let claim = |message: &[u8], shift: i8| {
        let mut signature = key.sign(message);
        signature.0[32] = signature.0[32].wrapping_add_signed(shift);
        Claim::new(&key.public_key(), message, &signature)
    };
    assert!(all_hold(&[&claim(b"one", 0), &claim(b"two", 0)]));
    assert!(!all_hold(&[&claim(b"one", 1), &claim(b"two", -1)]));
    assert!(!all_hold(&[&claim(b"one", 0), &claim(b"two", 1)]));
    assert!(all_hold(&[]));
}

#[test]
fn keys_that_anybody_can_sign_for_are_refused() {
    let cases: EdgeCases = fixture::read("ed25519_edge_cases.json");
    assert_eq!(cases.keys_of_small_order.len(), 14);
    for key in cases.keys_of_small_order {
        // Spellings that the library does not even read are refused all the same.
        assert!(PublicKey::from_hex(&key).is_err(), "{key}");
    }
    assert_eq!(PublicKey::from_bytes(&[0; 32]), Err(KeyError::SmallOrder));
}

#[test]
fn each_key_has_one_spelling() {
    let cases: EdgeCases = fixture::read("ed25519_edge_cases.json");
    for key in cases.keys_in_a_second_spelling.iter().chain(&cases.no_points) {
        assert_eq!(PublicKey::from_hex(key), Err(KeyError::NotAKey), "{key}");
    }
    let key = SigningKey::from_seed(&[1; 32]).public_key();
    assert_eq!(PublicKey::from_hex(&key.to_hex()), Ok(key));
    assert_eq!(PublicKey::from_hex(&key.to_hex().to_uppercase()), Err(KeyError::NotHex));
    for text in ["", "00", &"0g".repeat(32), &"00".repeat(33)] {
        assert_eq!(PublicKey::from_hex(text), Err(KeyError::NotHex), "{text}");
    }
}

#[test]
fn a_signature_plus_the_order_of_the_group_is_refused() {
    // 2^252 + 27742317777372353535851937790883648493, the low byte first.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let key = SigningKey::from_seed(&[1; 32]);
    let good = key.sign(b"message");
    let mut shifted = good;
    let mut carry = 0;
    for (byte, addend) in shifted.0[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert!(key.public_key().verify(b"message", &good));
    assert!(!key.public_key().verify(b"message", &shifted));
}

#[test]
fn a_signature_holds_for_one_message_and_one_key() {
    let (mine, other) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let signature = mine.sign(b"message");
    assert_eq!(signature, mine.sign(b"message"));
    assert!(mine.public_key().verify(b"message", &signature));
    assert!(!mine.public_key().verify(b"messagE", &signature));
    assert!(!other.public_key().verify(b"message", &signature));
    for at in 0..64 {
        let mut forged = signature;
        forged.0[at] ^= 1;
        assert!(!mine.public_key().verify(b"message", &forged), "byte {at}");
    }
}
