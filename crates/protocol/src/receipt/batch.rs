//! One signature for several full receipts: over the root of the Merkle tree (RFC 6962) that has them as leaves.

use crate::digest::Digest;
use crate::fields;
use crate::keys::{PublicKey, Signature, SigningKey};
use docket_core::merkle::{Hash, leaf_hash, prove_each, root_by_inclusion};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// So many receipts may share a signature: as many as a worker has jobs.
pub const MOST_TOGETHER: usize = 256;

/// The place of a receipt among those that share its signature. Proves nothing before [`signed_message`] has judged it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Which of them it is, from 0.
    pub index: u64,
    /// How many they are: 2 to [`MOST_TOGETHER`].
    pub size: u64,
    /// The inclusion proof of RFC 6962 for the receipt's signed bytes. Each hash in base64.
    #[serde(with = "fields::base64_hashes")]
    pub path: Vec<Hash>,
}

/// What is signed for several receipts: canonical JSON, which no receipt can look like and which looks like none. It names
/// the signer, so that nobody else's signature over the same tree says the same.
#[derive(Serialize)]
struct Statement<'a> {
    format: &'static str,
    root: Digest,
    #[serde(with = "fields::decimal")]
    size: u64,
    worker: &'a str,
}

fn statement(root: Hash, size: u64, worker: &PublicKey) -> Vec<u8> {
    let statement =
        Statement { format: "docket-receipts/1", root: Digest(root), size, worker: &worker.to_hex() };
    serde_json::to_vec(&statement).expect("texts can always be written")
}

/// What a worker must have signed for a full receipt with these signed bytes: the bytes themselves, or where there is a
/// `batch` the statement over it. `None` if the batch can have no such place.
pub fn signed_message<'r>(
    receipt: &'r [u8],
    batch: Option<&Batch>,
    worker: &PublicKey,
) -> Option<Cow<'r, [u8]>> {
    let Some(Batch { index, size, path }) = batch else { return Some(Cow::Borrowed(receipt)) };
    if !(2..=MOST_TOGETHER as u64).contains(size) {
        return None; // One receipt alone has one form, without a batch.
    }
    let root = root_by_inclusion(&leaf_hash(receipt), *index, *size, path)?;
    Some(Cow::Owned(statement(root, *size, worker)))
}

/// Signs full receipts, given as their signed bytes, with as few signatures as can be. One that is left alone has a
/// signature of its own and no batch.
pub fn sign_together<R: AsRef<[u8]>>(key: &SigningKey, receipts: &[R]) -> Vec<(Signature, Option<Batch>)> {
    receipts.chunks(MOST_TOGETHER).flat_map(|receipts| sign_tree(key, receipts)).collect()
}

fn sign_tree<R: AsRef<[u8]>>(key: &SigningKey, receipts: &[R]) -> Vec<(Signature, Option<Batch>)> {
    if let [alone] = receipts {
        return vec![(key.sign(alone.as_ref()), None)];
    }
    let (root, paths) = prove_each(receipts.iter().map(|receipt| leaf_hash(receipt.as_ref())).collect());
    let size = receipts.len() as u64;
    let signature = key.sign(&statement(root, size, &key.public_key()));
    let place = |(index, path)| (signature, Some(Batch { index, size, path }));
    (0..).zip(paths).map(place).collect()
}
