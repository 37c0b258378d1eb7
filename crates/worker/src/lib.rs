//! The worker: takes a job, runs it, signs the receipt.
//!
//! [`run`] keeps one connection to one coordinator and needs no public address. The engines that do the work are in
//! [`engine`]; what a valid receipt is worth is left to the coordinator.

mod backoff;
mod completion;
mod config;
mod connection;
pub mod engine;
mod event;
pub mod identity;
mod jobs;
mod load;
mod outbox;
mod registration;
mod session;
mod timing;
mod transcript;
mod work;
mod worker;

pub use completion::{Work, complete, sign_full_receipts};
pub use config::{Config, ConfigError, NodeIdentity, WorkerClass};
pub use event::Event;
pub use worker::run;
