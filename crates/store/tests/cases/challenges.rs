//! Challenges, what follows from them, and what trusted workers have answered.

use crate::sample::{FIRST, NOW, PRICE, SECOND, job, paid_at_once, with_leaf, write};
use crate::world::{World, now};
use docket_core::agent::identity::{Wallet, Word};
use docket_core::challenge::likeness::Likeness;
use docket_core::challenge::reference::Reference;
use docket_core::challenge::{Challenge, Failure, Outcome, Probe, State, Void};
use docket_core::change::{Change, Record};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, JobId, Version, WorkerId};
use docket_core::ledger::Account;
use docket_core::policy::{Policy, Source, Tier};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_core::worker::{Worker, WorkerCommand};
use docket_store::{CommitError, Documents, Write};

const ALIKE: Likeness = Likeness { agreed: 20, of: 31, agrees: true };
const UNLIKE: Likeness = Likeness { agreed: 3, of: 31, agrees: false };

fn alone(change: Change) -> Write {
    with_leaf(change, Documents::default())
}

/// Somebody who is enrolled, as a new record.
fn node(number: u8) -> Enrolment {
    let wallet = Wallet([number; 20]);
    let word = Word { dialect: Dialect::Registry, by: wallet, digest: Sha256([number; 32]), at: NOW };
    let offer = Offer { endpoint: None, gpu_tier: 1, models: Vec::new(), concurrency: 1 };
    let change = Enrolment::enrol(None, word, WorkerId([number; 32]), offer, false, NOW).unwrap().unwrap();
    let Record::Enrolment(node) = change.records[0].after.clone() else { panic!("an enrolment") };
    node
}

fn probe(number: u64) -> Probe {
    Probe { job: JobId(number), reference: JobId(1_000 + number), outcome: None }
}

fn opened(node: &Enrolment, first: u64) -> Challenge {
    let by = NOW + Millis::hours(1);
    Challenge::open(node, None, "small \"model\"".into(), probe(first), by, NOW).unwrap()
}

fn save(world: &mut World, challenge: &Challenge) {
    world.commit(alone(challenge.change(None, NOW))).unwrap();
}

fn listed(world: &World, node: &Enrolment, limit: u32) -> Vec<Challenge> {
    now(world.disk().challenges(node.wallet, limit))
}

pub(crate) fn a_challenge_reads_back_in_every_state(world: &mut World) {
    let node = node(1);
    let ends: [fn(Challenge) -> Challenge; 7] = [
        |challenge| challenge,
        |challenge| challenge.give_up(Void::Restarted, NOW).unwrap(),
        |challenge| challenge.give_up(Void::TooLong, NOW).unwrap(),
        |challenge| hear(&challenge, Outcome::TimedOut),
        |challenge| hear(&challenge, Outcome::Nothing(Fault::HandedBack)),
        |challenge| {
            hear(&more(&hear(&challenge, Outcome::Answer(UNLIKE))), Outcome::Nothing(Fault::WorkerLost))
        },
        |challenge| hear(&more(&hear(&challenge, Outcome::Answer(ALIKE))), Outcome::Answer(ALIKE)),
    ];
    for (number, end) in (1_u64..).zip(ends) {
        let open = opened(&node, number * 100);
        save(world, &open);
        assert_eq!(listed(world, &node, 1), std::slice::from_ref(&open));
        // Its steps are one here: each has its own version, and the last one is written.
        let ended = end(open.clone());
        let ended = Challenge { version: open.version.next(), ..ended };
        save(world, &ended);
        assert_eq!(listed(world, &node, 1), std::slice::from_ref(&ended));
        world.reopen();
        assert_eq!(listed(world, &node, 1), std::slice::from_ref(&ended));
        assert!(matches!(world.commit(alone(ended.change(None, NOW))), Err(CommitError::Conflict)));
    }
}

fn hear(challenge: &Challenge, outcome: Outcome) -> Challenge {
    challenge.hear(challenge.awaited().unwrap(), outcome, NOW + Millis(7)).unwrap()
}

fn more(challenge: &Challenge) -> Challenge {
    let last = challenge.probes.last().unwrap().job.0;
    challenge.ask(probe(last + 1), NOW).unwrap()
}

pub(crate) fn a_verdict_is_written_with_all_that_follows_from_it_or_not_at_all(world: &mut World) {
    let node = node(1);
    let register = WorkerCommand::Register { proof: true, unproven_allowed: false };
    let worker = Worker::unknown(FIRST).decide(register, NOW).unwrap().unwrap();
    world.commit(alone(worker)).unwrap();
    world.commit(alone(Change::of_record(Version::NONE, Record::Enrolment(node.clone()), NOW))).unwrap();
    let open = opened(&node, 100);
    save(world, &open);
    let failed = hear(&open, Outcome::TimedOut);
    let verdict = failed.change(Some(&node), NOW);

    // Of an enrolment that has changed since, nothing of it is written.
    let stale = Enrolment { version: Version(7), ..node.clone() };
    let outdated = failed.change(Some(&stale), NOW);
    assert!(matches!(world.commit(alone(outdated)), Err(CommitError::Conflict)));
    assert_eq!(listed(world, &node, 9), [open]);
    assert_eq!(now(world.disk().worker(FIRST)).unwrap().reputation.refuted, 0);

    // Twice in one group: one of them counts.
    let mut verdicts = world.commit_all([alone(verdict.clone()), alone(verdict.clone())]);
    assert!(matches!(verdicts.remove(1), Err(CommitError::Conflict)));
    let written = verdicts.remove(0).unwrap().worker.unwrap();
    world.reopen();
    assert!(matches!(world.commit(alone(verdict)), Err(CommitError::Conflict)));
    assert_eq!(listed(world, &node, 9), [failed]);
    let refuted = now(world.disk().enrolment(node.wallet)).unwrap();
    assert_eq!(refuted.state, Activity::Refuted { at: NOW });
    assert_eq!(now(world.disk().worker(FIRST)), Some(written));
    assert_eq!(written.reputation.tested().0, 3_000);
}

