//! The rules that matter most, each as a sentence, at the very moment or amount where they turn.

use crate::sample::{
    FIRST, LAPSE, PRICE, SECOND, START, after, delivery, job, obey, order, outcome, paid_at_once, reach,
    reached, terms, testnet,
};
use docket_core::change::{Change, Record};
use docket_core::command::{Charge, Command};
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{AgentId, Attempt, ClientId, Dialect, JobId, PublicId, WorkerId};
use docket_core::job::{Job, Skill, Speed, State};
use docket_core::ledger::{Account, Transfer};
use docket_core::money::{Amount, Asset};
use docket_core::policy::{Policy, Ruling, Verdict};
use docket_core::quote::{PriceList, Quote};
use docket_core::receipt::{Claims, check};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_core::trust::{PAIRING_LIFETIME, Pairing};

fn deadline(job: &Job) -> Timestamp {
    job.state.deadline().expect("the sample is not final")
}

fn just_before(at: Timestamp) -> Timestamp {
    at + Millis(-1)
}

fn submit(job: &Job, charge: Charge) -> Command {
    let (worker, attempt) = job.holder().expect("somebody has the sample");
    Command::Submit { delivery: delivery(worker, attempt), charge }
}

fn paid_to(transfers: &[Transfer], account: &Account) -> u128 {
    transfers.iter().filter(|leg| leg.to == *account).map(|leg| leg.amount.units).sum()
}

#[test]
fn whoever_comes_at_the_deadline_is_late() {
    for (way, word) in [
        ("create", "fund"),
        ("create fund", "assign"),
        ("create fund assign-to-accept", "accept"),
        ("create fund assign-to-accept", "submit"),
        ("create fund assign", "submit"),
        ("create fund assign submit", "evaluate-complete"),
        ("create fund assign submit evaluate-complete dispute", "rule-for-client"),
    ] {
        let job = reached(terms(), way);
        let by = deadline(&job);
        assert!(obey(&job, word, just_before(by)).is_ok(), "{word} after {way}");
        assert_eq!(obey(&job, word, by), Err(Refusal::TooLate), "{word} after {way}");
    }
}

#[test]
fn nothing_lapses_a_moment_too_early() {
    let ways = [
        "create",
        "create fund",
        "create fund assign-to-accept",
        "create fund assign",
        "create fund assign submit",
        "create fund assign submit evaluate-complete",
        "create fund assign submit evaluate-reject dispute",
    ];
    for way in ways {
        let job = reached(terms(), way);
        let by = deadline(&job);
        assert_eq!(obey(&job, "lapse", just_before(by)), Err(Refusal::NotYetDue), "{way}");
        assert!(obey(&job, "lapse", by).is_ok(), "{way}");
    }
}

#[test]
fn a_late_dispute_is_refused() {
    let settled = reached(terms(), "create fund assign submit evaluate-complete");
    let until = deadline(&settled);
    assert!(obey(&settled, "dispute", just_before(until)).is_ok());
    assert_eq!(obey(&settled, "dispute", until), Err(Refusal::DisputeWindowClosed));
    let vested = reached(terms(), "create fund assign submit evaluate-complete lapse");
    assert_eq!(obey(&vested, "dispute", START), Err(Refusal::DisputeWindowClosed));
}

#[test]
fn what_is_paid_at_once_cannot_be_disputed() {
    let settled = reached(paid_at_once(), "create fund assign submit");
    assert_eq!(obey(&settled, "dispute", START), Err(Refusal::NotDisputable));
}

#[test]
fn an_undecided_dispute_ends_as_was_published() {
    let disputed = reached(terms(), "create fund assign submit evaluate-reject dispute");
    let ended = obey(&disputed, "lapse", deadline(&disputed)).unwrap();
    assert!(matches!(ended.state, State::Arbitrated { ruling: Ruling::ForWorker, .. }));
}

#[test]
fn the_silence_of_an_evaluator_pays_the_worker() {
    let (settled, _) = reach(job(terms(), PRICE), "create fund assign submit lapse").unwrap();
    let vested = outcome(&settled, &LAPSE, deadline(&settled)).unwrap();
    assert_eq!(paid_to(&vested.transfers, &Account::Worker(FIRST)), 980);
    assert_eq!(paid_to(&vested.transfers, &Account::Treasury), 20);
}

#[test]
fn a_charge_in_another_asset_is_refused() {
    let running = reached(terms(), "create fund assign");
    let charge = Charge::Exactly(Amount::new(1, Asset::TEST_USDC));
    assert_eq!(outcome(&running, &submit(&running, charge), START), Err(Refusal::OtherAsset));
}

