//! Who is connected, what each may do, and which jobs each holds.

mod fleet;
mod waiting;

use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::Attempt;
use docket_core::job::{Job, Skill};
use docket_core::money::Amount;
use docket_core::refusal::Refusal;
use docket_core::routing::{Skills, Verdict, WorkerClass};
use fleet::Fleet;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

pub(crate) use fleet::{Choice, Held, Joined, Visit};

/// Names one connection of a worker; a later one has another number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Connection(pub u64);

/// What a worker says of itself.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What kind of machine it is.
    pub class: WorkerClass,
    /// What it can do.
    pub skills: Skills,
    /// The models it hosts, each with what it honours there.
    pub models: Vec<(Arc<str>, Features)>,
    /// The digests of their weights, of those for which it declares one.
    pub weights: BTreeMap<Arc<str>, Sha256>,
    /// The class of hardware for which it is enrolled, 0 if it is not.
    pub gpu_tier: u8,
    /// Whether it gets nothing for which a class is asked.
    pub deactivated: bool,
    /// Whether it keeps no connection: jobs are posted to it.
    pub by_post: bool,
    /// The least it works for.
    pub price_floor: Amount,
    /// How many jobs it takes at a time.
    pub concurrency: u16,
    /// Whether it wants to be asked before it has a job.
    pub accepts: bool,
}

/// What the coordinator tells a worker.
#[derive(Clone, Debug)]
pub enum ToWorker {
    /// Here is a job.
    Assign(Assignment),
    /// The job is not yours any more.
    Cancel {
        /// Which, by its public id.
        job: Arc<str>,
        /// Under which attempt.
        attempt: Attempt,
        /// Why, as a code.
        reason: &'static str,
    },
    /// What you sent has been judged: the work may be forgotten.
    Done {
        /// Which, by its public id.
        job: Arc<str>,
        /// Under which attempt.
        attempt: Attempt,
        /// The place of the settlement in the log, or why it was refused.
        outcome: Result<Option<u64>, Refusal>,
    },
    /// Finish what you have and take nothing new.
    Drain,
    /// The connection is over.
    Close,
}

/// A job for a worker.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The job.
    pub job: Arc<Job>,
    /// Under which attempt.
    pub attempt: Attempt,
    /// What is asked, in the dialect's form.
    pub payload: Arc<[u8]>,
}

/// Where messages for a worker go. It holds at most a few for each job that the worker has. They are boxed because
/// the queue of a worker without any has room for 32.
pub type Outbound = mpsc::UnboundedSender<Box<ToWorker>>;

/// A worker as the operator sees it.
#[derive(Clone, Debug)]
pub struct WorkerView {
    /// What matching knows of it.
    pub candidate: docket_core::routing::Candidate,
    /// Whether it is connected now, and not only expected back.
    pub connected: bool,
    /// The jobs that it holds, by public id.
    pub jobs: Vec<Arc<str>>,
    /// How often a job was put into its hands since it came, whatever came of it.
    pub turns: u64,
    /// Its models by name.
    pub models: Vec<Arc<str>>,
}

/// The fleet, behind one lock that is held for microseconds and never across an await.
pub(crate) struct Roster {
    fleet: Mutex<Fleet>,
}

impl Roster {
    pub(crate) fn new(secret: u64) -> Self {
        Self { fleet: Mutex::new(Fleet::new(secret)) }
    }

    pub(crate) fn fleet(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a job asks for, in matching's words.
pub(crate) const fn skills(skill: Skill) -> Skills {
    match skill {
        Skill::Infer => Skills::INFER,
        Skill::Task => Skills::TASK,
    }
}

/// What a decision says of each worker, for the operator.
pub(crate) type Explanation = Vec<Verdict>;
