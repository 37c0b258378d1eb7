//! What workers, the coordinator and `verify` say to each other: frames, receipts, keys and the log.
//!
//! Forms and their checks, without a clock or randomness. What a valid receipt is worth is left to core.

pub mod answer;
pub mod attempt;
pub mod canonical;
pub mod digest;
mod fields;
pub mod frames;
pub mod instant;
pub mod keys;
pub mod log;
mod nesting;
pub mod receipt;
pub mod verify;
pub mod wallet;
