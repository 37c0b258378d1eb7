//! API keys: whose they are, what they have spent, and that no race spends more than they may.

use crate::sample::{NOW, client, job, paid_at_once, with_leaf, write};
use crate::world::{World, now};
use docket_core::change::Change;
use docket_core::id::ClientId;
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, Limits, Period};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_store::{CommitError, Committed, Documents, KeyRow, Write};
use futures::executor::block_on;
use std::sync::Arc;

fn alone(change: Change) -> Write {
    with_leaf(change, Documents::default())
}

fn limits(per_day: u128, in_all: u128) -> Limits {
    Limits { per_day: Some(per_day), in_all: Some(in_all) }
}

/// A key of ann's that does not exist yet.
fn create(secret: &str, limits: Limits) -> (ApiKey, Write) {
    let (key, change) = ApiKey::create(KeyId::of(secret), ClientId("ann".into()), secret.into(), limits, NOW);
    (key, alone(change))
}

pub(super) fn key(world: &mut World, secret: &str, limits: Limits) -> ApiKey {
    let (key, write) = create(secret, limits);
    world.commit(write).expect("the key is new");
    key
}

/// A job of ann's under a key, for 1,000.
fn under(key: &ApiKey, number: u64, at: Timestamp) -> Job {
    Job { key: Some(key.id), created_at: at, ..job(number, paid_at_once()) }
}

fn fund(key: &ApiKey, number: u64) -> Write {
    write(&under(key, number, NOW), "fund").unwrap()
}

