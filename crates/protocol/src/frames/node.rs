//! What a worker says to be a node: with which wallet it works, and for which class of hardware.

use crate::fields;
use crate::keys::PublicKey;
use crate::wallet::{Address, Signature, Signed, WalletKey, WalletRefusal, check_fresh, identity};
use docket_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A worker's wish to be enrolled, signed by its wallet. What is read is not believed before [`NodeOffer::verify`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NodeOffer {
    /// The wallet, which is the node's name.
    pub address: Address,
    /// The class of its hardware, 1 to 9.
    #[serde(deserialize_with = "fields::gpu_tier")]
    pub gpu_tier: u8,
    /// When it was signed, in milliseconds since 1970.
    #[serde(deserialize_with = "fields::instant_ms")]
    pub signed_at: i64,
    /// Over [`NodeOffer::text`], as wallets sign messages (EIP-191).
    pub signature: Signature,
}

impl NodeOffer {
    /// What the wallet signs: `Docket:connect-node:<the worker's key, 64 lower-case digits>:<class>:<milliseconds>`.
    ///
    /// It names the worker, so that nobody else can use it, and the time, so that it cannot be used for long.
    pub fn text(worker: &PublicKey, gpu_tier: u8, signed_at: i64) -> String {
        format!("Docket:connect-node:{worker}:{gpu_tier}:{signed_at}")
    }

    /// A wallet's word for a worker, given at an instant in milliseconds since 1970.
    pub fn sign(wallet: &WalletKey, worker: &PublicKey, gpu_tier: u8, signed_at: i64) -> Self {
        let signature = wallet.sign(Self::text(worker, gpu_tier, signed_at).as_bytes());
        Self { address: wallet.address(), gpu_tier, signed_at, signature }
    }

    /// Judges whether the wallet has just signed this for the worker of this key.
    ///
    /// # Errors
    /// If it was signed more than [`LIFETIME`](crate::wallet::LIFETIME) ago or more than
    /// [`SKEW`](crate::wallet::SKEW) ahead, by another wallet, or for another worker or class.
    pub fn verify(&self, worker: &PublicKey, now: Timestamp) -> Result<Signed, WalletRefusal> {
        let at = Timestamp(self.signed_at);
        check_fresh(at, now)?;
        let message = Self::text(worker, self.gpu_tier, self.signed_at);
        if self.signature.recover(message.as_bytes())? != self.address {
            return Err(WalletRefusal::OtherSigner { message });
        }
        Ok(Signed { signer: self.address, at, message: identity(&self.address, &message) })
    }
}
