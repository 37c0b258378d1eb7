//! Ed25519 keys and signatures, and the ONE rule by which a signature is judged.
//!
//! The rule is that of ZIP 215: `S` within its range, and the equation with the cofactor. It is the same for
//! one signature ([`PublicKey::verify`]) and for many at once ([`all_hold`]), so a verdict never depends on how it was
//! reached. Keys are read more strictly: none of small order, none in a second spelling.

mod batch;
pub(crate) mod file;
mod registration;
mod signature;

pub use batch::{Claim, all_hold};
pub use file::KeyFileError;
pub use registration::registration_text;
pub use signature::Signature;

use curve25519_dalek::edwards::CompressedEdwardsY;
use docket_core::id::WorkerId;
use ed25519_zebra::VerificationKey;
use std::fmt;
use std::hash::{Hash, Hasher};

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
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerificationKey);

impl PublicKey {
    /// From its 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let point = CompressedEdwardsY(*bytes).decompress().ok_or(KeyError::NotAKey)?;
        if point.is_small_order() {
            return Err(KeyError::SmallOrder);
        }
        if point.compress().as_bytes() != bytes {
            return Err(KeyError::NotAKey);
        }
        VerificationKey::try_from(*bytes).map(Self).map_err(|_| KeyError::NotAKey)
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
        self.0.as_ref().try_into().expect("a key is 32 bytes")
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        let mut digits = vec![0; 64];
        hex::encode_to_slice(self.as_bytes(), &mut digits).expect("32 bytes are 64 digits");
        String::from_utf8(digits).expect("digits are text")
    }

    /// Whether the holder of the secret signed exactly this message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        self.0.verify(&signature.0.into(), message).is_ok()
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
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
pub struct SigningKey(ed25519_zebra::SigningKey);

impl SigningKey {
    /// From 32 bytes that the caller drew from a good source of randomness.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_zebra::SigningKey::from_bytes(seed))
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verification_key())
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
