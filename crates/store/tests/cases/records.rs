//! Records with a version: workers, pairings, trust.

use crate::sample::{FIRST, NOW, SECOND, job, paid_at_once, terms, with_leaf};
use crate::world::{World, now};
use docket_core::change::Change;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, WorkerId};
use docket_core::money::BasisPoints;
use docket_core::policy::Policy;
use docket_core::reputation::{Evidence, ONE, Reputation, View};
use docket_core::time::Millis;
use docket_core::trust::Pairing;
use docket_core::worker::{Standing, Worker, WorkerCommand};
use docket_store::{CommitError, Documents, Write};

fn alone(change: Change) -> Write {
    with_leaf(change, Documents::default())
}

fn decided(worker: &Worker, command: WorkerCommand) -> Write {
    alone(worker.decide(command, NOW).unwrap().expect("something changes"))
}

fn register(worker: &Worker) -> Write {
    decided(worker, WorkerCommand::Register { proof: true, unproven_allowed: false })
}

fn worker(world: &World, id: WorkerId) -> Worker {
    now(world.disk().worker(id)).expect("the worker has registered")
}

pub(crate) fn a_worker_has_versions_and_keeps_its_standing(world: &mut World) {
    let unknown = Worker::unknown(FIRST);
    let mut verdicts = world.commit_all([register(&unknown), register(&unknown)]);
    assert!(matches!(verdicts.remove(1), Err(CommitError::Conflict)) && verdicts[0].is_ok());
    let before = worker(world, FIRST);
    assert_eq!((before.proven, before.suspended, before.first_seen), (true, false, NOW));

    // Standing is gained between the reading of the record and its change, in one group and apart.
    world.give("ann", 10_000);
    world.live(job(1, paid_at_once()), "fund assign submit");
    world.live(job(2, paid_at_once()), "fund assign lose");
    world.live(job(3, paid_at_once()), "fund assign lose assign submit"); // Paid to one that never registered.
    let running = [4, 5].map(|number| world.live(job(number, paid_at_once()), "fund assign"));
    let [first, second] = running.map(|job| crate::sample::write(&job, "submit").unwrap());
    let suspend = decided(&before, WorkerCommand::Suspend(true));
    assert!(world.commit_all([first, suspend.clone(), second]).iter().all(Result::is_ok));
    assert!(matches!(world.commit(suspend.clone()), Err(CommitError::Conflict)));
    for _ in 0..2 {
        let after = worker(world, FIRST);
        assert!(after.suspended && after.version == before.version.next());
        assert_eq!(after.standing, Standing { completed: 3, failed: 2 });
        assert_eq!(now(world.disk().worker(SECOND)), None);
        world.reopen();
        assert!(matches!(world.commit(suspend.clone()), Err(CommitError::Conflict)));
    }
    let again = decided(&worker(world, FIRST), WorkerCommand::Suspend(false));
    world.commit(again).unwrap();
    assert_eq!(worker(world, FIRST).standing, Standing { completed: 3, failed: 2 });

    // A job counts when its dispute is over, also in one group with other losses.
    let disputable = Policy { evaluation: None, ..terms() };
    let disputed = world.live(job(6, disputable), "fund assign submit dispute");
    assert_eq!(worker(world, FIRST).standing, Standing { completed: 3, failed: 2 });
    let ruling = crate::sample::write(&disputed, "rule-for-client").unwrap();
    let other = crate::sample::write(&world.live(job(7, paid_at_once()), "fund assign"), "lose").unwrap();
    assert!(world.commit_all([ruling, other]).iter().all(Result::is_ok));
    let after = worker(world, FIRST);
    assert_eq!(after.standing, Standing { completed: 3, failed: 4 });
    let Reputation { paid, lost, unproven, placed, compared, .. } = after.reputation;
    assert_eq!([paid, lost, unproven, compared], [3, 4, 1, 3].map(|jobs| jobs * ONE));
    assert_eq!(placed, 3 * (7_000 * ONE / 10_000));
}

