//! The engine as a whole: a simulated market, and what only several threads can show.

mod simulation;
mod threads;
