//! Hooks: what they are told is written with what has happened, and so is what becomes of telling it.

use crate::sample::{NOW, job, paid_at_once, terms, with_leaf, write};
use crate::world::{World, now};
use docket_core::change::{Change, Record, RecordChange};
use docket_core::hook::{
    Delivery, DeliveryState, EventId, Hook, HookId, HookSecret, HookStatus, MOST_HOOKS, Occasion, Outcome,
    Trouble,
};
use docket_core::id::{ClientId, Version};
use docket_core::job::Job;
use docket_core::key::{ApiKey, KeyId, Limits};
use docket_core::policy::Policy;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_store::{CommitError, Documents, Write};
use futures::executor::block_on;

fn alone(change: Change) -> Write {
    with_leaf(change, Documents::default())
}

fn create(number: u8, client: &str, occasions: &[Occasion]) -> (Hook, Write) {
    let (hook, change) = Hook::create(
        HookId([number; 12]),
        ClientId(client.into()),
        format!("https://example.com/{number}").into(),
        occasions.iter().copied().collect(),
        HookSecret("whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=".into()),
        NOW,
    );
    (hook, alone(change))
}

fn hook(world: &mut World, number: u8, occasions: &[Occasion]) -> Hook {
    let (hook, write) = create(number, "ann", occasions);
    world.commit(write).expect("the hook is new");
    hook
}

fn key(world: &mut World) -> ApiKey {
    let (key, change) =
        ApiKey::create(KeyId::of("one"), ClientId("ann".into()), "".into(), Limits::default(), NOW);
    world.commit(alone(change)).expect("the key is new");
    key
}

/// A job of ann's under her key.
fn under(key: &ApiKey, number: u64, policy: Policy) -> Job {
    Job { key: Some(key.id), ..job(number, policy) }
}

/// What a hook is told, the oldest first, from the disk.
fn told(world: &World, hook: &Hook) -> Vec<Delivery> {
    let mut rows = now(world.disk().deliveries(hook.id, None, 100));
    assert!(rows.is_sorted_by(|a, b| a.number > b.number), "the newest first");
    rows.reverse();
    rows.into_iter().map(|row| row.delivery).collect()
}

fn occasions(told: &[Delivery]) -> Vec<Occasion> {
    told.iter().map(|delivery| delivery.occasion).collect()
}

fn changed(before: &Delivery, after: Delivery, at: Timestamp) -> Write {
    alone(Change::of_record(before.version, Record::Delivery(after), at))
}

pub(crate) fn what_happens_to_a_job_is_told_to_the_hooks_that_want_it(world: &mut World) {
    world.give("ann", 10_000);
    let key = key(world);
    let all = hook(world, 1, &Occasion::ALL);
    let some = hook(world, 2, &[Occasion::Completed, Occasion::Cancelled]);
    let disputable = Policy { evaluation: None, ..terms() };
    let first = under(&key, 1, disputable);
    let committed = world.commit(write(&first, "fund").unwrap()).unwrap();
    assert_eq!(committed.listeners, [all.id]);
    world.live((*committed.job.unwrap()).clone(), "assign submit dispute rule-for-client");
    world.live(under(&key, 2, paid_at_once()), "fund cancel");
    world.live(under(&key, 3, paid_at_once()), "fund lapse");
    world.live(under(&key, 4, paid_at_once()), "fund give-up");
    for _ in 0..2 {
        let heard = told(world, &all);
        use Occasion::{Cancelled, Completed, Disputed, Failed, Ruled, Submitted, TimedOut};
        assert_eq!(
            occasions(&heard),
            [
                Submitted, Completed, Disputed, Ruled, Submitted, Cancelled, Submitted, TimedOut, Submitted,
                Failed
            ]
        );
        assert_eq!(heard[0], Delivery::of(&all, &first.public_id, Submitted, "".into(), NOW));
        assert_eq!(heard[0].id, EventId::of(all.id, &first.public_id, Submitted));
        assert_eq!(occasions(&told(world, &some)), [Completed, Cancelled]);
        assert_eq!(block_on(world.store().hooks(&all.client)).unwrap().as_ref(), [all.clone(), some.clone()]);
        assert_eq!(now(world.disk().hook(all.id)).as_ref(), Some(&all));
        world.reopen();
    }
}

