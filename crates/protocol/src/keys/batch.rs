//! Many signatures judged at once, which costs a third of judging each.

use super::{PublicKey, Signature};
use ed25519_zebra::batch::{Item, Verifier};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};
use std::cmp::Ordering;
use std::convert::Infallible;

/// That a key signed a message; not judged yet. Keeps no message. Equal are those with the same key, message and
/// signature.
#[derive(Clone)]
pub struct Claim {
    item: Item,
    /// Of key, message and signature.
    digest: [u8; 32],
}

impl Claim {
    /// That `key` made this signature over `message`.
    pub fn new(key: &PublicKey, message: &[u8], signature: &Signature) -> Self {
        let digest = Sha256::new()
            .chain_update(key.as_bytes())
            .chain_update(signature.0)
            .chain_update(message)
            .finalize()
            .into();
        Self { item: Item::from(((*key.as_bytes()).into(), signature.0.into(), message)), digest }
    }

    /// Whether it is true, judged by itself.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.item.clone().verify_single().is_ok()
    }
}

impl PartialEq for Claim {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Claim {}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.digest.cmp(&other.digest)
    }
}

/// Whether all are true. Says nothing about which one is not.
///
/// Each equation is multiplied by a factor of its own before they are added, so that errors cannot cancel each other.
/// The factors follow from all that is judged: nobody can know them before his signature is fixed.
#[must_use]
pub fn all_hold(claims: &[&Claim]) -> bool {
    match claims {
        [] => true,
        [one] => one.holds(),
        many => {
            let mut verifier = Verifier::new();
            let mut seed = Sha256::new();
            for claim in many {
                verifier.queue(claim.item.clone());
                seed.update(claim.digest);
            }
            verifier.verify(Factors { seed: seed.finalize().into(), drawn: 0 }).is_ok()
        }
    }
}

/// Factors from a seed, one hash for each sixteen bytes.
struct Factors {
    seed: [u8; 32],
    drawn: u64,
}

impl TryRng for Factors {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for part in out.chunks_mut(16) {
            let block =
                Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_le_bytes()).finalize();
            part.copy_from_slice(&block[..part.len()]);
            self.drawn += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Factors {}
