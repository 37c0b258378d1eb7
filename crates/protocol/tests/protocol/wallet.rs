//! Wallets' signatures: against viem, ethers and eth-account, and against forgers.

use crate::fixture;
use docket_protocol::wallet::{Address, Signature, SignatureError, WalletKey};
use proptest::prelude::*;
use serde::Deserialize;

/// What the libraries were given.
#[derive(Deserialize)]
pub(crate) struct Cases {
    pub(crate) secrets: Vec<String>,
    /// The body of a request that some of the messages name.
    pub(crate) body: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Text { text: String, times: Option<usize> },
    Bytes { hex: String },
}

impl Message {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text { text, times } => text.repeat(times.unwrap_or(1)).into_bytes(),
            Self::Bytes { hex } => hex::decode(&hex[2..]).unwrap(),
        }
    }
}

impl Cases {
    pub(crate) fn read() -> Self {
        fixture::read_from("wallet", "cases.json")
    }
}

/// What a library answered: for each key all messages in turn.
#[derive(Deserialize)]
pub(crate) struct Answers {
    pub(crate) made_by: String,
    pub(crate) keys: Vec<Key>,
}

#[derive(Deserialize)]
pub(crate) struct Key {
    pub(crate) address: String,
    signatures: Vec<String>,
    /// Over what nodes and payers of `registry` sign.
    pub(crate) registry: Vec<String>,
}

/// The libraries, each with the address and the signature for a key and a message, as the cases count them.
pub(crate) fn answers() -> impl Iterator<Item = Answers> {
    ["viem.json", "ethers.json", "eth_account.json"]
        .map(|name| fixture::read_from("wallet", name))
        .into_iter()
}

/// A library's signature over a message of the cases by their first key.
pub(crate) fn made_by_viem(message: &str) -> (String, String) {
    let of_it = |case: &Message| case.bytes() == message.as_bytes();
    let at = Cases::read().messages.iter().position(of_it).unwrap();
    let viem: Answers = answers().next().unwrap();
    (viem.keys[0].address.clone(), viem.keys[0].signatures[at].clone())
}

#[test]
fn three_libraries_and_we_agree_on_every_byte() {
    let cases = Cases::read();
    assert_eq!((cases.secrets.len(), cases.messages.len()), (4, 20));
    for Answers { made_by, keys } in answers() {
        assert_eq!(keys.len(), cases.secrets.len(), "{made_by}");
        for (secret, Key { address, signatures, .. }) in cases.secrets.iter().zip(keys) {
            let key = WalletKey::from_hex(secret).unwrap();
            assert_eq!(key.address().to_string(), address, "{made_by}");
            assert_eq!(signatures.len(), cases.messages.len(), "{made_by}");
            for (message, theirs) in cases.messages.iter().zip(signatures) {
                let message = message.bytes();
                let read = Signature::parse(&theirs).unwrap();
                assert_eq!(key.sign(&message), read, "{made_by}: {message:?}");
                assert_eq!(read.to_string(), theirs, "{made_by}: {message:?}");
                assert_eq!(read.recover(&message).unwrap().to_string(), address, "{made_by}: {message:?}");
            }
        }
    }
}

/// The order of the group.
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
/// Half of it, rounded down: the greatest `s` that is low.
const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// `ORDER - s`: the other `s` that fits the same message and key, with the other `v`.
fn other_half(s: &str) -> String {
    let (order, s) = (hex::decode(ORDER).unwrap(), hex::decode(s).unwrap());
    let mut borrow = 0;
    let mut bytes: Vec<u8> = order
        .iter()
        .zip(&s)
        .rev()
        .map(|(&from, &taken)| {
            let rest = i16::from(from) - i16::from(taken) - borrow;
            borrow = i16::from(rest < 0);
            rest.rem_euclid(256).to_le_bytes()[0]
        })
        .collect();
    bytes.reverse();
    hex::encode(bytes)
}

#[test]
fn v_has_two_spellings_and_a_signature_has_one() {
    let (address, text) = made_by_viem("A");
    let (r, s, v) = (&text[2..66], &text[66..130], &text[130..]);
    let (plain, other) = if v == "1b" { ("00", "1c") } else { ("01", "1b") };
    let signature = Signature::parse(&text).unwrap();
    for spelling in [format!("0x{r}{s}{plain}"), format!("0x{}", text[2..].to_uppercase())] {
        let same = Signature::parse(&spelling).unwrap();
        assert_eq!(same, signature);
        assert_eq!(same.to_string(), text);
    }
    // Anybody can make this one of the other; a verifier that only looked at the equation would take it.
    let second = format!("0x{r}{}{other}", other_half(s));
    assert_eq!(Signature::parse(&second), Err(SignatureError::HighS));
    let somebody = Signature::parse(&format!("0x{r}{s}{other}")).unwrap().recover(b"A").unwrap();
    assert_ne!(somebody.to_string(), address);
}

