//! What holds for any run of commands, at any times, under any terms.

use crate::sample::{LAPSE, after, outcome};
use crate::script::{MOST_LAPSES, Step, scripts};
use docket_core::command::Command;
use docket_core::effect::{Effect, EffectKind, owed};
use docket_core::event::{Event, Fault};
use docket_core::hash::Sha256;
use docket_core::job::{Job, State};
use docket_core::key::{KeyId, spending};
use docket_core::ledger::{self, Account, NetworkId, Transfer};
use docket_core::policy::Source;
use docket_core::time::Millis;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The books that a run leaves: the client begins with the price.
struct Books(BTreeMap<Account, i128>);

impl Books {
    fn opened_for(job: &Job) -> Self {
        let mut books = Self(BTreeMap::new());
        if job.policy.source == Source::Client {
            let (from, to) =
                (Account::Outside(NetworkId("ledger:main".into())), Account::Client(job.client.clone()));
            books.book(&Transfer { from, to, amount: job.price });
        }
        books
    }

    fn book(&mut self, transfer: &Transfer) {
        let units = i128::try_from(transfer.amount.units).expect("prices here stay below 2^100");
        *self.0.entry(transfer.from.clone()).or_default() -= units;
        *self.0.entry(transfer.to.clone()).or_default() += units;
    }

    /// What the command of a step says that the worker has at stake was put down before.
    fn put_down(&mut self, step: &Step) {
        if let (Command::Rule { stake, .. }, Some(delivery)) = (&step.command, step.before.delivery()) {
            let from = Account::Outside(NetworkId("ledger:main".into()));
            let amount = step.before.price.with_units(*stake);
            let to = Account::Staked(delivery.worker().expect("a worker delivers"));
            self.book(&Transfer { from, to, amount });
        }
    }

    fn balance(&self, account: &Account) -> u128 {
        self.0.get(account).map_or(0, |units| u128::try_from(*units).expect("the account is not negative"))
    }
}

/// Plays scripts, always the same for a seed, and asks of each run whether something holds.
fn for_any_run(seed: u64, holds: impl Fn(&[Step]) -> TestCaseResult) {
    let config = ProptestConfig { cases: 2_000, rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() };
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..config });
    if let Err(failure) = runner.run(&scripts(), |script| holds(&script.play())) {
        panic!("{failure}");
    }
}

#[test]
fn the_runs_go_everywhere() {
    const EVENTS: [&str; 17] = [
        "created",
        "funded",
        "assigned",
        "accepted",
        "returned",
        "recovered",
        "submitted",
        "settled",
        "completed",
        "rejected",
        "vested",
        "disputed",
        "ruled",
        "failed",
        "refunded",
        "expired",
        "cancelled",
    ];
    let seen = RefCell::new(BTreeMap::<_, u32>::new());
    for_any_run(0, |steps| {
        let names = steps.iter().filter_map(Step::event).map(Event::name);
        names.for_each(|name| *seen.borrow_mut().entry(name).or_default() += 1);
        Ok(())
    });
    let seen = seen.into_inner();
    for event in EVENTS {
        assert!(seen.get(event).is_some_and(|times| *times >= 50), "{event} is rare: {seen:?}");
    }
}

#[test]
fn the_books_balance_and_no_account_is_negative() {
    for_any_run(1, |steps| {
        let mut books = Books::opened_for(&steps[0].before);
        for step in steps {
            books.put_down(step);
            for transfer in step.transfers() {
                prop_assert!(!transfer.amount.is_zero() && transfer.from != transfer.to);
                prop_assert_eq!(transfer.amount.asset, step.before.price.asset);
                books.book(transfer);
            }
            prop_assert_eq!(books.0.values().sum::<i128>(), 0);
            prop_assert!(books.0.iter().all(|(account, units)| *units >= 0 || account.may_be_negative()));
        }
        Ok(())
    });
}

