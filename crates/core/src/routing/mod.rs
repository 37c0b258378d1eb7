//! Who gets a job: a pure function over a snapshot of the connected workers, with a reason for every answer.
//!
//! [`choose`] is the definition, a plain scan. [`Index`] gives the same answers among many workers in about a
//! microsecond. What a worker is worth under which dialect, and when it is offered a job, is left to others.
//!
//! Three steps: [`judge`] drops whoever may not have the job, each with an [`Unfit`]; [`Scoring`] weighs the
//! rest; equals are decided on a circle (see [`Lot`]).

mod candidate;
mod choice;
mod cooldown;
mod demand;
mod index;
mod lot;
mod podium;
mod scoring;
mod unfit;

#[cfg(test)]
mod tests;

pub use candidate::{Candidate, ModelId, Models, Pace, RegionId, Skills, StakeTier, WorkerClass};
pub use choice::{
    Decision, Lost, Ranked, RunnerUp, Shortlist, Tally, Verdict, choose, explain, judge, tally,
};
pub use cooldown::cooldown;
pub use demand::{Audience, Demand};
pub use index::Index;
pub use lot::Lot;
pub use scoring::{Measure, Score, Scoring, Ties};
pub use unfit::Unfit;
