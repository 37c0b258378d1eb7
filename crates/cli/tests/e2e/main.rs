//! The program as its users meet it: real processes, real sockets, real signals.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agent;
mod bench;
mod capital;
mod commands;
mod dispute;
mod evaluate;
mod faults;
mod hire;
mod hops;
mod infer;
mod keys;
mod kill;
mod market;
mod nodes;
mod process;
mod retries;
mod upstream;
mod vectors;
mod watch;
mod webhooks;
mod webhooks_tls;
