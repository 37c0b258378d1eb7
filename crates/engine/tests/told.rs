//! Who waits for an answer that is told before it is settled.

use crate::threads::{new_job, scoring};
use docket_core::time::Timestamp;
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Config, Engine, StakeTerms};
use docket_settlement::Ledger;
use docket_store::Sqlite;
use futures::FutureExt;
use futures::executor::block_on;

#[test]
fn who_goes_away_leaves_nothing_behind() {
    let (store, writer) = Sqlite::memory("told").open().expect("a database in memory can be made");
    let writer = std::thread::spawn(move || writer.run());
    let config = Config { ledger: Ledger::testnet(), scoring, stake: StakeTerms::NONE };
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(1), config);
    let submitted = block_on(engine.submit(new_job(&engine, 1, 1))).expect("the job is made");
    let job = block_on(engine.find(&submitted.id)).expect("it can be read").expect("it is there");
    let (mut stays, goes) = (Box::pin(engine.told(job.id)), engine.told(job.id));
    assert!(stays.as_mut().now_or_never().is_none());
    assert_eq!(engine.census().awaited, 1);
    drop(goes);
    assert_eq!(engine.census().awaited, 1, "somebody still waits");
    drop(stays);
    assert_eq!(engine.census().awaited, 0);
    drop(engine);
    writer.join().expect("the writer ends when nobody can write any more");
}