#[test]
fn a_charge_may_be_the_hold_and_not_a_unit_more() {
    let running = reached(paid_at_once(), "create fund assign");
    let charge = |units| submit(&running, Charge::Exactly(PRICE.with_units(units)));
    assert!(outcome(&running, &charge(PRICE.units), START).is_ok());
    assert_eq!(outcome(&running, &charge(PRICE.units + 1), START), Err(Refusal::ChargeExceedsHold));
}

#[test]
fn a_broken_stream_costs_the_delivered_part_rounded_down() {
    let running = reached(paid_at_once(), "create fund assign");
    let paid = |delivered, covered| {
        let change = outcome(&running, &submit(&running, Charge::Portion { delivered, covered }), START);
        PRICE.units - paid_to(&change.unwrap().transfers, &Account::Client(running.client.clone()))
    };
    assert_eq!(paid(2, 3), 666);
    assert_eq!(paid(3, 3), 1_000);
    assert_eq!(paid(4, 3), 1_000);
}

#[test]
fn a_stream_of_which_nothing_arrived_is_no_delivery() {
    let running = reached(paid_at_once(), "create fund assign");
    for covered in [0, 3] {
        let nothing = submit(&running, Charge::Portion { delivered: 0, covered });
        assert_eq!(outcome(&running, &nothing, START), Err(Refusal::NothingDelivered));
    }
}

#[test]
fn a_part_that_is_judged_costs_that_part_whatever_the_verdict() {
    let client =
        |change: &Change, job: &Job| paid_to(&change.transfers, &Account::Client(job.client.clone()));
    for verdict in [Verdict::Complete, Verdict::Reject] {
        let submitted = reached(terms(), "create fund assign submit-part");
        let judged = outcome(&submitted, &Command::Evaluate { verdict, judgement: None }, START).unwrap();
        let after = &judged.job.as_ref().unwrap().after;
        // Two parts of seven may still be disputed; the rest is back at once.
        assert_eq!((after.escrow.units, after.vesting.units), (0, 285));
        assert_eq!(client(&judged, &submitted), PRICE.units - 285);
    }
}

#[test]
fn work_given_back_too_late_has_run_out_of_time() {
    let running = reached(terms(), "create fund assign");
    let (_, attempt) = running.holder().unwrap();
    let back = Command::Return { attempt, reason: Fault::HandedBack };
    let change = outcome(&running, &back, deadline(&running)).unwrap();
    let lapsed = outcome(&running, &LAPSE, deadline(&running)).unwrap();
    assert_eq!(change, lapsed);
    assert!(change.job.unwrap().after.state.is_final());
}

#[test]
fn work_that_costs_nothing_vests_like_any_other() {
    let policy = Policy { evaluation: None, ..terms() };
    for end in ["lapse", "dispute lapse", "dispute rule-for-client", "dispute rule-divided"] {
        let job = reached(policy.clone(), &format!("create fund assign submit-free {end}"));
        assert!(job.state.is_final(), "{end}");
    }
}

#[test]
fn every_giving_of_the_job_counts_as_an_attempt() {
    for assign in ["assign", "assign-to-accept", "assign-to-accept accept"] {
        let once = reached(terms(), &format!("create fund {assign} return-lost"));
        assert!(matches!(once.state, State::Funded { .. }), "{assign}");
        let twice =
            reach(job(terms(), PRICE), &format!("create fund {assign} return-lost {assign} return-lost"));
        let (twice, _) = twice.unwrap();
        assert_eq!(twice.state.name(), "failed", "{assign}");
        assert_eq!(twice.attempts, 2, "{assign}");
    }
}

#[test]
fn a_draining_worker_does_not_use_up_an_attempt() {
    let drained = reached(terms(), "create fund assign return-draining");
    assert_eq!(drained.attempts, 0);
    let lost = reach(drained, "assign return-lost").map(|(job, _)| job).unwrap();
    assert!(matches!(lost.state, State::Funded { .. }), "one of two attempts is left");
    let third = Command::Assign { worker: WorkerId([3; 32]), epoch: 1, accept_within: None };
    let running = after(&outcome(&lost, &third, START).unwrap());
    assert_eq!(obey(&running, "return-lost", START).unwrap().state.name(), "failed");
}

#[test]
fn after_a_failure_another_worker_is_looked_for_no_longer_because_one_drains() {
    let policy = terms();
    for (way, wait) in [
        ("create fund assign return-lost", policy.rematch_within),
        ("create fund assign return-draining", policy.match_within),
        ("create fund assign return-lost assign return-draining", policy.rematch_within),
    ] {
        let waiting = reached(policy.clone(), way);
        assert_eq!(deadline(&waiting), START + wait, "{way}");
    }
}