pub(crate) fn who_has_no_hook_and_who_has_no_key_is_told_nothing(world: &mut World) {
    world.give("ann", 10_000);
    let key = key(world);
    let (stranger, write_stranger) = create(1, "eve", &Occasion::ALL);
    world.commit(write_stranger).unwrap();
    let early = under(&key, 1, paid_at_once());
    let committed = world.commit(write(&early, "fund").unwrap()).unwrap();
    assert!(committed.listeners.is_empty());
    let own = hook(world, 2, &Occasion::ALL);
    world.live(job(2, paid_at_once()), "fund assign submit"); // Not under a key.
    assert_eq!((told(world, &stranger), told(world, &own)), (vec![], vec![]));
    world.live((*committed.job.unwrap()).clone(), "cancel");
    assert_eq!(occasions(&told(world, &own)), [Occasion::Cancelled], "from then on");
}

pub(crate) fn an_account_has_so_many_hooks_and_no_more(world: &mut World) {
    let most = u8::try_from(MOST_HOOKS).unwrap();
    let writes: Vec<_> = (1..=most + 2).map(|number| create(number, "ann", &[Occasion::Ping]).1).collect();
    let verdicts = world.commit_all(writes);
    assert!(verdicts[..MOST_HOOKS].iter().all(Result::is_ok));
    let refused = |verdict| matches!(verdict, Err(CommitError::Refused(Refusal::TooManyHooks)));
    assert!(verdicts.into_iter().skip(MOST_HOOKS).all(refused));
    world.reopen();
    let more = || create(most + 1, "ann", &[Occasion::Ping]).1;
    assert!(refused(world.commit(more())));
    assert!(world.commit(create(most + 1, "bob", &[Occasion::Ping]).1).is_ok());

    let (first, _) = create(1, "ann", &[Occasion::Ping]);
    let after = first.ended(HookStatus::Deleted);
    let gone = alone(Change::of_record(first.version, Record::Hook(after), NOW));
    let more = create(most + 2, "ann", &[Occasion::Ping]).1;
    assert!(world.commit_all([gone.clone(), more]).iter().all(Result::is_ok));
    assert!(matches!(world.commit(gone), Err(CommitError::Conflict)), "it is deleted once");
    assert_eq!(now(world.disk().hook(first.id)), None);
    assert_eq!(block_on(world.store().hooks(&first.client)).unwrap().len(), MOST_HOOKS);
}

pub(crate) fn a_hook_that_has_ended_is_told_nothing_from_then_on(world: &mut World) {
    world.give("ann", 10_000);
    let key = key(world);
    for (number, status) in [(1, HookStatus::Disabled), (2, HookStatus::Deleted)] {
        let hook = hook(world, number, &[Occasion::Submitted]);
        assert_eq!(block_on(world.store().hooks(&hook.client)).unwrap().last(), Some(&hook), "it is known");
        let fund = |number: u64| write(&under(&key, number, paid_at_once()), "fund").unwrap();
        let end = alone(Change::of_record(hook.version, Record::Hook(hook.ended(status)), NOW));
        let jobs = u64::from(number) * 10;
        // In one group, so that nobody has seen the other's change.
        assert!(world.commit_all([fund(jobs), end, fund(jobs + 1)]).iter().all(Result::is_ok));
        assert_eq!(told(world, &hook).len(), 1);
        world.reopen();
        world.commit(fund(jobs + 2)).unwrap();
        assert_eq!(told(world, &hook).len(), 1);
        let kept = now(world.disk().hook(hook.id));
        assert_eq!(kept, (status == HookStatus::Disabled).then(|| hook.ended(status)));
    }
}

