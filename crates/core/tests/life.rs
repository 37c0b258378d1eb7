//! The whole life of a job as one table: every command in every state, before its deadline and at it.

use crate::golden;
use crate::sample::{self, ORDERS, PRICE};
use docket_core::command::{Charge, Command};
use docket_core::job::{Job, State};
use docket_core::policy::{Arbitration, Evaluation, Lapse, Policy, Ruling, Verdict};
use docket_core::time::{Millis, Timestamp};
use std::fmt::Write as _;

/// Ways that lead to every state under any terms. The first to reach a state is taken.
const WAYS: [&str; 20] = [
    "",
    "create",
    "create fund",
    "create fund assign return-lost",
    "create fund assign-to-accept",
    "create fund assign",
    "create fund assign submit",
    "create fund assign submit evaluate-complete",
    "create fund assign submit lapse",
    "create fund assign submit evaluate-reject",
    "create fund assign submit dispute",
    "create fund assign submit evaluate-complete dispute",
    "create fund assign submit dispute lapse",
    "create fund assign submit evaluate-complete dispute lapse",
    "create fund assign submit evaluate-complete lapse",
    "create fund assign submit evaluate-reject lapse",
    "create fund give-up",
    "create fund lapse",
    "create lapse",
    "create cancel",
];

const BEFORE: &str = "before the deadline";
const AT: &str = "at the deadline";
const NEVER: &str = "where there is no deadline";

#[test]
fn the_life_of_a_job_is_the_published_table() {
    let life = life(&sample::terms());
    let mut text = String::from("judged by an evaluator, disputable, two attempts, 600 s promised\n");
    for moment in [BEFORE, AT, NEVER] {
        write_moment(&mut text, moment, &life);
    }
    for (title, policy) in variants() {
        write_variant(&mut text, title, &life, &self::life(&policy));
    }
    golden::check("life.txt", &text);
}

#[test]
fn every_form_of_a_command_stands_in_the_table() {
    let life = life(&sample::terms());
    for word in ORDERS {
        assert!(life.iter().any(|line| line.order == word), "{word}");
    }
}

/// One command in one state.
struct Line {
    moment: &'static str,
    state: &'static str,
    order: &'static str,
    outcome: String,
}

impl Line {
    /// Whether the command only met what the state answers to most.
    fn is_general(&self) -> bool {
        ["job.not_now", "job.not_found"].contains(&self.outcome.as_str())
    }

    fn is_about(&self, other: &Self) -> bool {
        (self.moment, self.state, self.order) == (other.moment, other.state, other.order)
    }
}

/// Terms that differ from the first table's in one respect, or two.
fn variants() -> Vec<(&'static str, Policy)> {
    let terms = sample::terms;
    let silence = |silence| Some(Evaluation { within: Millis::hours(48), silence });
    vec![
        ("nobody judges", Policy { evaluation: None, ..terms() }),
        ("nobody may dispute", Policy { dispute_window: Millis(0), ..terms() }),
        ("nobody judges, nobody may dispute", sample::paid_at_once()),
        (
            "the evaluator's silence refuses the work",
            Policy { evaluation: silence(Verdict::Reject), ..terms() },
        ),
        (
            "a dispute that nobody decides is for the client",
            Policy {
                arbitration: Arbitration { default: Ruling::ForClient, ..terms().arbitration },
                ..terms()
            },
        ),
        (
            "an answer that is given as it comes",
            Policy { stream_within: Some(Millis::seconds(600)), ..terms() },
        ),
        ("one attempt", Policy { attempts: 1, ..terms() }),
        ("30 s promised", Policy { finish_within: Millis::seconds(30), ..terms() }),
        ("what nobody did in time has failed", Policy { lapse: Lapse::Failed, ..terms() }),
        ("what nobody did in time expires", Policy { lapse: Lapse::Expired, ..terms() }),
    ]
}