#[test]
fn a_worker_that_tried_is_not_assigned_again() {
    for word in ["return-lost", "return-draining"] {
        let funded = reached(terms(), &format!("create fund assign {word}"));
        let again = Command::Assign { worker: FIRST, epoch: 2, accept_within: None };
        assert_eq!(outcome(&funded, &again, START), Err(Refusal::AlreadyTried));
        let another = Command::Assign { worker: SECOND, epoch: 2, accept_within: None };
        assert!(outcome(&funded, &another, START).is_ok());
    }
}

#[test]
fn a_stale_attempt_never_completes_a_job() {
    for word in ["return-lost", "return-draining"] {
        let running = reached(terms(), &format!("create fund assign {word} assign"));
        let stale = Attempt { epoch: 1, number: 1 };
        for worker in [FIRST, SECOND] {
            let late = Command::Submit { delivery: delivery(worker, stale), charge: Charge::Whole };
            assert_eq!(outcome(&running, &late, START), Err(Refusal::StaleAttempt), "{word}");
        }
        let back = Command::Return { attempt: stale, reason: Fault::WorkerLost };
        assert_eq!(outcome(&running, &back, START), Err(Refusal::StaleAttempt), "{word}");
    }
}

#[test]
fn an_attempt_of_an_earlier_life_of_the_coordinator_is_stale() {
    let funded = reached(terms(), "create fund");
    let assign = Command::Assign { worker: FIRST, epoch: 2, accept_within: None };
    let running = after(&outcome(&funded, &assign, START).unwrap());
    let earlier = delivery(FIRST, Attempt { epoch: 1, number: 1 });
    let submit = Command::Submit { delivery: earlier, charge: Charge::Whole };
    assert_eq!(outcome(&running, &submit, START), Err(Refusal::StaleAttempt));
}

#[test]
fn nobody_delivers_for_another_worker() {
    let running = reached(terms(), "create fund assign");
    assert_eq!(obey(&running, "submit-other-worker", START), Err(Refusal::ReceiptByOtherWorker));
}

#[test]
fn a_job_is_given_to_another_until_its_promise_has_passed() {
    let patient = Policy { run_within: Millis::hours(1), ..terms() };
    let running = reached(patient, "create fund assign");
    let promise = running.finish_by.expect("the job is funded");
    assert_eq!(deadline(&running), promise);
    for word in ["return-lost", "return-draining"] {
        assert_eq!(obey(&running, word, just_before(promise)).unwrap().state.name(), "funded");
        assert_eq!(obey(&running, word, promise).unwrap().state.name(), "refunded");
    }
}

#[test]
fn recovering_never_shortens_and_never_goes_beyond_the_promise() {
    let funded = reached(terms(), "create fund");
    let (by, promise) = (deadline(&funded), funded.finish_by.expect("the job is funded"));
    for passed in (0..700).step_by(7).map(Millis::seconds) {
        for grace in (0..700).step_by(50).map(Millis::seconds) {
            let now = START + passed;
            let recovered = after(&outcome(&funded, &Command::Recover { grace }, now).unwrap());
            let again = now + grace + funded.policy.match_within;
            assert_eq!(deadline(&recovered), by.max(again.min(promise)));
        }
    }
}

#[test]
fn a_job_that_does_not_exist_can_only_begin() {
    let absent = job(terms(), PRICE);
    for word in ["assign", "submit", "cancel", "lapse", "recover", "dispute"] {
        assert_eq!(obey(&absent, word, START), Err(Refusal::NoSuchJob), "{word}");
    }
    assert!(obey(&absent, "create", START).is_ok());
    assert!(obey(&absent, "fund", START).is_ok());
    assert_eq!(obey(&reached(terms(), "create"), "create", START), Err(Refusal::IdTaken));
}

#[test]
fn nobody_disputes_twice() {
    let disputed = reached(terms(), "create fund assign submit evaluate-complete dispute");
    assert_eq!(obey(&disputed, "dispute", START), Err(Refusal::AlreadyDisputed));
    let ruled = obey(&disputed, "rule-for-worker", START).unwrap();
    assert_eq!(obey(&ruled, "dispute", START), Err(Refusal::AlreadyDisputed));
}

