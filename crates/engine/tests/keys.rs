//! API keys over the real writer's thread: many ask at once, and no race spends more than a key may.

use crate::threads::{self, config};
use docket_core::id::ClientId;
use docket_core::key::{KeyId, Limits};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Engine, EngineError, NewJob, Submitted};
use docket_store::{Cursor, KeyJobs, Sqlite};
use futures::executor::block_on;
use std::sync::Arc;
use std::thread;

/// An engine with a writer's thread of its own, which ends with it.
fn engine(name: &str, clock: &Clock) -> Arc<Engine> {
    let (store, writer) = Sqlite::memory(name).open().expect("a database in memory can be made");
    thread::spawn(move || writer.run());
    Engine::new(store, clock.clone(), Entropy::seeded(3), config())
}

fn client() -> ClientId {
    ClientId("credits:ann".into())
}

/// A job for 100 units.
fn job(engine: &Engine, key: KeyId, number: u64) -> NewJob {
    let job = threads::new_job(engine, 0, 99);
    let claim = job.key.map(|(_, request)| (format!("job {number}").into(), request));
    NewJob { client: client(), key: claim, key_id: Some(key), ..job }
}

fn refusal(submitted: Result<Submitted, EngineError>) -> Option<Refusal> {
    match submitted {
        Ok(_) => None,
        Err(EngineError::Refused(refusal)) => Some(refusal),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn however_many_ask_at_once_a_key_spends_no_more_than_it_may() {
    let clock = Clock::manual(Timestamp(1));
    let engine = engine("keys-race", &clock);
    let limits = Limits { per_day: Some(1_050), in_all: Some(1_250) };
    let (secret, key) = block_on(engine.create_key(client(), "ci".into(), limits)).unwrap();
    let funded = |from: u64| {
        let ask = |thread: u64| {
            let mine = (0..10).map(|number| from + thread * 10 + number);
            let answers = mine.map(|number| refusal(block_on(engine.submit(job(&engine, key.id, number)))));
            answers.collect::<Vec<_>>()
        };
        let answers: Vec<_> = thread::scope(|scope| {
            let asking: Vec<_> = (0..4).map(|number| scope.spawn(move || ask(number))).collect();
            asking.into_iter().flat_map(|asking| asking.join().expect("nobody panics")).collect()
        });
        assert!(answers.iter().flatten().all(|refusal| *refusal == Refusal::SpendingLimit));
        answers.iter().filter(|refusal| refusal.is_none()).count()
    };
    assert_eq!(funded(0), 10, "as many as the day allows");
    clock.advance(Millis::hours(24));
    assert_eq!(funded(100), 2, "as many as are left in all");
    let rows = block_on(engine.keys(Some(&client()), None)).unwrap();
    assert_eq!((rows.len(), rows[0].spent_on_day, rows[0].spent_in_all), (1, 200, 1_200));
    assert_eq!(*block_on(engine.key(secret.expose())).unwrap().unwrap(), key);
}

#[test]
fn a_revoked_key_is_found_as_such_and_funds_nothing() {
    let clock = Clock::manual(Timestamp(1));
    let engine = engine("keys-revoked", &clock);
    let (secret, key) = block_on(engine.create_key(client(), "".into(), Limits::default())).unwrap();
    let (other, _) = block_on(engine.create_key(client(), "".into(), Limits::default())).unwrap();
    assert_ne!(secret, other);
    let found = |text: &str| block_on(engine.key(text)).unwrap();
    assert_eq!(found(secret.expose()).as_deref(), Some(&key));
    assert_eq!(refusal(block_on(engine.submit(job(&engine, key.id, 1)))), None);
    clock.advance(Millis(5));
    for _ in 0..2 {
        let revoked = block_on(engine.revoke_key(key.number())).unwrap().unwrap();
        assert_eq!(revoked.revoked_at, Some(Timestamp(6)), "a repeat changes nothing");
        clock.advance(Millis(5));
    }
    assert_eq!(found(secret.expose()).and_then(|key| key.revoked_at), Some(Timestamp(6)));
    assert_eq!(refusal(block_on(engine.submit(job(&engine, key.id, 2)))), Some(Refusal::KeyRevoked));
    assert_eq!(found(other.expose()).and_then(|key| key.revoked_at), None);
    let strange = format!("dcntrl_live_{}", "x".repeat(32));
    assert_eq!((found(&strange), found("nonsense")), (None, None));
    assert_eq!(block_on(engine.revoke_key(KeyId::of(&strange).number())).unwrap(), None);
    let which = KeyJobs { key: key.id, model: None, stage: None };
    assert_eq!(block_on(engine.store().jobs_of_key(&which, Cursor::Newest, 9)).unwrap().jobs.len(), 1);
}
