//! What may be used once: callers' keys, names, numbers.

use crate::sample::{NOW, client, credit, job, terms, with_leaf, write};
use crate::world::World;
use docket_core::change::{Change, Claim};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, JobId, PublicId};
use docket_core::job::Job;
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_store::{CommitError, Documents, StoreError, Write};
use futures::executor::block_on;

/// A new job under a key.
fn keyed(number: u64, key: &str, request: &str) -> Write {
    let job = job(number, terms());
    let mut write = write(&job, "fund").unwrap();
    let request = Sha256::of(request.as_bytes());
    write.change.claim = Some(Claim { key: key.into(), request, answer: job.public_id });
    write
}

/// Whose request it was before.
fn repeated(verdict: &Result<docket_store::Committed, CommitError>) -> Option<&str> {
    match verdict {
        Err(CommitError::Repeated(id)) => Some(&id.text),
        _ => None,
    }
}

pub(crate) fn a_repeated_request_is_answered_with_the_first_ones_job(world: &mut World) {
    let verdicts = world.commit_all([keyed(1, "k", "same"), keyed(2, "k", "same"), keyed(3, "l", "same")]);
    assert!(verdicts[0].is_ok() && verdicts[2].is_ok());
    assert_eq!(repeated(&verdicts[1]), Some("job-1"));
    for number in 4..6 {
        assert_eq!(repeated(&world.commit(keyed(number, "k", "same"))), Some("job-1"));
        world.reopen();
    }
    assert_eq!(world.jobs().len(), 2);
    world.check_books();
}

pub(crate) fn a_key_is_good_for_one_request(world: &mut World) {
    let reused = |verdict| matches!(verdict, Err(CommitError::Refused(Refusal::KeyReused)));
    let mut verdicts = world.commit_all([keyed(1, "k", "this"), keyed(2, "k", "that")]);
    assert!(reused(verdicts.remove(1)) && verdicts[0].is_ok());
    for number in 3..5 {
        assert!(reused(world.commit(keyed(number, "k", "that"))));
        world.reopen();
    }
    // Who loses has not used his key.
    let poor =
        Job { client: docket_core::id::ClientId("eve".into()), ..job(9, crate::sample::paid_at_once()) };
    let mut fund = write(&poor, "fund").unwrap();
    fund.change.claim =
        Some(Claim { key: "p".into(), request: Sha256([0; 32]), answer: poor.public_id.clone() });
    assert!(matches!(world.commit(fund.clone()), Err(CommitError::Refused(Refusal::InsufficientFunds))));
    world.give("eve", 1_000);
    world.commit(fund).expect("the key is still free");
}

pub(crate) fn a_key_may_be_all_that_a_change_uses(world: &mut World) {
    let answer = PublicId { dialect: Dialect::Credits, text: "one".into() };
    let claim = Claim { key: "k".into(), request: Sha256::of(b"k"), answer };
    let alone = || with_leaf(Change::of_claim(claim.clone(), NOW), Documents::default());
    let verdicts = world.commit_all([alone(), alone()]);
    assert!(verdicts[0].is_ok());
    assert_eq!(repeated(&verdicts[1]), Some("one"));
    for _ in 0..2 {
        assert_eq!(block_on(world.store().claim("k")).unwrap().as_ref(), Some(&claim));
        assert_eq!(block_on(world.store().claim("other")).unwrap(), None);
        assert_eq!(repeated(&world.commit(alone())), Some("one"));
        world.reopen();
    }
    world.check_books();
}

pub(crate) fn a_name_or_a_number_is_taken_once(world: &mut World) {
    let taken = |verdict| matches!(verdict, Err(CommitError::Refused(Refusal::IdTaken)));
    let named = |number, dialect, name: &str| {
        let public_id = PublicId { dialect, text: name.into() };
        write(&Job { public_id, ..job(number, terms()) }, "fund").unwrap()
    };
    let mut verdicts = world.commit_all([
        named(5, Dialect::Agents, "one"),
        named(6, Dialect::Agents, "one"),
        named(7, Dialect::Registry, "one"),
        named(7, Dialect::Quotes, "other"),
    ]);
    assert!(taken(verdicts.remove(3)) && taken(verdicts.remove(1)));
    assert!(verdicts.iter().all(Result::is_ok));
    let first = world.on_disk(JobId(5)).unwrap();
    world.live((*first).clone(), "cancel");
    for _ in 0..2 {
        assert!(taken(world.commit(named(8, Dialect::Agents, "one"))));
        assert!(taken(world.commit(named(5, Dialect::Agents, "new"))));
        world.reopen();
    }
    // Numbers may come out of order.
    world.commit(named(4, Dialect::Agents, "late")).expect("the number is free");
    assert_eq!(world.store().stopped(), None);
    world.check_books();
}

pub(crate) fn a_text_that_no_database_can_hold_is_refused_alone(world: &mut World) {
    let money = Amount::new(1, Asset::USDC);
    let named = |name: &str, key: &str| credit(client(name), money, key);
    let long = "x".repeat(2_000);
    let verdicts = world.commit_all([
        named("a\0b", "zero"),
        named("ann", "k\0"),
        named(&long, "long"),
        named("ann", &long),
        named("ünï 'quoted' \"twice\" \\ %_ 💶", "odd"),
    ]);
    let (odd, refused) = verdicts.split_last().unwrap();
    assert!(refused.iter().all(|verdict| matches!(verdict, Err(CommitError::Store(StoreError::Failed(_))))));
    assert!(odd.is_ok());
    assert_eq!(world.balance(&client("ünï 'quoted' \"twice\" \\ %_ 💶")), 1);
    assert_eq!(world.store().stopped(), None);
    world.check_books();
}

pub(crate) fn a_name_that_is_among_the_last_when_a_group_begins_is_taken(world: &mut World) {
    let named = |number: u64, place: u64| {
        let public_id = PublicId { dialect: Dialect::Agents, text: format!("{place:05}").into() };
        write(&Job { public_id, ..job(number, terms()) }, "fund").unwrap()
    };
    for first in (1..=1_024).step_by(128) {
        let all = world.commit_all((first..first + 128).map(|number| named(number, number)));
        assert!(all.iter().all(Result::is_ok));
    }
    let taken = |verdict| matches!(verdict, Err(CommitError::Refused(Refusal::IdTaken)));
    let mut verdicts = world.commit_all([named(2_001, 2_001), named(2_002, 1), named(2_003, 0)]);
    assert!(verdicts.remove(0).is_ok() && taken(verdicts.remove(0)));
    assert!(verdicts.remove(0).is_ok(), "a name that nobody has is free, however small");
    let mut verdicts =
        world.commit_all([named(2_004, 3_000), named(2_005, 0), named(2_006, 2), named(2_007, 3)]);
    assert!(verdicts.remove(0).is_ok());
    assert!(verdicts.into_iter().all(taken));
    assert_eq!(world.store().stopped(), None);
}