fn refusal(verdict: &Result<Committed, CommitError>) -> Option<&Refusal> {
    match verdict {
        Err(CommitError::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

/// What a key has spent today and in all, on disk.
fn spent(world: &World, key: &ApiKey) -> (u128, u128) {
    let rows = now(world.disk().keys(Some(&key.client), None, Period::day_of(NOW)));
    let row = rows.iter().find(|row| row.key.id == key.id).expect("the key is listed");
    let in_all = now(world.disk().spending(key.number(), Period::InAll)).map_or(0, |row| row.units);
    assert_eq!(u128::try_from(in_all), Ok(row.spent_in_all), "one sum alone is the same");
    (row.spent_on_day, row.spent_in_all)
}

fn found(world: &World, id: KeyId) -> Option<Arc<ApiKey>> {
    block_on(world.store().key(id)).unwrap()
}

pub(crate) fn a_key_is_found_by_the_digest_of_its_secret(world: &mut World) {
    assert_eq!(found(world, KeyId::of("one")), None);
    let one = key(world, "one", limits(u128::MAX, 0));
    let two = key(world, "two", Limits::default());
    for _ in 0..2 {
        assert_eq!(found(world, KeyId::of("one")).as_deref(), Some(&one));
        assert_eq!(found(world, KeyId::of("two")).as_deref(), Some(&two));
        assert_eq!(block_on(world.store().key_numbered(two.number())).unwrap().as_ref(), Some(&two));
        // The beginning of the digest is not enough.
        let mut near = one.id;
        near.0.0[31] ^= 1;
        assert_eq!(found(world, near), None);
        world.reopen();
    }
}

pub(crate) fn a_number_is_given_once(world: &mut World) {
    let one = key(world, "one", Limits::default());
    let mut near = one.id;
    near.0.0[31] ^= 1;
    let (_, change) = ApiKey::create(near, one.client.clone(), "".into(), Limits::default(), NOW);
    for _ in 0..2 {
        assert!(matches!(world.commit(alone(change.clone())), Err(CommitError::Conflict)));
        assert!(matches!(world.commit(create("one", Limits::default()).1), Err(CommitError::Conflict)));
        world.reopen();
    }
    assert_eq!(found(world, one.id).as_deref(), Some(&one));
}

pub(crate) fn a_revoked_key_funds_nothing_and_has_back_what_it_held(world: &mut World) {
    world.give("ann", 10_000);
    let (one, two) = (key(world, "one", Limits::default()), key(world, "two", Limits::default()));
    let held = world.live(under(&one, 1, NOW), "fund");
    assert_eq!(found(world, one.id).as_deref(), Some(&one), "it is known before it changes");
    // In one group, so that nobody has seen the other's change.
    let revoke = alone(one.revoke(NOW).unwrap());
    let verdicts = world.commit_all([fund(&one, 2), revoke.clone(), fund(&one, 3), fund(&two, 4)]);
    assert!(verdicts[0].is_ok() && verdicts[1].is_ok() && verdicts[3].is_ok());
    assert_eq!(refusal(&verdicts[2]), Some(&Refusal::KeyRevoked));
    assert_eq!(found(world, one.id).and_then(|key| key.revoked_at), Some(NOW));
    for _ in 0..2 {
        assert_eq!(refusal(&world.commit(fund(&one, 5))), Some(&Refusal::KeyRevoked));
        assert!(matches!(world.commit(revoke.clone()), Err(CommitError::Conflict)));
        world.reopen();
    }
    let held = world.store().open_job(held.id).expect("it waits for a worker");
    world.live((*held).clone(), "cancel");
    assert_eq!((spent(world, &one), spent(world, &two)), ((1_000, 1_000), (1_000, 1_000)));
    assert_eq!(world.balance(&client("ann")), 8_000);
    world.check_books();
}

pub(crate) fn a_key_pays_for_its_own_client_alone(world: &mut World) {
    world.give("eve", 10_000);
    let one = key(world, "one", Limits::default());
    let (unknown, _) = create("unknown", Limits::default());
    for key in [&one, &unknown] {
        let stolen = Job { client: ClientId("eve".into()), ..under(key, 1, NOW) };
        let verdict = world.commit(write(&stolen, "fund").unwrap());
        assert_eq!(refusal(&verdict), Some(&Refusal::KeyRevoked));
    }
    assert_eq!((world.balance(&client("eve")), world.jobs().len()), (10_000, 0));
}

pub(crate) fn what_is_funded_at_once_cannot_pass_a_limit(world: &mut World) {
    world.give("ann", 100_000);
    for (secret, limits) in [("day", limits(3_999, u128::MAX)), ("all", limits(u128::MAX, 3_999))] {
        let key = key(world, secret, limits);
        let first = if secret == "day" { 1 } else { 100 };
        let log = world.store().log();
        let verdicts = world.commit_all((first..first + 20).map(|number| fund(&key, number)));
        let lost: Vec<_> = verdicts.iter().filter_map(refusal).collect();
        assert_eq!(lost, [&Refusal::SpendingLimit; 17], "{secret}");
        assert_eq!(spent(world, &key), (3_000, 3_000));
        assert_eq!(world.store().log().0, log.0 + 3, "who loses leaves nothing");
        world.reopen();
        assert_eq!(refusal(&world.commit(fund(&key, first + 50))), Some(&Refusal::SpendingLimit));
    }
    assert_eq!((world.balance(&client("ann")), world.jobs().len()), (94_000, 6));
    world.check_books();
}

pub(crate) fn a_limit_per_day_begins_anew_and_one_in_all_does_not(world: &mut World) {
    world.give("ann", 100_000);
    let key = key(world, "one", limits(2_000, 5_000));
    let mut number = 0;
    for (day, funded) in [2, 2, 1, 0].into_iter().enumerate() {
        let at = NOW + Millis::hours(24 * i64::try_from(day).unwrap());
        for turn in 0..3 {
            number += 1;
            let verdict = world.commit(write(&under(&key, number, at), "fund").unwrap());
            assert_eq!(verdict.is_ok(), turn < funded, "{turn} of day {day}: {verdict:?}");
        }
        world.reopen();
    }
    assert_eq!(spent(world, &key), (2_000, 5_000));
    let rows = now(world.disk().keys(None, None, Period::day_of(NOW + Millis::hours(48))));
    assert_eq!(rows, [KeyRow { key, spent_on_day: 1_000, spent_in_all: 5_000 }]);
}

pub(crate) fn what_comes_back_can_be_spent_again(world: &mut World) {
    world.give("ann", 100_000);
    let key = key(world, "one", limits(1_000, 2_000));
    let ends = [("fund cancel", 0), ("fund assign lapse", 0), ("fund assign submit-part", 285)];
    for (number, (way, paid)) in (1..).zip(ends) {
        world.live(under(&key, number, NOW), way);
        assert_eq!(spent(world, &key), (paid, paid), "{way}");
        world.reopen();
    }
    assert_eq!(refusal(&world.commit(fund(&key, 9))), Some(&Refusal::SpendingLimit));
    // What comes back a day later comes back to the day on which it was held.
    let tomorrow = NOW + Millis::hours(24);
    let held = world.live(under(&key, 10, tomorrow), "fund");
    assert_eq!(spent(world, &key), (285, 1_285));
    let waiting = world.live(under(&key, 11, tomorrow + Millis::hours(24)), "create");
    assert_eq!(refusal(&world.commit(write(&waiting, "fund").unwrap())), Some(&Refusal::SpendingLimit));
    world.live((*held).clone(), "cancel");
    assert_eq!(spent(world, &key), (285, 285));
    world.live((*waiting).clone(), "fund");
    assert_eq!(spent(world, &key), (285, 1_285));
    world.check_books();
}

pub(crate) fn keys_are_paged_by_number(world: &mut World) {
    let ann = ClientId("ann".into());
    let keys: Vec<_> = (0..130).map(|number| create(&number.to_string(), Limits::default())).collect();
    let (_, bobs) =
        ApiKey::create(KeyId::of("bob"), ClientId("bob".into()), "".into(), Limits::default(), NOW);
    let (keys, writes): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
    assert!(world.commit_all(writes.into_iter().chain([alone(bobs)])).iter().all(Result::is_ok));
    let mut expected: Vec<_> = keys.iter().map(ApiKey::number).collect();
    expected.sort_unstable();
    let day = Period::day_of(NOW);
    let first = now(world.disk().keys(Some(&ann), None, day));
    let second = now(world.disk().keys(Some(&ann), first.last().map(|row| row.key.number()), day));
    let paged: Vec<_> = first.iter().chain(&second).map(|row| row.key.number()).collect();
    assert_eq!((first.len(), paged), (100, expected));
    let all = block_on(world.store().keys(None, first.last().map(|row| row.key.number()), day)).unwrap();
    assert!((30..=31).contains(&all.len()), "the others, and perhaps bob's");
    assert_eq!(now(world.disk().keys(Some(&ClientId("bob".into())), None, day)).len(), 1);
}

pub(crate) fn a_database_from_before_there_were_keys_is_brought_up_to_date(world: &mut World) {
    world.give("ann", 10_000);
    let before = world.live(job(1, paid_at_once()), "fund");
    // Each version is undone, the latest first.
    let columns = [
        "paid",
        "lost",
        "unproven",
        "placed",
        "compared",
        "connected",
        "watched",
        "watched_ms",
        "hour",
        "passed",
        "refuted",
    ];
    for column in columns {
        world.meddle(&format!("ALTER TABLE worker DROP COLUMN rep_{column}"));
    }
    world.meddle(
        "ALTER TABLE job DROP COLUMN placing_bps; ALTER TABLE job DROP COLUMN blamed; \
         ALTER TABLE job DROP COLUMN staked; ALTER TABLE job DROP COLUMN needs; \
         ALTER TABLE job DROP COLUMN request; \
         DROP INDEX job_key; DROP INDEX job_astray; ALTER TABLE job DROP COLUMN api_key; DROP TABLE api_key; DROP TABLE key_spending; \
          DROP TABLE hook; DROP TABLE delivery; DROP TABLE agent; \
         DROP TABLE hire; DROP TABLE offer; DROP TABLE agent_standing; DROP TABLE feed; DROP TABLE tally; DROP TABLE snapshot; DROP TABLE enrolment; DROP TABLE notice; DROP TABLE challenge; DROP TABLE reference; \
         ALTER TABLE job ADD COLUMN evaluator BIGINT; \
         DELETE FROM refinery_schema_history WHERE version > 1",
    );
    world.reopen();
    assert_eq!(world.on_disk(before.id), Some(before));
    let key = key(world, "one", limits(1_000, 1_000));
    world.live(under(&key, 2, NOW), "fund");
    assert_eq!(spent(world, &key), (1_000, 1_000));
}
