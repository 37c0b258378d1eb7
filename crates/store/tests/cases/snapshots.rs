//! What enclaves have said of the capital of jobs, as it stands on disk: each snapshot, and the last one that may settle in
//! the job itself.

use super::hires::{ALL, delivery, endowed, hired, seat, take};
use crate::sample::{NOW, unattested};
use crate::world::{World, now};
use docket_core::agent::capital::{Capital, Closed, ClosedReason, Valuation, Worth};
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Order};
use docket_core::agent::role::Strategy;
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::decide::decide;
use docket_core::event::Delivery;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::JobId;
use docket_core::job::{Job, State};
use docket_core::money::BasisPoints;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_store::{
    CommitError, Committed, Documents, Leaf, Page, SnapshotDocument, SnapshotRow, StoreError, Write,
};
use std::sync::Arc;

const REPORT: ContentHash = ContentHash([7; 32]);

/// A job of agent 1 with entrusted capital, which agent 2 does, and which agent 3 may judge.
fn begun(world: &mut World, number: u64) -> Arc<Job> {
    let plain = hired(number);
    let hire = Hire::clone(plain.hire.as_ref().expect("it is one"));
    let capital = Capital {
        entrusted: u128::MAX - 1,
        stop_loss: BasisPoints(1_000),
        target_return: BasisPoints(60_000),
    };
    let order = Order {
        strategy: Strategy::Capital,
        program: None,
        rubric: None,
        capital: Some(capital),
        ..Order::clone(&hire.order)
    };
    let job = Job { hire: Some(Arc::new(Hire { order: order.into(), ..hire })), ..plain };
    let engage = Command::Hire(Step::Engage { provider: seat(2, 10) });
    let appoint = Command::Hire(Step::Appoint { evaluator: seat(3, 10) });
    [Command::Create, Command::Fund, engage, appoint]
        .iter()
        .fold(Arc::new(job), |job, command| take(world, &job, command, NOW))
}

fn valuation(sequence: u64, value: u128, reason: Option<ClosedReason>) -> Valuation {
    let closed = reason.map(|reason| Closed { reason, deliverable: REPORT });
    let at = NOW + Millis(sequence as i64);
    Valuation { at, sequence, report: Sha256([sequence as u8; 32]), value, closed }
}

/// An attested snapshot, with the step that it causes and its leaf.
fn attested(job: &Job, valuation: Valuation) -> Write {
    let at = NOW + Millis(5);
    let event = decide(job, &Command::Hire(Step::Value { valuation }), at).expect("it is newer");
    let change = Change::of(job, event, at);
    let leaf = change.is_logged().then(|| Leaf::new(valuation.report.to_string().into_bytes()));
    let snapshot = SnapshotDocument {
        job: job.id,
        received_at: at,
        worth: Worth::Attested,
        flaw: None,
        report: format!(
            "{{\"balance_report\":{{\"Ä\\\"\":\"🍎\"}},\"sequence\":\"{}\"}}",
            valuation.sequence
        )
        .into(),
        attestation: Some("{\"scheme\":\"ed25519\",\"key\":\"00\",\"signature\":\"AA==\"}".into()),
    };
    Write { change, documents: Documents { snapshot: Some(snapshot), ..Documents::default() }, leaf }
}

/// One that somebody vouches for and that came late.
fn stale(job: &Job, key: &str) -> Write {
    let mut write = unattested(job, key);
    if let Some(snapshot) = &mut write.documents.snapshot {
        snapshot.worth = Worth::Stale;
        snapshot.flaw = Some("snapshot.too_old".into());
        snapshot.attestation = Some("{}".into());
    }
    write
}

fn snapshots(world: &World, job: JobId, skip: u64, limit: u32) -> Vec<SnapshotRow> {
    now(Box::pin(world.store().snapshots(job, Page { skip, limit })))
}

/// How many there are in all, and how many of each worth.
fn counts(world: &World, job: JobId) -> [u64; 4] {
    [None, Some(Worth::Attested), Some(Worth::Unattested), Some(Worth::Stale)]
        .map(|worth| now(Box::pin(world.store().count_snapshots(job, worth))))
}

fn after(committed: Committed) -> Arc<Job> {
    committed.job.expect("it is about a job")
}