#[test]
fn a_key_has_spent_what_the_client_is_short_of() {
    for_any_run(15, |steps| {
        let mut books = Books::opened_for(&steps[0].before);
        let source = ledger::source(&steps[0].before);
        let first = books.0.get(&source).copied().unwrap_or_default();
        let mut spent = 0;
        for step in steps {
            step.transfers().iter().for_each(|transfer| books.book(transfer));
            let keyed = Job { key: Some(KeyId(Sha256([9; 32]))), ..step.before.clone() };
            spent += step.event().and_then(|event| spending(&keyed, event)).map_or(0, |one| one.units);
            prop_assert_eq!(first - books.0.get(&source).copied().unwrap_or_default(), spent);
            prop_assert!(spent >= 0);
        }
        Ok(())
    });
}

#[test]
fn a_job_knows_its_own_accounts_and_leaves_them_empty() {
    for_any_run(2, |steps| {
        let mut books = Books::opened_for(&steps[0].before);
        for step in steps {
            step.transfers().iter().for_each(|transfer| books.book(transfer));
            let job = step.after();
            prop_assert_eq!(books.balance(&Account::Escrow(job.id)), job.escrow.units);
            prop_assert_eq!(books.balance(&Account::Vesting(job.id)), job.vesting.units);
            prop_assert!(!job.state.is_final() || (job.escrow.is_zero() && job.vesting.is_zero()));
        }
        Ok(())
    });
}

#[test]
fn the_hold_is_resolved_once_and_never_exceeded() {
    for_any_run(3, |steps| {
        let job = &steps[0].before;
        for own in [Account::Escrow(job.id), Account::Vesting(job.id)] {
            let leaves = |step: &&Step| step.transfers().iter().any(|transfer| transfer.from == own);
            prop_assert!(steps.iter().filter(leaves).count() <= 1);
        }
        let earned = |transfer: &&Transfer| {
            let Transfer { to, .. } = transfer;
            matches!(to, Account::Worker(_) | Account::Treasury | Account::Burned)
        };
        let transfers = steps.iter().flat_map(Step::transfers);
        let charge: u128 = transfers.filter(earned).map(|transfer| transfer.amount.units).sum();
        prop_assert!(charge <= job.price.units);
        Ok(())
    });
}

#[test]
fn what_is_not_charged_goes_back_in_the_same_event() {
    for_any_run(4, |steps| {
        for step in steps {
            let Some(Event::Settled { charge, .. } | Event::Evaluated { charge, .. }) = step.event() else {
                continue;
            };
            let back = step.transfers().iter().filter(|leg| {
                let Transfer { to, .. } = leg;
                matches!(to, Account::Client(_) | Account::Outside(_))
            });
            let back: u128 = back.map(|leg| leg.amount.units).sum();
            let refused = matches!(step.after().state, State::Rejected { vests_at: None, .. });
            let hold = step.before.escrow.units;
            prop_assert_eq!(back, if refused { hold } else { hold - charge.units });
        }
        Ok(())
    });
}

#[test]
fn only_work_that_arrived_pays_a_worker() {
    for_any_run(5, |steps| {
        for step in steps {
            for transfer in step.transfers() {
                if let Account::Worker(worker) = &transfer.to {
                    let deliverer = step.after().delivery().and_then(|delivery| delivery.worker());
                    prop_assert_eq!(deliverer, Some(*worker));
                }
            }
        }
        Ok(())
    });
}