/// Every command in every state that these terms can reach.
fn life(policy: &Policy) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for way in WAYS {
        let Ok((job, now)) = sample::reach(sample::job(policy.clone(), PRICE), way) else { continue };
        let state = label(&job);
        if lines.iter().any(|line| line.state == state) {
            continue;
        }
        let soon = now + Millis::seconds(1);
        let moments = match job.state.deadline() {
            Some(by) if !way.is_empty() => vec![(BEFORE, soon), (AT, by)],
            Some(_) | None => vec![(NEVER, soon)],
        };
        for (moment, at) in moments {
            let apt = ORDERS.into_iter().filter(|word| form(&sample::order(word, &job), &job) == *word);
            lines.extend(apt.map(|order| Line { moment, state, order, outcome: outcome(&job, order, at) }));
        }
    }
    lines
}

fn outcome(job: &Job, order: &str, at: Timestamp) -> String {
    match sample::obey(job, order, at) {
        Ok(after) => describe(&after, at),
        Err(refusal) => refusal.code().to_owned(),
    }
}

/// The row of a job. There is no `_` arm: a new state asks for its row, and for its way among [`WAYS`].
fn label(job: &Job) -> &'static str {
    match &job.state {
        State::Open { .. } if job.version.0 == 0 => "absent",
        State::Funded { .. } if !job.tried.is_empty() => "funded again",
        State::Settled { vests_at: None, .. } => "settled for good",
        State::Rejected { vests_at: None, .. } => "rejected for good",
        state @ (State::Open { .. }
        | State::Funded { .. }
        | State::Assigned { .. }
        | State::Running { .. }
        | State::Submitted { .. }
        | State::Settled { .. }
        | State::Rejected { .. }
        | State::Disputed { .. }
        | State::Arbitrated { .. }
        | State::Closed { .. }) => state.name(),
    }
}

/// The word for a command, given the job. There is no `_` arm: a new command asks for its words among [`ORDERS`].
fn form(command: &Command, job: &Job) -> &'static str {
    let holder = job.holder().map_or(sample::FIRST, |(worker, _)| worker);
    match command {
        Command::Create => "create",
        Command::Fund => "fund",
        Command::Assign { worker, .. } if job.tried.contains(worker) => "assign-one-who-tried",
        Command::Assign { accept_within: Some(_), .. } => "assign-to-accept",
        Command::Assign { accept_within: None, .. } => "assign",
        Command::Accept { attempt } if attempt.epoch == 0 => "accept-stale",
        Command::Accept { .. } => "accept",
        Command::Return { attempt, .. } if attempt.epoch == 0 => "return-stale",
        Command::Return { reason, .. } if reason.blames_worker() => "return-lost",
        Command::Return { .. } => "return-draining",
        Command::Submit { delivery, .. } if delivery.attempt.epoch == 0 => "submit-stale",
        Command::Submit { delivery, .. } if delivery.worker() != Some(holder) => "submit-other-worker",
        Command::Submit { charge, .. } => match charge {
            Charge::Whole => "submit",
            Charge::Exactly(amount) if amount.asset != PRICE.asset => "submit-other-asset",
            Charge::Exactly(amount) if amount.is_zero() => "submit-free",
            Charge::Exactly(_) => "submit-over-the-hold",
            Charge::Portion { delivered: 0, .. } => "submit-nothing",
            Charge::Portion { .. } => "submit-part",
        },
        Command::Stream { attempt } if attempt.epoch == 0 => "stream-stale",
        Command::Stream { .. } => "stream",
        Command::BreakOff { delivery, .. } if delivery.attempt.epoch == 0 => "break-off-stale",
        Command::BreakOff { delivery, .. } if delivery.worker() != Some(holder) => "break-off-other-worker",
        Command::BreakOff { charge: Charge::Portion { delivered: 0, .. }, .. } => "break-off-nothing",
        Command::BreakOff { .. } => "break-off",
        Command::Cancel { .. } => "cancel",
        Command::GiveUp { .. } => "give-up",
        Command::Evaluate { verdict: Verdict::Complete, .. } => "evaluate-complete",
        Command::Evaluate { verdict: Verdict::Reject, .. } => "evaluate-reject",
        Command::Dispute { .. } => "dispute",
        Command::Rule { ruling: Ruling::ForWorker, .. } => "rule-for-worker",
        Command::Rule { ruling: Ruling::ForClient, .. } => "rule-for-client",
        Command::Rule { ruling: Ruling::Divided { .. }, .. } => "rule-divided",
        Command::Lapse { .. } => "lapse",
        Command::Hire(_) => "step-of-agents",
        Command::Recover { grace } if *grace < job.policy.match_within => "recover-briefly",
        Command::Recover { .. } => "recover",
    }
}

