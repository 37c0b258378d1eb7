//! One life of the coordinator: the real engine over the real store, from a start to a crash.

use super::disk::{Weather, WeatheredBackend, WeatheredReader};
use super::faults::Planted;
use super::mail::Mailbox;
use super::tasks::Tasks;
use docket_core::hook::{Delivery, Hook};
use docket_core::job::Job;
use docket_core::routing::{Measure, Scoring, StakeTier, Ties, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{ChallengeTerms, Config, Engine, StakeTerms, outbox, post};
use docket_settlement::Ledger;
use docket_store::backend::Connected;
use docket_store::writer::{Turn, Writer};
use docket_store::{Read, Reader, Sqlite, Store};
use futures::FutureExt;
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

/// From so many units on, a stake counts.
pub(crate) const LEAST_STAKE: u128 = 1_000;

/// What the task is called that does what is due.
pub(crate) const TIMERS: &str = "timers";

/// What the two tasks are called that run as long as the coordinator does.
pub(crate) const OUTBOX: &str = "outbox";
pub(crate) const POST: &str = "post";

/// Everything that a crash takes away.
pub(crate) struct Coordinator {
    pub(crate) engine: Arc<Engine>,
    pub(crate) tasks: Tasks,
    writer: Writer,
    /// The database itself, without its weather.
    truth: Arc<dyn Reader>,
    /// When tests next have something to do.
    tests_at: Rc<Cell<Option<Timestamp>>>,
}

impl Coordinator {
    /// Opens the database and takes up what is there, as a process does.
    pub(crate) fn start(
        database: &str,
        clock: &Clock,
        seed: u64,
        weather: &Weather,
        mail: &Mailbox,
        challenges: ChallengeTerms,
        planted: Planted,
    ) -> Self {
        weather.set_calm(true);
        let Connected { backend, reader: truth } =
            Sqlite::memory(database).connect().expect("the database opens");
        let backend = Box::new(WeatheredBackend { inner: backend, weather: weather.clone() });
        let reader = Arc::new(WeatheredReader { inner: truth.clone(), weather: weather.clone() });
        let (store, mut writer) = Store::open(backend, reader).expect("the store opens");
        let tier = StakeTier { multiplier_percent: 100, bonus_points: 10 };
        let config = Config {
            ledger: Ledger::main(),
            scoring: match planted {
                Planted::AnyNode => |job| scoring(job, Planted::AnyNode),
                Planted::SilentNode => |job| scoring(job, Planted::SilentNode),
                _ => |job| scoring(job, Planted::Nothing),
            },
            stake: StakeTerms { least: LEAST_STAKE, tier },
            hires: super::agents::TERMS,
            enclaves: docket_engine::Enclaves::none(),
            challenges,
        };
        let engine = Engine::new(store, clock.clone(), Entropy::seeded(seed), config);
        recover(&engine, &mut writer);
        weather.set_calm(false);
        let mut tasks = Tasks::seeded(engine.entropy().number());
        tasks.spawn(OUTBOX.to_owned(), outbox::run(engine.clone()));
        let mail = mail.clone();
        let send = move |hook: Arc<Hook>, event: Arc<Delivery>| mail.clone().tell(hook, event.id);
        tasks.spawn(POST.to_owned(), post::run(engine.clone(), send));
        Self { engine, tasks, writer, truth, tests_at: Rc::default() }
    }

    /// Writes what waits; answers how many changes it was.
    pub(crate) fn pump(&mut self, planted: Planted) -> usize {
        let turn = self.writer.pump_altered(|write| planted.alter(&mut write.change));
        match turn {
            Turn::Wrote(count) => count,
            Turn::Idle | Turn::Closed => 0,
        }
    }

    /// Lets everything go on until nothing can without time or messages.
    pub(crate) fn settle(&mut self, planted: Planted) {
        loop {
            while self.tasks.poll_any() {}
            if self.pump(planted) == 0 {
                return;
            }
        }
    }

    /// Begins what timers do, unless they are at it: one task does all of it, one thing after the other.
    pub(crate) fn wake_timers(&mut self) {
        if self.tasks.names().any(|name| name == TIMERS) {
            return;
        }
        let (engine, tests_at) = (self.engine.clone(), self.tests_at.clone());
        self.tasks.spawn(TIMERS.to_owned(), async move {
            engine.lapse_due().await;
            engine.sweep_workers().await;
            engine.ripen_effects();
            tests_at.set(engine.challenge_due().await);
        });
    }

    /// Whether timers are to look at something by now.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let has_moved = self.engine.deadline_moved().now_or_never().is_some();
        has_moved || self.next_deadline().is_some_and(|next| next <= now)
    }

    /// When timers next have something to do.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.engine.next_deadline().into_iter().chain(self.tests_at.get()).min()
    }

    /// The database without its weather.
    pub(crate) fn truth(&self) -> Arc<dyn Reader> {
        self.truth.clone()
    }

    /// Reads from the database as it is on disk.
    pub(crate) fn read<'a, T>(&'a self, read: impl FnOnce(&'a dyn Reader) -> Read<'a, T>) -> T {
        let result = read(&*self.truth).now_or_never().expect("this database answers at once");
        result.expect("this database can be read")
    }
}

/// Takes up what is on disk, and writes what that asks for.
fn recover(engine: &Arc<Engine>, writer: &mut Writer) {
    let mut recovery = pin!(engine.recover());
    while let done = recovery.as_mut().now_or_never()
        && done.map(|done| done.expect("what is on disk can be taken up")).is_none()
    {
        assert!(matches!(writer.pump(), Turn::Wrote(_)), "it waits for nothing but the disk");
    }
}

/// Fresh and idle workers first, desktops before others.
fn scoring(job: &Job, planted: Planted) -> Scoring {
    if super::nodes::is_for_nodes(job) {
        return planted.scoring();
    }
    Scoring {
        preferred: Some(WorkerClass::Desktop),
        preferred_points: 10,
        freshness_points: 3,
        heartbeat: docket_engine::HEARTBEAT,
        lost_after: Millis::seconds(30),
        measure: Measure::Reputation,
        reputation_points: 20,
        stake_counts: false,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 1_000,
        ties: Ties::Lot,
    }
}