#[test]
fn every_event_is_one_version_and_a_refusal_changes_nothing() {
    for_any_run(6, |steps| {
        for step in steps {
            prop_assert_eq!(&outcome(&step.before, &step.command, step.at), &step.outcome);
            match &step.outcome {
                Ok(_) => prop_assert_eq!(step.after().version, step.before.version.next()),
                Err(_) => prop_assert_eq!(&step.after(), &step.before),
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_final_stays_as_it_is() {
    for_any_run(7, |steps| {
        for step in steps {
            let over = step.before.state.is_final();
            prop_assert!(!over || step.outcome.is_err(), "{:?} after the end", step.command);
        }
        Ok(())
    });
}

#[test]
fn a_job_has_ended_when_it_was_settled_judged_ruled_or_closed() {
    for_any_run(15, |steps| {
        let mut ended_at = None;
        for step in steps {
            if let Some(
                Event::Settled { .. } | Event::Evaluated { .. } | Event::Ruled { .. } | Event::Closed { .. },
            ) = step.event()
            {
                ended_at = Some(step.at);
            }
            prop_assert_eq!(step.after().ended_at, ended_at);
        }
        Ok(())
    });
}

#[test]
fn every_job_comes_to_an_end_by_waiting() {
    for_any_run(8, |steps| {
        for step in steps {
            let mut job = step.after();
            let mut lapses = 0;
            while let Some(by) = job.state.deadline() {
                let lapse = outcome(&job, &LAPSE, by);
                prop_assert!(lapse.is_ok(), "{:?} cannot lapse: {lapse:?}", job.state);
                job = lapse.as_ref().map_or(job, after);
                lapses += 1;
                prop_assert!(lapses <= MOST_LAPSES, "{:?} is still not final", job.state);
            }
            prop_assert!(job.state.is_final());
        }
        Ok(())
    });
}

#[test]
fn nobody_works_beyond_what_was_promised() {
    for_any_run(9, |steps| {
        for job in steps.iter().map(Step::after) {
            let stream = job.policy.stream_within.unwrap_or_default();
            let (by, more) = match job.state {
                State::Funded { by } | State::Assigned { by, .. } => (by, Millis::default()),
                State::Running { by, .. } => (by, stream),
                _ => continue,
            };
            prop_assert!(job.finish_by.is_some_and(|promise| by <= promise + more));
        }
        Ok(())
    });
}

#[test]
fn a_worker_has_a_job_at_most_once_and_under_a_number_of_its_own() {
    for_any_run(10, |steps| {
        let (mut workers, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        for step in steps.iter().filter(|step| step.before.holder().is_none()) {
            if let Some((worker, attempt)) = step.after().holder() {
                prop_assert!(workers.insert(worker), "{worker:?} has it again");
                prop_assert!(numbers.insert(attempt.number), "{attempt:?} repeats");
            }
        }
        Ok(())
    });
}

#[test]
fn no_more_workers_may_lose_a_job_than_the_terms_allow() {
    for_any_run(11, |steps| {
        let lost = steps.iter().filter(|step| {
            matches!(step.event(), Some(Event::Returned { reason, .. }) if *reason != Fault::HandedBack)
        });
        let allowed = steps[0].before.policy.attempts.max(1);
        prop_assert!(lost.count() < allowed as usize);
        Ok(())
    });
}

#[test]
fn whoever_waits_for_a_worker_is_routed() {
    for_any_run(12, |steps| {
        for step in steps {
            let job = step.after();
            let waits = matches!(step.event(), Some(Event::Funded { .. } | Event::Returned { .. }))
                && !job.is_challenge();
            let route = Effect { job: job.id, version: job.version, kind: EffectKind::Route };
            let effects: Vec<Effect> =
                step.outcome.iter().flat_map(|change| change.effects.clone()).collect();
            prop_assert_eq!(effects, if waits { vec![route] } else { vec![] });
            let funded = matches!(job.state, State::Funded { .. });
            prop_assert!(funded || !waits);
        }
        Ok(())
    });
}

#[test]
fn whatever_moves_money_is_durable() {
    for_any_run(13, |steps| {
        for change in steps.iter().flat_map(|step| &step.outcome) {
            prop_assert!(change.is_durable() || !change.moves_money());
        }
        Ok(())
    });
}

#[test]
fn the_stored_state_says_what_is_still_to_be_done() {
    for_any_run(14, |steps| {
        let mut routed = None;
        for step in steps {
            routed = step.outcome.iter().flat_map(|change| change.effects.clone()).last().or(routed);
            let job = step.after();
            routed = routed.filter(|_| !job.state.is_answered());
            // An assignment is never stored. Who is challenged was chosen before there was a job.
            let is_free = !job.is_challenge();
            let needs_a_worker =
                matches!(job.state, State::Funded { .. } | State::Assigned { .. } | State::Running { .. });
            prop_assert_eq!(routed.is_some(), is_free && needs_a_worker);
            prop_assert_eq!(owed(&job).is_some(), is_free && matches!(job.state, State::Funded { .. }));
        }
        prop_assert!(routed.is_none(), "every run here comes to an end");
        Ok(())
    });
}
