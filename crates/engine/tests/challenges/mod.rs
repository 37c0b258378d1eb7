//! Tests of nodes, from the draw to the verdict.

mod market;
mod moments;

use docket_core::challenge::{Failure, Outcome, State, Void};
use docket_core::enrolment::{Activity, BARRED};
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::policy::{Policy, Tier};
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_protocol::receipt::{Movement, transfers_hash};
use futures::executor::block_on;
use market::{Manner, Market, Options, RUN_WITHIN, TRUSTED, order, worker};
use std::collections::BTreeSet;

const NODE: u8 = 1;

#[test]
fn who_answers_as_the_model_does_passes_and_has_a_hundred_points_more() {
    let mut market = Market::open(Options::named("honest"));
    market.enter(NODE, Manner::Honest);
    market.prepare(NODE);
    assert_eq!(market.tested(NODE), 5_000);
    let challenge = market.test(NODE);
    assert_eq!((challenge.state, challenge.probes.len()), (State::Passed, 2));
    assert_eq!((market.tested(NODE), market.state(NODE)), (5_100, Activity::Active));
    assert_eq!(market.tested(TRUSTED), 5_000, "answering for others says nothing of it");
    let references: BTreeSet<_> = challenge.probes.iter().map(|probe| probe.reference).collect();
    assert_eq!(references.len(), 2, "no question is put twice");
    market.pass(Millis::seconds(60));
    assert_eq!(market.all(NODE).len(), 1);
    market.close();
}

#[test]
fn who_answers_otherwise_is_refuted_and_gets_nothing_until_it_has_passed_three_trials() {
    let mut market = Market::open(Options::named("liar"));
    market.enter(NODE, Manner::Lies);
    market.prepare(NODE);
    market.lose(TRUSTED); // What is there is enough; and nobody else is online for clients' jobs.
    assert_eq!(market.client_orders(), Some(worker(NODE)));
    market.settle();
    let before = market.tested(NODE);
    assert!(before > 5_000, "a client has paid it");
    let challenge = market.test(NODE);
    assert_eq!((challenge.state, challenge.probes.len()), (State::Failed(Failure::OtherAnswers), 4));
    assert_eq!(market.tested(NODE), before - 2_000);
    assert!(matches!(market.state(NODE), Activity::Refuted { .. }));
    let waits = market.client_orders();
    assert_eq!(waits, None, "there is nobody else");
    assert_eq!(market.challenge(NODE), Err(Refusal::Refuted));

    market.set_manner(NODE, Manner::Honest);
    assert_eq!(market.come_back(NODE), Err(Refusal::Refuted));
    market.pass(BARRED);
    assert_eq!(market.come_back(NODE), Ok(Activity::OnTrial { passed: 0 }));
    for passed in 1..=3 {
        assert_eq!(market.client_orders(), None, "challenges are all that it is given");
        assert_eq!(market.test(NODE).state, State::Passed);
        let after = if passed < 3 { Activity::OnTrial { passed } } else { Activity::Active };
        assert_eq!(market.state(NODE), after);
    }
    assert_eq!(market.client_orders(), Some(worker(NODE)));
    market.close();
}

#[test]
fn who_does_not_answer_in_time_is_refuted_at_once() {
    let mut market = Market::open(Options::named("sleeper"));
    market.enter(NODE, Manner::Sleeps);
    market.prepare(NODE);
    market.challenge(NODE).unwrap();
    market.pass(Millis(RUN_WITHIN.0 - 1_000));
    assert_eq!(market.last(NODE).state, State::Open);
    market.pass(Millis(2_000));
    let challenge = market.last(NODE);
    assert_eq!((challenge.state, challenge.probes.len()), (State::Failed(Failure::TimedOut), 1));
    assert!(matches!(market.state(NODE), Activity::Refuted { .. }));
    assert_eq!(market.tested(NODE), 3_000, "being late is not counted a second time");
    assert_eq!(market.job(challenge.probes[0].job).escrow.units, 0, "the money is back");
    market.close();
}

#[test]
fn a_question_that_comes_to_nothing_otherwise_is_no_verdict() {
    let mut market = Market::open(Options::named("lost"));
    market.enter(NODE, Manner::Declines);
    market.prepare(NODE);
    let declined = market.test(NODE);
    assert_eq!(declined.state, State::Void(Void::Nothing(Fault::Declined)));
    assert_eq!(declined.probes[0].outcome, Some(Outcome::Nothing(Fault::Declined)));
    let job = market.job(declined.probes[0].job);
    assert_eq!((job.state.name(), job.escrow.units), ("cancelled", 0), "nobody else is asked instead");

    market.set_manner(NODE, Manner::Sleeps);
    market.challenge(NODE).unwrap();
    market.settle();
    market.lose(NODE);
    market.pass(Millis::seconds(20));
    let lost = market.last(NODE);
    assert_eq!(lost.state, State::Void(Void::Nothing(Fault::WorkerLost)));
    assert_eq!(market.state(NODE), Activity::Active);
    assert_eq!(market.node(NODE).worker.reputation.refuted, 0);
    assert!(market.jobs().iter().all(|job| job.escrow.units == 0));
    market.close();
}

