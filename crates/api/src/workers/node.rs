//! A worker that says to be a node: whether its wallet says so too.

use super::code::Code;
use docket_core::agent::identity::Word;
use docket_core::hash::Sha256;
use docket_core::id::Dialect;
use docket_core::time::Timestamp;
use docket_protocol::frames::NodeOffer;
use docket_protocol::keys::PublicKey;

/// The highest class of hardware that anybody can ask for.
const HIGHEST_TIER: u8 = 3;

/// What the wallet has signed, and for which class of hardware.
pub(super) fn judge(offer: &NodeOffer, worker: &PublicKey, now: Timestamp) -> Result<(Word, u8), Code> {
    if offer.gpu_tier > HIGHEST_TIER {
        return Err(Code::NodeTier);
    }
    let signed = offer.verify(worker, now).map_err(|refusal| Code::from(&refusal))?;
    let word = Word {
        dialect: Dialect::Registry,
        by: signed.signer.into(),
        digest: Sha256(signed.message.0),
        at: signed.at,
    };
    Ok((word, offer.gpu_tier))
}
