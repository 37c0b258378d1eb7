//! Agents: who they are, what they put at stake, and the rules by which they work for each other.

mod identity;
mod role;

pub use identity::{Agent, Profile, Wallet, Word};
pub use role::Role;
