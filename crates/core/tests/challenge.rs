//! The life of a challenge as one table, and what holds of every one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::golden;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::likeness::{FAILS_WITH, Likeness, MOST_QUESTIONS, PASSES_WITH};
use docket_core::challenge::{Challenge, Failure, Outcome, Probe, State, Void};
use docket_core::change::{Change, Record};
use docket_core::enrolment::{Activity, Enrolment, Offer};
use docket_core::event::Fault;
use docket_core::id::{JobId, Version, WorkerId};
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::fmt::Write as _;

const NOW: Timestamp = Timestamp(1_000_000);
const BY: Timestamp = Timestamp(2_000_000);
const WORKER: WorkerId = WorkerId([3; 32]);

fn node(state: Activity) -> Enrolment {
    Enrolment {
        wallet: Wallet([7; 20]),
        worker: WORKER,
        offer: Offer { endpoint: None, gpu_tier: 1, models: Vec::new(), concurrency: 1 },
        state,
        enrolled_at: NOW,
        said_at: NOW,
        version: Version(5),
    }
}

/// The question of this number: job 100 is compared with reference 0.
fn probe(number: usize) -> Probe {
    let number = u64::try_from(number).unwrap();
    Probe { job: JobId(100 + number), reference: JobId(number), outcome: None }
}

fn opened() -> Challenge {
    Challenge::open(&node(Activity::Active), None, "small".into(), probe(0), BY, NOW).unwrap()
}

fn answer(agrees: bool) -> Outcome {
    Outcome::Answer(Likeness { agreed: if agrees { 20 } else { 2 }, of: 30, agrees })
}

/// A challenge with so many answers of each kind, whose next question is put, or is not.
fn with_answers(agree: usize, differ: usize, is_asked: bool) -> Challenge {
    let mut challenge = opened();
    let answers = std::iter::repeat_n(true, agree).chain(std::iter::repeat_n(false, differ));
    for (at, agrees) in answers.enumerate() {
        challenge = challenge.hear(probe(at).job, answer(agrees), NOW).unwrap();
        if is_asked || at + 1 < agree + differ {
            challenge = challenge.ask(probe(at + 1), NOW).unwrap();
        }
    }
    challenge
}

/// What may happen to a challenge.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    AskAgain,
    Hear(Outcome),
    HearOther,
    GiveUp,
}

const STEPS: [(&str, Step); 9] = [
    ("ask", Step::Ask),
    ("ask-with-one-that-was-used", Step::AskAgain),
    ("hear-one-that-agrees", Step::Hear(Outcome::Answer(Likeness { agreed: 20, of: 30, agrees: true }))),
    ("hear-one-that-differs", Step::Hear(Outcome::Answer(Likeness { agreed: 2, of: 30, agrees: false }))),
    ("hear-of-its-time-out", Step::Hear(Outcome::TimedOut)),
    ("hear-of-a-lost-worker", Step::Hear(Outcome::Nothing(Fault::WorkerLost))),
    ("hear-of-one-that-declined", Step::Hear(Outcome::Nothing(Fault::Declined))),
    ("hear-of-another-job", Step::HearOther),
    ("give-up", Step::GiveUp),
];

fn take(challenge: &Challenge, step: Step, now: Timestamp) -> Result<Challenge, Refusal> {
    let last = challenge.probes.len() - 1;
    match step {
        Step::Ask => challenge.ask(probe(last + 1), now),
        Step::AskAgain => challenge.ask(Probe { reference: probe(0).reference, ..probe(last + 1) }, now),
        Step::Hear(outcome) => challenge.hear(probe(last).job, outcome, now),
        Step::HearOther => challenge.hear(probe(last + 7).job, answer(true), now),
        Step::GiveUp => challenge.give_up(Void::TooLong, now),
    }
}

