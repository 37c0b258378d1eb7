//! Ethereum wallets: addresses, signed messages, and who signed a request.
//!
//! Judges forms and signatures. Whether a signer may do what he asks, and whether he asks it twice, is left to others.

mod action;
mod address;
mod completion;
mod heartbeat;
mod key;
mod request;
mod signature;
mod statement;

pub use action::Action;
pub use address::{Address, AddressError};
pub use completion::Completion;
pub use heartbeat::Heartbeat;
pub use key::{WalletKey, WalletKeyError};
pub use request::{Headers, LIFETIME, SKEW, Signed, WalletRefusal, verify};
pub use signature::{Signature, SignatureError};
pub use statement::Statement;

pub(crate) use request::{check_fresh, identity};

use sha3::{Digest as _, Keccak256};

/// The hash that Ethereum uses nearly everywhere. It is older than SHA-3 and pads otherwise.
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

/// What a wallet signs in place of a message, by EIP-191, version `E`: no transaction has this form.
fn personal_hash(message: &[u8]) -> [u8; 32] {
    Keccak256::new()
        .chain_update("\x19Ethereum Signed Message:\n")
        .chain_update(message.len().to_string())
        .chain_update(message)
        .finalize()
        .into()
}
