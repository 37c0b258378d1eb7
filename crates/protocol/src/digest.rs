//! SHA-256 digests as they stand on the wire, and the running hash of a stream.

use crate::fields::parsed;
use docket_core::hash::Sha256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;
use std::fmt;

/// A SHA-256 digest. Written `sha256:` and 64 lower-case hexadecimal digits; read also without the prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// From 64 lower-case hexadecimal digits, with or without the prefix `sha256:`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        let mut bytes = [0; 32];
        let lower = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
        (lower && hex::decode_to_slice(digits, &mut bytes).is_ok()).then_some(Self(bytes))
    }

    /// As it is written.
    fn written(&self) -> [u8; 71] {
        let mut text = *b"sha256:0000000000000000000000000000000000000000000000000000000000000000";
        hex::encode_to_slice(self.0, &mut text[7..]).expect("32 bytes are 64 digits");
        text
    }
}

impl From<Sha256> for Digest {
    fn from(digest: Sha256) -> Self {
        Self(digest.0)
    }
}

impl From<Digest> for Sha256 {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.written()).unwrap_or_default())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(str::from_utf8(&self.written()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a SHA-256 digest in lower-case hexadecimal", Self::parse)
    }
}

/// The hash of everything that a stream has delivered so far.
///
/// Of an answer that is only text it is, after the last chunk, the digest of the whole text, however that was cut into
/// chunks.
#[derive(Clone, Debug, Default)]
pub struct RunningHash(sha2::Sha256);

impl RunningHash {
    /// Adds a chunk, and gives the digest of everything up to its end.
    pub fn push(&mut self, chunk: &str) -> Digest {
        self.0.update(chunk);
        self.digest()
    }

    /// The digest of everything so far.
    pub fn digest(&self) -> Digest {
        Digest(self.0.clone().finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_with_and_without_its_prefix() {
        let written = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), written);
        assert_eq!(Digest::parse(written), Some(digest));
        assert_eq!(Digest::parse(&written[7..]), Some(digest));
        for other in ["", "sha256:", "sha512:00", &written[..70], &written.to_uppercase()[7..]] {
            assert_eq!(Digest::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_running_hash_ends_as_the_hash_of_the_whole() {
        let mut hash = RunningHash::default();
        assert_eq!(hash.push("Grüße"), Digest::of("Grüße".as_bytes()));
        assert_eq!(hash.push(""), hash.digest());
        assert_eq!(hash.push(", world"), Digest::of("Grüße, world".as_bytes()));
    }
}
