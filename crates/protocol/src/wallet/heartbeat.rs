//! A sign of life of a node that has an endpoint and keeps no connection.

use super::{Address, Signature, SignatureError};

/// What a node says of itself once a minute. The wire is that of `POST /api/nodes/heartbeat`; what is signed is ours, for
/// its page says only that something is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heartbeat {
    /// The node.
    pub address: Address,
    /// When, in seconds since 1970 by the node's clock.
    pub seconds: i64,
    /// The class of its hardware, if it says it.
    pub gpu_tier: Option<u8>,
    /// Where jobs are posted to from now on.
    pub endpoint: String,
}

impl Heartbeat {
    /// What is signed: `Docket:heartbeat:<address in lower case>:<seconds>:<class, or 0>:<endpoint>`.
    ///
    /// What stands before the endpoint has no colon that is not ours, so no two heartbeats look alike.
    pub fn message(&self) -> String {
        let Self { address, seconds, gpu_tier, endpoint } = self;
        let address = hex::encode(address.0);
        format!("Docket:heartbeat:0x{address}:{seconds}:{}:{endpoint}", gpu_tier.unwrap_or_default())
    }

    /// Whether the node has signed this.
    ///
    /// # Errors
    /// If the signature is nobody's.
    pub fn is_signed(&self, signature: &Signature) -> Result<bool, SignatureError> {
        Ok(signature.recover(self.message().as_bytes())? == self.address)
    }
}
