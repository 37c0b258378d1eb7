//! What only several threads can show: the real writer's thread, clients and workers at once.

use docket_core::event::Usage;
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, WorkerId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::money::{Amount, Asset, Split};
use docket_core::policy::{Arbitration, Lapse, Policy, Ruling};
use docket_core::routing::{Measure, Scoring, Skills, Ties, WorkerClass};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{
    Arrival, Census, ChallengeTerms, Config, Connection, Enclaves, Engine, Hello, HireTerms, Naming, NewJob,
    Profile, Proof, StakeTerms, ToWorker, outbox,
};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::executor::block_on;
use futures::future::{AbortHandle, Abortable};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use tokio::sync::mpsc;

const CLIENTS: u64 = 4;
const JOBS: u64 = 150;
const WORKERS: u8 = 3;

/// There are more clients than room at workers, so that jobs wait in line all the time.
#[test]
fn many_threads_leave_nothing_behind() {
    let (store, writer) = Sqlite::memory("threads").open().expect("a database in memory can be made");
    let writer = thread::spawn(move || writer.run());
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(1), config());
    let (stop, stopped) = AbortHandle::new_pair();
    let effects = Abortable::new(outbox::run(engine.clone()), stopped);
    let effects = thread::spawn(move || block_on(effects));
    let workers: Vec<_> = (0..WORKERS).map(|number| worker(engine.clone(), number)).collect();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let engine = &engine;
            scope.spawn(move || (0..JOBS).for_each(|job| order(engine, client, job)));
        }
    });
    assert_eq!(engine.census(), Census { connected: usize::from(WORKERS), ..Census::default() });
    engine.tell_workers_to_close();
    workers.into_iter().for_each(|worker| worker.join().expect("no worker panics"));
    stop.abort();
    effects.join().expect("the outbox does not panic").expect_err("it was stopped");
    drop(engine);
    writer.join().expect("the writer ends when nobody can write any more");
}

/// Orders a job and waits until it is settled.
fn order(engine: &Arc<Engine>, client: u64, number: u64) {
    block_on(async {
        let submitted = engine.submit(new_job(engine, client, number)).await.expect("the job is made");
        let job = engine.find(&submitted.id).await.expect("it can be read").expect("it is there");
        let answered = engine.answered(job.id);
        let now = engine.find(&submitted.id).await.expect("it can be read").expect("it is there");
        if !now.state.is_answered() {
            answered.await;
        }
        let job = engine.find(&submitted.id).await.expect("it can be read").expect("it is there");
        assert_eq!(job.state.name(), "settled");
    });
}

pub(crate) fn new_job(engine: &Engine, client: u64, number: u64) -> NewJob {
    new_job_on(engine.ledger(), client, number)
}

pub(crate) fn new_job_on(ledger: &Ledger, client: u64, number: u64) -> NewJob {
    let day = Millis::hours(24);
    NewJob {
        dialect: Dialect::Quotes,
        naming: Naming::Uuid,
        client: ClientId(format!("client-{client}").into()),
        ask: Arc::new(Ask {
            skill: Skill::Task,
            model: None,
            speed: Speed::Cheap,
            private: false,
            needs: Features::NONE,
        }),
        price: Amount::new(u128::from(number) + 1, Asset::TEST_USDC),
        policy: Arc::new(Policy {
            source: ledger.source().clone(),
            split: Split::default(),
            fund_within: day,
            match_within: day,
            rematch_within: day,
            run_within: day,
            finish_within: day,
            attempts: 1_000,
            lapse: Lapse::Failed,
            evaluation: None,
            dispute_window: Millis(0),
            arbitration: Arbitration { within: day, default: Ruling::ForWorker },
            stream_within: None,
            metering: None,
            staked: None,
            tier: None,
        }),
        payload: b"\"do it\"".as_slice().into(),
        echo: None,
        key: Some((format!("{client}-{number}").into(), Sha256::of(b"do it"))),
        key_id: None,
        request: None,
        preferred: None,
        now_or_never: None,
    }
}

/// A worker that does each job at once, twice, on a thread of its own.
fn worker(engine: Arc<Engine>, number: u8) -> thread::JoinHandle<()> {
    let (outbound, mut inbox) = mpsc::unbounded_channel();
    let id = WorkerId([number + 1; 32]);
    let profile = Profile {
        class: WorkerClass::Desktop,
        skills: Skills::TASK,
        models: Vec::new(),
        weights: BTreeMap::new(),
        gpu_tier: 0,
        deactivated: false,
        by_post: false,
        price_floor: Amount::zero(Asset::TEST_USDC),
        concurrency: 1,
        accepts: number == 0,
    };
    let hello =
        Hello { worker: id, proof: true, unproven_allowed: false, profile, enrols: None, resume: Vec::new() };
    let connection = block_on(engine.connect(hello, outbound)).expect("the worker is let in").connection;
    thread::spawn(move || {
        while let Some(message) = inbox.blocking_recv() {
            match *message {
                ToWorker::Assign(assignment) => {
                    let name = &assignment.job.public_id.text;
                    block_on(engine.accept(connection, name)).ok(); // Nobody asked two of them.
                    deliver_twice(&engine, connection, id, name);
                }
                ToWorker::Close => break,
                ToWorker::Done { .. } | ToWorker::Cancel { .. } | ToWorker::Drain => {}
            }
        }
        engine.disconnect(connection);
    })
}

fn deliver_twice(engine: &Engine, connection: Connection, worker: WorkerId, job: &Arc<str>) {
    let output: Arc<[u8]> = b"\"done\"".as_slice().into();
    let digest = Sha256::of(&output);
    let proof = Proof {
        job: job.clone(),
        worker,
        output: digest,
        text: None,
        signed: true,
        digest,
        document: b"{}".as_slice().into(),
    };
    let arrival = Arrival { job: job.clone(), output, usage: Usage::default(), proof };
    block_on(async {
        let (first, second) =
            futures::join!(engine.deliver(connection, arrival.clone()), engine.deliver(connection, arrival));
        assert!(first.is_ok() != second.is_ok(), "one of the two counts: {first:?}, {second:?}");
    });
}

fn scoring(_: &Job) -> Scoring {
    Scoring {
        preferred: None,
        preferred_points: 0,
        freshness_points: 3,
        heartbeat: docket_engine::HEARTBEAT,
        lost_after: Millis::hours(24),
        measure: Measure::Reputation,
        reputation_points: 20,
        stake_counts: false,
        pace_points: 0,
        newcomer_jobs: u16::MAX,
        load_micropoints: 1_000,
        ties: Ties::Lot,
    }
}

/// A market with test money and the documented terms.
pub(crate) fn config() -> Config {
    Config {
        ledger: Ledger::testnet(),
        scoring,
        stake: StakeTerms::NONE,
        hires: HireTerms::DOCUMENTED,
        enclaves: Enclaves::none(),
        challenges: ChallengeTerms::NONE,
    }
}
