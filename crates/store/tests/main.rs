//! The store's suite: each case is written once and holds on every database.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod child;
mod files;
mod killed;
mod model;
mod place;
mod postgres;
mod sample;
mod world;
