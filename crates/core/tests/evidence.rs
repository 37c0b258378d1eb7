//! What speaks for a worker and against it, and when: each job at most once.

use crate::sample::{FIRST, LAPSE, PRICE, START, job, order, outcome, paid_at_once, reach, reached, terms};
use docket_core::change::Change;
use docket_core::command::{Canceller, Charge, Command};
use docket_core::event::{Conduct, Delivery, Event, Fault};
use docket_core::id::{ClientId, WorkerId};
use docket_core::job::Job;
use docket_core::money::BasisPoints;
use docket_core::policy::Policy;
use docket_core::reputation::Evidence;
use docket_core::time::Millis;

const PAID: Option<(WorkerId, Evidence)> = Some((FIRST, Evidence::Paid { placing: None }));
const LOST: Option<(WorkerId, Evidence)> = Some((FIRST, Evidence::Lost));
const UNPROVEN: Option<(WorkerId, Evidence)> = Some((FIRST, Evidence::Unproven));

/// Paid when nobody has disputed, and given as it comes.
fn disputable() -> Policy {
    Policy { evaluation: None, stream_within: Some(Millis::seconds(600)), ..terms() }
}

fn of(job: &Job, command: &Command) -> Option<(WorkerId, Evidence)> {
    let at = if *command == LAPSE { job.state.deadline().expect("the sample is not final") } else { START };
    outcome(job, command, at).expect("the way is open").evidence
}

fn by(job: &Job, word: &str) -> Option<(WorkerId, Evidence)> {
    of(job, &order(word, job))
}

#[test]
fn a_fault_of_the_worker_speaks_against_it_at_once_and_nothing_else_does() {
    let running = reached(terms(), "create fund assign");
    assert_eq!(by(&running, "return-lost"), LOST);
    assert_eq!(of(&running, &LAPSE), LOST);
    assert_eq!(by(&running, "return-draining"), None);
    for by in [Canceller::Client, Canceller::Operator] {
        assert_eq!(of(&running, &Command::Cancel { by }), None);
    }
    let (_, attempt) = running.holder().unwrap();
    let bad = Command::Return { attempt, reason: Fault::BadReceipt };
    assert_eq!(of(&running, &bad), UNPROVEN);
}

#[test]
fn a_job_speaks_for_the_worker_when_nobody_can_dispute_it_any_more() {
    assert_eq!(by(&reached(paid_at_once(), "create fund assign"), "submit"), PAID);
    let running = reached(disputable(), "create fund assign");
    assert_eq!(by(&running, "submit"), None, "it may still be disputed");
    let settled = reached(disputable(), "create fund assign submit");
    assert_eq!(of(&settled, &LAPSE), PAID);
    assert_eq!(by(&settled, "dispute"), None);
    let judged = Policy { dispute_window: Millis(0), ..terms() };
    let submitted = reached(judged, "create fund assign submit");
    assert_eq!(by(&submitted, "evaluate-complete"), PAID);
    assert_eq!(by(&submitted, "evaluate-reject"), None);
    assert_eq!(by(&reached(terms(), "create fund assign submit"), "evaluate-complete"), None);
    let completed = reached(terms(), "create fund assign submit evaluate-complete");
    assert_eq!(of(&completed, &LAPSE), PAID);
    let rejected = reached(terms(), "create fund assign submit evaluate-reject");
    assert_eq!(of(&rejected, &LAPSE), None);
}

#[test]
fn a_ruling_counts_as_it_is_made() {
    let disputed = reached(disputable(), "create fund assign submit dispute");
    assert_eq!(by(&disputed, "rule-for-client"), UNPROVEN);
    assert_eq!(by(&disputed, "rule-for-worker"), PAID);
    assert_eq!(by(&disputed, "rule-divided"), None);
    assert_eq!(of(&disputed, &LAPSE), PAID, "nobody has ruled, and the default is for the worker");
    let rejected = reached(terms(), "create fund assign submit evaluate-reject dispute");
    assert_eq!(by(&rejected, "rule-for-client"), None, "it was never to be paid");
}

#[test]
fn a_broken_answer_counts_once_however_its_dispute_ends() {
    let running = reached(disputable(), "create fund assign");
    assert_eq!(by(&running, "break-off"), LOST, "it broke off by the worker's fault");
    for (way, word) in [("break-off", "lapse"), ("break-off dispute", "rule-for-client")] {
        let part = reach(running.clone(), way).unwrap().0;
        assert!(part.delivery().unwrap().conduct.blamed);
        assert_eq!(by(&part, word), None, "{way} {word}");
    }
    let Command::BreakOff { delivery, charge, .. } = order("break-off", &running) else { unreachable!() };
    let left = Command::BreakOff { delivery, charge, reason: Fault::ByClient };
    assert_eq!(of(&running, &left), None, "the client has left");
    let part = outcome(&running, &left, START).unwrap().job.unwrap().after;
    assert_eq!(of(&part, &LAPSE), None, "only the coordinator knows of it");
    let disputed = reach(Job::clone(&part), "dispute").unwrap().0;
    assert_eq!(by(&disputed, "rule-for-client"), UNPROVEN);
    assert_eq!(by(&disputed, "rule-for-worker"), None);
}

#[test]
fn what_costs_nothing_or_comes_from_the_worker_itself_counts_nothing() {
    let free = reached(paid_at_once(), "create fund assign");
    assert_eq!(by(&free, "submit-free"), None);
    let nothing = PRICE.with_units(0);
    for (price, client) in
        [(nothing, "ann".to_owned()), (PRICE, FIRST.to_string()), (PRICE, format!("quotes:{FIRST}"))]
    {
        let own = Job { client: ClientId(client.as_str().into()), ..job(paid_at_once(), price) };
        let running = reach(own, "create fund assign").unwrap().0;
        for word in ["submit", "return-lost"] {
            assert_eq!(by(&running, word), None, "{word} for {client} at {price:?}");
        }
    }
}

#[test]
fn the_placing_of_an_answer_counts_when_it_is_paid() {
    let running = reached(disputable(), "create fund assign");
    let Command::Submit { delivery, .. } = order("submit", &running) else { unreachable!() };
    let placing = Some(BasisPoints(7_000));
    let conduct = Conduct { placing, ..delivery.conduct };
    let submit = Command::Submit { delivery: Delivery { conduct, ..delivery }, charge: Charge::Whole };
    let settled = outcome(&running, &submit, START).unwrap().job.unwrap().after;
    let vested = Change::of(&settled, Event::Vested { bonus: 0 }, START);
    assert_eq!(vested.evidence, Some((FIRST, Evidence::Paid { placing })));
}