pub(crate) fn snapshots_of_every_worth_read_back_the_newest_first(world: &mut World) {
    endowed(world);
    let first = begun(world, 1);
    let other = begun(world, 2);
    let none = [0; 4];
    assert_eq!((counts(world, first.id), snapshots(world, first.id, 0, 9)), (none, vec![]));
    let mut expected: Vec<SnapshotRow> = Vec::new();
    let mut keep = |world: &mut World, write: Write| {
        let document = write.documents.snapshot.clone().expect("it has one");
        let committed = world.commit(write).expect("it is written");
        expected.insert(0, SnapshotRow { document, leaf_index: committed.log_index });
        committed
    };
    let valued = after(keep(world, attested(&first, valuation(1, 5, None))));
    keep(world, stale(&first, "late"));
    keep(world, unattested(&first, "bare"));
    let valued = after(keep(world, attested(&valued, valuation(2, 6, None))));
    keep(world, unattested(&first, "bare again"));
    // One group may have many, of many jobs.
    let group =
        [unattested(&other, "other"), attested(&other, valuation(1, 1, None)), stale(&first, "later")];
    let last = SnapshotRow { document: group[2].documents.snapshot.clone().unwrap(), leaf_index: None };
    assert!(world.commit_all(group).iter().all(Result::is_ok));
    expected.insert(0, last);
    let in_log: Vec<_> = expected.iter().map(|row| row.leaf_index.is_some()).collect();
    assert_eq!(in_log, [false, false, true, false, false, true], "what is attested has a place in the log");
    for _ in 0..2 {
        assert_eq!(snapshots(world, first.id, 0, 100), expected);
        assert_eq!(now(world.disk().snapshots(first.id, ALL)), expected);
        for (skip, limit) in [(0, 1), (0, 4), (1, 2), (4, 4), (5, 1), (6, 1), (100, 100), (0, 0)] {
            let from = expected.iter().skip(skip).take(limit).cloned().collect::<Vec<_>>();
            assert_eq!(snapshots(world, first.id, skip as u64, limit as u32), from, "{limit} after {skip}");
        }
        assert_eq!(counts(world, first.id), [6, 2, 2, 2]);
        assert_eq!(counts(world, other.id), [2, 1, 1, 0]);
        assert_eq!(counts(world, JobId(77)), none);
        assert_eq!(world.on_disk(first.id), Some(valued.clone()));
        world.reopen();
    }
    let journal = now(world.disk().journal(first.id));
    let valued: Vec<_> = journal.iter().filter(|row| row.event == "valued").collect();
    let leaves: Vec<_> = expected.iter().rev().filter_map(|row| row.leaf_index).map(Some).collect();
    assert_eq!(valued.iter().map(|row| row.leaf_index).collect::<Vec<_>>(), leaves);
    assert_eq!(valued[0].detail, format!("5 in {}", Sha256([1; 32])));
    world.check_books();
}

pub(crate) fn a_claim_that_was_used_brings_no_second_snapshot(world: &mut World) {
    endowed(world);
    let job = begun(world, 1);
    let repeated = |verdict: &Result<Committed, CommitError>| matches!(verdict, Err(CommitError::Repeated(id)) if *id == job.public_id);
    // Twice in one group, then alone, then after a restart.
    let verdicts = world.commit_all([unattested(&job, "k"), unattested(&job, "k"), unattested(&job, "l")]);
    assert!(verdicts[0].is_ok() && repeated(&verdicts[1]) && verdicts[2].is_ok());
    for _ in 0..2 {
        assert!(repeated(&world.commit(unattested(&job, "k"))));
        assert_eq!(counts(world, job.id), [2, 0, 2, 0]);
        world.reopen();
    }
    // Under the same key another report is no repeat, and is not kept either.
    let mut other = unattested(&job, "k");
    other.change.claim.as_mut().expect("it has one").request = Sha256([0; 32]);
    assert!(matches!(world.commit(other), Err(CommitError::Refused(Refusal::KeyReused))));
    assert_eq!(counts(world, job.id), [2, 0, 2, 0]);
}

