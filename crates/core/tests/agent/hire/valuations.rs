//! The rules of entrusted capital that matter most, each as a sentence, where they turn.

use super::endings::ended;
use super::rules::{lost, says};
use super::sample::{
    BUDGET, CAPITAL, CLIENT, DEADLINE, ENTRUSTED, EVALUATOR, PLAIN, PROVIDER, REPORT, STOP_LOSS, Sample,
    TARGET, wallet,
};
use docket_core::agent::capital::{Closed, ClosedReason, Valuation};
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Order};
use docket_core::agent::penalty::GRACE;
use docket_core::agent::role::Strategy;
use docket_core::agent::standing::Note;
use docket_core::change::Change;
use docket_core::command::Command;
use docket_core::decide::decide;
use docket_core::event::Event;
use docket_core::hash::{ContentHash, Sha256};
use docket_core::id::Dialect;
use docket_core::job::{Job, State};
use docket_core::ledger::Account;
use docket_core::policy::Verdict;
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};

const FUNDED: &str = "create fund engage appoint";

fn not_now(state: &'static str, command: &'static str) -> Refusal {
    Refusal::NotNow { state, command }
}

fn hire(job: &Job) -> &Hire {
    job.hire.as_ref().expect("the sample is a hire")
}

/// A job whose capital was closed at a value and delivered, with an evaluator or without.
fn delivered(value: u128, judged: bool) -> (Job, Timestamp) {
    let (job, now) = CAPITAL.reached(if judged { FUNDED } else { "create fund engage" });
    let closed = Closed { reason: ClosedReason::Deadline, deliverable: REPORT };
    let valuation = Valuation { at: now, sequence: 1, report: Sha256([1; 32]), value, closed: Some(closed) };
    let job = told(&job, &Command::Hire(Step::Value { valuation }), now);
    let submit = CAPITAL.command("submit-report", &job, now);
    (told(&job, &submit, now), now)
}

fn told(job: &Job, command: &Command, now: Timestamp) -> Job {
    let change = crate::sample::outcome(job, command, now).unwrap_or_else(|refusal| panic!("{refusal}"));
    crate::sample::after(&change)
}

fn until(job: &Job) -> Timestamp {
    job.state.deadline().expect("it is not final")
}

/// What comes to an agent's owner with a change.
fn earned(change: &Change, agent: docket_core::id::AgentId) -> u128 {
    let own = Account::Client(wallet(agent).client(Dialect::Agents));
    change.transfers.iter().filter(|leg| leg.to == own).map(|leg| leg.amount.units).sum()
}

#[test]
fn only_a_job_of_the_strategy_has_capital() {
    let order = Order::clone(&hire(&CAPITAL.job()).order);
    let at = Timestamp(DEADLINE.0 - 1);
    for strategy in Strategy::ALL {
        for capital in [None, Some(ENTRUSTED)] {
            let order = Order { strategy, capital, ..order.clone() };
            let fits = capital.is_some() == (strategy == Strategy::Capital);
            assert_eq!(order.check(at).err(), (!fits).then_some(Refusal::OrderIncomplete), "{strategy:?}");
        }
    }
    let bare = Order { program: None, rubric: None, ..order };
    assert_eq!(bare.check(at), Ok(()), "capital is judged by its worth");
}

#[test]
fn where_no_capital_is_entrusted_nothing_is_worth_anything() {
    for way in
        ["create", "create fund engage", "create fund engage appoint submit", "create fund engage lapse"]
    {
        let (job, now) = PLAIN.reached(way);
        assert_eq!(PLAIN.tell(&job, "value", now).err(), Some(Refusal::NoCapital), "{way}");
    }
    assert_eq!(PLAIN.reach("value").err(), Some(Refusal::NoSuchJob));
}

#[test]
fn a_valuation_counts_while_there_are_money_and_a_provider_and_not_before() {
    for way in ["create", "create engage appoint"] {
        assert_eq!(CAPITAL.reach(&format!("{way} value")).err(), Some(not_now("open", "value")), "{way}");
    }
    let way = "create fund appoint";
    assert_eq!(CAPITAL.reach(&format!("{way} value")).err(), Some(not_now("funded", "value")));
    for way in [FUNDED, "create engage fund", "create fund engage"] {
        let (job, now) = CAPITAL.reached(&format!("{way} value"));
        assert_eq!(hire(&job).valuation.map(|valuation| (valuation.at, valuation.sequence)), Some((now, 1)));
    }
}

