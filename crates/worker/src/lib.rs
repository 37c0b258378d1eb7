//! The worker: takes a job, runs it, signs the receipt. The engines that do the work are in [`engine`].

pub mod engine;
