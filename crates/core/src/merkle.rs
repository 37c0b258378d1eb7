//! The Merkle tree of RFC 6962 over SHA-256: roots, proofs, and the tiles that hold it (C2SP tlog-tiles).
//!
//! Says which tiles a proof needs and what it is made of. Keeping and reading tiles is left to others.

use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A node of the tree.
pub type Hash = [u8; 32];

/// How many hashes a full tile holds; it spans eight levels of the tree.
pub const TILE_WIDTH: u64 = 256;

/// What stands in the tree for an entry: the hash of a zero byte and the entry.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

/// What stands above two nodes: the hash of a one byte and both.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The right edge of a growing tree: all that is needed to add leaves and to know the root of every size.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees, the largest first: one for each set bit of `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// From what [`Self::peaks`] or [`Plan::frontier`] gave; `None` if the number of peaks does not fit the size.
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        join(&self.peaks).unwrap_or_else(empty_root)
    }

    /// Adds a leaf. `keep` gets, as level, index and hash, every hash that tiles are made of:
    /// the leaf at level 0, then at level 1 and above the root of each tile that the leaf completes.
    pub fn push(&mut self, leaf: Hash, mut keep: impl FnMut(u8, u64, Hash)) {
        let (mut hash, mut height, mut index) = (leaf, 0, self.size);
        keep(0, index, hash);
        while let Some(left) = (index & 1 == 1).then(|| self.peaks.pop()).flatten() {
            hash = node_hash(&left, &hash);
            index >>= 1;
            height += 1;
            if height % 8 == 0 {
                keep(height / 8, index, hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }
}

/// A row of consecutive hashes of the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    /// 0 for leaves; each hash of level L is the root over 256^L leaves. At most 7.
    pub level: u8,
    /// Counts the tiles of the level.
    pub index: u64,
    /// How many hashes: 256, or fewer at the right edge of a tree.
    pub width: u16,
}

impl Tile {
    /// Which hashes of its level the tile holds; `None` unless a tree of `size` leaves has them all.
    ///
    /// Any tile may be asked, also one that a stranger made up.
    pub fn hashes(self, size: u64) -> Option<Range<u64>> {
        let first = self.index.checked_mul(TILE_WIDTH)?;
        let end = first.checked_add(self.width.into())?;
        let there = size.checked_shr(8 * u32::from(self.level)).unwrap_or(0);
        (first < end && end <= there && u64::from(self.width) <= TILE_WIDTH).then_some(first..end)
    }
}

/// A tile that a proof needs was not given, or not with its width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("tile {} of level {} with {} hashes is missing", .0.index, .0.level, .0.width)]
pub struct TileMissing(pub Tile);

/// What a proof is made of: the roots over some ranges of the leaves of a tree.
///
/// Ask [`Self::tiles`] what to read, read it in any way, and give it to [`Self::hashes`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    size: u64,
    /// Each is a subtree of RFC 6962, so that it starts at a multiple of its width.
    ranges: Vec<Range<u64>>,
}

impl Plan {
    /// The proof that the leaf at `index` is in the tree of `size` leaves; `None` if it cannot be.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        let mut ranges = Vec::new();
        let mut rest = (index < size).then_some(0..size)?;
        while rest.end - rest.start > 1 {
            let middle = rest.start + split(rest.end - rest.start);
            ranges.push(cut(&mut rest, middle, index < middle));
        }
        ranges.reverse();
        Some(Self { size, ranges })
    }

    /// The proof that the tree of `new` leaves begins with that of `old` leaves; `None` if it is smaller.
    pub fn consistency(old: u64, new: u64) -> Option<Self> {
        let mut ranges = Vec::new();
        let mut rest = (old <= new).then_some(0..new)?;
        while 0 < old && old < rest.end {
            let middle = rest.start + split(rest.end - rest.start);
            ranges.push(cut(&mut rest, middle, old <= middle));
        }
        if rest.start > 0 {
            ranges.push(rest); // Otherwise it is the old tree itself, whose root the verifier has.
        }
        ranges.reverse();
        Some(Self { size: new, ranges })
    }

    /// The peaks of the tree of `size` leaves, for [`Frontier::restore`].
    pub fn frontier(size: u64) -> Self {
        let peaks = subtrees(0..size);
        let ranges = peaks.map(|(height, index)| index << height..(index + 1) << height).collect();
        Self { size, ranges }
    }

    /// The tiles to read.
    pub fn tiles(&self) -> BTreeSet<Tile> {
        let subtrees = self.ranges.iter().cloned().flat_map(subtrees);
        subtrees.map(|(height, index)| tile_of(height, index, self.size)).collect()
    }

    /// The hashes of the proof, in the order of RFC 6962.
    pub fn hashes(&self, tiles: &BTreeMap<Tile, Vec<Hash>>) -> Result<Vec<Hash>, TileMissing> {
        self.ranges.iter().map(|range| self.root(range.clone(), tiles)).collect()
    }

    fn root(&self, range: Range<u64>, tiles: &BTreeMap<Tile, Vec<Hash>>) -> Result<Hash, TileMissing> {
        let roots: Vec<Hash> = subtrees(range)
            .map(|(height, index)| {
                let tile = tile_of(height, index, self.size);
                let first = ((index << (height % 8)) % TILE_WIDTH) as usize;
                tiles
                    .get(&tile)
                    .filter(|hashes| hashes.len() == usize::from(tile.width))
                    .and_then(|hashes| hashes.get(first..first + (1 << (height % 8))))
                    .map(complete_root)
                    .ok_or(TileMissing(tile))
            })
            .collect::<Result<_, _>>()?;
        Ok(join(&roots).unwrap_or_else(empty_root))
    }
}

