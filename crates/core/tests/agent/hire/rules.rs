//! The rules that matter most, each as a sentence, where they turn.

use super::endings::{ended, endings};
use super::sample::{BUDGET, CLIENT, EVALUATOR, PLAIN, PROVIDER, Sample};
use docket_core::agent::hire::{Hire, Order};
use docket_core::agent::role::{Level, Strategy};
use docket_core::agent::score::Deed;
use docket_core::agent::standing::Note;
use docket_core::change::Change;
use docket_core::command::{Charge, Command};
use docket_core::decide::decide;
use docket_core::id::{AgentId, JobId};
use docket_core::ledger::{Account, Transfer};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};

/// What a change moves from the lock of an agent to others than the agent.
pub(super) fn lost(change: &Change, agent: AgentId) -> u128 {
    let is_lost =
        |leg: &&Transfer| leg.from == Account::Locked(agent, JobId(1)) && leg.to != Account::Stake(agent);
    change.transfers.iter().filter(is_lost).map(|leg| leg.amount.units).sum()
}

pub(super) fn says(change: &Change, agent: AgentId, wanted: Note) -> bool {
    change.notes.contains(&(agent, wanted))
}

#[test]
fn late_work_costs_its_provider_whatever_others_have_done() {
    for (way, other) in [("L lapse", EVALUATOR), ("L reject-bad-faith", CLIENT)] {
        let (_, change) = ended(&PLAIN, way, "lapse");
        let lock = PLAIN.lock_of(PROVIDER);
        assert_eq!(lost(&change, PROVIDER), lock / 10, "{way}");
        assert!(lost(&change, other) > 0, "{way}");
        assert!(says(&change, PROVIDER, Note::Violated) && says(&change, other, Note::Violated), "{way}");
    }
}

#[test]
fn of_two_offences_of_one_agent_the_dearer_counts() {
    let (_, late) = ended(&PLAIN, "L reject", "lapse");
    let (_, garbage) = ended(&PLAIN, "D reject-garbage", "lapse");
    let (_, both) = ended(&PLAIN, "L reject-garbage", "lapse");
    assert!(lost(&late, PROVIDER) < lost(&garbage, PROVIDER));
    assert_eq!(lost(&both, PROVIDER), lost(&garbage, PROVIDER));
    let violations = both.notes.iter().filter(|note| **note == (PROVIDER, Note::Violated));
    assert_eq!(violations.count(), 1);
}

#[test]
fn a_job_that_was_never_paid_for_says_nothing_of_anybody() {
    for way in ["create engage", "create engage appoint", "create appoint engage"] {
        for word in ["lapse", "cancel-by-operator"] {
            let (_, change) = ended(&PLAIN, way, word);
            let said = change.notes.iter().filter(|(_, note)| !matches!(note, Note::Unlocked(_)));
            assert_eq!(said.count(), 0, "{way} {word}");
        }
    }
}

#[test]
fn nobody_pays_for_a_job_whose_client_has_locked_nothing() {
    assert_eq!(PLAIN.reach("fund").err(), Some(Refusal::NoSuchJob));
}

#[test]
fn an_evaluator_that_steps_back_does_not_undo_that_the_work_is_late() {
    let way = "create fund engage appoint @just-before-deadline step-back";
    assert!(PLAIN.reach(way).is_ok());
    let late = "create fund engage appoint @deadline step-back";
    assert_eq!(PLAIN.reach(late).err(), Some(Refusal::TooLate));
}

#[test]
fn nobody_is_put_to_work_in_the_last_tenth_of_the_time() {
    let (funded, _) = PLAIN.reached("create fund");
    let deadline = funded.hire.as_ref().expect("agents take part").order.deadline;
    let last = Timestamp(deadline.0 - deadline.since(funded.created_at).0 / 10);
    let late = last + Millis(1);
    assert!(PLAIN.tell(&funded, "engage", last).is_ok());
    assert_eq!(PLAIN.tell(&funded, "engage", late).err(), Some(Refusal::TooLate));
    let (engaged, _) = PLAIN.reached("create engage");
    assert!(PLAIN.tell(&engaged, "fund", last).is_ok());
    assert_eq!(PLAIN.tell(&engaged, "fund", late).err(), Some(Refusal::TooLate));
    let (open, _) = PLAIN.reached("create");
    assert!(PLAIN.tell(&open, "fund", late).is_ok(), "there is nobody yet who would be late");
}

#[test]
fn only_an_evaluator_steps_back() {
    let not_now = Refusal::NotNow { state: "funded", command: "cancel" };
    assert_eq!(PLAIN.reach("create fund engage step-back").err(), Some(not_now));
}

#[test]
fn whom_the_client_wants_to_judge_cannot_do_the_work() {
    let judged = Sample { judge: Some(EVALUATOR), ..PLAIN };
    for way in ["create engage-judge", "create fund engage-judge", "create invite-judge"] {
        assert_eq!(judged.reach(way).err(), Some(Refusal::IsParty), "{way}");
        assert!(PLAIN.reach(way).is_ok(), "{way}");
    }
    assert!(judged.reach("create engage appoint").is_ok());
}