#[test]
fn a_valuation_changes_what_capital_is_worth_and_nothing_else() {
    let (before, now) = CAPITAL.reached(FUNDED);
    let change = CAPITAL.tell(&before, "value-up", now).expect("it is new");
    assert!(change.transfers.is_empty() && change.notes.is_empty() && change.evidence.is_none());
    assert!(change.is_logged() && change.is_durable(), "anybody can see what was attested, and when");
    let after = crate::sample::after(&change);
    assert_eq!((&after.state, until(&after)), (&before.state, until(&before)));
    let valuation = hire(&after).valuation;
    assert!(valuation.is_some());
    assert_eq!(Hire { valuation: None, ..hire(&after).clone() }, *hire(&before));
}

#[test]
fn a_valuation_comes_before_the_job_expires_the_grace_included() {
    let (job, _) = CAPITAL.reached(FUNDED);
    let end = DEADLINE + GRACE;
    assert_eq!(until(&job), end);
    for (at, refusal) in [
        (DEADLINE, None),
        (end + Millis(-1), None),
        (end, Some(Refusal::TooLate)),
        (end + Millis(1), Some(Refusal::TooLate)),
    ] {
        assert_eq!(CAPITAL.tell(&job, "close-up", at).err(), refusal, "{at:?}");
    }
}

#[test]
fn what_was_delivered_or_has_ended_is_valued_no_more() {
    for (way, state) in [
        ("close-up submit-report", "submitted"),
        ("close-up submit-report complete", "settled"),
        ("close-down submit-report reject", "rejected"),
        ("close-between submit-report complete dispute-by-client", "disputed"),
        ("lapse", "expired"),
        ("step-back", "cancelled"),
    ] {
        let way = format!("{FUNDED} {way} value");
        assert_eq!(CAPITAL.reach(&way).err(), Some(not_now(state, "value")), "{way}");
    }
}

#[test]
fn a_valuation_is_later_in_instant_and_in_number_than_the_last_one() {
    let (job, now) = CAPITAL.reached(&format!("{FUNDED} value"));
    let last = hire(&job).valuation.expect("it is known");
    let later = Valuation { at: last.at + Millis(1), sequence: last.sequence + 1, ..last };
    for (at, sequence, is_newer) in [
        (later.at, later.sequence, true),
        (Timestamp(i64::MAX), u64::MAX, true),
        (last.at, later.sequence, false),
        (later.at, last.sequence, false),
        (last.at, last.sequence, false),
        (last.at + Millis(-1), later.sequence, false),
        (later.at, last.sequence - 1, false),
        (Timestamp(i64::MIN), u64::MAX, false),
    ] {
        for closed in [None, Some(Closed { reason: ClosedReason::Target, deliverable: REPORT })] {
            let valuation = Valuation { at, sequence, closed, ..last };
            let outcome = decide(&job, &Command::Hire(Step::Value { valuation }), now);
            assert_eq!(outcome.err(), (!is_newer).then_some(Refusal::NotNewer), "{at:?} {sequence}");
        }
    }
}

#[test]
fn the_first_valuation_has_nothing_to_be_later_than() {
    let (job, now) = CAPITAL.reached(FUNDED);
    let first =
        Valuation { at: Timestamp(i64::MIN), sequence: 0, report: Sha256([1; 32]), value: 0, closed: None };
    assert!(decide(&job, &Command::Hire(Step::Value { valuation: first }), now).is_ok());
}

#[test]
fn what_is_closed_stays_as_it_was_closed() {
    for closing in ["close-up", "close-down", "close-between"] {
        let (job, now) = CAPITAL.reached(&format!("{FUNDED} value {closing}"));
        for word in ["value", "value-up", "value-again", "value-back", "close-up", "close-down"] {
            let later = now + Millis(5);
            assert_eq!(
                CAPITAL.tell(&job, word, later).err(),
                Some(Refusal::CapitalClosed),
                "{closing} {word}"
            );
        }
    }
}

