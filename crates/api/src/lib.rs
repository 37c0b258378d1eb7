//! The coordinator's wires: one folder a dialect, the workers' socket, and what operators ask.
//!
//! A handler translates and nothing else: wire to command, answer to wire.

mod admin;
mod agents;
mod app;
mod credits;
mod enclave;
mod headers;
mod health;
mod limits;
mod log;
mod observe;
mod openapi;
mod post;
mod quotes;
mod registry;
mod route;
mod router;
mod serve;
mod workers;

pub use app::{App, Limits, Settings};
pub use credits::{ListedModel, PriceList, Tier, withdraw_forsaken};
pub use enclave::SimulatedEnclave;
pub use observe::Current as CurrentRequest;
pub use post::{Courier, Reach};
pub use router::{
    AgentTerms, ChallengeSettings, Postman, RegistryModel, RegistryTerms, keep_snapshots, router, scoring,
};
pub use serve::{Peer, Server};
