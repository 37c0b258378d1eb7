//! The repository's own rules and the list of checks that a change must pass.
//!
//! What the checks find wrong, and how the checks are run; `main.rs` is only the command line.

pub mod checks;
pub mod child;
pub mod clients;
pub mod contract;
pub mod coordinator;
pub mod repository;
pub mod rules;
pub mod steps;
pub mod tokens;
pub mod tools;
pub mod upstream;
pub mod venv;