#[test]
fn the_life_of_a_challenge_is_the_published_table() {
    let mut text = format!(
        "passed with {PASSES_WITH} answers that agree, failed with {FAILS_WITH} that differ, {MOST_QUESTIONS} \
         questions at most\n"
    );
    for (is_asked, title) in [(true, "an answer is awaited"), (false, "no answer is awaited")] {
        write!(text, "\n{title}\n").unwrap();
        let all = (0..PASSES_WITH).flat_map(|agree| (0..FAILS_WITH).map(move |differ| (agree, differ)));
        for (agree, differ) in all.filter(|answers| is_asked || *answers != (0, 0)) {
            write_steps(
                &mut text,
                &format!("{agree} agree, {differ} differ"),
                &with_answers(agree, differ, is_asked),
                NOW,
            );
        }
    }
    text.push_str("\nfrom its deadline on\n");
    write_steps(&mut text, "1 agree, 0 differ", &with_answers(1, 0, false), BY);
    text.push_str("\nonce it has ended\n");
    for ended in [State::Passed, State::Failed(Failure::TimedOut), State::Void(Void::Restarted)] {
        let challenge = Challenge { state: ended, ended_at: Some(NOW), ..opened() };
        write_steps(&mut text, ended.name(), &challenge, NOW);
    }
    text.push_str("\nwhat becomes of him who is enrolled\n");
    for state in activities() {
        for ended in
            [State::Open, State::Passed, State::Failed(Failure::OtherAnswers), State::Void(Void::NotAsked)]
        {
            let change = Challenge { state: ended, ..opened() }.change(Some(&node(state)), NOW);
            writeln!(text, "  {:<18}  {:<6}  -> {}", activity(state), ended.name(), consequence(&change))
                .unwrap();
        }
    }
    text.push_str("\nwho may be challenged\n");
    for state in activities() {
        for open in [None, Some(&opened())] {
            let challenged = Challenge::open(&node(state), open, "small".into(), probe(9), BY, NOW);
            let outcome =
                challenged.map_or_else(|refusal| refusal.code(), |challenge| challenge.state.name());
            let other = if open.is_some() { "one is open" } else { "none is open" };
            writeln!(text, "  {:<18}  {other:<12}  -> {outcome}", activity(state)).unwrap();
        }
    }
    golden::check("challenge-life.txt", &text);
}

fn activities() -> [Activity; 5] {
    let on_trial = [0, 2].map(|passed| Activity::OnTrial { passed });
    [Activity::Active, on_trial[0], on_trial[1], Activity::Left, Activity::Refuted { at: NOW }]
}

fn activity(state: Activity) -> String {
    match state {
        Activity::OnTrial { passed } => format!("on_trial, {passed} passed"),
        state => state.name().to_owned(),
    }
}

/// The lines of one challenge; the refusal that it answers most steps with is said once.
fn write_steps(text: &mut String, title: &str, challenge: &Challenge, now: Timestamp) {
    let outcomes: Vec<_> =
        STEPS.into_iter().map(|(name, step)| (name, outcome(challenge, step, now))).collect();
    let times = |other: &str| outcomes.iter().filter(|(_, outcome)| outcome == other).count();
    let usual = outcomes.iter().map(|(_, outcome)| outcome).filter(|outcome| outcome.contains('.'));
    let usual = usual.max_by_key(|outcome| times(outcome)).filter(|outcome| times(outcome) > 1);
    let special = outcomes.iter().filter(|(_, outcome)| Some(outcome) != usual);
    let special = special.map(|(name, outcome)| (*name, outcome));
    for (name, outcome) in special.chain(usual.map(|usual| ("anything else", usual))) {
        writeln!(text, "  {title:<18}  {name:<26}  -> {outcome}").unwrap();
    }
}

fn outcome(challenge: &Challenge, step: Step, now: Timestamp) -> String {
    match take(challenge, step, now) {
        Err(refusal) => refusal.code().to_owned(),
        Ok(after) => match (after.state, after.awaited()) {
            (State::Open, Some(_)) => "open, an answer is awaited".to_owned(),
            (State::Open, None) => "open, the next question is to be put".to_owned(),
            (state, _) => {
                [Some(state.name()), state.why()].into_iter().flatten().collect::<Vec<_>>().join(": ")
            }
        },
    }
}

/// What a step says of the worker, and what it makes of him who is enrolled.
fn consequence(change: &Change) -> String {
    let evidence = match change.evidence {
        Some((_, evidence)) => format!("{evidence:?}"),
        None => "no evidence".to_owned(),
    };
    let becomes = change.records.iter().find_map(|record| match &record.after {
        Record::Enrolment(node) => Some(activity(node.state)),
        _ => None,
    });
    format!("{evidence}, {}", becomes.map_or_else(|| "as before".to_owned(), |state| format!("then {state}")))
}