/// Whether `proof` shows that `leaf` stands at `index` in the tree of `size` leaves under `root`.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    root_by_inclusion(leaf, index, size, proof) == Some(*root)
}

/// The root of the only trees of `size` leaves in which `proof` shows `leaf` at `index`; `None` if there is no such place,
/// or if its proof has another length.
pub fn root_by_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            climb_edge(&mut node, &mut last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    (last == 0).then_some(hash)
}

/// The root over these leaves and the inclusion proof of each, for a tree that is there as a whole.
pub fn prove_each(leaves: Vec<Hash>) -> (Hash, Vec<Vec<Hash>>) {
    let mut proofs = vec![Vec::new(); leaves.len()];
    let (mut row, mut height) = (leaves, 0);
    while row.len() > 1 {
        for (index, proof) in proofs.iter_mut().enumerate() {
            proof.extend(row.get((index >> height) ^ 1)); // A node at the right edge may have no sibling.
        }
        row = row
            .chunks(2)
            .map(|pair| if let [left, right] = pair { node_hash(left, right) } else { pair[0] })
            .collect();
        height += 1;
    }
    (row.first().copied().unwrap_or_else(empty_root), proofs)
}

/// Whether `proof` shows that the tree of `new` leaves begins with all leaves of the tree of `old` leaves.
pub fn verify_consistency(old: u64, new: u64, old_root: &Hash, new_root: &Hash, proof: &[Hash]) -> bool {
    if old >= new {
        return old == new && old_root == new_root && proof.is_empty();
    }
    if old == 0 {
        return *old_root == empty_root() && proof.is_empty();
    }
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (start, rest) = match proof.split_first() {
        _ if old.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (first, rest),
        None => return false,
    };
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            climb_edge(&mut node, &mut last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && old_hash == *old_root && new_hash == *new_root
}

/// Skips the levels where a node on the right edge has no sibling.
fn climb_edge(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        (*node, *last) = (*node >> 1, *last >> 1);
    }
}

/// The largest power of two below `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// Keeps one side of the middle and returns the other.
fn cut(range: &mut Range<u64>, middle: u64, keep_left: bool) -> Range<u64> {
    let (left, right) = (range.start..middle, middle..range.end);
    let (kept, other) = if keep_left { (left, right) } else { (right, left) };
    *range = kept;
    other
}

/// The complete subtrees that a range falls into, as height and index among those of that height.
fn subtrees(range: Range<u64>) -> impl Iterator<Item = (u32, u64)> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let height = range.end.checked_sub(start)?.checked_ilog2()?;
        let index = start >> height;
        start += 1 << height;
        Some((height, index))
    })
}

/// The tile whose hashes lie at, or next below, a complete subtree.
fn tile_of(height: u32, index: u64, size: u64) -> Tile {
    let level = height / 8;
    let tile = (index << (height % 8)) / TILE_WIDTH;
    let width = ((size >> (8 * level)) - tile * TILE_WIDTH).min(TILE_WIDTH);
    Tile { level: level as u8, index: tile, width: width as u16 }
}

/// The root over complete subtrees that stand side by side, the larger ones left.
fn join(roots: &[Hash]) -> Option<Hash> {
    roots.iter().copied().rev().reduce(|right, left| node_hash(&left, &right))
}

/// The root over a power of two of hashes.
fn complete_root(row: &[Hash]) -> Hash {
    match row {
        [hash] => *hash,
        _ => {
            let (left, right) = row.split_at(row.len() / 2);
            node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

#[cfg(test)]
mod tests;
