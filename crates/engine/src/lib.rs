//! Makes decisions happen: carries out commands, finds workers, keeps deadlines.
//!
//! Everything that changes anything goes through [`Engine::execute`]. The loops ([`outbox`], timers)
//! only call it. Nothing here needs a particular async runtime, so that a simulation can run the real
//! engine on one thread with a clock in its hand.

mod agents;
pub mod books;
mod broken;
mod census;
mod challenges;
pub mod clock;
mod deadlines;
mod decision;
mod delivery;
mod disputes;
mod engine;
mod enrolled;
mod enrolments;
pub mod entropy;
mod error;
mod execute;
mod finish;
mod firsts;
mod hires;
mod hooks;
mod ids;
mod inspect;
mod keys;
mod log;
mod meter;
mod models;
mod operator;
pub mod outbox;
mod pace;
pub mod post;
mod recovery;
mod relay;
mod retract;
mod roster;
mod route;
mod stake;
mod submit;
mod terms;
mod told;
mod trust;
mod watch;
mod workers;

pub use census::Census;
pub use challenges::{ChallengeTerms, Prober};
pub use delivery::{Arrival, Proof};
pub use docket_store::{
    AgentFilter, Cursor, DeliveryRow, FeedRow, HireFilter, JournalRow, KeyJobs, LogPlace, NoticeRow, Page,
    SnapshotRow, Stage, Stretch, TransferRow,
};
pub use engine::{Config, Engine, StakeTerms};
pub use enrolments::{Advice, Node, Online, Presence, Reasons};
pub use error::EngineError;
pub use execute::Executed;
pub use hires::{Enclaves, HireTerms, NewHire, Wish};
pub use hooks::{NewHook, Rotated, SECRET_PREFIX};
pub use ids::latest_known;
pub use keys::KeySecret;
pub use log::entry_receipt_hash;
pub use meter::{Histogram, Latencies, Meter};
pub use models::ServedModel;
pub use relay::{Follower, Mark, News, Piece};
pub use roster::{Assignment, Connection, Outbound, Profile, ToWorker, WorkerView};
pub use route::Placement;
pub use stake::StakeChange;
pub use submit::{Naming, NewJob, Submitted};
pub use terms::client_name;
pub use told::ToldAnswer;
pub use trust::NewPairing;
pub use workers::{Hello, Welcome};

/// How often a worker gives a sign of life.
pub const HEARTBEAT: docket_core::time::Millis = docket_core::time::Millis::seconds(10);
/// A worker without a sign for so long is gone.
pub const LOST_AFTER: docket_core::time::Millis = docket_core::time::Millis::seconds(30);
/// Who keeps no connection gives a sign of life so often.
pub const POSTED_HEARTBEAT: docket_core::time::Millis = docket_core::time::Millis::seconds(60);
/// And is offline after so long without one.
pub const POSTED_LOST_AFTER: docket_core::time::Millis = docket_core::time::Millis::seconds(120);
/// How long a worker whose socket closed may come back with the work it has.
pub const RESUME_GRACE: docket_core::time::Millis = docket_core::time::Millis::seconds(5);
/// How long something that failed for an outside reason rests before it is tried again.
const RETRY: docket_core::time::Millis = docket_core::time::Millis::seconds(1);
/// How long a worker that wants to be asked may take to accept.
pub const ACCEPT_WITHIN: docket_core::time::Millis = docket_core::time::Millis::seconds(5);
