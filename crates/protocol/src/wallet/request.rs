//! Who signed a request.

use super::{Action, Address, AddressError, Signature, SignatureError, Statement};
use crate::digest::Digest;
use crate::fields::decimal;
use docket_core::time::{Millis, Timestamp};
use sha2::{Digest as _, Sha256};

/// How long after it was signed a message is good for; documented as five minutes.
pub const LIFETIME: Millis = Millis::seconds(5 * 60);

/// How far the signer's clock may be ahead of ours.
pub const SKEW: Millis = Millis::seconds(30);

/// What a request says of its signature, as it came. Nothing of it is believed.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `X-Wallet-Address`.
    pub address: &'a str,
    /// `X-Wallet-Signature`.
    pub signature: &'a str,
    /// `X-Wallet-Timestamp`: milliseconds since 1970, in decimal without leading zeros.
    pub timestamp: &'a str,
}

/// A request that its signer signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signed {
    /// Who.
    pub signer: Address,
    /// When, by his own clock. [`LIFETIME`] later the message is good no more.
    pub at: Timestamp,
    /// The digest of signer and message: the same for every signature and every spelling of headers under which this
    /// message may come again.
    pub message: Digest,
}

/// Why a request counts as signed by nobody.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WalletRefusal {
    /// The time is no number of milliseconds in its one spelling.
    #[error("the timestamp is not a number of milliseconds since 1970")]
    BadTimestamp,
    /// Signed more than [`LIFETIME`] ago.
    #[error("the signature is more than five minutes old")]
    Stale,
    /// Signed more than [`SKEW`] ahead of our clock.
    #[error("the timestamp lies more than thirty seconds in the future")]
    FromTheFuture,
    /// The signer's address is none.
    #[error(transparent)]
    BadAddress(#[from] AddressError),
    /// The signature is none, or nobody's.
    #[error(transparent)]
    BadSignature(#[from] SignatureError),
    /// Somebody else signed, or something else.
    #[error("this address did not sign `{message}`")]
    OtherSigner {
        /// What would be right to sign, in our spelling.
        message: String,
    },
}

/// Judges who signed a request to do `action` to `resource`.
///
/// `body` is the digest of the request's body as it came; of no bytes, if it has none. A documented action may be
/// signed without it. A message that names another body is another message, so its signer is not the one who is claimed.
pub fn verify(
    headers: &Headers<'_>,
    action: Action,
    resource: &str,
    body: Digest,
    now: Timestamp,
) -> Result<Signed, WalletRefusal> {
    let at = read_instant(headers.timestamp)?;
    check_fresh(at, now)?;
    let signer = Address::parse(headers.address)?;
    let signature = Signature::parse(headers.signature)?;
    let bound = Statement { action, resource, at, body: Some(body) };
    let free = (!action.binds_body()).then_some(Statement { body: None, ..bound });
    for spelling in action.spellings() {
        // What documented clients sign comes first, for it is the most frequent.
        for statement in free.iter().chain([&bound]) {
            let message = statement.spelled(&spelling);
            if signature.recover(message.as_bytes())? == signer {
                return Ok(Signed { signer, at, message: identity(&signer, &message) });
            }
        }
    }
    Err(WalletRefusal::OtherSigner { message: free.unwrap_or(bound).to_string() })
}

/// Refuses what was signed too long ago, or ahead of our clock.
pub(crate) fn check_fresh(at: Timestamp, now: Timestamp) -> Result<(), WalletRefusal> {
    if now.since(at) > LIFETIME {
        return Err(WalletRefusal::Stale);
    }
    if at.since(now) > SKEW {
        return Err(WalletRefusal::FromTheFuture);
    }
    Ok(())
}

/// One spelling for each instant, since the message repeats it.
fn read_instant(text: &str) -> Result<Timestamp, WalletRefusal> {
    decimal::parse(text).filter(|&ms: &i64| ms >= 0).map(Timestamp).ok_or(WalletRefusal::BadTimestamp)
}

/// An address has a fixed length, so nothing can be moved between the two.
pub(crate) fn identity(signer: &Address, message: &str) -> Digest {
    Digest(Sha256::new().chain_update(signer.0).chain_update(message).finalize().into())
}
