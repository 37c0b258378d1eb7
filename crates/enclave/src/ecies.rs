//! Encryption to an enclave's key, in the form of the JavaScript library `eciesjs` in its default configuration.
//!
//! A message is the sender's key for this one message (65 bytes, uncompressed), a nonce of 16 bytes, a tag of 16 bytes,
//! and the text encrypted by AES-256-GCM. The key for that is HKDF-SHA-256, without salt and info, of the sender's key
//! and the shared point, both uncompressed. Fixtures made by the library itself: `fixtures/ecies`.

use aes_gcm::aead::consts::U16;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{AesGcm, aes::Aes256};
use hkdf::Hkdf;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{ProjectivePoint, PublicKey, SecretKey};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

type Cipher = AesGcm<Aes256, U16>;

const POINT: usize = 65;
const NONCE: usize = 16;
const TAG: usize = 16;

/// How much longer a message is than its text, in bytes.
pub const OVERHEAD: usize = POINT + NONCE + TAG;

/// Bytes cannot be decrypted with this key. Nothing more is said: every further word helps an attacker alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this was not encrypted to the enclave's key")]
pub struct NotForUs;

/// The key to which clients encrypt. Wiped from memory when dropped; never printed.
pub struct DecryptionKey(SecretKey);

impl DecryptionKey {
    /// From 32 bytes that the caller drew from a good source of randomness. `None` for what is no key, which is one
    /// in 2^127.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SecretKey::from_slice(bytes).ok().map(Self)
    }

    /// The key that clients encrypt to: `0x` and 65 bytes in hexadecimal, uncompressed.
    pub fn public_hex(&self) -> String {
        format!("0x{}", hex::encode(uncompressed(&self.0.public_key())))
    }

    /// Decrypts a message.
    pub fn open(&self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotForUs> {
        let (head, text) = message.split_at_checked(OVERHEAD).ok_or(NotForUs)?;
        // Of this length there is only the uncompressed form.
        let sender = PublicKey::from_sec1_bytes(&head[..POINT]).map_err(|_| NotForUs)?;
        let cipher = cipher(&sender, &self.0, &sender);
        let (nonce, tag) = head[POINT..].split_at(NONCE);
        let mut text = Zeroizing::new(text.to_vec());
        let (nonce, tag) = (array(nonce).into(), array(tag).into());
        cipher.decrypt_inout_detached(&nonce, b"", text.as_mut_slice().into(), &tag).map_err(|_| NotForUs)?;
        Ok(text)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey(secret of {})", self.public_hex())
    }
}

/// Encrypts a text to a key as [`DecryptionKey::public_hex`] writes it, with or without `0x`, compressed or not.
///
/// `ephemeral` and `nonce` come from a good source of randomness and are used for this message alone. `None` if the
/// key is none, or `ephemeral` is no secret key.
pub fn seal(public_key: &str, ephemeral: &[u8; 32], nonce: &[u8; 16], text: &[u8]) -> Option<Vec<u8>> {
    let bytes = hex::decode(public_key.strip_prefix("0x").unwrap_or(public_key)).ok()?;
    let receiver = PublicKey::from_sec1_bytes(&bytes).ok()?;
    let ephemeral = SecretKey::from_slice(ephemeral).ok()?;
    let sender = ephemeral.public_key();
    let mut text = text.to_vec();
    let cipher = cipher(&receiver, &ephemeral, &sender);
    let tag = cipher.encrypt_inout_detached(&(*nonce).into(), b"", text.as_mut_slice().into()).ok()?;
    Some([&uncompressed(&sender)[..], nonce, &tag, &text].concat())
}

