//! Thirty-two bytes that name a file.

use crate::commands::read;
use anyhow::{Result, ensure};
use docket_core::hash::ContentHash;
use docket_protocol::wallet::keccak256;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The largest file that is read.
pub(super) const MOST: usize = 64 << 20;

/// A hash, or the file whose hash is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Named {
    Hash(ContentHash),
    File(PathBuf),
}

impl FromStr for Named {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hash = text.strip_prefix("0x").and_then(ContentHash::parse);
        Ok(hash.map_or_else(|| Self::File(text.into()), Self::Hash))
    }
}

impl Named {
    /// `0x` and 64 hexadecimal digits.
    pub(super) fn hash(&self) -> Result<String> {
        Ok(match self {
            Self::Hash(hash) => format!("0x{hash}"),
            Self::File(path) => written(&whole(path)?),
        })
    }
}

/// The Keccak-256 of bytes, as this dialect writes it.
pub(super) fn written(bytes: &[u8]) -> String {
    format!("0x{}", ContentHash(keccak256(bytes)))
}

/// All of a file.
pub(super) fn whole(path: &Path) -> Result<Vec<u8>> {
    let bytes = read(path, MOST)?;
    ensure!(bytes.len() <= MOST, "{} is larger than {MOST} bytes", path.display());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_hash_is_a_file() {
        let digits = "AB".repeat(32);
        let Ok(Named::Hash(hash)) = format!("0x{digits}").parse() else { panic!("a hash") };
        assert_eq!(Named::Hash(hash).hash().unwrap(), format!("0x{}", digits.to_lowercase()));
        for file in [digits.as_str(), "0xab", "rubric.json"] {
            assert_eq!(file.parse(), Ok(Named::File(file.into())));
        }
    }

    #[test]
    fn the_hash_of_nothing_is_the_known_one() {
        let known = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(written(b""), known);
    }
}