pub(crate) fn a_question_is_funded_with_its_challenge_or_not_at_all(world: &mut World) {
    let node = node(2);
    let tier = Some(Tier { least: 1, is_challenge: true });
    let policy = Policy { source: Source::Treasury, tier, ..paid_at_once() };
    let question = |number| {
        let funded = write(&job(number, policy.clone()), "fund").unwrap();
        let change = Change { records: vec![opened(&node, number).record()], ..funded.change };
        with_leaf(change, funded.documents)
    };
    let refused = world.commit(question(1)).unwrap_err();
    assert!(matches!(refused, CommitError::Refused(Refusal::InsufficientFunds)), "{refused}");
    assert_eq!((listed(world, &node, 9), world.on_disk(JobId(1))), (Vec::new(), None));

    world.commit(crate::sample::credit(Account::Treasury, PRICE, "for one")).unwrap();
    let verdicts = world.commit_all([question(1), question(2)]);
    assert!(verdicts[0].is_ok() && verdicts[1].is_err());
    world.reopen();
    assert_eq!(listed(world, &node, 9), [opened(&node, 1)]);
    assert_eq!(world.on_disk(JobId(1)).unwrap().escrow, PRICE);
    assert_eq!(world.on_disk(JobId(2)), None);
    assert_eq!(now(world.disk().last_notice()), 1, "it is seen as any such job is");
    world.check_books();
}

pub(crate) fn challenges_are_listed_by_whose_they_are_and_whether_they_are_open(world: &mut World) {
    let (ann, bob) = (node(1), node(2));
    for number in 1..=120_u64 {
        let open = opened(if number.is_multiple_of(2) { &ann } else { &bob }, number);
        save(world, &open);
        if number > 4 {
            save(world, &open.give_up(Void::NotAsked, NOW).unwrap());
        }
    }
    let numbers = |list: Vec<Challenge>| list.iter().map(|challenge| challenge.id.0).collect::<Vec<_>>();
    assert_eq!(numbers(listed(world, &ann, 3)), [120, 118, 116]);
    assert_eq!(numbers(listed(world, &bob, 1_000)).len(), 60);
    assert_eq!(numbers(now(world.disk().open_challenges())), [1, 2, 3, 4]);
    assert_eq!(now(world.disk().challenges(Wallet([3; 20]), 9)), []);
    let state = State::Failed(Failure::OtherAnswers);
    assert!(listed(world, &ann, 100).iter().all(|challenge| challenge.state != state));
}

pub(crate) fn references_are_kept_once_and_found_by_model_and_age(world: &mut World) {
    let reference = |number: u64, model: &str| Reference {
        job: JobId(number),
        worker: if number.is_multiple_of(2) { FIRST } else { SECOND },
        model: model.into(),
        weights: number.is_multiple_of(3).then_some(Sha256([number as u8; 32])),
        question: "Why is the sky \"blue\"?\n".into(),
        answer: format!("Because 'light' is scattered, {number} times.\r\n\t…").into(),
        made_at: Timestamp(NOW.0 + number as i64),
    };
    let record = |reference: &Reference| {
        alone(Change::of_record(Version::NONE, Record::Reference(reference.clone()), reference.made_at))
    };
    let all: Vec<_> =
        (1..=9).map(|number| reference(number, if number < 7 { "small" } else { "large" })).collect();
    assert!(world.commit_all(all.iter().map(record)).iter().all(Result::is_ok));
    let other = Reference { answer: "Another answer.".into(), ..all[0].clone() };
    world.commit(record(&other)).unwrap();
    world.reopen();
    let found = |after: i64, limit| now(world.disk().references("small", Timestamp(NOW.0 + after), limit));
    let newest_first: Vec<_> = all[..6].iter().rev().cloned().collect();
    assert_eq!(found(0, 9), newest_first, "what was written first stands");
    assert_eq!(found(3, 9), newest_first[..3]);
    assert_eq!(found(0, 2), newest_first[..2]);
    assert_eq!(now(world.disk().references("none", NOW, 9)), []);

    let unfit = Reference { job: JobId(99), answer: "a zero byte \0".into(), ..all[0].clone() };
    assert!(world.commit(record(&unfit)).is_err());
    let fit = Reference { answer: "none".into(), ..unfit };
    world.commit(record(&fit)).unwrap();
}