pub(crate) fn a_secret_is_replaced_once_and_those_before_it_are_kept(world: &mut World) {
    let first = hook(world, 1, &[Occasion::Ping]);
    let other = |text: &str| HookSecret(text.into());
    let once = first.rotated(other("a second, with a space"), NOW);
    let rival = first.rotated(other("another second"), NOW);
    let writes = [&once, &rival]
        .map(|after| alone(Change::of_record(first.version, Record::Hook(after.clone()), NOW)));
    let verdicts = world.commit_all(writes);
    assert!(verdicts[0].is_ok() && matches!(verdicts[1], Err(CommitError::Conflict)));
    let twice = once.rotated(other("the third"), NOW + Millis(1));
    world.commit(alone(Change::of_record(once.version, Record::Hook(twice.clone()), NOW))).unwrap();
    let disabled = twice.ended(HookStatus::Disabled);
    for after in [None, Some(disabled)] {
        let stands = after.as_ref().unwrap_or(&twice);
        if let Some(after) = &after {
            let end = Change::of_record(twice.version, Record::Hook(after.clone()), NOW);
            world.commit(alone(end)).unwrap();
        }
        world.reopen();
        assert_eq!(now(world.disk().hook(first.id)).as_ref(), Some(stands));
        assert_eq!(
            block_on(world.store().hooks(&first.client)).unwrap().as_ref(),
            std::slice::from_ref(stands)
        );
    }
}

pub(crate) fn of_two_reports_on_one_attempt_one_counts(world: &mut World) {
    let hook = hook(world, 1, &[]);
    let ping = Delivery::ping(EventId([7; 16]), hook.id, NOW);
    world.commit(changed_from_nothing(&ping)).unwrap();
    let failed = ping.attempted(Outcome::Unheard(Trouble::TimedOut), NOW + Millis(9));
    let delivered = ping.attempted(Outcome::Answered(204), NOW + Millis(9));
    let reports = [failed.clone(), delivered].map(|after| changed(&ping, after, NOW));
    let mut verdicts = world.commit_all(reports);
    assert!(matches!(verdicts.remove(1), Err(CommitError::Conflict)) && verdicts[0].is_ok());
    world.reopen();
    assert_eq!(told(world, &hook), std::slice::from_ref(&failed));
    let delivered = failed.attempted(Outcome::Answered(204), NOW + Millis(99));
    world.commit(changed(&failed, delivered.clone(), NOW)).unwrap();
    assert_eq!(told(world, &hook), std::slice::from_ref(&delivered));
    let again = delivered.replayed(NOW + Millis(999));
    world.commit(changed(&delivered, again.clone(), NOW)).unwrap();
    let gone = again.attempted(Outcome::Answered(410), NOW);
    world.commit(changed(&again, gone.clone(), NOW)).unwrap();
    assert_eq!(now(world.disk().delivery(ping.id)).map(|row| row.delivery), Some(gone.clone()));
    world.commit(changed(&gone, gone.forgotten(), NOW)).unwrap();
    assert!(matches!(world.commit(changed(&gone, gone.forgotten(), NOW)), Err(CommitError::Conflict)));
    assert!(told(world, &hook).is_empty());
    assert_eq!(now(world.disk().delivery(ping.id)), None);
}

fn changed_from_nothing(delivery: &Delivery) -> Write {
    alone(Change::of_record(Version::NONE, Record::Delivery(delivery.clone()), delivery.at))
}

