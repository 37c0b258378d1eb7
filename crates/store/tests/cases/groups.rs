//! Groups: many commits, one write, one fate.

use crate::sample::{FIRST, NOW, client, credit, job, paid_at_once, terms, with_leaf, write};
use crate::world::{Call, World, Wrapped, begin, now, poll};
use docket_core::id::{ClientId, JobId};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, Limits};
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::writer::{GROUP, Turn};
use docket_store::{CommitError, Committed, Documents, StoreError, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn money(key: &str) -> Write {
    credit(client("ann"), Amount::new(1, Asset::USDC), key)
}

fn stopped(verdict: &Result<Committed, CommitError>) -> bool {
    matches!(verdict, Err(CommitError::Store(StoreError::Stopped(reason))) if reason.contains("disk on fire"))
}

fn on_fire() -> StoreError {
    StoreError::Failed("disk on fire".to_owned())
}

/// Opens the world so that it counts its writes.
fn counting(world: &mut World) -> Arc<AtomicUsize> {
    let writes: Arc<AtomicUsize> = Arc::default();
    let counter = writes.clone();
    world.reopen_with(|inner| {
        let interfere = move |call: Call<'_>| {
            counter.fetch_add(usize::from(matches!(call, Call::Write(..))), Ordering::Relaxed);
            None
        };
        Box::new(Wrapped { inner, interfere })
    });
    writes
}

pub(crate) fn what_waits_is_written_together(world: &mut World) {
    let writes = counting(world);
    assert_eq!(world.pump(), Turn::Idle);
    let count = GROUP + 88;
    let mut waiting: Vec<_> =
        (0..count).map(|number| begin(world.store(), money(&number.to_string()))).collect();
    assert!(waiting.iter_mut().all(|waiting| poll(waiting).is_none()));
    assert_eq!(world.pump(), Turn::Wrote(GROUP));
    assert!(waiting.iter_mut().take(GROUP).all(|waiting| poll(waiting).is_some_and(|answer| answer.is_ok())));
    assert!(poll(&mut waiting[GROUP]).is_none());
    assert_eq!(world.pump(), Turn::Wrote(88));
    assert!(waiting.iter_mut().skip(GROUP).all(|waiting| poll(waiting).is_some_and(|answer| answer.is_ok())));
    assert_eq!(world.pump(), Turn::Idle);
    assert_eq!(writes.load(Ordering::Relaxed), 2);
    assert_eq!(world.balance(&client("ann")), 216);
}

pub(crate) fn a_group_takes_no_more_than_it_can_carry(world: &mut World) {
    let writes = counting(world);
    let heavy = |number| {
        let mut fund = write(&job(number, terms()), "fund").unwrap();
        fund.documents = Documents { payload: Some(vec![7; 3 << 20].into()), ..Documents::default() };
        fund
    };
    assert!(world.commit_all((1..=8).map(heavy)).iter().all(Result::is_ok));
    assert_eq!(writes.load(Ordering::Relaxed), 2, "six are 18 MiB");
    assert_eq!(now(world.disk().payload(JobId(8))).map(|body| body.len()), Some(3 << 20));
}

pub(crate) fn a_group_without_winners_writes_nothing(world: &mut World) {
    world.commit(money("k")).unwrap();
    let writes = counting(world);
    let poor = |number| write(&job(number, paid_at_once()), "fund").unwrap();
    let verdicts = world.commit_all([poor(1), money("k"), poor(2)]);
    assert!(verdicts.iter().all(Result::is_err));
    assert_eq!(writes.load(Ordering::Relaxed), 0);
    // What the losers asked for is not in the way of the next.
    world.give("ann", 2_000);
    assert!(world.commit_all([poor(1), poor(2)]).iter().all(Result::is_ok));
    world.check_books();
}

pub(crate) fn after_a_failed_write_nothing_is_accepted(world: &mut World) {
    let funded = world.live(job(1, terms()), "fund");
    let other = world.live(job(2, terms()), "fund");
    let log = world.store().log();
    world.reopen_with(|inner| {
        let interfere = |call: Call<'_>| matches!(call, Call::Write(..)).then(on_fire);
        Box::new(Wrapped { inner, interfere })
    });
    let cancel = || write(&funded, "cancel").unwrap();
    // Also those who lost against a change of this group, for that change may not be there.
    let verdicts = world.commit_all([cancel(), money("k"), money("k"), cancel()]);
    assert!(verdicts.iter().all(stopped), "{verdicts:?}");
    assert!(world.store().stopped().is_some_and(|reason| reason.contains("disk on fire")));
    assert!(stopped(&world.commit(money("l"))));
    for job in [&funded, &other] {
        assert!(stopped(&world.commit(write(job, "assign").unwrap())), "nor anything in memory");
    }

    assert_eq!(world.store().open_job(funded.id), Some(funded.clone()));
    assert_eq!(world.store().log(), log);
    world.reopen();
    assert_eq!(world.store().stopped(), None);
    assert_eq!(world.on_disk(funded.id), Some(funded.clone()));
    assert_eq!(world.balance(&client("ann")), 0);
    assert_eq!(world.store().log(), log);
    assert!(world.commit_all([cancel(), money("k")]).iter().all(Result::is_ok));
    world.check_books();
}