#[test]
fn what_is_delivered_is_the_report_that_closes_the_capital() {
    for (way, word, refusal) in [
        ("", "submit-report", Refusal::CapitalOpen),
        ("value", "submit-report", Refusal::CapitalOpen),
        ("value-up", "submit-report", Refusal::CapitalOpen),
        ("value-down", "submit", Refusal::CapitalOpen),
        ("close-up", "submit", Refusal::OtherDeliverable),
        ("close-down", "submit", Refusal::OtherDeliverable),
        ("close-between", "submit", Refusal::OtherDeliverable),
    ] {
        let way = format!("{FUNDED} {way} {word}");
        assert_eq!(CAPITAL.reach(&way).err(), Some(refusal), "{way}");
    }
    for closing in ["close-up", "close-down", "close-between"] {
        let (job, _) = CAPITAL.reached(&format!("{FUNDED} value {closing} submit-report"));
        assert_eq!(job.state.name(), "submitted");
    }
}

#[test]
fn whether_somebody_may_deliver_at_all_is_asked_before_what() {
    let open = CAPITAL.reach("create engage submit-report").err();
    assert_eq!(open, Some(not_now("open", "submit")));
    let (job, now) = CAPITAL.reached(FUNDED);
    assert_eq!(CAPITAL.tell(&job, "report-by-stranger", now).err(), Some(Refusal::NotTheOwner));
    assert_eq!(CAPITAL.tell(&job, "submit-report", until(&job)).err(), Some(Refusal::TooLate));
    let again = format!("{FUNDED} close-up submit-report submit");
    assert_eq!(CAPITAL.reach(&again).err(), Some(not_now("submitted", "submit")));
}

#[test]
fn at_its_bounds_capital_leaves_one_verdict_and_between_them_both() {
    let (complete, reject) = (Verdict::Complete, Verdict::Reject);
    for (value, left) in [
        (0, Some(reject)),
        (STOP_LOSS - 1, Some(reject)),
        (STOP_LOSS, Some(reject)),
        (STOP_LOSS + 1, None),
        (ENTRUSTED.entrusted, None),
        (TARGET - 1, None),
        (TARGET, Some(complete)),
        (TARGET + 1, Some(complete)),
        (u128::MAX, Some(complete)),
    ] {
        let (job, now) = delivered(value, true);
        assert_eq!(hire(&job).bound_verdict(), left, "{value}");
        for (verdict, word) in [(complete, "complete"), (reject, "reject")] {
            let allowed = left.is_none_or(|left| left == verdict);
            let refusal = CAPITAL.tell(&job, word, now).err();
            assert_eq!(refusal, (!allowed).then_some(Refusal::AgainstValuation), "{value} {word}");
        }
    }
}

#[test]
fn why_capital_was_closed_decides_nothing_where_its_worth_does() {
    for reason in [ClosedReason::Deadline, ClosedReason::StopLoss, ClosedReason::Target] {
        let (job, _) = delivered(STOP_LOSS + 1, true);
        let mut hire = hire(&job).clone();
        let closed = Some(Closed { reason, deliverable: ContentHash([1; 32]) });
        hire.valuation = hire.valuation.map(|valuation| Valuation { closed, ..valuation });
        assert_eq!(hire.bound_verdict(), None, "{reason:?}");
    }
}

#[test]
fn no_fault_is_found_in_what_an_enclave_has_attested() {
    for closing in ["close-down", "close-between"] {
        for word in ["reject-garbage", "reject-bad-faith", "reject-as-late"] {
            let way = format!("{FUNDED} {closing} submit-report {word}");
            assert_eq!(CAPITAL.reach(&way).err(), Some(Refusal::NoFault), "{way}");
        }
        assert!(CAPITAL.reach(&format!("{FUNDED} {closing} submit-report reject-borderline")).is_ok());
    }
}

