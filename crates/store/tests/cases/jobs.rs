//! Jobs: what is durable of them, and when.

use crate::sample::{self, FIRST, NOW, job, paid_at_once, terms, write};
use crate::world::{Call, Waiting, World, Wrapped, begin, now, poll};
use docket_core::effect::owed;
use docket_core::id::{JobId, Version};
use docket_core::job::State;
use docket_store::{CommitError, Write};
use futures::executor::block_on;
use std::sync::{Arc, Mutex};

/// Ways that together reach every state, and every form of it that is stored.
pub(super) const WAYS: [&str; 19] = [
    "create",
    "create cancel",
    "create lapse",
    "fund",
    "create fund",
    "fund assign lose",
    "fund assign lose assign lose",
    "fund give-up",
    "fund lapse",
    "fund assign submit",
    "fund offer accept submit-part complete",
    "fund assign submit complete lapse",
    "fund assign submit reject",
    "fund assign submit reject lapse",
    "fund assign submit complete dispute",
    "fund assign submit reject dispute",
    "fund assign submit complete dispute rule-for-worker",
    "fund assign submit reject dispute rule-divided",
    "fund assign submit complete dispute rule-for-client",
];

/// The same for terms without judge and window.
pub(super) const WAYS_PAID_AT_ONCE: [&str; 3] =
    ["fund assign submit", "fund assign lose assign submit-part", "fund assign lapse"];

pub(crate) fn every_state_reads_back_as_it_was_committed(world: &mut World) {
    world.give("ann", 10_000);
    let judged = WAYS.into_iter().map(|way| (way, terms()));
    let ways = judged.chain(WAYS_PAID_AT_ONCE.into_iter().map(|way| (way, paid_at_once())));
    let mut lives = Vec::new();
    for (number, (way, policy)) in (1..).zip(ways) {
        lives.push((way, world.live(job(number, policy), way)));
    }
    for _ in 0..2 {
        for (way, job) in &lives {
            assert_eq!(world.on_disk(job.id).as_ref(), Some(job), "{way}");
            assert_eq!(now(world.disk().find(&job.public_id)).as_ref(), Some(job), "{way}");
            assert_eq!(world.store().open_job(job.id).is_some(), !job.state.is_final(), "{way}");
            assert_eq!(now(world.disk().payload(job.id)), Some(sample::payload(job)), "{way}");
            assert_eq!(now(world.disk().echo(job.id)), sample::echo(job), "{way}");
            let delivered = way.contains("submit").then(|| sample::result(job));
            assert_eq!(now(world.disk().answer(job.id)), delivered, "{way}");
            let events: Vec<_> = now(world.disk().journal(job.id)).into_iter().map(|row| row.event).collect();
            assert_eq!(events.last().map(String::as_str), Some(last_event(job.state.name(), way)), "{way}");
        }
        let open: Vec<_> =
            lives.iter().filter(|(_, job)| !job.state.is_final()).map(|(_, job)| job.clone()).collect();
        assert_eq!(world.store().open_jobs(), open);
        assert_eq!(world.store().open_count(), open.len());
        world.check_books();
        world.reopen();
    }
}

pub(crate) fn the_largest_result_reads_back_as_it_was_committed(world: &mut World) {
    world.give("ann", 10_000);
    let held = world.live(job(1, paid_at_once()), "fund assign");
    let mut submit = write(&held, "submit").unwrap();
    let result = submit.documents.result.as_mut().unwrap();
    result.output = vec![b'7'; 16 << 20].into();
    let result = result.clone();
    world.commit(submit).unwrap();
    assert!(now(world.disk().answer(held.id)).as_ref() == Some(&result));
    world.reopen();
    assert!(now(world.disk().answer(held.id)).as_ref() == Some(&result));
    world.check_books();
}

