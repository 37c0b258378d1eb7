//! The engine as a whole: a simulated market, and what only several threads can show.

mod keys;
mod simulation;
mod threads;