#[test]
fn silence_is_the_verdict_that_the_capital_leaves_and_else_pays_the_provider() {
    for (value, verdict) in [
        (STOP_LOSS, Verdict::Reject),
        (STOP_LOSS + 1, Verdict::Complete),
        (TARGET - 1, Verdict::Complete),
        (TARGET, Verdict::Complete),
    ] {
        for judged in [true, false] {
            let (job, _) = delivered(value, judged);
            let change = CAPITAL.tell(&job, "lapse", until(&job)).expect("it is due");
            let event = change.job.as_ref().map(|job| job.event.clone());
            let Some(Event::Evaluated { verdict: said, judgement: None, .. }) = event else {
                panic!("it is judged by silence: {event:?}")
            };
            assert_eq!(said, verdict, "{value} {judged}");
            let job = crate::sample::after(&change);
            let change = CAPITAL.tell(&job, "lapse", until(&job)).expect("it is due");
            let client = if verdict == Verdict::Reject { BUDGET.units } else { 0 };
            let slash = if judged { CAPITAL.lock_of(EVALUATOR) * 30 / 100 } else { 0 };
            assert_eq!(earned(&change, CLIENT), client + slash - slash * 40 / 100, "{value} {judged}");
        }
    }
}

#[test]
fn a_silent_evaluator_pays_whatever_his_silence_has_decided() {
    for closing in ["close-up", "close-down", "close-between"] {
        let way = format!("{FUNDED} {closing} submit-report lapse");
        let (_, change) = ended(&CAPITAL, &way, "lapse");
        assert_eq!(lost(&change, EVALUATOR), CAPITAL.lock_of(EVALUATOR) * 30 / 100, "{closing}");
        assert!(says(&change, EVALUATOR, Note::Violated), "{closing}");
        assert!(says(&change, PROVIDER, Note::Clean) && says(&change, CLIENT, Note::Clean), "{closing}");
        let own = |note: &Note| matches!(note, Note::Verdict { .. });
        assert!(!change.notes.iter().any(|(_, note)| own(note)), "silence is no verdict of his own");
    }
}

#[test]
fn the_third_refused_delivery_costs_its_provider_whether_or_not_anybody_judged_it() {
    let share = |sample: &Sample| sample.lock_of(PROVIDER) * 20 / 100;
    for way in [
        "create fund engage appoint close-down submit-report reject",
        "create fund engage appoint close-down submit-report lapse",
        "create fund engage close-down submit-report lapse",
    ] {
        for (rejections, cost) in [(1, 0), (2, share(&CAPITAL))] {
            let sample = Sample { rejections, ..CAPITAL };
            let (_, change) = ended(&sample, way, "lapse");
            assert_eq!(lost(&change, PROVIDER), cost, "{way} after {rejections}");
            assert_eq!(says(&change, PROVIDER, Note::Violated), cost > 0, "{way} after {rejections}");
        }
    }
}

#[test]
fn what_the_capital_has_decided_nobody_disputes() {
    for (value, disputable) in
        [(STOP_LOSS, false), (STOP_LOSS + 1, true), (TARGET - 1, true), (TARGET, false)]
    {
        for word in ["complete", "reject", "lapse"] {
            let (job, now) = delivered(value, true);
            let at = if word == "lapse" { until(&job) } else { now };
            let Ok(change) = CAPITAL.tell(&job, word, at) else { continue };
            let job = crate::sample::after(&change);
            let loser = match job.state {
                State::Settled { .. } => "dispute-by-client",
                _ => "dispute-by-provider",
            };
            let refusal = CAPITAL.tell(&job, loser, at).err();
            assert_eq!(refusal, (!disputable).then_some(Refusal::NotDisputable), "{value} {word}");
        }
    }
}

#[test]
fn while_capital_is_traded_there_is_no_verdict_to_dispute() {
    for valued in ["value", "value-up", "value-down", "close-up"] {
        let (job, now) = CAPITAL.reached(&format!("{FUNDED} {valued}"));
        for word in ["dispute-by-client", "dispute-by-provider"] {
            assert_eq!(CAPITAL.tell(&job, word, now).err(), Some(not_now("funded", "dispute")), "{valued}");
        }
    }
}

