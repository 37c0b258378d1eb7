//! The wire forms from outside: against published vectors, against what Node made, and against forgers.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod batches;
mod bundles;
mod canonical;
mod completions;
mod fixture;
mod forgeries;
mod frames;
mod keys;
mod log;
mod nodes;
mod receipts;
mod verify;
mod wallet;
mod wallet_registry;
mod wallet_requests;