#[test]
fn an_answer_that_was_settled_before_a_crash_is_judged_once() {
    let mut market = Market::open(Options::named("crash"));
    market.enter(NODE, Manner::Honest);
    market.prepare(NODE);
    market.challenge(NODE).unwrap();
    market.settle(); // The first answer is judged, and the second question is put a moment later.
    market.clock.advance(Millis(2));
    futures::executor::block_on(market.engine.challenge_due());
    assert!(market.answer(), "the second answer is settled, and nobody has looked at it");
    let before = market.last(NODE);
    assert_eq!((before.state, before.probes.len()), (State::Open, 2));
    for _ in 0..2 {
        market = market.crash();
        let after = market.last(NODE);
        assert_eq!((after.state, after.version), (State::Passed, before.version.next()));
        assert_eq!(market.tested(NODE), 5_100);
    }
    market.close();
}

#[test]
fn a_question_that_nobody_has_after_a_crash_is_withdrawn() {
    let mut market = Market::open(Options::named("forgotten"));
    market.enter(NODE, Manner::Sleeps);
    market.prepare(NODE);
    market.challenge(NODE).unwrap();
    let question = market.last(NODE).probes[0].job;
    market.set_manner(TRUSTED, Manner::Sleeps);
    market = market.crash();
    assert_eq!(market.last(NODE).state, State::Void(Void::Restarted));
    assert_eq!(market.job(question).state.name(), "cancelled");
    assert!(market.jobs().iter().all(|job| job.state.is_final() && job.escrow.units == 0));
    market.enter(NODE, Manner::Honest);
    market.enter(TRUSTED, Manner::Honest);
    assert_eq!(market.test(NODE).state, State::Passed, "references outlive the process");
    market.close();
}

#[test]
fn without_anybody_who_is_trusted_nobody_is_tested() {
    let mut market = Market::open(Options { trusts: false, ..Options::named("untrusted") });
    market.enter(NODE, Manner::Lies);
    market.pass(Millis::hours(12));
    assert_eq!(market.challenge(NODE), Err(Refusal::NoReference));
    assert_eq!((market.all(NODE).len(), market.jobs().len()), (0, 0));
    market.close();
}

#[test]
fn what_the_treasury_does_not_hold_is_not_spent() {
    let mut market = Market::open(Options { testnet: false, ..Options::named("unfunded") });
    market.enter(NODE, Manner::Honest);
    market.pass(Millis::hours(6));
    assert_eq!((market.all(NODE).len(), market.jobs().len()), (0, 0));
    let counts = market.engine.meter().challenges();
    assert!(matches!(counts[..], [("unfunded", 1..)]), "{counts:?}");

    market.credit(Account::Treasury, 14_000); // Twelve references, and two questions.
    market.prepare(NODE);
    assert_eq!(market.test(NODE).state, State::Passed);
    assert_eq!(market.challenge(NODE), Err(Refusal::InsufficientFunds));
    let paid: u128 = market.given(NODE).iter().map(|job| job.price.units).sum();
    assert_eq!(paid, 2_000);
    market.close();
}

#[test]
fn a_challenge_whose_next_question_cannot_be_paid_has_no_verdict() {
    let mut market = Market::open(Options { testnet: false, ..Options::named("poor") });
    market.enter(NODE, Manner::Lies);
    market.credit(Account::Treasury, 14_000);
    market.prepare(NODE);
    assert_eq!(market.test(NODE).state, State::Void(Void::NotAsked));
    assert_eq!((market.state(NODE), market.tested(NODE)), (Activity::Active, 5_000));
    market.close();
}

#[test]
fn only_who_can_be_challenged_is() {
    let mut market = Market::open(Options::named("refused"));
    assert_eq!(market.challenge(NODE), Err(Refusal::NotEnrolled));
    assert_eq!(market.challenge(TRUSTED), Err(Refusal::IsTrusted));
    market.enter(NODE, Manner::Sleeps);
    market.prepare(NODE);
    market.challenge(NODE).unwrap();
    assert_eq!(market.challenge(NODE), Err(Refusal::ChallengeOpen));
    market.pass(Millis::seconds(20));
    assert_eq!(market.all(NODE).len(), 1);
    market.lose(NODE);
    market.pass(Millis::seconds(20));
    assert_eq!(market.challenge(NODE), Err(Refusal::NotOnline));
    market.enter(NODE, Manner::Sleeps);
    market.lose(TRUSTED);
    while market.client_orders() == Some(worker(NODE)) {} // Until it has no room.
    assert_eq!(market.challenge(NODE), Err(Refusal::NobodyFits));
    market.engine.stop_accepting();
    assert_eq!(market.challenge(NODE), Err(Refusal::Draining));
    market.close();
}