pub(crate) fn of_two_valuations_that_were_decided_on_one_version_one_is_kept(world: &mut World) {
    endowed(world);
    let job = begun(world, 1);
    let verdicts =
        world.commit_all([attested(&job, valuation(1, 5, None)), attested(&job, valuation(2, 6, None))]);
    assert!(verdicts[0].is_ok());
    assert!(matches!(verdicts[1], Err(CommitError::Conflict)));
    let late = world.commit(attested(&job, valuation(3, 7, None)));
    assert!(matches!(late, Err(CommitError::Conflict)));
    world.reopen();
    assert_eq!(counts(world, job.id), [1, 1, 0, 0]);
    let stands = world.on_disk(job.id).and_then(|job| job.hire.as_ref()?.valuation);
    assert_eq!(stands, Some(valuation(1, 5, None)));
}

pub(crate) fn what_capital_is_worth_stands_with_its_job(world: &mut World) {
    endowed(world);
    for (number, reason) in (1..).zip([ClosedReason::Deadline, ClosedReason::StopLoss, ClosedReason::Target])
    {
        let job = begun(world, number);
        let value = |valuation| Command::Hire(Step::Value { valuation });
        let first = Valuation { at: Timestamp(i64::MIN), ..valuation(0, 0, None) };
        let job = take(world, &job, &value(first), NOW);
        let job = take(world, &job, &value(valuation(1, u128::MAX, None)), NOW);
        let closing = Valuation {
            at: Timestamp(i64::MAX),
            sequence: u64::MAX,
            ..valuation(2, u128::from(u64::MAX) + 1, Some(reason))
        };
        let job = take(world, &job, &value(closing), NOW);
        world.reopen();
        let read = world.on_disk(job.id).and_then(|job| job.hire.as_ref()?.valuation);
        assert_eq!(read, Some(closing), "{reason:?}");
        let work = Delivery { output: REPORT, ..delivery() };
        let job = take(world, &job, &Command::Submit { delivery: work, charge: Charge::Whole }, NOW);
        // Far below the stop-loss, silence is a rejection.
        let lapse = Command::Lapse { treasury: 0 };
        let job = take(world, &job, &lapse, job.state.deadline().expect("it waits"));
        assert!(matches!(job.state, State::Rejected { .. }));
        let job = take(world, &job, &lapse, job.state.deadline().expect("it waits"));
        world.reopen();
        assert_eq!(world.on_disk(job.id), Some(job.clone()));
        world.check_books();
    }
}

/// Before, orders named the bounds alone, and nothing was valued: such jobs go on as they were.
pub(crate) fn an_order_from_before_capital_was_valued_is_still_read(world: &mut World) {
    endowed(world);
    let job = begun(world, 1);
    world.reopen();
    let entrusted = format!(",\"entrusted\":\"{}\"", u128::MAX - 1);
    world.meddle(&format!("UPDATE hire SET body = replace(body, '{entrusted}', '')"));
    world.reopen();
    let read = world.on_disk(job.id).expect("it is there");
    let hire = Hire::clone(read.hire.as_ref().expect("it is one"));
    assert_eq!(hire.order.capital, None, "the text was there and is not any more");
    let order =
        Order { capital: job.hire.as_ref().and_then(|hire| hire.order.capital), ..(*hire.order).clone() };
    assert_eq!(Job { hire: Some(Arc::new(Hire { order: order.into(), ..hire })), ..(*read).clone() }, *job);
    let submit = Command::Submit { delivery: delivery(), charge: Charge::Whole };
    take(world, &read, &submit, NOW);
}

pub(crate) fn a_snapshot_that_no_database_can_hold_is_refused_alone(world: &mut World) {
    endowed(world);
    let job = begun(world, 1);
    let spoilt = |key: &str, spoil: fn(&mut SnapshotDocument)| {
        let mut write = unattested(&job, key);
        spoil(write.documents.snapshot.as_mut().expect("it has one"));
        write
    };
    let verdicts = world.commit_all([
        spoilt("report", |snapshot| snapshot.report = "{\"a\":\"\0\"}".into()),
        spoilt("flaw", |snapshot| snapshot.flaw = Some("\0".into())),
        spoilt("attestation", |snapshot| snapshot.attestation = Some("\0".into())),
        unattested(&job, "whole"),
    ]);
    let (whole, refused) = verdicts.split_last().expect("there are four");
    assert!(refused.iter().all(|verdict| matches!(verdict, Err(CommitError::Store(StoreError::Failed(_))))));
    assert!(whole.is_ok());
    assert_eq!(counts(world, job.id), [1, 0, 1, 0]);
    assert_eq!(world.store().stopped(), None);
}
