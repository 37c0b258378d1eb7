//! Ed25519 keys and signatures, and the ONE rule by which a signature is judged.
//!
//! The rule is [`PublicKey::verify`]: the strict one, each signature by itself. It refuses keys and
//! nonce points of small order, keys with two spellings, and an `S` outside of its range; what one reader
//! accepts, every other does too. Signatures are not verified in batches, whose rule is looser.

mod file;
mod registration;
mod signature;
mod small_order;

pub use file::KeyFileError;
pub use registration::registration_text;
pub use signature::Signature;

use docket_core::id::WorkerId;
use ed25519_dalek::{Signer, Verifier, VerifyingKey};
use std::fmt;

/// Bytes are no public key that may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Not 64 lower-case hexadecimal digits.
    #[error("a public key is 64 lower-case hexadecimal digits")]
    NotHex,
    /// No point of the curve, or a second spelling of one.
    #[error("not an Ed25519 public key")]
    NotAKey,
    /// A point under which signatures can be made without a secret.
    #[error("a public key of small order")]
    SmallOrder,
}

/// An Ed25519 public key that was checked to be a good one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAKey)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotAKey);
        }
        Ok(Self(key))
    }

    /// From 64 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        if upper || hex::decode_to_slice(text, &mut bytes).is_err() {
            return Err(KeyError::NotHex);
        }
        Self::from_bytes(&bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.as_bytes())
    }

    /// Whether the holder of the secret signed exactly this message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        // The library compares the nonce's bytes with those of the point that it must be, so they are a canonical
        // point; with its order checked here, the verdict is that of `verify_strict`, a seventh cheaper.
        let small = small_order::begins(&signature.0);
        !small && self.0.verify(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
    }
}

impl From<PublicKey> for WorkerId {
    fn from(key: PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// An Ed25519 secret key. Wiped from memory when dropped; never printed.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// From 32 bytes that the caller drew from a good source of randomness.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message. The same message always gets the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(secret of {})", self.public_key())
    }
}
