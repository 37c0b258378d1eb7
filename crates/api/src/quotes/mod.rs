//! The dialect `quotes`: quote, commit, poll. Its words stay in this folder.
//!
//! The wire is that of Dispatch's guide "Submit a Job"; `docs/dialects.md` names where we depart.

mod docs;
mod errors;
mod offer;
mod receipt;
mod routes;
mod status;
mod stream;
mod trust;
mod wire;

pub(crate) use docs::{receipt as receipt_docs, schemas, show as show_docs, stream as stream_docs};
pub(crate) use errors::{failed, method_not_allowed, not_a_socket, not_found, too_many_requests};
pub(crate) use offer::scoring;
pub(crate) use receipt::receipt;
pub(crate) use routes::{routes, show};
pub(crate) use stream::stream;
