//! Runs a language model that is one GGUF file: weights, tokenizer and chat template together, on the CPU.
//!
//! It answers "what does this model say to these messages", token by token. What a job is, what it costs and who
//! asked is left to others; this is the only crate that compiles candle.
//!
//! # Threads
//!
//! A model runs on one OS thread of its own. Inside, candle spreads each matrix product over a pool that it
//! builds once per process, at first use, from `CANDLE_NUM_THREADS` (else `RAYON_NUM_THREADS`, else the number of
//! physical cores). The pool's threads spin between products. There is no call to size it, and a library cannot
//! set the variable safely, so the program has to start with it: 1 for a tiny model or a busy machine.

mod error;
mod generate;
mod metadata;
mod model;
mod stop;
mod template;
mod tokenizer;
mod weights;

pub use error::GgufError;
pub use generate::{Finish, Generated, Generation, Piece, Sampler};
pub use metadata::{About, MAX_CONTEXT_TOKENS};
pub use model::{Model, Source};
pub use template::{Message, Role};

/// The embedded test model: Qwen3's architecture with 369,504 parameters, Q8_0, 417 KB.
///
/// It knows a few dozen questions by heart (`models/make_tiny_model.py` lists them all) and nothing else: a
/// fixture and a demonstration of the whole path, never a product.
pub fn tiny() -> Source<'static> {
    Source::Bytes(EMBEDDED)
}

const EMBEDDED: &[u8] = include_bytes!("../models/tiny-qwen3-q8_0.gguf");
