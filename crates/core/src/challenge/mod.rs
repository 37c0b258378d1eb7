//! Tests of workers: questions whose answers a trusted worker of the same model gives as well, and what likeness says.

pub mod likeness;
pub mod pool;