#[test]
fn without_any_valuation_nobody_is_at_fault_at_the_deadline() {
    for (way, word) in [(FUNDED, "lapse"), ("create fund engage appoint @deadline", "reclaim")] {
        let repeated = Sample { violations: 2, rejections: 2, ..CAPITAL };
        let (job, change) = ended(&repeated, way, word);
        assert_eq!(earned(&change, CLIENT), BUDGET.units, "{way}");
        for (_, seat) in hire(&job).seats() {
            assert_eq!(lost(&change, seat.agent), 0, "{way}");
        }
        let said = change.notes.iter().filter(|(_, note)| !matches!(note, Note::Unlocked(_)));
        assert_eq!(said.count(), 0, "{way}");
        let plain = ended(&Sample { violations: 2, ..PLAIN }, way, word).1;
        assert!(lost(&plain, PROVIDER) > 0, "without capital it is the provider's fault");
    }
}

#[test]
fn only_once_the_capital_is_closed_the_provider_owes_the_report() {
    let lock = CAPITAL.lock_of(PROVIDER);
    for (valued, missing, late) in [
        ("value", 0, 0),
        ("value-up", 0, 0),
        ("value-down", 0, 0),
        ("close-up", lock / 2, lock / 10),
        ("close-down", lock / 2, lock / 10),
    ] {
        let way = format!("{FUNDED} {valued}");
        let (_, change) = ended(&CAPITAL, &way, "lapse");
        assert_eq!(lost(&change, PROVIDER), missing, "{valued}");
        assert_eq!(says(&change, PROVIDER, Note::Violated), missing > 0, "{valued}");
        if late == 0 {
            // It may still be closed, and what it has gained is the client's already.
            let reclaimed = CAPITAL.reach(&format!("{way} @deadline reclaim"));
            assert_eq!(reclaimed.err(), Some(Refusal::NotYetDue), "{valued}");
            continue;
        }
        let (_, change) = ended(&CAPITAL, &format!("{way} @deadline"), "reclaim");
        assert_eq!(lost(&change, PROVIDER), late, "{valued}");
    }
}

#[test]
fn a_provider_has_an_hour_to_deliver_once_the_capital_is_closed() {
    let hour = Millis(3_600_000);
    let (job, _) = CAPITAL.reached(FUNDED);
    for (at, due) in [
        (DEADLINE + Millis(-3_600_001), DEADLINE),
        (DEADLINE + Millis(-3_600_000), DEADLINE),
        (DEADLINE + Millis(-3_599_999), DEADLINE + Millis(1)),
        (DEADLINE, DEADLINE + hour),
        (DEADLINE + GRACE + Millis(-1), DEADLINE + GRACE + Millis(-1) + hour),
    ] {
        let closed = crate::sample::after(&CAPITAL.tell(&job, "close-up", at).expect("it is in time"));
        assert_eq!(hire(&closed).due(), due);
        assert_eq!(until(&closed), due.max(DEADLINE + GRACE), "nobody is missing before he is late");
        let before = due + Millis(-1);
        assert_eq!(CAPITAL.tell(&closed, "reclaim", before).err(), Some(Refusal::NotYetDue));
        let in_time = crate::sample::after(&CAPITAL.tell(&closed, "submit-report", before).expect("it is"));
        assert!(!hire(&in_time).is_late());
        if due < until(&closed) {
            let late = crate::sample::after(&CAPITAL.tell(&closed, "submit-report", due).expect("it is"));
            assert!(hire(&late).is_late());
        }
    }
}

#[test]
fn no_evaluator_steps_back_once_capital_has_a_worth() {
    assert!(CAPITAL.reach(&format!("{FUNDED} step-back")).is_ok(), "nobody has earned anything yet");
    for valued in ["value", "value-up", "value-down", "close-up", "close-down", "close-between"] {
        let way = format!("{FUNDED} {valued} step-back");
        assert_eq!(CAPITAL.reach(&way).err(), Some(Refusal::TooLate), "{way}");
    }
    // Whoever comes when something is known already is bound like one who was there before.
    let way = "create fund engage value appoint step-back";
    assert_eq!(CAPITAL.reach(way).err(), Some(Refusal::TooLate));
}
