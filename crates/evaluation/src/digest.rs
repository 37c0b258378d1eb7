//! Keccak-256 digests, which name modules, rubrics and deliverables.

use sha3::{Digest as _, Keccak256};
use std::fmt;
use std::str::FromStr;

/// A Keccak-256 digest. Its text is `0x` and 64 digits of hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a hash is 0x and 64 digits of hexadecimal")]
pub struct DigestError;

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Keccak256::digest(bytes).into())
    }

    /// The digest of these parts, one after another.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let all = parts.iter().fold(Keccak256::new(), |hash, part| hash.chain_update(part));
        Self(all.finalize().into())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Reads what [`fmt::Display`] writes, in large letters too.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digits = text.strip_prefix("0x").ok_or(DigestError)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| DigestError)?;
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: &str = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";

    #[test]
    fn a_digest_is_ethereums_and_reads_back() {
        assert_eq!(Digest::of(b"").to_string(), NOTHING);
        assert_eq!(NOTHING.parse(), Ok(Digest::of(b"")));
        assert_eq!(NOTHING.replace("c5d2", "C5D2").parse(), Ok(Digest::of(b"")));
        assert_eq!(Digest::of_parts(&[b"a", b"", b"bc"]), Digest::of(b"abc"));
    }

    #[test]
    fn another_text_is_no_digest() {
        for text in
            ["", "0x", &NOTHING[2..], &NOTHING[..65], &format!("{NOTHING}0"), &NOTHING.replace('c', "g")]
        {
            assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
        }
    }
}
