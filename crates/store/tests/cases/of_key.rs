//! The jobs of an API key, through filters, from either side.

use super::api_keys::key;
use super::jobs::{WAYS, WAYS_PAID_AT_ONCE};
use crate::sample::{job, paid_at_once, terms, write};
use crate::world::World;
use docket_core::id::JobId;
use docket_core::job::{Ask, Job};
use docket_core::key::{ApiKey, Limits};
use docket_store::{Cursor, KeyJobs, Stage, Stretch};
use futures::executor::block_on;
use std::sync::Arc;

/// A job under a key, for a model.
fn under(key: &ApiKey, model: &str, job: Job) -> Job {
    let ask = Ask { model: Some(model.into()), ..Ask::clone(&job.ask) };
    Job { key: Some(key.id), ask: Arc::new(ask), ..job }
}

fn all_of(key: &ApiKey) -> KeyJobs<'_> {
    KeyJobs { key: key.id, model: None, stage: None }
}

/// What is found in one go, and where to go on.
fn found(world: &World, which: &KeyJobs<'_>, cursor: Cursor, limit: u32) -> (Vec<u64>, Option<Cursor>) {
    let Stretch { jobs, rest } = block_on(world.store().jobs_of_key(which, cursor, limit)).unwrap();
    assert!(jobs.iter().all(|job| job.key == Some(which.key)));
    (jobs.iter().map(|job| job.id.0).collect(), rest)
}

/// All that fits, from a cursor on.
fn walk(world: &World, which: &KeyJobs<'_>, cursor: Cursor, limit: u32) -> Vec<u64> {
    let (mut all, mut next) = (Vec::new(), Some(cursor));
    while let Some(cursor) = next {
        let (jobs, rest) = found(world, which, cursor, limit);
        assert!(jobs.len() <= limit as usize);
        all.extend(jobs);
        next = rest;
    }
    all
}

pub(crate) fn a_key_sees_its_own_jobs_from_either_side(world: &mut World) {
    world.give("ann", 1_000_000);
    let (one, two) = (key(world, "one", Limits::default()), key(world, "two", Limits::default()));
    let of = |number: u64| if number.is_multiple_of(3) { &two } else { &one };
    let fund = |number| write(&under(of(number), "tiny", job(number, paid_at_once())), "fund").unwrap();
    world.commit_all((1..=12).map(fund));
    world.commit(write(&job(13, paid_at_once()), "fund").unwrap()).unwrap();
    let page = |world: &World, key, cursor, limit| found(world, &all_of(key), cursor, limit).0;
    for _ in 0..2 {
        assert_eq!(page(world, &one, Cursor::Newest, 3), [11, 10, 8]);
        assert_eq!(page(world, &one, Cursor::Before(JobId(8)), 3), [7, 5, 4]);
        assert_eq!(page(world, &one, Cursor::After(JobId(4)), 3), [5, 7, 8]);
        assert_eq!(page(world, &one, Cursor::After(JobId(10)), 3), [11]);
        assert_eq!(found(world, &all_of(&one), Cursor::After(JobId(11)), 3), (vec![], None));
        assert_eq!(page(world, &two, Cursor::Before(JobId(12)), 100), [9, 6, 3]);
        world.reopen();
    }
    let held = world.store().open_job(JobId(11)).unwrap();
    let running = world.live((*held).clone(), "assign");
    let newest = block_on(world.store().jobs_of_key(&all_of(&one), Cursor::Newest, 1)).unwrap();
    assert_eq!(newest.jobs, [running], "a list shows who has a job");
}

pub(crate) fn what_fits_a_filter_is_found_from_either_side(world: &mut World) {
    world.give("ann", 1_000_000);
    let (one, two) = (key(world, "one", Limits::default()), key(world, "two", Limits::default()));
    let judged = WAYS.into_iter().map(|way| (way, terms()));
    let ways = judged.chain(WAYS_PAID_AT_ONCE.into_iter().map(|way| (way, paid_at_once())));
    let mut number = 0;
    for (way, policy) in ways {
        for (key, model) in [(&one, "tiny"), (&two, "tiny"), (&one, "huge")] {
            number += 1;
            world.live(under(key, model, job(number, policy.clone())), way);
        }
    }
    for _ in 0..2 {
        let every = Stage::ALL.map(Some).into_iter().chain([None]);
        for (stage, model) in every.flat_map(|stage| ["tiny", "huge", "other"].map(|model| (stage, model))) {
            for model in [Some(model), None] {
                let which = KeyJobs { key: one.id, model, stage };
                let fits = |id: &u64| {
                    let job = block_on(world.store().job(JobId(*id))).unwrap().unwrap();
                    job.key == Some(one.id)
                        && model.is_none_or(|model| job.ask.model.as_deref() == Some(model))
                        && stage.is_none_or(|stage| Stage::of(&job.state) == stage)
                };
                let upwards: Vec<_> = (1..=number).filter(fits).collect();
                let downwards: Vec<_> = upwards.iter().copied().rev().collect();
                for limit in [1, 3, 100] {
                    assert_eq!(walk(world, &which, Cursor::Newest, limit), downwards, "{which:?}");
                    assert_eq!(walk(world, &which, Cursor::After(JobId(0)), limit), upwards, "{which:?}");
                }
                if let [newest, rest @ ..] = &downwards[..] {
                    assert_eq!(walk(world, &which, Cursor::Before(JobId(*newest)), 2), rest, "{which:?}");
                }
            }
        }
        world.reopen(); // Nobody is at work then.
    }
}

pub(crate) fn what_fits_is_found_behind_many_that_do_not_in_steps(world: &mut World) {
    world.give("ann", 10_000_000);
    let key = key(world, "one", Limits::default());
    let fitting = [1, 2, 1_300, 2_600];
    let of = |number: u64| if fitting.contains(&number) { "huge" } else { "tiny" };
    let jobs = (1..=2_600).map(|number| under(&key, of(number), job(number, paid_at_once())));
    for verdict in world.commit_all(jobs.map(|job| write(&job, "fund").unwrap())) {
        verdict.unwrap();
    }
    let huge = KeyJobs { model: Some("huge"), ..all_of(&key) };
    let newest_first = [2_600, 1_300, 2, 1];
    for stage in [None, Some(Stage::Waiting)] {
        let which = KeyJobs { stage, ..huge };
        assert_eq!(found(world, &which, Cursor::Newest, 100).0, [2_600], "a step is bounded");
        assert_eq!(walk(world, &which, Cursor::Newest, 100), newest_first);
        assert_eq!(walk(world, &which, Cursor::After(JobId(1)), 100), [2, 1_300, 2_600]);
        assert_eq!(found(world, &which, Cursor::Before(JobId(3)), 2).0, [2, 1]);
    }
    // Those that came to nothing are looked at alone.
    for number in fitting {
        let job = world.store().open_job(JobId(number)).unwrap();
        world.live((*job).clone(), "cancel");
    }
    let returned = KeyJobs { stage: Some(Stage::Returned), ..all_of(&key) };
    assert_eq!(found(world, &returned, Cursor::Newest, 100), (newest_first.to_vec(), None));
    let waiting = KeyJobs { stage: Some(Stage::Waiting), ..all_of(&key) };
    assert_eq!(walk(world, &waiting, Cursor::Newest, 100).len(), 2_596);
}