#[test]
fn where_nothing_may_be_disputed_a_verdict_counts_at_once_and_whole() {
    let at_once = Sample { strategy: Strategy::Program, dispute_window: Millis(0), ..PLAIN };
    let (_, change) = ended(&at_once, "D", "complete-l3");
    for agent in [PROVIDER, EVALUATOR] {
        assert!(says(&change, agent, Note::Deed(Deed::Completed(Level::L3))), "{:?}", change.notes);
    }
    let (_, change) = ended(&at_once, "D", "complete-borderline");
    assert!(says(&change, EVALUATOR, Note::Verdict { passed: true, borderline: true, overturned: false }));
}

#[test]
fn how_long_arbitrators_may_take_is_fixed_with_the_job() {
    let way = "create fund engage appoint submit complete dispute-by-client commit-1-uphold @committed reveal-1-uphold";
    let (job, _) = PLAIN.reached(way);
    let dispute = job.hire.as_ref().and_then(|hire| hire.dispute.clone()).expect("it is disputed");
    let within = job.policy.arbitration.within;
    assert_eq!(
        dispute.commit_until.since(dispute.filed_at),
        Millis(within.0 / 2),
        "half of what the job's terms give"
    );
}

#[test]
fn work_costs_the_budget_and_nothing_else() {
    let (job, now) = PLAIN.reached("create fund engage");
    let Command::Submit { delivery, .. } = PLAIN.command("submit", &job, now) else {
        unreachable!("it is one")
    };
    let part = Charge::Portion { delivered: 1, covered: 2 };
    for charge in [Charge::Exactly(job.price), Charge::Exactly(job.price.with_units(0)), part] {
        let command = Command::Submit { delivery: delivery.clone(), charge };
        assert_eq!(decide(&job, &command, now), Err(Refusal::OtherBudget), "{charge:?}");
    }
    assert!(decide(&job, &Command::Submit { delivery, charge: Charge::Whole }, now).is_ok());
}

#[test]
fn only_who_has_lost_disputes_a_verdict() {
    for (verdict, loser, winner) in [
        ("complete", "dispute-by-client", "dispute-by-provider"),
        ("reject", "dispute-by-provider", "dispute-by-client"),
    ] {
        let (job, now) = PLAIN.reached(&format!("create fund engage appoint submit {verdict}"));
        for other in [winner, "dispute-by-evaluator"] {
            assert_eq!(PLAIN.tell(&job, other, now).err(), Some(Refusal::NotTheLoser), "{verdict} {other}");
        }
        assert!(PLAIN.tell(&job, loser, now).is_ok(), "{verdict}");
    }
}

#[test]
fn nobody_judges_who_has_locked_nothing_for_it() {
    let not_now = Refusal::NotNow { state: "submitted", command: "evaluate" };
    for word in ["complete", "reject", "reject-garbage"] {
        let way = format!("create fund engage submit {word}");
        assert_eq!(PLAIN.reach(&way).err(), Some(not_now.clone()));
        assert!(PLAIN.reach(&format!("create fund engage submit appoint {word}")).is_ok());
    }
}

#[test]
fn no_budget_is_so_small_or_so_large_that_an_ending_loses_a_unit() {
    for units in [1, 2, 3, 49, u128::MAX - 1, u128::MAX] {
        let sample = Sample { budget: BUDGET.with_units(units), ..PLAIN };
        for (name, way, word) in endings() {
            let (job, change) = ended(&sample, &way, word);
            let from = |account: Account| -> u128 {
                change.transfers.iter().filter(|leg| leg.from == account).map(|leg| leg.amount.units).sum()
            };
            let of_job = from(Account::Escrow(job.id)) + from(Account::Vesting(job.id));
            assert_eq!(of_job, job.escrow.units + job.vesting.units, "{name}: {units}");
            let hire = job.hire.as_ref().expect("the sample is a hire");
            for (role, seat) in hire.seats() {
                assert_eq!(from(seat.locked(&job)), seat.lock, "{name}: {units}, {role:?}");
            }
            let deposit = hire.dispute.as_ref().map_or(0, |dispute| dispute.deposit);
            assert_eq!(from(Account::Deposit(job.id)), deposit, "{name}: {units}");
        }
    }
}

#[test]
fn at_either_end_of_time_a_job_still_comes_to_an_end() {
    for (start, deadline) in [
        (Timestamp(i64::MAX - 10), Timestamp(i64::MAX)),
        (Timestamp(i64::MAX), Timestamp(i64::MAX)),
        (Timestamp(i64::MIN), Timestamp(i64::MIN + 10)),
        (Timestamp(i64::MIN), Timestamp(i64::MAX)),
    ] {
        let mut job = PLAIN.job();
        let hire = Hire::clone(job.hire.as_ref().expect("the sample is a hire"));
        let order = Order { deadline, ..(*hire.order).clone() };
        job.hire = Some(Hire { order: order.into(), ..hire }.into());
        // At the last moment of all nothing is before a deadline.
        for word in ["create", "fund", "engage", "appoint", "submit", "complete", "dispute-by-client"] {
            if let Ok(change) = PLAIN.tell(&job, word, start) {
                job = crate::sample::after(&change);
            }
        }
        for vote in ["commit-1-uphold", "commit-2-uphold", "commit-3-uphold", "reveal-1-uphold"] {
            if let Ok(change) = PLAIN.tell(&job, vote, start) {
                job = crate::sample::after(&change);
            }
        }
        for _ in 0..2 {
            let Some(by) = job.state.deadline() else { break };
            let change = PLAIN.tell(&job, "lapse", by).expect("it is due");
            job = crate::sample::after(&change);
        }
        assert!(job.state.is_final(), "{start:?} {deadline:?}");
    }
}
