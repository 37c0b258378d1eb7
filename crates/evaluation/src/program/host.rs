//! What a running program has: its input, its outputs, a stream of bytes in place of chance, and its bounds.

use super::{Limits, MAX_OUTPUT_BYTES, Output};
use crate::Digest;
use std::sync::Arc;
use wasmtime::{Error, ResourceLimiter, Result};

/// How many elements all tables of a module may have together.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// The state of one run.
pub(super) struct Host {
    pub(super) stdin: Input,
    pub(super) stdout: Output,
    pub(super) stderr: Output,
    pub(super) chance: Chance,
    pub(super) bounds: Bounds,
}

/// The deliverable, and how far it was read.
pub(super) struct Input {
    bytes: Arc<[u8]>,
    read: usize,
}

/// Bytes that look like chance and are the same in every run of this module over this deliverable.
pub(super) struct Chance {
    seed: Digest,
    blocks: u64,
    /// What is left of the last block, at its end.
    block: Digest,
    left: usize,
}

/// What may be asked of the machine's memory.
pub(super) struct Bounds {
    memory_bytes: u64,
    table_elements: usize,
}

/// A program was ended because it asked for too much.
#[derive(Debug, thiserror::Error)]
#[error("more memory than it may have")]
pub(super) struct TooMuch;

impl Host {
    pub(super) fn new(module: Digest, deliverable: &[u8], limits: Limits) -> Self {
        Self {
            stdin: Input { bytes: deliverable.into(), read: 0 },
            stdout: Output::default(),
            stderr: Output::default(),
            chance: Chance::new(module, Digest::of(deliverable)),
            bounds: Bounds { memory_bytes: limits.memory_bytes, table_elements: 0 },
        }
    }
}

impl Input {
    /// How much is still to be read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.read
    }

    /// Fills the room as far as there is something left, and says how far.
    pub(super) fn fill(&mut self, room: &mut [u8]) -> usize {
        let count = room.len().min(self.left());
        room[..count].copy_from_slice(&self.bytes[self.read..self.read + count]);
        self.read += count;
        count
    }
}

impl Output {
    /// Keeps what there is room for.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = MAX_OUTPUT_BYTES - self.bytes.len();
        self.truncated |= bytes.len() > room;
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl Chance {
    fn new(module: Digest, deliverable: Digest) -> Self {
        let seed =
            Digest::of_parts(&[b"docket evaluation chance", module.as_bytes(), deliverable.as_bytes()]);
        Self { seed, blocks: 0, block: seed, left: 0 }
    }

    /// The next bytes of the stream. Block number n is the digest of the seed and n in eight bytes, the highest first.
    pub(super) fn fill(&mut self, room: &mut [u8]) {
        for byte in room {
            if self.left == 0 {
                self.block = Digest::of_parts(&[self.seed.as_bytes(), &self.blocks.to_be_bytes()]);
                self.blocks += 1;
                self.left = self.block.as_bytes().len();
            }
            let block = self.block.as_bytes();
            *byte = block[block.len() - self.left];
            self.left -= 1;
        }
    }
}

impl ResourceLimiter for Bounds {
    /// A module's own bound answers -1, as the standard says; ours ends the program.
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        match desired as u64 > self.memory_bytes {
            true => Err(Error::new(TooMuch)),
            false => Ok(true),
        }
    }

    /// What this machine lacks must not look like something that the program did.
    fn memory_grow_failed(&mut self, error: Error) -> Result<()> {
        Err(error)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        self.table_elements = self.table_elements.saturating_add(desired.saturating_sub(current));
        match self.table_elements > MAX_TABLE_ELEMENTS {
            true => Err(Error::new(TooMuch)),
            false => Ok(true),
        }
    }

    fn table_grow_failed(&mut self, error: Error) -> Result<()> {
        Err(error)
    }
}