/// What the journal says last of a job in a state.
fn last_event<'a>(state: &'a str, way: &str) -> &'a str {
    match state {
        "open" => "created",
        "funded" if way.ends_with("lose") => "returned",
        "settled" | "rejected" if way.ends_with("lapse") => "vested",
        "settled" if way.ends_with("complete") => "completed",
        "arbitrated" => "ruled",
        other => other,
    }
}

pub(crate) fn who_has_a_job_is_seen_at_once_and_forgotten_by_a_restart(world: &mut World) {
    let funded = world.live(job(1, terms()), "fund");
    let mut assign = begin(world.store(), write(&funded, "assign").unwrap());
    let assigned = poll(&mut assign).expect("memory answers at once").unwrap().job.unwrap();
    assert!(matches!(assigned.state, State::Running { worker: FIRST, .. }));
    assert_eq!(world.store().open_job(funded.id), Some(assigned.clone()));
    assert_eq!(world.on_disk(funded.id), Some(funded.clone()));

    world.reopen();
    assert_eq!(world.store().open_job(funded.id), Some(funded.clone()));
    let late = write(&assigned, "submit").unwrap();
    assert!(matches!(world.commit(late), Err(CommitError::Conflict)));
    let submitted = world.live((*funded).clone(), "assign submit");
    assert_eq!(world.on_disk(funded.id), Some(submitted));
}

pub(crate) fn of_two_changes_decided_on_one_version_one_wins(world: &mut World) {
    let funded = world.live(job(1, terms()), "fund");
    let both = || ["cancel", "give-up"].map(|word| write(&funded, word).unwrap());
    let verdicts = world.commit_all(both());
    assert!(verdicts[0].is_ok());
    assert!(matches!(verdicts[1], Err(CommitError::Conflict)));
    for late in both() {
        assert!(matches!(world.commit(late), Err(CommitError::Conflict)));
    }
    assert_eq!(world.on_disk(funded.id).unwrap().state.name(), "cancelled");

    let other = world.live(job(2, terms()), "fund");
    let (assign, cancel) = (write(&other, "assign").unwrap(), write(&other, "cancel").unwrap());
    world.commit(assign.clone()).expect("memory has the present version");
    assert!(matches!(world.commit(cancel), Err(CommitError::Conflict)));
    assert!(matches!(world.commit(assign), Err(CommitError::Conflict)));
}

pub(crate) fn a_change_in_memory_waits_for_the_write_before_it_and_then_conflicts(world: &mut World) {
    let funded = world.live(job(1, terms()), "fund");
    let (assign, cancel) = (write(&funded, "assign").unwrap(), write(&funded, "cancel").unwrap());
    let mut late = during_write(world, cancel, move |store| {
        let mut late = begin(store, assign.clone());
        assert!(poll(&mut late).is_none(), "the job is being written");
        late
    });
    assert!(poll(&mut late).is_none(), "it came after the group was closed");
    world.pump();
    assert!(matches!(poll(&mut late), Some(Err(CommitError::Conflict))));
}

pub(crate) fn nothing_is_seen_before_it_is_on_disk(world: &mut World) {
    let fresh = job(1, terms());
    let fund = write(&fresh, "fund").unwrap();
    let size = world.store().log().0;
    let seen = during_write(world, fund, move |store| {
        let open = store.open_job(JobId(1)).is_some();
        let found = futures::executor::block_on(store.find(&fresh.public_id)).unwrap().is_some();
        (open, found, store.log().0)
    });
    assert_eq!(seen, (false, false, size));
    assert!(world.store().open_job(JobId(1)).is_some());
    assert_eq!(world.store().log().0, size + 1);
}

