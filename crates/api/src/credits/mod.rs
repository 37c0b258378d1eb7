//! The dialect `credits`: OpenAI's interface, where every request is a job. Its words stay in this folder.
//!
//! The wire is that of Decentral's page "Jobs" and of OpenAI's interface; `docs/dialects.md` names where we depart.

mod account;
mod asked;
mod attend;
mod auth;
mod chat;
mod code;
mod completions;
mod dispute;
mod docs;
mod embeddings;
mod errors;
mod errors_page;
mod events;
mod fields;
mod hook_docs;
mod hooks;
mod jobs;
mod messages;
mod models;
mod order;
mod price;
mod prompt;
mod request_docs;
mod responses;
mod routes;
mod status;
mod stream;
mod tools;
mod voice;
mod wire;

pub(crate) use attend::Attendance;
pub use attend::withdraw_forsaken;
pub(crate) use docs::{following, schemas};
pub(crate) use errors::{failed, method_not_allowed, not_found, too_many_requests};
pub(crate) use events::letter;
pub(crate) use price::scoring;
pub use price::{ListedModel, PriceList, Tier};
pub(crate) use routes::{receipt, routes, show, stream as follow};
