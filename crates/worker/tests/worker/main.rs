//! The worker against a coordinator that the tests play, over a real socket.
#![allow(clippy::unwrap_used)]

mod connecting;
mod coordinator;
mod jobs;
mod leaving;
mod player;
mod resuming;
mod typist;