pub(crate) fn what_a_failed_write_left_behind_is_found_by_a_restart(world: &mut World) {
    world.reopen_with(|inner| {
        let interfere = |call: Call<'_>| match call {
            Call::Write(batch, database) => {
                database.write(batch).unwrap();
                Some(on_fire())
            }
            Call::Load(_) => None,
        };
        Box::new(Wrapped { inner, interfere })
    });
    assert!(stopped(&world.commit(money("k"))));
    assert_eq!(world.store().log().0, 0);
    world.reopen();
    assert_eq!(world.balance(&client("ann")), 1);
    assert!(matches!(world.commit(money("k")), Err(CommitError::Repeated(_))));
    assert_eq!(world.store().log().0, 1);
    world.check_books();
}

pub(crate) fn a_failed_read_fails_its_group_alone(world: &mut World) {
    world.reopen_with(|inner| {
        let interfere = |call: Call<'_>| match call {
            Call::Load(needs) if needs.claims.iter().any(|key| &**key == "bad") => Some(on_fire()),
            Call::Load(_) | Call::Write(..) => None,
        };
        Box::new(Wrapped { inner, interfere })
    });
    let verdicts = world.commit_all([money("a"), money("bad")]);
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Err(CommitError::Store(StoreError::Failed(_))))));
    assert_eq!(world.store().stopped(), None);
    world.commit(money("a")).expect("its key is free");
    world.check_books();
}

pub(crate) fn a_database_that_is_gone_stops_the_store(world: &mut World) {
    world.reopen_with(|inner| {
        let interfere = |call: Call<'_>| {
            matches!(call, Call::Load(_)).then(|| StoreError::Stopped("disk on fire".to_owned()))
        };
        Box::new(Wrapped { inner, interfere })
    });
    assert!(stopped(&world.commit(money("a"))));
    assert!(world.store().stopped().is_some_and(|reason| reason.contains("disk on fire")));
}

pub(crate) fn without_a_writer_nothing_is_accepted(world: &mut World) {
    let (store, writer) = world.take_writer();
    let mut waiting = begin(&store, money("a"));
    assert!(poll(&mut waiting).is_none());
    drop(writer);
    for mut waiting in [waiting, begin(&store, money("b"))] {
        let answer = poll(&mut waiting).expect("nobody else can answer");
        assert!(matches!(answer, Err(CommitError::Store(StoreError::Stopped(_)))));
    }
    assert!(store.stopped().is_some());
}

pub(crate) fn what_somebody_else_has_changed_stops_the_store(world: &mut World) {
    let funded = world.live(job(1, terms()), "fund");
    world.give("ann", 5);
    let unknown = Worker::unknown(FIRST);
    let register = |worker: &Worker| {
        let command = WorkerCommand::Register { proof: true, unproven_allowed: false };
        with_leaf(worker.decide(command, NOW).unwrap().unwrap(), Documents::default())
    };
    let suspend = |worker: &Worker| {
        let change = worker.decide(WorkerCommand::Suspend(true), NOW).unwrap().unwrap();
        with_leaf(change, Documents::default())
    };
    world.commit(register(&unknown)).unwrap();
    let known = now(world.disk().worker(FIRST)).unwrap();
    let (key, create) =
        ApiKey::create(KeyId::of("k"), ClientId("ann".into()), "".into(), Limits::default(), NOW);
    world.commit(with_leaf(create, Documents::default())).unwrap();
    let under_key = |number| write(&Job { key: Some(key.id), ..job(number, terms()) }, "fund").unwrap();
    world.commit(under_key(2)).unwrap();
    let others = [
        ("UPDATE key_spending SET units = '7' WHERE spent LIKE '%/all'", under_key(3)),
        ("UPDATE api_key SET version = 5", with_leaf(key.revoke(NOW).unwrap(), Documents::default())),
        ("UPDATE job SET version = version + 5", write(&funded, "cancel").unwrap()),
        ("UPDATE balance SET units = '700' WHERE account = 'client:ann'", money("a")),
        ("DELETE FROM balance WHERE account = 'client:ann'", money("b")),
        ("UPDATE worker SET version = version + 5", suspend(&known)),
        (
            "INSERT INTO journal (journal_id, version, at_ms, event, detail, transfers) \
             SELECT max(journal_id) + 1, 0, 0, 'meddled', '', 0 FROM journal",
            money("c"),
        ),
    ];
    for (sql, write) in others {
        // What is about to be changed is in the store's memory when somebody else changes it.
        world.reopen();
        let before = world.transfers().len();
        world.give("ann", 1);
        let again = Worker { version: docket_core::id::Version(9), ..known };
        assert!(matches!(world.commit(suspend(&again)), Err(CommitError::Conflict)));
        let taken = world.commit(under_key(2));
        assert!(matches!(taken, Err(CommitError::Refused(Refusal::IdTaken))));
        world.meddle(sql);
        // In a file it is durable before anybody looks at the database.
        let verdict = world.commit(write);
        let stopped = matches!(verdict, Ok(_) | Err(CommitError::Store(StoreError::Stopped(_))));
        assert!(stopped && world.store().stopped().is_some(), "{sql}: {verdict:?}");
        world.reopen_without();
        assert_eq!(world.transfers().len(), before + 1, "{sql}: the group is not there");
    }
}
