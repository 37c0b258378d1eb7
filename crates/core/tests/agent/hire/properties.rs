//! What holds for any run of jobs among agents, at any times, under any terms.

use super::capital_runs::of_capital;
use super::market::{Told, is_absent, scripts};
use super::story::Story;
use crate::sample::outcome;
use crate::script::MOST_LAPSES;
use docket_core::agent::court::{SEATS, Vote};
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::Role;
use docket_core::agent::score::Score;
use docket_core::agent::standing::Note;
use docket_core::agent::tally::Tally;
use docket_core::command::Command;
use docket_core::event::Event;
use docket_core::id::{AgentId, JobId};
use docket_core::job::{Job, State};
use docket_core::ledger::{Account, Transfer};
use docket_core::policy::Verdict;
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Plays scripts, always the same for a seed, and asks of each run whether something holds.
fn for_any_run(seed: u64, holds: impl Fn(&[Told]) -> TestCaseResult) {
    let config = ProptestConfig { cases: 2_000, rng_seed: RngSeed::Fixed(seed), ..ProptestConfig::default() };
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..config });
    if let Err(failure) = runner.run(&scripts(), |script| holds(&script.play())) {
        panic!("{failure}");
    }
}

/// The same for each job of a run that came into being and has ended, which all of them do.
pub(super) fn for_any_story(seed: u64, holds: impl Fn(&Story) -> TestCaseResult) {
    for_any_run(seed, |told| {
        for number in 0..2 {
            let story = Story::of(told, number);
            if !is_absent(story.job) {
                holds(&story)?;
            }
        }
        Ok(())
    });
}

#[test]
fn the_runs_go_everywhere() {
    const EVENTS: [&str; 24] = [
        "created",
        "funded",
        "invited",
        "engaged",
        "appointed",
        "described",
        "submitted",
        "completed",
        "rejected",
        "vested",
        "disputed",
        "committed",
        "revealed",
        "ruled",
        "expired",
        "cancelled",
        "offended",
        "valued",
        "a lying clock",
        "bound to complete",
        "bound to reject",
        "bound in silence to reject",
        "left to the evaluator",
        "nothing attested",
    ];
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    for_any_run(200, |told| {
        let names = told.iter().filter_map(Told::event).map(|event| event.name().to_owned());
        names.for_each(|name| *seen.borrow_mut().entry(name).or_default() += 1);
        let lies = told.iter().filter(|said| said.outcome.as_ref().err() == Some(&Refusal::NotNewer));
        *seen.borrow_mut().entry("a lying clock".to_owned()).or_default() += lies.count() as u32;
        for number in 0..2 {
            let story = Story::of(told, number);
            let offences = Role::ALL.map(|role| story.offence(role));
            for offence in offences.into_iter().flatten() {
                *seen.borrow_mut().entry(offence.name().to_owned()).or_default() += 1;
                *seen.borrow_mut().entry("offended".to_owned()).or_default() += 1;
            }
            if let Some(of_capital) = of_capital(&story) {
                *seen.borrow_mut().entry(of_capital.to_owned()).or_default() += 1;
            }
            if story.is_disputed() {
                let outcome = (story.is_upheld(), story.is_overturned());
                *seen.borrow_mut().entry(format!("{outcome:?}")).or_default() += 1;
            }
        }
        Ok(())
    });
    let seen = seen.into_inner();
    let outcomes = [(true, false), (false, true), (false, false)].map(|outcome| format!("{outcome:?}"));
    let offences = Offence::ALL.map(|offence| offence.name().to_owned());
    let wanted = EVENTS.map(str::to_owned).into_iter().chain(outcomes).chain(offences);
    for event in wanted {
        assert!(seen.get(&event).is_some_and(|times| *times >= 10), "{event} is rare: {seen:?}");
    }
}

