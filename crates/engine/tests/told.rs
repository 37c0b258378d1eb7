//! Who waits for an answer that is told before it is settled.

use crate::threads::{config, new_job};
use docket_core::time::Timestamp;
use docket_engine::Engine;
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_store::Sqlite;
use futures::FutureExt;
use futures::executor::block_on;

#[test]
fn who_goes_away_leaves_nothing_behind() {
    let (store, writer) = Sqlite::memory("told").open().expect("a database in memory can be made");
    let writer = std::thread::spawn(move || writer.run());
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(1), config());
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

#[test]
fn nobody_waits_for_an_answer_once_the_store_has_stopped() {
    let (store, mut writer) = Sqlite::memory("stopped").open().expect("a database in memory can be made");
    let engine = Engine::new(store, Clock::manual(Timestamp(1)), Entropy::seeded(1), config());
    let mut submit = Box::pin(engine.submit(new_job(&engine, 1, 1)));
    let submitted = loop {
        match submit.as_mut().now_or_never() {
            Some(submitted) => break submitted.expect("the job is made"),
            None => _ = writer.pump(),
        }
    };
    let job = block_on(engine.find(&submitted.id)).expect("it can be read").expect("it is there");
    let mut told = Box::pin(engine.told(job.id));
    let mut answered = Box::pin(engine.answered(job.id));
    assert!(told.as_mut().now_or_never().is_none() && answered.as_mut().now_or_never().is_none());
    drop(writer); // Without anybody who writes.
    assert!(told.as_mut().now_or_never().is_some_and(|told| told.is_none()));
    assert!(answered.as_mut().now_or_never().is_some());
}