/// The cipher of one message between two keys, of which one is the sender's.
fn cipher(theirs: &PublicKey, ours: &SecretKey, sender: &PublicKey) -> Cipher {
    let shared = (ProjectivePoint::from(*theirs.as_affine()) * *ours.to_nonzero_scalar()).to_affine();
    // Neither factor is zero and the group has prime order, so this is never the point at infinity.
    let mut material = Zeroizing::new([0; 2 * POINT]);
    material[..POINT].copy_from_slice(&uncompressed(sender));
    material[POINT..].copy_from_slice(shared.to_sec1_point(false).as_bytes());
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, &*material)
        .expand(b"", key.as_mut_slice())
        .expect("32 bytes are fewer than HKDF can give");
    Cipher::new_from_slice(key.as_slice()).expect("the key is 32 bytes")
}

fn uncompressed(key: &PublicKey) -> [u8; POINT] {
    let mut bytes = [0; POINT];
    bytes.copy_from_slice(key.to_sec1_point(false).as_bytes());
    bytes
}

fn array(bytes: &[u8]) -> [u8; 16] {
    let mut array = [0; 16];
    array.copy_from_slice(bytes);
    array
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Cases {
        secrets: Vec<String>,
        texts: Vec<Text>,
    }

    #[derive(Deserialize)]
    struct Text {
        text: String,
        #[serde(default = "once")]
        times: usize,
    }

    fn once() -> usize {
        1
    }

    #[derive(Deserialize)]
    struct Made {
        keys: Vec<MadeKey>,
    }

    #[derive(Deserialize)]
    struct MadeKey {
        public_key: String,
        encrypted: Vec<String>,
    }

    fn key(hex_digits: &str) -> DecryptionKey {
        let bytes = hex::decode(&hex_digits[2..]).unwrap();
        DecryptionKey::from_bytes(bytes.as_slice().try_into().unwrap()).unwrap()
    }

    #[test]
    fn what_eciesjs_encrypts_is_decrypted() {
        let cases: Cases = serde_json::from_str(include_str!("../../../fixtures/ecies/cases.json")).unwrap();
        let made: Made = serde_json::from_str(include_str!("../../../fixtures/ecies/eciesjs.json")).unwrap();
        assert_eq!(made.keys.len(), cases.secrets.len());
        for (secret, made) in cases.secrets.iter().zip(made.keys) {
            let key = key(secret);
            assert_eq!(key.public_hex(), made.public_key);
            assert_eq!(made.encrypted.len(), cases.texts.len());
            for (text, encrypted) in cases.texts.iter().zip(made.encrypted) {
                let opened = key.open(&hex::decode(encrypted).unwrap()).unwrap();
                assert_eq!(*opened, text.text.repeat(text.times).into_bytes());
            }
        }
    }

    #[test]
    fn what_is_sealed_here_opens_with_its_key_alone() {
        let (mine, other) = ([1; 32], [2; 32]);
        let (mine, other) =
            (DecryptionKey::from_bytes(&mine).unwrap(), DecryptionKey::from_bytes(&other).unwrap());
        let public = mine.public_hex();
        let compressed = hex::encode(mine.0.public_key().to_sec1_point(true).as_bytes());
        for spelling in [&public, &public[2..], &compressed] {
            let sealed = seal(spelling, &[3; 32], &[4; 16], b"text").unwrap();
            assert_eq!(sealed.len(), OVERHEAD + 4);
            assert_eq!(*mine.open(&sealed).unwrap(), b"text");
            assert_eq!(other.open(&sealed).unwrap_err(), NotForUs);
        }
        assert_eq!(seal("0x04", &[3; 32], &[4; 16], b"text"), None);
        assert_eq!(seal(&public, &[0; 32], &[4; 16], b"text"), None);
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let key = DecryptionKey::from_bytes(&[1; 32]).unwrap();
        let sealed = seal(&key.public_hex(), &[3; 32], &[4; 16], b"text").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&changed).unwrap_err(), NotForUs, "byte {at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(key.open(&sealed[..length]).unwrap_err(), NotForUs, "{length} bytes");
        }
    }

    #[test]
    fn a_secret_is_never_printed() {
        let key = DecryptionKey::from_bytes(&[7; 32]).unwrap();
        assert!(!format!("{key:?}").contains(&"07".repeat(32)));
    }
}