#[test]
fn scalars_lie_between_zero_and_the_order_and_s_in_the_lower_half() {
    let judged = |r: &str, s: &str| Signature::parse(&format!("0x{r}{s}1b")).map(|_| ());
    let above_half = HALF.replace("20a0", "20a1");
    let largest = ORDER.replace("4141", "4140");
    assert_eq!(judged(ONE, ONE), Ok(()));
    assert_eq!(judged(ONE, HALF), Ok(()));
    assert_eq!(judged(&largest, ONE), Ok(()));
    assert_eq!(judged(ONE, &above_half), Err(SignatureError::HighS));
    assert_eq!(judged(ONE, &largest), Err(SignatureError::HighS));
    let all_ones = "ff".repeat(32);
    for outside in [ZERO, ORDER, &all_ones] {
        assert_eq!(judged(outside, ONE), Err(SignatureError::Range), "{outside}");
        assert_eq!(judged(ONE, outside), Err(SignatureError::Range), "{outside}");
    }
}

#[test]
fn what_has_not_the_form_of_a_signature_is_refused() {
    let (_, text) = made_by_viem("A");
    let with_v = |v: &str| format!("{}{v}", &text[..130]);
    for (refused, why) in [
        (String::new(), SignatureError::NotHex),
        (text[2..].to_owned(), SignatureError::NotHex),
        (text.replace("0x", "0X"), SignatureError::NotHex),
        (format!(" {text}"), SignatureError::NotHex),
        (text.replacen(&text[10..11], "g", 1), SignatureError::NotHex),
        ("0x".to_owned(), SignatureError::Length),
        (text[..130].to_owned(), SignatureError::Length),
        (text[..131].to_owned(), SignatureError::Length),
        (format!("{text}1b"), SignatureError::Length),
        (format!("{text} "), SignatureError::Length),
        ("0x".to_owned() + &"00".repeat(100_000), SignatureError::Length),
        (with_v("02"), SignatureError::Parity),
        (with_v("1a"), SignatureError::Parity),
        (with_v("1d"), SignatureError::Parity),
        (with_v("25"), SignatureError::Parity),
        (with_v("ff"), SignatureError::Parity),
    ] {
        assert_eq!(Signature::parse(&refused), Err(why), "{}", &refused[..refused.len().min(140)]);
    }
}

#[test]
fn a_signature_whose_r_is_on_no_point_is_nobodys() {
    // Of the curve y² = x³ + 7 no point has the x 5.
    let five = ONE.replace("01", "05");
    let nobodys = Signature::parse(&format!("0x{five}{ONE}1b")).unwrap();
    assert_eq!(nobodys.recover(b"A"), Err(SignatureError::NoSigner));
}

/// Whether these bytes are this key's signature over this message.
fn holds(signature: &[u8], message: &[u8], address: Address) -> bool {
    Signature::parse(&format!("0x{}", hex::encode(signature)))
        .and_then(|signature| signature.recover(message))
        .is_ok_and(|signer| signer == address)
}

fn any_key() -> impl Strategy<Value = WalletKey> {
    any::<[u8; 32]>().prop_filter_map("is no key", |bytes| WalletKey::from_bytes(&bytes).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_key_signs_is_its_own(key in any_key(), message: Vec<u8>) {
        let signature = key.sign(&message);
        prop_assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
        prop_assert_eq!(signature.recover(&message), Ok(key.address()));
        prop_assert_eq!(Address::parse(&key.address().to_string()), Ok(key.address()));
    }

    #[test]
    fn one_flipped_bit_makes_it_another_signers_or_nobodys(
        key in any_key(),
        message in prop::collection::vec(any::<u8>(), 1..100),
        in_signature in 0..65_usize * 8,
        in_message: prop::sample::Index,
    ) {
        let signature = hex::decode(&key.sign(&message).to_string()[2..]).unwrap();
        prop_assert!(holds(&signature, &message, key.address()));
        let flipped = |bytes: &[u8], bit: usize| {
            let mut bytes = bytes.to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        prop_assert!(!holds(&flipped(&signature, in_signature), &message, key.address()));
        let other = flipped(&message, in_message.index(message.len() * 8));
        prop_assert!(!holds(&signature, &other, key.address()));
    }
}

proptest! {
    #[test]
    fn nothing_that_is_read_does_harm(bytes: Vec<u8>, digits in "(0x)?[0-9a-fA-F]{0,140}",
        signature in "0x[0-9a-f]{128}(00|01|1b|1c)", any_text: String) {
        let lossy = String::from_utf8_lossy(&bytes);
        for text in [lossy.as_ref(), &digits, &signature, &any_text] {
            if let Ok(address) = Address::parse(text) {
                prop_assert_eq!(address.to_string().to_lowercase(), text.to_lowercase());
            }
            if let Ok(signature) = Signature::parse(text) {
                prop_assert_eq!(Signature::parse(&signature.to_string()), Ok(signature));
            }
            prop_assert!(WalletKey::from_hex(text).is_err() || (64..=66).contains(&text.len()));
        }
    }
}
