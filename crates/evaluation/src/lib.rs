//! How delivered work is judged: by a program that reads it, by a rubric that models apply, or by both.
//!
//! Knows neither jobs nor money, and no network: whoever asks models brings the means. What names a program, a rubric or
//! a deliverable is the Keccak-256 digest of its bytes, as everywhere among agents.

mod digest;
pub mod hybrid;
mod points;
pub mod program;
pub mod rubric;

pub use digest::{Digest, DigestError};
pub use points::Points;

/// The most bytes of delivered work that a program is given.
pub const MAX_DELIVERABLE_BYTES: usize = 16 << 20;