/// Commits a change, and does something while it is being written.
fn during_write<T: Send + 'static>(
    world: &mut World,
    write: Write,
    act: impl Fn(&docket_store::Store) -> T + Send + 'static,
) -> T {
    let store: Arc<Mutex<Option<docket_store::Store>>> = Arc::default();
    let result: Arc<Mutex<Option<T>>> = Arc::default();
    let (inside, outcome) = (store.clone(), result.clone());
    world.reopen_with(|inner| {
        let interfere = move |call: Call<'_>| {
            let writes = matches!(call, Call::Write(..));
            let store = inside.lock().unwrap().take_if(|_| writes);
            *outcome.lock().unwrap() = store.as_ref().map(&act);
            None
        };
        Box::new(Wrapped { inner, interfere })
    });
    *store.lock().unwrap() = Some(world.store().clone());
    let mut waiting: Waiting = begin(world.store(), write);
    assert!(poll(&mut waiting).is_none());
    world.pump();
    assert!(poll(&mut waiting).is_some_and(|answer| answer.is_ok()));
    result.lock().unwrap().take().expect("the database was written")
}

pub(crate) fn what_is_to_be_routed_is_found_again_until_the_end(world: &mut World) {
    let outbox = |world: &mut World| -> Vec<(JobId, Version)> {
        world.reopen();
        let owed = world.store().open_jobs().into_iter().filter_map(|job| owed(&job));
        owed.map(|effect| (effect.job, effect.version)).collect()
    };
    world.live(job(1, terms()), "create");
    assert!(outbox(world).is_empty());
    let funded = world.live(job(2, terms()), "fund");
    assert_eq!(outbox(world), [(JobId(2), Version(1))]);
    let returned = world.live((*funded).clone(), "assign lose");
    assert_eq!(outbox(world), [(JobId(2), Version(3))]);
    world.live((*returned).clone(), "assign");
    assert_eq!(outbox(world), [(JobId(2), Version(3))], "an assignment is not stored");
    world.live((*returned).clone(), "assign submit");
    assert!(outbox(world).is_empty());
    world.live(job(3, terms()), "fund cancel");
    assert!(outbox(world).is_empty());
}

pub(crate) fn every_start_counts_up(world: &mut World) {
    assert_eq!((world.store().start().epoch, world.store().start().last_job), (1, None));
    world.live(job(9, terms()), "fund cancel");
    world.live(job(4, terms()), "fund");
    world.reopen();
    assert_eq!((world.store().start().epoch, world.store().start().last_job), (2, Some(JobId(9))));
    world.reopen();
    assert_eq!(world.store().start().epoch, 3);
    assert_eq!(world.on_disk(JobId(4)).unwrap().created_at, NOW);
}

pub(crate) fn what_ended_last_is_answered_from_memory_until_others_have_ended(world: &mut World) {
    world.give("ann", 2_000_000);
    let first = world.live(job(1, paid_at_once()), "fund assign submit");
    let answer = sample::result(&first);
    world.meddle("DELETE FROM result; DELETE FROM job WHERE job_id = 1");
    let found = |world: &World| {
        (
            now(world.disk().job(first.id)),
            block_on(world.store().job(first.id)).unwrap(),
            block_on(world.store().find(&first.public_id)).unwrap(),
            block_on(world.store().answer(first.id)).unwrap(),
        )
    };
    assert_eq!(found(world), (None, Some(first.clone()), Some(first.clone()), Some(answer.clone())));
    assert_eq!(world.store().open_job(first.id), None);
    for numbers in (2..1_100).collect::<Vec<u64>>().chunks(500) {
        let jobs = numbers.iter().map(|number| write(&job(*number, paid_at_once()), "fund").unwrap());
        let funded = world.commit_all(jobs.collect::<Vec<_>>());
        let funded = funded.into_iter().filter_map(|verdict| verdict.unwrap().job);
        let cancelled = funded.map(|job| write(&job, "cancel").unwrap());
        assert!(world.commit_all(cancelled.collect::<Vec<_>>()).iter().all(Result::is_ok));
    }
    // Those who were withdrawn had no answer that could take the place of this one.
    assert_eq!(found(world), (None, None, None, Some(answer)));
}
