//! A wallet's signature over a message, and whose it is.

use super::{Address, personal_hash};
use crate::fields::parsed;
use k256::ecdsa::{RecoveryId, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A text is no signature that is judged, or nobody's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SignatureError {
    /// No `0x` in front, or something that is no digit.
    #[error("a signature is 0x and hexadecimal digits")]
    NotHex,
    /// Not 65 bytes: a short form (EIP-2098), or what a contract would have to judge (EIP-1271).
    #[error("a signature is 65 bytes: r, s and v")]
    Length,
    /// The last byte is none of 0, 1, 27 and 28.
    #[error("the last byte of a signature, v, is 0, 1, 27 or 28")]
    Parity,
    /// `r` or `s` is zero or not below the order of the group.
    #[error("r and s of a signature lie between zero and the order of the group")]
    Range,
    /// The second one of two signatures that anybody can make of one.
    #[error("s of a signature is at most half the order of the group")]
    HighS,
    /// No key could have made it.
    #[error("no key has made this signature")]
    NoSigner,
}

/// An ECDSA signature over secp256k1 with what it takes to find its key. Has one form for one message and key: `s` is
/// low, and both ways to write `v` are the same here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    scalars: k256::ecdsa::Signature,
    /// Whether the y of the point of which `r` is the x is odd.
    odd: bool,
}

impl Signature {
    /// From `0x` and 65 bytes in hexadecimal: `r`, `s`, `v`.
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let digits = text.strip_prefix("0x").ok_or(SignatureError::NotHex)?;
        let mut bytes = [0; 65];
        hex::decode_to_slice(digits, &mut bytes).map_err(|error| match error {
            hex::FromHexError::InvalidHexCharacter { .. } => SignatureError::NotHex,
            hex::FromHexError::OddLength | hex::FromHexError::InvalidStringLength => SignatureError::Length,
        })?;
        let odd = match bytes[64] {
            0 | 27 => false,
            1 | 28 => true,
            _ => return Err(SignatureError::Parity),
        };
        let scalars = k256::ecdsa::Signature::from_slice(&bytes[..64]).map_err(|_| SignatureError::Range)?;
        if scalars.normalize_s() != scalars {
            return Err(SignatureError::HighS);
        }
        Ok(Self { scalars, odd })
    }

    /// By a key. The library answers with a low `s`.
    pub(super) fn make(key: &k256::ecdsa::SigningKey, message: &[u8]) -> Self {
        let (scalars, id) = key.sign_prehash_recoverable(&personal_hash(message));
        Self { scalars, odd: id.is_y_odd() }
    }

    /// Whose it is, if it is over this message; over any other, somebody's whom nobody knows.
    pub fn recover(&self, message: &[u8]) -> Result<Address, SignatureError> {
        // The x of the point was below the order: it is not for all but one in 2^127, and v has no word for those.
        let id = RecoveryId::new(self.odd, false);
        VerifyingKey::recover_from_prehash(&personal_hash(message), &self.scalars, id)
            .map(|key| Address::of_key(&key))
            .map_err(|_| SignatureError::NoSigner)
    }
}

impl fmt::Display for Signature {
    /// As wallets write it, with 27 or 28 as `v`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"0x00000000000000000000000000000000000000000000000000000000000000000000000000000000\
            00000000000000000000000000000000000000000000000000";
        let mut bytes = [27 + u8::from(self.odd); 65];
        bytes[..64].copy_from_slice(&self.scalars.to_bytes());
        hex::encode_to_slice(bytes, &mut text[2..]).expect("65 bytes are 130 digits");
        f.write_str(str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a wallet's signature, 0x and 65 bytes in hexadecimal", |text| {
            Self::parse(text).ok()
        })
    }
}
