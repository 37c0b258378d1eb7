//! The engine as a whole: a simulated market, and what only several threads can show.

mod books;
mod challenges;
mod enrolments;
mod hires;
mod hooks;
mod keys;
mod simulation;
mod threads;
mod told;