#[test]
fn who_declares_other_weights_is_another_model() {
    let mut market = Market::open(Options { trusts: true, ..Options::named("weights") });
    let [ours, other] = [b"ours", b"othr"].map(|weights| Some(Sha256::of(weights)));
    market.lose(TRUSTED);
    market.enter_with(TRUSTED, Manner::Honest, ours);
    market.enter_with(1, Manner::Honest, ours);
    market.enter_with(2, Manner::Honest, other);
    market.enter_with(3, Manner::Honest, None);
    market.prepare(1);
    assert_eq!(market.test(1).state, State::Passed);
    assert_eq!(market.test(3).state, State::Passed, "who declares none may have any");
    market.challenge(2).unwrap_err();
    market.pass(Millis::seconds(60));
    assert_eq!(market.challenge(2), Err(Refusal::NoReference));
    market.close();
}

#[test]
fn a_question_is_a_job_like_any_other() {
    let mut market = Market::open(Options::named("alike"));
    market.enter(NODE, Manner::Honest);
    market.prepare(NODE);
    market.test(NODE);
    let (_, noticed) = notices(&market);
    let questions = market.given(NODE);
    market.lose(TRUSTED);
    market.client_orders();
    market.settle();
    let (names, noticed_then) = notices(&market);
    assert_eq!(noticed_then, noticed + 2, "one that is funded and one that is done");
    let asked = market.given(NODE);
    let client = asked.last().expect("it has had it");
    let mut clients = BTreeSet::new();
    for question in questions.iter().filter(|job| job.id != client.id) {
        assert!(question.is_challenge() && !client.is_challenge());
        assert_eq!((&question.ask, question.price), (&client.ask, client.price));
        let tier = Some(Tier { is_challenge: false, ..question.policy.tier.unwrap() });
        assert_eq!(Policy { tier, ..Policy::clone(&question.policy) }, Policy::clone(&client.policy));
        assert_eq!(shape(question), shape(client));
        clients.insert(question.client.clone());
    }
    assert_eq!(clients.len(), 2, "each is asked by somebody else");
    assert_eq!(order(market.engine.ledger(), client.client.clone(), "x").policy, client.policy);
    assert!(["enrolled", "funded", "done"].iter().all(|name| names.contains(*name)));
    market.close();
}

#[test]
fn no_entry_of_the_log_tells_who_pays_for_a_job_that_may_be_a_test() {
    let mut market = Market::open(Options { testnet: false, ..Options::named("log") });
    market.enter(NODE, Manner::Honest);
    market.credit(Account::Treasury, 20_000);
    market.prepare(NODE);
    assert_eq!(market.test(NODE).state, State::Passed);
    let entries = block_on(market.engine.store().log_entries(0, 1_000)).expect("it can be read");
    let entries: Vec<String> = entries.into_iter().map(|entry| String::from_utf8(entry).unwrap()).collect();
    let questions = market.given(NODE);
    assert_eq!(questions.len(), 2);
    for job in questions {
        let named = |payer: &str| {
            let asset = job.price.asset.name().to_owned();
            let held = Movement { asset, from: payer.into(), to: "escrow".into(), units: job.price.units };
            let hash = transfers_hash(Some(&job.public_id.text), &[held]).to_string();
            entries.iter().any(|entry| entry.contains(&hash))
        };
        assert!(named("payer") && !named("treasury"), "{}", job.public_id.text);
    }
    market.close();
}

#[test]
fn nobody_has_a_job_of_a_class_by_his_own_word_alone() {
    let mut market = Market::open(Options { trusts: false, ..Options::named("claims") });
    assert_eq!(market.client_orders(), None, "it waits");
    let job = market.jobs().pop().expect("it was ordered");
    let mut market = market.crash();
    assert!(!market.claims(NODE, false, &job));
    assert_eq!(market.given(NODE).len(), 0);
    assert!(market.claims(2, true, &job), "who could have it anyway may");
    market.close();
}

/// All that a worker or an onlooker may see of the names of a job, but for its digits.
fn shape(job: &Job) -> (usize, usize, String) {
    let client: String = job.client.0.chars().map(|c| if c.is_ascii_hexdigit() { '#' } else { c }).collect();
    (job.public_id.text.len(), job.client.0.len(), client.chars().take(12).collect())
}

fn notices(market: &Market) -> (BTreeSet<&'static str>, u64) {
    let page = docket_engine::Page { skip: 0, limit: 100 };
    let (rows, count) = futures::executor::block_on(market.engine.notices(page)).expect("they can be read");
    (rows.iter().map(|row| row.notice.name()).collect(), count)
}