#[test]
fn the_books_balance_and_no_account_is_negative() {
    for_any_run(201, |told| {
        for said in told {
            for transfer in said.transfers() {
                prop_assert!(!transfer.amount.is_zero() && transfer.from != transfer.to);
                prop_assert_eq!(transfer.amount.asset, said.before.price.asset);
            }
            prop_assert_eq!(said.books.held.values().sum::<i128>(), 0);
            for (account, units) in &said.books.held {
                prop_assert!(*units >= 0 || account.may_be_negative(), "{account} has {units}");
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_locked_of_an_agent_is_the_same_wherever_one_looks() {
    for_any_run(202, |told| {
        for said in told {
            let books = &said.books;
            for agent in (1..=8).map(AgentId) {
                let accounts: i128 =
                    [1, 2].map(|job| books.balance(&Account::Locked(agent, JobId(job)))).iter().sum();
                let jobs = books.jobs.iter().filter(|job| !is_absent(job));
                let seats = jobs.filter_map(|job| job.hire.as_deref()).flat_map(|hire| hire.seats());
                let seated: u128 =
                    seats.filter(|(_, seat)| seat.agent == agent).map(|(_, seat)| seat.standing_lock()).sum();
                let noted = books.standings.get(&agent).map_or(0, |standing| standing.locked);
                prop_assert_eq!(i128::try_from(seated), Ok(accounts));
                prop_assert_eq!(noted, seated);
            }
        }
        Ok(())
    });
}

#[test]
fn whoever_only_waits_comes_to_an_end_where_nothing_is_left() {
    for_any_run(203, |told| {
        let books = &told.last().expect("something was said").books;
        for job in books.jobs.iter().filter(|job| !is_absent(job)) {
            prop_assert!(job.state.is_final(), "{:?} after {MOST_LAPSES} lapses", job.state);
            let hire = job.hire.as_ref().expect("it is one");
            prop_assert!(hire.seats().all(|(_, seat)| seat.released.is_some()));
            let settled = hire.dispute.as_ref().is_none_or(|dispute| dispute.settled.is_some());
            prop_assert!(settled, "every dispute ends");
        }
        for (account, units) in books.held.iter().filter(|(account, _)| account.job().is_some()) {
            prop_assert_eq!(*units, 0, "{} has {}", account, units);
        }
        Ok(())
    });
}

#[test]
fn a_deadline_that_has_come_can_always_be_told() {
    for_any_run(204, |told| {
        for said in told {
            let Some(by) = said.before.state.deadline().filter(|_| !is_absent(&said.before)) else {
                continue;
            };
            let lapse = Command::Lapse { treasury: 0 };
            prop_assert!(outcome(&said.before, &lapse, by).is_ok());
            prop_assert!(outcome(&said.before, &lapse, by + Millis(-1)).is_err());
        }
        Ok(())
    });
}

#[test]
fn a_decision_is_a_function_and_a_refusal_changes_nothing() {
    for_any_run(205, |told| {
        let mut jobs: [Option<Job>; 2] = [None, None];
        for said in told {
            let again = outcome(&said.before, &said.command, said.at);
            if said.outcome.is_ok() || again.is_err() {
                prop_assert_eq!(&again, &said.outcome);
            }
            if let Some(job) = &jobs[said.job] {
                prop_assert_eq!(job, &said.before);
            }
            let after = said.books.jobs[said.job].clone();
            prop_assert!(said.outcome.is_ok() || after == said.before);
            prop_assert!(said.outcome.is_err() || after.version == said.before.version.next());
            jobs[said.job] = Some(after);
        }
        Ok(())
    });
}

#[test]
fn the_budget_goes_to_whom_the_verdict_says_and_to_nobody_else() {
    for_any_story(206, |story| {
        let budget = story.job.price.units;
        let hire = story.hire;
        if !story.was_funded() {
            prop_assert_eq!(story.moved(&story.own(hire.client.agent), &Account::Escrow(story.job.id)), 0);
            return Ok(());
        }
        if !story.pays() {
            prop_assert_eq!(story.of_budget(hire.client.agent), budget);
            return Ok(());
        }
        let shared = |bps: u128| budget / 10_000 * bps + budget % 10_000 * bps / 10_000;
        let earns = if hire.order.strategy.levels()[0].number() < 2 { 300 } else { 400 };
        let fee = if story.stands() { shared(earns) } else { 0 };
        let provider = hire.provider.expect("somebody was paid");
        prop_assert_eq!(story.of_budget(provider.agent), budget - shared(200) - fee);
        let evaluator = hire.evaluator.map_or(0, |seat| story.of_budget(seat.agent));
        prop_assert_eq!(evaluator, fee);
        let shares = hire.shares(story.job).expect("the provider was paid");
        prop_assert_eq!(shares.worker.units, budget - shared(200) - fee);
        prop_assert_eq!(shares.evaluator.units, fee);
        prop_assert_eq!(shares.platform.units, shared(200));
        Ok(())
    });
}

#[test]
fn an_offence_costs_what_it_says_and_nothing_else_costs_anything() {
    for_any_story(207, |story| {
        for (role, seat) in story.hire.seats() {
            let (lost, cost) = (story.lost(seat), story.cost(role, seat));
            prop_assert_eq!(lost, cost, "{:?} for {:?}", role, story.offence(role));
            prop_assert!(lost <= seat.lock);
        }
        Ok(())
    });
}

#[test]
fn violations_are_noted_of_those_who_have_offended() {
    for_any_story(208, |story| {
        let notes: Vec<_> = story
            .told
            .iter()
            .filter_map(|told| told.outcome.as_ref().ok())
            .flat_map(|change| change.notes.clone())
            .collect();
        for (role, seat) in story.hire.seats() {
            let count = |wanted: Note| notes.iter().filter(|note| **note == (seat.agent, wanted)).count();
            let offences = usize::from(story.offence(role).is_some());
            prop_assert_eq!(count(Note::Violated), offences, "{:?} {:?}", role, story.offence(role));
            prop_assert!(count(Note::Violated) + count(Note::Clean) <= 1);
            let ended = notes
                .iter()
                .filter(|(agent, note)| *agent == seat.agent && matches!(note, Note::Ended { .. }));
            prop_assert!(ended.count() <= 1);
        }
        Ok(())
    });
}

#[test]
fn whoever_opens_a_dispute_loses_its_deposit_at_most() {
    for_any_story(209, |story| {
        let Some(dispute) = &story.hire.dispute else { return Ok(()) };
        let initiator = story.hire.seat(dispute.initiator).expect("it takes part").agent;
        let account = Account::Deposit(story.job.id);
        prop_assert_eq!(story.moved(&story.own(initiator), &account), dispute.deposit);
        let back = story.moved(&account, &story.own(initiator));
        prop_assert_eq!(back, if story.is_upheld() { 0 } else { dispute.deposit });
        let jurors = dispute.jurors.iter().flatten();
        let rewarded: u128 = jurors.map(|juror| story.moved(&account, &story.own(juror.seat.agent))).sum();
        prop_assert!(rewarded <= dispute.deposit / 10 * 3 + 3);
        Ok(())
    });
}

#[test]
fn an_arbitrator_earns_by_the_majority_and_keeps_its_bond() {
    for_any_story(210, |story| {
        let Some(dispute) = &story.hire.dispute else { return Ok(()) };
        let (upheld, overturned) = (story.is_upheld(), story.is_overturned());
        prop_assert!(!(upheld && overturned));
        for juror in dispute.jurors.iter().flatten() {
            let own = story.own(juror.seat.agent);
            let earned: u128 = story
                .transfers()
                .filter(|leg| leg.to == own && leg.from.job() == Some(story.job.id))
                .map(|leg| leg.amount.units)
                .sum();
            let vote = juror.revealed.map(|revealed| revealed.vote);
            let most = [(upheld, Vote::Uphold), (overturned, Vote::Overturn)];
            let has_won = most.iter().any(|(won, wanted)| *won && vote == Some(*wanted));
            prop_assert!(has_won || earned == 0);
            prop_assert_eq!(story.lost(&juror.seat), 0);
            prop_assert!(juror.revealed.is_none() || juror.commitment.is_some());
        }
        prop_assert!(dispute.jurors.len() == SEATS);
        Ok(())
    });
}

#[test]
fn a_bonus_is_what_early_work_earns_as_far_as_the_treasury_holds_it() {
    for_any_story(211, |story| {
        let Some(provider) = story.hire.provider else { return Ok(()) };
        let paid = story.moved(&Account::Treasury, &story.own(provider.agent));
        let last = story.told.iter().rev().find(|told| told.outcome.is_ok()).expect("it was created");
        let Command::Lapse { treasury } = last.command else {
            prop_assert_eq!(paid, 0);
            return Ok(());
        };
        let budget = story.job.price.units;
        let begun = story.hire.begun_at.zip(story.hire.delivered_at);
        let owed = begun.filter(|_| story.hire.order.rewards_early && story.pays()).map_or(
            0,
            |(begun, delivered)| {
                let (given, taken) = (story.hire.order.deadline.0 - begun.0, (delivered.0 - begun.0).max(0));
                match (given > 0 && taken * 4 < given, given > 0 && taken * 2 < given) {
                    (true, _) => budget / 20,
                    (_, true) => budget / 50,
                    _ => 0,
                }
            },
        );
        // Where nothing may be disputed, silence ends a job without a bonus.
        let disputable = story.job.policy.dispute_window.0 > 0;
        prop_assert_eq!(paid, if disputable { owed.min(treasury) } else { 0 });
        Ok(())
    });
}

#[test]
fn scores_and_counts_stay_in_their_ranges() {
    for_any_run(212, |told| {
        for said in told {
            for standing in said.books.standings.values() {
                let record = standing.record;
                prop_assert!(standing.score <= Score::MAX);
                prop_assert!(record.completed <= record.total && record.on_time <= record.completed);
                prop_assert!(record.approved <= record.judged && record.judged <= record.total);
                prop_assert!(record.dispute_wins <= record.disputes);
                prop_assert!(standing.verdicts.passed <= standing.verdicts.judged);
                prop_assert!(standing.verdicts.overturned <= standing.verdicts.judged);
                prop_assert!(standing.jobs() <= 4);
            }
        }
        Ok(())
    });
}

#[test]
fn the_counts_of_the_market_are_what_its_books_say() {
    for_any_run(213, |told| {
        let mut counts: BTreeMap<Tally, i128> = BTreeMap::new();
        let first = &told[0];
        let at_stake = |held: &BTreeMap<Account, i128>| -> i128 {
            let staked =
                held.iter().filter(|(account, _)| matches!(account, Account::Stake(_) | Account::Locked(..)));
            staked.map(|(_, units)| units).sum()
        };
        // Creating a job moves from a stake into a lock, so what is at stake in all is as it was before.
        let begun = (at_stake(&first.books.held), first.books.balance(&Account::Treasury));
        for said in told {
            if let Ok(change) = &said.outcome {
                change
                    .tallies()
                    .into_iter()
                    .for_each(|(tally, sum)| *counts.entry(tally).or_default() += sum);
            }
        }
        let count = |tally: Tally| counts.get(&tally).copied().unwrap_or_default();
        let books = &told.last().expect("something was said").books;
        let treasury = books.balance(&Account::Treasury) - begun.1;
        prop_assert_eq!(count(Tally::Fees) + count(Tally::Slashes) - count(Tally::Rewards), treasury);
        prop_assert_eq!(count(Tally::Staked), at_stake(&books.held) - begun.0);
        let legs = || told.iter().flat_map(Told::transfers);
        let sum = |holds: &dyn Fn(&Transfer) -> bool| -> i128 {
            legs().filter(|leg| holds(leg)).map(|leg| leg.amount.units as i128).sum()
        };
        prop_assert_eq!(count(Tally::Rewards), sum(&|leg| leg.from == Account::Treasury));
        prop_assert_eq!(
            count(Tally::Fees),
            sum(&|leg| leg.to == Account::Treasury
                && matches!(leg.from, Account::Vesting(_) | Account::Escrow(_)))
        );
        let events = || told.iter().filter_map(Told::event);
        let times = |holds: &dyn Fn(&Event) -> bool| events().filter(|event| holds(event)).count() as i128;
        prop_assert_eq!(count(Tally::Created), times(&|event| matches!(event, Event::Created { .. })));
        prop_assert_eq!(count(Tally::Disputed), times(&|event| matches!(event, Event::Disputed { .. })));
        let completed = |event: &Event| matches!(event, Event::Evaluated { verdict: Verdict::Complete, .. });
        prop_assert_eq!(count(Tally::Completed), times(&completed));
        // Each job that came into being is counted once among those that came to something.
        let ended = count(Tally::Completed) + count(Tally::Rejected) + count(Tally::Ended);
        prop_assert_eq!(ended, count(Tally::Created));
        let volume: i128 = told
            .iter()
            .filter(|said| said.event().is_some_and(completed))
            .map(|said| said.before.price.units as i128)
            .sum();
        prop_assert_eq!(count(Tally::Volume), volume);
        Ok(())
    });
}

#[test]
fn a_dispute_ends_in_the_time_it_was_given_or_sooner() {
    for_any_story(214, |story| {
        let Some(dispute) = &story.hire.dispute else { return Ok(()) };
        let mut latest = dispute.filed_at + story.job.policy.arbitration.within;
        for told in &story.told {
            let State::Disputed { by, .. } = told.books.jobs[told.job].state else { continue };
            // A vote that is told by a clock that was set back may still shorten it only.
            prop_assert!(by <= latest || told.at > latest, "{:?} after {:?}", by, latest);
            latest = latest.min(by);
        }
        Ok(())
    });
}

#[test]
fn a_job_that_nobody_paid_for_or_did_says_nothing_of_anybody() {
    for_any_story(215, |story| {
        let has_begun = story.was_funded() && story.hire.provider.is_some();
        let changes = story.told.iter().filter_map(|told| told.outcome.as_ref().ok());
        let notes: Vec<_> = changes.flat_map(|change| change.notes.clone()).collect();
        let is_lock = |note: &Note| matches!(note, Note::Locked(_) | Note::Unlocked(_));
        prop_assert!(story.was_possible() || notes.iter().all(|(_, note)| is_lock(note)), "{:?}", notes);
        prop_assert_eq!(has_begun, story.hire.begun_at.is_some());
        Ok(())
    });
}
