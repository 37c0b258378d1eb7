//! Lists: pages by key, in memory and on disk at once.

use crate::sample::{job, paid_at_once, terms, write};
use crate::world::World;
use docket_core::id::{ClientId, JobId};
use docket_core::job::Job;
use docket_core::policy::Policy;
use docket_core::time::Millis;
use docket_store::{JobFilter, Write};
use futures::executor::block_on;

fn of(name: &str, number: u64) -> Write {
    write(&Job { client: ClientId(name.into()), ..job(number, terms()) }, "fund").unwrap()
}

fn page(world: &World, client: Option<&str>, before: Option<JobId>, limit: u32) -> Vec<u64> {
    let filter = JobFilter { client: client.map(|name| ClientId(name.into())), before, limit };
    let jobs = block_on(world.store().jobs(&filter)).unwrap();
    jobs.iter().map(|job| job.id.0).collect()
}

pub(crate) fn pages_have_no_gaps_and_no_repeats_while_new_jobs_arrive(world: &mut World) {
    assert!(page(world, None, None, 10).is_empty());
    world.commit_all((1..=250).map(|number| of("ann", number)));
    let mut seen = Vec::new();
    let mut newest = 250;
    loop {
        let next = page(world, None, seen.last().copied().map(JobId), 1_000);
        if next.is_empty() {
            break;
        }
        assert!(next.len() <= 100);
        seen.extend(next);
        newest += 1;
        world.commit(of("ann", newest)).unwrap();
        let ended = world.store().open_job(JobId(newest - 200)).expect("it is open");
        world.commit(write(&ended, "cancel").unwrap()).unwrap();
    }
    assert_eq!(seen, (1..=250).rev().collect::<Vec<_>>());
    assert_eq!(page(world, None, None, 2), [newest, newest - 1]);
}

pub(crate) fn a_client_sees_its_own_jobs(world: &mut World) {
    world.commit_all((1..=60).map(|number| of(if number % 3 == 0 { "bob" } else { "ann" }, number)));
    assert_eq!(page(world, Some("bob"), None, 3), [60, 57, 54]);
    assert_eq!(page(world, Some("bob"), Some(JobId(7)), 100), [6, 3]);
    assert_eq!(page(world, Some("ann"), None, 100).len(), 40);
    assert!(page(world, Some("eve"), None, 100).is_empty());
}

pub(crate) fn a_list_shows_who_has_a_job(world: &mut World) {
    let running = world.live(job(1, terms()), "fund assign");
    let ended = world.live(job(2, terms()), "fund cancel");
    let filter = JobFilter { client: None, before: None, limit: 100 };
    assert_eq!(block_on(world.store().jobs(&filter)).unwrap(), [ended.clone(), running.clone()]);
    assert_eq!(block_on(world.store().job(running.id)).unwrap(), Some(running.clone()));
    assert_eq!(block_on(world.store().find(&running.public_id)).unwrap(), Some(running));
    assert_eq!(block_on(world.store().find(&ended.public_id)).unwrap(), Some(ended));
    assert_eq!(block_on(world.store().job(JobId(3))).unwrap(), None);
}

pub(crate) fn terms_of_a_jobs_own_are_stored_once(world: &mut World) {
    let own = |number: u64| Policy {
        match_within: Millis(i64::try_from(number % 7).unwrap() + 1),
        ..paid_at_once()
    };
    world.give("ann", 1_000_000);
    for numbers in [1..=20_u64, 21..=40] {
        let jobs: Vec<_> =
            numbers.clone().map(|number| write(&job(number, own(number)), "fund").unwrap()).collect();
        assert!(world.commit_all(jobs).iter().all(Result::is_ok));
        world.reopen();
        for number in numbers {
            assert_eq!(*world.on_disk(JobId(number)).unwrap().policy, own(number));
        }
    }
    let shared = |number| world.store().open_job(JobId(number)).unwrap().policy.clone();
    assert!(std::sync::Arc::ptr_eq(&shared(7), &shared(35)));
}
