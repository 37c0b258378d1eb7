//! A wallet whose key is at hand: for workers, the command line and tests.

use super::{Address, Signature};
use crate::keys::{KeyFileError, file};
use std::fmt;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes are no secret key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WalletKeyError {
    /// Not 64 hexadecimal digits, with or without `0x`.
    #[error("a wallet's key is 64 hexadecimal digits")]
    NotHex,
    /// Zero, or not below the order of the group.
    #[error("not a secp256k1 secret key")]
    NotAKey,
}

/// A secp256k1 secret key. Wiped from memory when dropped; never printed.
pub struct WalletKey(k256::ecdsa::SigningKey);

impl WalletKey {
    /// From 32 bytes that the caller drew from a good source of randomness. Of those, all but one in 2^127 are a key.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, WalletKeyError> {
        k256::ecdsa::SigningKey::from_slice(bytes).map(Self).map_err(|_| WalletKeyError::NotAKey)
    }

    /// From 64 hexadecimal digits in any case, with or without `0x`.
    pub fn from_hex(text: &str) -> Result<Self, WalletKeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        let digits = text.strip_prefix("0x").unwrap_or(text);
        hex::decode_to_slice(digits, bytes.as_mut_slice()).map_err(|_| WalletKeyError::NotHex)?;
        Self::from_bytes(&bytes)
    }

    /// Reads a key. Refuses a file that anybody but its owner may read or write.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        Self::from_bytes(&*file::read(path)?).map_err(|_| KeyFileError::Malformed { path: path.to_owned() })
    }

    /// Writes the key into a new file with mode 0600: 64 hexadecimal digits and a newline. Never writes over a file.
    /// Durable when it returns.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        let bytes = Zeroizing::<[u8; 32]>::new(self.0.to_bytes().into());
        file::write(path, &bytes)
    }

    /// Whose signatures these are.
    pub fn address(&self) -> Address {
        Address::of_key(self.0.verifying_key())
    }

    /// Signs a message as wallets do (`personal_sign`). The same message always gets the same signature (RFC 6979).
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::make(&self.0, message)
    }
}

impl fmt::Debug for WalletKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WalletKey(secret of {})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One below is the greatest key.
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

    #[test]
    fn a_key_lies_between_zero_and_the_order() {
        let greatest = ORDER.replace("4141", "4140");
        for text in [&"00".repeat(32), ORDER, &ORDER.replace("4141", "4142"), &"ff".repeat(32)] {
            assert_eq!(WalletKey::from_hex(text).unwrap_err(), WalletKeyError::NotAKey, "{text}");
        }
        assert!(WalletKey::from_hex(&greatest).is_ok());
        assert!(WalletKey::from_hex(&format!("{}1", "0".repeat(63))).is_ok());
    }

    #[test]
    fn what_is_not_32_bytes_in_hexadecimal_is_refused() {
        for text in ["", "0x", "01", &"0g".repeat(32), &"01".repeat(31), &"01".repeat(33), &"é".repeat(32)] {
            assert_eq!(WalletKey::from_hex(text).unwrap_err(), WalletKeyError::NotHex, "{text}");
        }
        let (bare, marked) = ("0A".repeat(32), format!("0x{}", "0a".repeat(32)));
        assert_eq!(
            WalletKey::from_hex(&bare).unwrap().address(),
            WalletKey::from_hex(&marked).unwrap().address()
        );
    }

    #[test]
    fn a_saved_key_reads_back_and_zero_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.key");
        let key = WalletKey::from_bytes(&[7; 32]).unwrap();
        key.save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "07".repeat(32) + "\n");
        assert_eq!(WalletKey::load(&path).unwrap().address(), key.address());
        assert!(matches!(key.save(&path), Err(KeyFileError::Io { .. })), "it is not written over");
        std::fs::write(&path, "00".repeat(32)).unwrap();
        assert!(matches!(WalletKey::load(&path), Err(KeyFileError::Malformed { .. })));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let key = WalletKey::from_bytes(&[7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), format!("WalletKey(secret of {})", key.address()));
        assert!(!format!("{key:?}").contains("0707"));
    }
}
