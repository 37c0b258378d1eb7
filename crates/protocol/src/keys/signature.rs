//! A signature as it stands on the wire.

use crate::fields::parsed;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An Ed25519 signature, written in standard base64 with padding. Whether it is valid is not yet known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// From its base64 form, of which there is only one.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 66]; // The decoder wants room for whole groups.
        let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
        bytes[..length].try_into().ok().map(Self)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
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
        parsed(deserializer, "64 bytes in base64", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_one_written_form() {
        let text = Signature([255; 64]).to_string();
        assert_eq!(text.len(), 88);
        assert_eq!(Signature::parse(&text), Some(Signature([255; 64])));
        let unpadded = &text[..86];
        let loose_bits = format!("{}x==", &text[..85]);
        let url_safe = text.replace('/', "_");
        let longer = STANDARD.encode([255; 65]);
        for other in ["", unpadded, &loose_bits, &url_safe, &longer, &format!("{text}\n")] {
            assert_eq!(Signature::parse(other), None, "{other}");
        }
    }
}
