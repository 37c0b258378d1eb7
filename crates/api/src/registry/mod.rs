//! The dialect `registry`: nodes, GPU tiers, advice and jobs. Its words stay in this folder.
//!
//! The wire is that of CompressNode's page "Jobs"; `docs/dialects.md` names what else is served and where we depart.

mod advice;
mod challenges;
mod code;
mod docs;
mod errors;
mod explorer;
mod fields;
mod jobs;
mod nodes;
mod post;
mod routes;
mod signed;
mod status;
mod submit;
mod terms;
mod wire;

pub(crate) use advice::Kept;
pub use challenges::ChallengeSettings;
pub(crate) use docs::schemas;
pub(crate) use errors::{failed, method_not_allowed, not_found, too_many_requests};
pub(crate) use explorer::Feed;
pub(crate) use nodes::Beats;
pub use post::Postman;
pub(crate) use routes::routes;
pub(crate) use terms::scoring;
pub use terms::{RegistryModel, RegistryTerms};

/// Where all paths of this dialect begin.
pub(crate) const PREFIX: &str = "/api/";