pub(crate) fn what_is_due_is_found_in_order_and_what_has_ended_by_age(world: &mut World) {
    let (one, two) = (hook(world, 1, &[]), hook(world, 2, &[]));
    assert!(now(world.disk().waiting_hooks()).is_empty());
    let ping = |number: u8, hook: &Hook, after: i64| {
        Delivery::ping(EventId([number; 16]), hook.id, NOW + Millis(after))
    };
    // Three at one instant, whose ids are in another order.
    let all = [ping(9, &one, 5), ping(3, &one, 5), ping(5, &one, 5), ping(1, &one, 1), ping(2, &two, 3)];
    assert!(world.commit_all(all.each_ref().map(changed_from_nothing)).iter().all(Result::is_ok));
    for _ in 0..2 {
        let due = |world: &World, after, limit| -> Vec<u8> {
            let due = now(world.disk().due_deliveries(one.id, NOW + Millis(after), limit));
            due.iter().map(|delivery| delivery.id.0[0]).collect()
        };
        assert!(due(world, 0, 100).is_empty());
        assert_eq!(due(world, 4, 100), [1]);
        assert_eq!(due(world, 5, 3), [1, 9, 3]);
        assert_eq!(now(world.disk().next_delivery(one.id)), Some(NOW + Millis(1)));
        let mut waiting = now(world.disk().waiting_hooks());
        waiting.sort_unstable();
        assert_eq!(waiting, [(one.id, NOW + Millis(1)), (two.id, NOW + Millis(3))]);
        let page = now(world.disk().deliveries(one.id, None, 2));
        let rest = now(world.disk().deliveries(one.id, Some(page[1].number), 100));
        let paged: Vec<_> = page.iter().chain(&rest).map(|row| row.delivery.id.0[0]).collect();
        assert_eq!(paged, [1, 5, 3, 9]);
        world.reopen();
    }
    let done = all[4].attempted(Outcome::Answered(200), NOW + Millis(10));
    world.commit(changed(&all[4], done.clone(), NOW)).unwrap();
    assert_eq!(now(world.disk().next_delivery(two.id)), None);
    assert_eq!(now(world.disk().waiting_hooks()), [(one.id, NOW + Millis(1))]);
    assert!(now(world.disk().ended_deliveries(NOW + Millis(10))).is_empty());
    assert_eq!(now(world.disk().ended_deliveries(NOW + Millis(11))), [done]);
}

pub(crate) fn a_balance_that_runs_dry_is_told_once(world: &mut World) {
    world.give("ann", 1_001_500); // A job costs 1,000, and a dollar has 1,000,000.
    let key = key(world);
    let hook = hook(world, 1, &[Occasion::BalanceLow]);
    world.live(under(&key, 1, paid_at_once()), "fund assign submit");
    assert!(told(world, &hook).is_empty());
    let second = under(&key, 2, paid_at_once());
    let write = write(&second, "fund").unwrap();
    assert_eq!(world.commit(write).unwrap().listeners, [hook.id]);
    world.live(under(&key, 3, paid_at_once()), "fund");
    let expected = Delivery::of(&hook, &second.public_id, Occasion::BalanceLow, "999500".into(), NOW);
    assert_eq!(told(world, &hook), [expected]);
}

pub(crate) fn an_event_is_written_down_once(world: &mut World) {
    let hook = hook(world, 1, &[Occasion::Began]);
    let job = job(1, paid_at_once());
    let began = Delivery::of(&hook, &job.public_id, Occasion::Began, "somebody".into(), NOW);
    let both = world.commit_all([changed_from_nothing(&began), changed_from_nothing(&began)]);
    assert!(both[0].is_ok() && matches!(both[1], Err(CommitError::Conflict)));
    world.reopen();
    assert!(matches!(world.commit(changed_from_nothing(&began)), Err(CommitError::Conflict)));
    assert_eq!(told(world, &hook), std::slice::from_ref(&began));
    // Several in one change stand or fall together.
    let other = Delivery::ping(EventId([1; 16]), hook.id, NOW);
    let records = [&began, &other]
        .map(|delivery| RecordChange { before: Version::NONE, after: Record::Delivery(delivery.clone()) });
    let mut change = Change::of_record(Version::NONE, Record::Delivery(began), NOW);
    change.records = records.into();
    assert!(matches!(world.commit(alone(change)), Err(CommitError::Conflict)));
    assert_eq!(told(world, &hook).len(), 1);
    assert_eq!(told(world, &hook)[0].state, DeliveryState::Waiting(NOW));
}
