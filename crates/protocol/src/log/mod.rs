//! The log's forms (C2SP): signed checkpoints, paths of tiles, bundles of entries, and what proofs prove.
//!
//! The mathematics lies in [`docket_core::merkle`]; what an entry means is left to others.

mod checkpoint;
mod entries;
mod note;
mod tile_path;

pub use checkpoint::{Checkpoint, CheckpointError, ProofError, check_consistency, check_inclusion};
pub use entries::{EntriesError, decode_entries, encode_entries};
pub use note::{NoteError, VerifierKey, open_note, sign_note};
pub use tile_path::TilePath;
