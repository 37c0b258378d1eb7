//! The domain of Docket: what may happen to a job, what it moves, and who must be told.
//!
//! Nothing here waits, fails for outside reasons, or knows the time; no type is serializable.

pub mod agent;
pub mod challenge;
pub mod change;
pub mod command;
pub mod decide;
pub mod effect;
pub mod enrolment;
pub mod event;
pub mod feature;
pub mod hash;
pub mod hook;
pub mod id;
pub mod job;
pub mod key;
pub mod ledger;
pub mod merkle;
pub mod money;
pub mod policy;
pub mod quote;
pub mod receipt;
pub mod refusal;
pub mod reputation;
pub mod routing;
pub mod time;
pub mod trust;
pub mod worker;