#[test]
fn a_receipt_must_name_this_job_this_worker_and_this_output_and_be_signed() {
    let id = PublicId { dialect: Dialect::Quotes, text: "job-1".into() };
    let output = Sha256::of(b"what arrived");
    let good = Claims { job: "job-1", worker: FIRST, output, signed: true };
    let answer = |claims: Claims<'_>| check(&claims, &id, FIRST, output);
    assert_eq!(answer(good.clone()), Ok(()));
    assert_eq!(answer(Claims { job: "job-10", ..good.clone() }), Err(Refusal::ReceiptForOtherJob));
    assert_eq!(answer(Claims { worker: SECOND, ..good.clone() }), Err(Refusal::ReceiptByOtherWorker));
    let other = Sha256::of(b"what was promised");
    assert_eq!(answer(Claims { output: other, ..good.clone() }), Err(Refusal::ReceiptForOtherOutput));
    assert_eq!(answer(Claims { signed: false, ..good }), Err(Refusal::ReceiptNotSigned));
}

#[test]
fn a_pairing_code_makes_one_worker_trusted_once_and_in_time() {
    let (expires_at, created) = Pairing::create(Sha256::of(b"code"), ClientId("ann".into()), START);
    assert_eq!(expires_at, START + PAIRING_LIFETIME);
    let Record::Pairing(pairing) = &created.records[0].after else { panic!("a pairing is stored") };
    assert_eq!(pairing.claim(FIRST, expires_at), Err(Refusal::PairingExpired));
    let claimed = pairing.claim(FIRST, just_before(expires_at)).unwrap();
    assert_eq!(claimed.records[0].before, pairing.version, "two claims of one code cannot both be written");
    let Record::Pairing(used) = &claimed.records[0].after else { panic!("the pairing is stored") };
    let Record::Trust(trust) = &claimed.records[1].after else { panic!("the trust is stored") };
    assert_eq!((&*trust.client.0, trust.worker), ("ann", FIRST));
    assert_eq!(used.claim(SECOND, START), Err(Refusal::PairingClaimed));
    assert_eq!(used.claim(FIRST, expires_at), Err(Refusal::PairingClaimed));
}

#[test]
fn what_is_not_on_the_price_list_is_not_for_sale() {
    let price = |units| Amount::new(units, Asset::USDC);
    let (fast, cheap) = ((Skill::Infer, Speed::Fast), (Skill::Infer, Speed::Cheap));
    let list = PriceList::new([(fast, price(10_000)), (cheap, price(2_000))]);
    assert_eq!(list.quote(fast.0, fast.1), Some(Quote { price: price(10_000), speed: Speed::Fast }));
    assert_eq!(list.quote(cheap.0, cheap.1), Some(Quote { price: price(2_000), speed: Speed::Cheap }));
    assert_eq!(list.quote(Skill::Task, Speed::Fast), None);
}

#[test]
fn an_account_reads_back_as_it_is_written() {
    let accounts = [
        Account::Client(ClientId("credits:ann:7".into())),
        Account::Worker(FIRST),
        Account::Escrow(JobId(u64::MAX)),
        Account::Vesting(JobId(0)),
        Account::Stake(AgentId(1)),
        Account::Staked(FIRST),
        Account::Locked(AgentId(1), JobId(2)),
        Account::Deposit(JobId(3)),
        Account::Treasury,
        Account::Burned,
        Account::Outside(testnet()),
    ];
    for account in accounts {
        assert_eq!(Account::parse(&account.to_string()), Some(account));
    }
    for text in
        ["", "client:", "worker:00", "escrow:", "escrow:-1", "locked:1", "treasury:1", "outside:", "x:1"]
    {
        assert_eq!(Account::parse(text), None, "{text}");
    }
}

#[test]
fn every_published_name_reads_back() {
    for fault in Fault::ALL {
        assert_eq!(Fault::parse(fault.code()), Some(fault));
    }
    for dialect in Dialect::ALL {
        assert_eq!(Dialect::parse(dialect.name()), Some(dialect));
    }
    for skill in [Skill::Infer, Skill::Task] {
        assert_eq!(Skill::parse(skill.name()), Some(skill));
    }
    for speed in [Speed::Fast, Speed::Cheap] {
        assert_eq!(Speed::parse(speed.name()), Some(speed));
    }
}

#[test]
fn who_has_a_job_is_not_written_and_what_he_brings_is() {
    let running = reached(terms(), "create fund assign");
    let durable = |job: &Job, word| outcome(job, &order(word, job), START).unwrap().is_durable();
    assert!(!durable(&reached(terms(), "create fund"), "assign"));
    assert!(!durable(&reached(terms(), "create fund"), "assign-to-accept"));
    assert!(!durable(&reached(terms(), "create fund"), "recover"));
    assert!(durable(&running, "submit"));
    assert!(durable(&running, "return-lost"));
    assert!(durable(&running, "cancel"));
    assert!(matches!(outcome(&running, &LAPSE, deadline(&running)), Ok(change) if change.is_durable()));
}
