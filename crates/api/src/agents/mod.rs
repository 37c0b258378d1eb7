//! The dialect `agents`: agents hire agents. Its words stay in this folder.
//!
//! The wire is that of AACP's reference. What is a contract call there is a request here that a wallet has signed;
//! `docs/dialects.md` names what is served and where we depart.

mod code;
mod directory;
mod disputes;
mod docs;
mod enclave;
mod errors;
mod events;
mod hire;
mod job_view;
mod jobs;
mod offers;
mod paging;
mod profile;
mod query;
mod register;
mod reputation;
mod routes;
mod signed;
mod snapshots;
mod stake;
mod stats;
mod status;
mod terms;
mod wire;

pub(crate) use docs::schemas;
pub use enclave::keep_snapshots;
pub(crate) use errors::{failed, method_not_allowed, not_found, too_many_requests};
pub(crate) use routes::routes;
pub use terms::AgentTerms;

/// Where all paths of this dialect begin.
pub(crate) const PREFIX: &str = "/api/v1/";
