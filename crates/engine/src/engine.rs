//! The engine's parts, put together.

use crate::challenges::{ChallengeTerms, Challenges};
use crate::clock::Clock;
use crate::deadlines::Deadlines;
use crate::enrolled::Enrolled;
use crate::entropy::Entropy;
use crate::firsts::Firsts;
use crate::hires::{Enclaves, HireTerms};
use crate::ids::JobIds;
use crate::meter::Meter;
use crate::outbox::Outbox;
use crate::pace::Pace;
use crate::post::Post;
use crate::relay::Relay;
use crate::roster::{Outbound, Roster, ToWorker};
use crate::told::Told;
use crate::trust::Guesses;
use crate::watch::Watch;
use docket_core::id::{JobId, PublicId};
use docket_core::job::Job;
use docket_core::routing::{Scoring, StakeTier};
use docket_settlement::Ledger;
use docket_store::{Answer, Store, StoreError};
use futures::FutureExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use tokio::sync::{Notify, mpsc, watch};

/// What the operator decides once.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where money settles.
    pub ledger: Ledger,
    /// How the workers for a job are compared: each dialect publishes its own formula.
    pub scoring: fn(&Job) -> Scoring,
    /// What a worker's stake is worth.
    pub stake: StakeTerms,
    /// The terms under which agents hire each other.
    pub hires: HireTerms,
    /// Who is believed about capital that one agent entrusts to another.
    pub enclaves: Enclaves,
    /// How those are tested who are enrolled for a class of hardware.
    pub challenges: ChallengeTerms,
}

/// From when on a stake counts, and what it is worth when workers are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StakeTerms {
    /// The least that counts, in minor units of what the market counts in.
    pub least: u128,
    /// What one that counts is worth.
    pub tier: StakeTier,
}

impl StakeTerms {
    /// Of a market where no stake counts.
    pub const NONE: Self = Self { least: u128::MAX, tier: StakeTier::NONE };

    /// What a stake is worth; `None` if it does not count.
    pub(crate) fn tier(&self, staked: u128) -> Option<StakeTier> {
        (staked >= self.least).then_some(self.tier)
    }
}

/// The coordinator of a market, without any wire.
pub struct Engine {
    /// For what must outlive its caller.
    pub(crate) me: Weak<Self>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    pub(crate) config: Config,
    pub(crate) ids: JobIds,
    /// The number of the next agent.
    pub(crate) next_agent: AtomicU64,
    /// The number of the next job for which one agent hires another.
    pub(crate) next_hire: AtomicU64,
    pub(crate) deadlines: Deadlines,
    pub(crate) roster: Roster,
    pub(crate) enrolled: Enrolled,
    pub(crate) challenges: Challenges,
    /// What those are to be told who keep no connection.
    pub(crate) posts: (Outbound, Mutex<Option<mpsc::UnboundedReceiver<Box<ToWorker>>>>),
    pub(crate) outbox: Outbox,
    pub(crate) watch: Watch,
    pub(crate) told: Told,
    pub(crate) relay: Relay,
    pub(crate) guesses: Guesses,
    pub(crate) meter: Meter,
    pub(crate) pace: Pace,
    pub(crate) post: Post,
    pub(crate) firsts: Firsts,
    /// Told when something has happened to a job for which one agent hires another.
    pub(crate) fed: watch::Sender<u64>,
    /// Told when something is due before all that was known.
    pub(crate) timer: Notify,
    draining: AtomicBool,
}

impl Engine {
    /// An engine over an open store. Call [`Self::recover`] before anything else.
    pub fn new(store: Store, clock: Clock, entropy: Entropy, config: Config) -> Arc<Self> {
        let start = store.start();
        let engine = Arc::new_cyclic(|me: &Weak<Self>| Self {
            me: me.clone(),
            ids: JobIds::after(start.last_job),
            next_agent: AtomicU64::new(start.last_agent.map_or(1, |last| last.0 + 1)),
            next_hire: AtomicU64::new(start.last_hire.map_or(1, |last| last + 1)),
            roster: Roster::new(entropy.number()),
            enrolled: Enrolled::default(),
            challenges: Challenges::default(),
            posts: posts(),
            store,
            clock,
            entropy,
            config,
            deadlines: Deadlines::default(),
            outbox: Outbox::default(),
            watch: Watch::default(),
            told: Told::default(),
            relay: Relay::default(),
            guesses: Guesses::default(),
            meter: Meter::default(),
            pace: Pace::default(),
            post: Post::default(),
            firsts: Firsts::default(),
            fed: watch::Sender::new(0),
            timer: Notify::new(),
            draining: AtomicBool::new(false),
        });
        let me = engine.me.clone();
        engine.store.when_stopped(move || {
            if let Some(engine) = me.upgrade() {
                engine.give_up_waiting();
            }
        });
        engine
    }

    /// The clock that everything here goes by.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The source of random numbers that everything here draws from.
    pub const fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// What has happened since the start, counted.
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The store, for reading.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Where money settles.
    pub const fn ledger(&self) -> &Ledger {
        &self.config.ledger
    }

    /// A job by the name that its dialect shows.
    pub async fn find(&self, id: &PublicId) -> Result<Option<Arc<Job>>, StoreError> {
        self.store.find(id).await
    }

    /// The answer to a job that was delivered.
    pub async fn answer(&self, id: JobId) -> Result<Option<Answer>, StoreError> {
        self.store.answer(id).await
    }

    /// Resolves when the job may have its answer, or the store has stopped: look at both once more before waiting, and
    /// after.
    pub fn answered(&self, id: JobId) -> impl Future<Output = ()> + use<> {
        self.watch.wait(id).over().map(drop)
    }

    /// Takes no new jobs from now on.
    pub fn stop_accepting(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether new jobs are refused.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

fn posts() -> (Outbound, Mutex<Option<mpsc::UnboundedReceiver<Box<ToWorker>>>>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Mutex::new(Some(receiver)))
}
