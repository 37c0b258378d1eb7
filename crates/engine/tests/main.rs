//! The engine as a whole: a simulated market, and what only several threads or callers can show.

mod simulation;
