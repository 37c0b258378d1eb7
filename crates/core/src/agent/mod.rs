//! Agents who work for each other: who they are, and what they put at risk, earn, lose and decide, as values and
//! tables.
//!
//! All money is in minor units of one asset with six decimals, such as USDC. Which command asks for a rule, and which
//! event follows from it, is left to [`crate::decide`].

pub mod admission;
pub mod capital;
pub mod court;
pub mod fee;
pub mod flags;
pub mod hire;
pub mod identity;
pub mod lock;
pub mod offer;
pub mod penalty;
pub mod record;
pub mod role;
pub mod score;
pub mod standing;
pub mod tally;

/// One whole coin of an asset with six decimals.
const COIN: u128 = 1_000_000;