/// What a job has become, with what the state's name does not say.
fn describe(job: &Job, now: Timestamp) -> String {
    let name = label(job);
    let still = |by: &Timestamp| span(by.since(now));
    match &job.state {
        State::Open { by }
        | State::Funded { by }
        | State::Submitted { by, .. }
        | State::Disputed { by, .. } => {
            format!("{name} for {}", still(by))
        }
        State::Assigned { attempt, by, .. } | State::Running { attempt, by, .. } => {
            format!("{name} for {}, attempt {}", still(by), attempt.number)
        }
        State::Settled { charge, vests_at: Some(until), .. } => {
            format!("{name}, costs {}, disputable for {}", charge.units, still(until))
        }
        State::Settled { charge, vests_at: None, .. } => format!("{name}, costs {}", charge.units),
        State::Rejected { vests_at: Some(until), .. } => format!("{name}, disputable for {}", still(until)),
        State::Rejected { vests_at: None, .. } => name.to_owned(),
        State::Arbitrated { ruling, .. } => match ruling {
            Ruling::ForWorker => format!("{name} for the worker"),
            Ruling::ForClient => format!("{name} for the client"),
            Ruling::Divided { client } => format!("{name}, {} % to the client", client.0 / 100),
        },
        State::Closed { reason, .. } => format!("{name}: {}", reason.code()),
    }
}

fn span(span: Millis) -> String {
    match span.0 {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        ms => format!("{ms} ms"),
    }
}

fn write_line(text: &mut String, line: &Line, order: &str) {
    let Line { state, outcome, .. } = line;
    writeln!(text, "  {state:<17}  {order:<20}  -> {outcome}").expect("a string takes all");
}

/// The lines of one moment; what a state answers to most is said once.
fn write_moment(text: &mut String, moment: &str, life: &[Line]) {
    text.push_str(&format!("\n{moment}\n"));
    let lines: Vec<&Line> = life.iter().filter(|line| line.moment == moment).collect();
    for state in lines.chunk_by(|one, next| one.state == next.state) {
        let (general, special): (Vec<&Line>, Vec<&Line>) = state.iter().partition(|line| line.is_general());
        special.into_iter().for_each(|line| write_line(text, line, line.order));
        general.first().into_iter().for_each(|line| write_line(text, line, "anything else"));
        assert!(
            general.windows(2).all(|pair| pair[0].outcome == pair[1].outcome),
            "`anything else` is one thing"
        );
    }
}

/// Where a variant says something else than the first table, and what it never reaches.
fn write_variant(text: &mut String, title: &str, first: &[Line], variant: &[Line]) {
    text.push_str(&format!("\n\n{title}: what differs\n"));
    for moment in [BEFORE, AT, NEVER] {
        let same = |line: &Line| first.iter().any(|old| old.is_about(line) && old.outcome == line.outcome);
        let differ: Vec<&Line> = variant.iter().filter(|line| line.moment == moment && !same(line)).collect();
        if !differ.is_empty() {
            text.push_str(&format!("\n{moment}\n"));
            differ.into_iter().for_each(|line| write_line(text, line, line.order));
        }
    }
    let mut missing: Vec<&str> = first.iter().map(|line| line.state).collect();
    missing.dedup();
    missing.retain(|state| variant.iter().all(|line| line.state != *state));
    if !missing.is_empty() {
        text.push_str(&format!("\nnever\n  {}\n", missing.join(", ")));
    }
}
