//! The worker against a coordinator that the tests play, over a real socket.
#![allow(clippy::unwrap_used)]

mod connecting;
mod coordinator;
#[cfg(feature = "gguf")]
mod embedded;
mod jobs;
mod leaving;
mod node;
mod player;
mod resuming;
mod server;
mod serving;
mod typist;