#[test]
fn the_change_of_a_verdict_is_guarded_by_both_versions() {
    let passed = with_answers(1, 0, true).hear(probe(1).job, answer(true), NOW).unwrap();
    let on_trial = node(Activity::OnTrial { passed: 0 });
    let change = passed.change(Some(&on_trial), NOW);
    let before: Vec<_> = change.records.iter().map(|record| record.before).collect();
    assert_eq!(before, [Version(passed.version.0 - 1), on_trial.version]);
    assert!(change.job.is_none() && !change.moves_money() && change.is_durable());
}

#[test]
fn moving_to_another_worker_passes_nothing_and_saves_nobody() {
    let moved = Enrolment { worker: WorkerId([4; 32]), ..node(Activity::OnTrial { passed: 0 }) };
    let ended = |state| Challenge { state, ..opened() }.change(Some(&moved), NOW);
    assert_eq!(ended(State::Passed).records.len(), 1);
    let failed = ended(State::Failed(Failure::OtherAnswers));
    assert_eq!(failed.records.len(), 2);
    assert_eq!(failed.evidence.unwrap().0, WORKER, "it is what this worker has answered");
}

#[test]
fn every_state_is_read_back_by_its_name() {
    let failed = [Failure::OtherAnswers, Failure::TimedOut].map(State::Failed);
    let void = [Void::NotAsked, Void::Restarted, Void::TooLong].map(State::Void);
    let faults = Fault::ALL.map(|fault| State::Void(Void::Nothing(fault)));
    for state in [State::Open, State::Passed].into_iter().chain(failed).chain(void).chain(faults) {
        assert_eq!(State::parse(state.name(), state.why()), Some(state));
    }
    assert_eq!(State::parse("void", None), None);
    assert_eq!(State::parse("passed", Some("timed_out")), None);
}

/// Whatever happens, in whatever order: a challenge ends once and at the latest with its last question, and a verdict is
/// what the answers say.
#[test]
fn a_challenge_ends_once_and_as_its_answers_say() {
    let config = ProptestConfig { cases: 2_000, rng_seed: RngSeed::Fixed(17), ..ProptestConfig::default() };
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..config });
    // Mostly questions and answers, so that some challenges come far.
    let step = prop_oneof![
        8 => Just(Step::Ask),
        4 => Just(Step::Hear(answer(true))),
        8 => Just(Step::Hear(answer(false))),
        1 => (0..STEPS.len()).prop_map(|at| STEPS[at].1),
    ];
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let ways = prop::collection::vec((step, 0..3_i64), 0..40);
    runner
        .run(&ways, |steps| {
            let (mut challenge, mut now) = (opened(), NOW);
            for (step, passes) in steps {
                now.0 += passes * 20_000;
                let before = challenge.clone();
                match take(&before, step, now) {
                    Err(_) => continue,
                    Ok(after) => challenge = after,
                }
                prop_assert_eq!(before.state, State::Open, "what has ended stays as it is");
                prop_assert_eq!(challenge.version, before.version.next());
                prop_assert_eq!(challenge.ended_at.is_some(), challenge.state != State::Open);
                prop_assert!(challenge.probes.len() <= MOST_QUESTIONS);
                let used: std::collections::BTreeSet<_> =
                    challenge.probes.iter().map(|probe| probe.reference).collect();
                prop_assert_eq!(used.len(), challenge.probes.len(), "no question is put twice");
                let count = |agrees| {
                    let is = |probe: &&Probe| probe.outcome == Some(answer(agrees));
                    challenge.probes.iter().filter(is).count()
                };
                let (agree, differ) = (count(true), count(false));
                prop_assert_eq!(challenge.state == State::Passed, agree == PASSES_WITH);
                prop_assert_eq!(
                    challenge.state == State::Failed(Failure::OtherAnswers),
                    differ == FAILS_WITH
                );
            }
            seen.borrow_mut().insert(challenge.state.name());
            Ok(())
        })
        .unwrap();
    assert_eq!(seen.borrow().len(), 4, "every end was reached: {seen:?}");
}
