//! The keys of enclaves, and what they have signed.

use crate::report::Report;
use docket_protocol::keys::{self, PublicKey, SigningKey};
use docket_protocol::wallet::{self, Address, WalletKey};
use std::fmt;
use std::str::FromStr;

/// A text names no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a key is ed25519: and 64 lower-case hexadecimal digits, or secp256k1: and an address")]
pub struct KeyTextError;

/// The key of an enclave. Written `ed25519:` and its 64 digits, or `secp256k1:` and the address of its account.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Key {
    /// An Ed25519 key.
    Ed25519(PublicKey),
    /// A secp256k1 key, by the address that wallets know it by.
    Secp256k1(Address),
}

impl FromStr for Key {
    type Err = KeyTextError;

    fn from_str(text: &str) -> Result<Self, KeyTextError> {
        match text.split_once(':') {
            Some(("ed25519", digits)) => PublicKey::from_hex(digits).ok().map(Self::Ed25519),
            Some(("secp256k1", address)) => Address::parse(address).ok().map(Self::Secp256k1),
            _ => None,
        }
        .ok_or(KeyTextError)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519(key) => write!(f, "ed25519:{key}"),
            Self::Secp256k1(address) => write!(f, "secp256k1:{address}"),
        }
    }
}

/// A key and the signature that it is said to have made over a report's signed form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signed {
    /// By the one rule for Ed25519 signatures.
    Ed25519 {
        /// Whose.
        key: PublicKey,
        /// Over the signed form itself.
        signature: keys::Signature,
    },
    /// As wallets sign a message (EIP-191).
    Secp256k1 {
        /// Whose.
        address: Address,
        /// Over the signed form as a personal message.
        signature: wallet::Signature,
    },
}

impl Signed {
    /// Signs a report with an Ed25519 key.
    pub fn by_key(key: &SigningKey, report: &Report) -> Self {
        Self::Ed25519 { key: key.public_key(), signature: key.sign(&report.signed_form()) }
    }

    /// Signs a report with a wallet's key.
    pub fn by_wallet(key: &WalletKey, report: &Report) -> Self {
        Self::Secp256k1 { address: key.address(), signature: key.sign(&report.signed_form()) }
    }

    /// Whose signature it is said to be.
    pub fn key(&self) -> Key {
        match self {
            Self::Ed25519 { key, .. } => Key::Ed25519(*key),
            Self::Secp256k1 { address, .. } => Key::Secp256k1(*address),
        }
    }

    /// The signature alone, as its scheme writes it.
    pub fn signature_text(&self) -> String {
        match self {
            Self::Ed25519 { signature, .. } => signature.to_string(),
            Self::Secp256k1 { signature, .. } => signature.to_string(),
        }
    }

    /// Whether the key signed exactly this report.
    #[must_use]
    pub fn holds(&self, report: &Report) -> bool {
        let form = report.signed_form();
        match self {
            Self::Ed25519 { key, signature } => key.verify(&form, signature),
            Self::Secp256k1 { address, signature } => signature.recover(&form) == Ok(*address),
        }
    }
}