pub(crate) fn evidence_is_folded_in_as_the_core_folds_it(world: &mut World) {
    world.commit(register(&Worker::unknown(FIRST))).unwrap();
    let mut expected = worker(world, FIRST);
    for (number, evidence) in (0..).zip([
        Evidence::Connected(Millis::hours(3)),
        Evidence::Lost,
        Evidence::Paid { placing: Some(BasisPoints(1_234)) },
        Evidence::Connected(Millis::hours(30)),
        Evidence::Unproven,
        Evidence::Challenged { passed: true },
        Evidence::Paid { placing: None },
        Evidence::Challenged { passed: false },
        Evidence::Challenged { passed: true },
    ]) {
        let at = NOW + Millis::hours(100 * number);
        expected = expected.after(evidence, at);
        world.commit(alone(Change::of_evidence(FIRST, evidence, at))).unwrap();
        assert_eq!(worker(world, FIRST), expected);
        if number % 2 == 0 {
            world.reopen();
        }
    }
    assert!(View::ALL.iter().all(|view| view.number(&expected.reputation) != BasisPoints(5_000)));
    let Reputation { passed, refuted, .. } = expected.reputation;
    assert!(ONE < passed && passed < 2 * ONE && 0 < refuted && refuted < ONE, "{passed} {refuted}");
    // Nothing is kept of a worker that has never registered.
    world.commit(alone(Change::of_evidence(SECOND, Evidence::Lost, NOW))).unwrap();
    assert_eq!(now(world.disk().worker(SECOND)), None);
}

pub(crate) fn a_pairing_is_claimed_once_and_trust_is_listed(world: &mut World) {
    let ann = ClientId("ann".into());
    let code = Sha256::of(b"1234");
    let (_, create) = Pairing::create(code, ann.clone(), NOW);
    world.commit(alone(create.clone())).unwrap();
    assert!(matches!(world.commit(alone(create)), Err(CommitError::Conflict)));
    let open = now(world.disk().pairing(code)).unwrap();
    assert_eq!((&open.client, open.claimed_by), (&ann, None));

    let claims = [FIRST, SECOND].map(|worker| alone(open.claim(worker, NOW).unwrap()));
    let mut verdicts = world.commit_all(claims.clone());
    assert!(matches!(verdicts.remove(1), Err(CommitError::Conflict)) && verdicts[0].is_ok());
    world.reopen();
    assert!(matches!(world.commit(claims[1].clone()), Err(CommitError::Conflict)));
    assert_eq!(now(world.disk().pairing(code)).unwrap().claimed_by, Some(FIRST));

    // Another code for the same worker: trust stays as it is. And one more worker.
    for (code, worker) in [(b"5678", FIRST), (b"9abc", SECOND)] {
        let later = NOW + Millis::seconds(9);
        let (_, create) = Pairing::create(Sha256::of(code), ann.clone(), later);
        world.commit(alone(create)).unwrap();
        let open = now(world.disk().pairing(Sha256::of(code))).unwrap();
        world.commit(alone(open.claim(worker, later).unwrap())).unwrap();
    }
    let trusted = now(world.disk().trusted(&ann));
    let since: Vec<_> = trusted.iter().map(|trust| (trust.worker, trust.since)).collect();
    assert_eq!(since, [(FIRST, NOW), (SECOND, NOW + Millis::seconds(9))]);
    assert!(now(world.disk().trusted(&ClientId("bob".into()))).is_empty());
    assert_eq!(now(world.disk().pairing(Sha256::of(b"none"))), None);
}

pub(crate) fn workers_are_paged_by_key(world: &mut World) {
    let ids: Vec<_> = (0..130).map(|number| WorkerId([number; 32])).collect();
    let writes: Vec<_> = ids.iter().map(|id| register(&Worker::unknown(*id))).collect();
    assert!(world.commit_all(writes).iter().all(Result::is_ok));
    let first = now(world.disk().workers(None));
    let second = now(world.disk().workers(first.last().map(|worker| worker.id)));
    let paged: Vec<_> = first.iter().chain(&second).map(|worker| worker.id).collect();
    assert_eq!((first.len(), paged), (100, ids));
}

pub(crate) fn a_database_from_before_there_were_challenges_keeps_what_it_knows(world: &mut World) {
    world.commit(register(&Worker::unknown(FIRST))).unwrap();
    for evidence in [Evidence::Paid { placing: Some(BasisPoints(9_000)) }, Evidence::Lost] {
        world.commit(alone(Change::of_evidence(FIRST, evidence, NOW))).unwrap();
    }
    let before = worker(world, FIRST);
    world.meddle(
        "DROP TABLE enrolment; DROP TABLE notice; DROP TABLE challenge; DROP TABLE reference; ALTER TABLE worker DROP COLUMN rep_passed; ALTER TABLE worker DROP COLUMN rep_refuted; \
         ALTER TABLE agent_standing DROP COLUMN rep_paid; ALTER TABLE agent_standing DROP COLUMN rep_lost; \
         ALTER TABLE agent_standing DROP COLUMN rep_hour; \
         DELETE FROM refinery_schema_history WHERE version > 10",
    );
    world.reopen();
    assert_eq!(worker(world, FIRST), before);
    let evidence = Evidence::Challenged { passed: true };
    world.commit(alone(Change::of_evidence(FIRST, evidence, NOW))).unwrap();
    assert_eq!(worker(world, FIRST), before.after(evidence, NOW));
}
