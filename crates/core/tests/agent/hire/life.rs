//! The whole life of such a job as one table: every command and every step in every state, before its deadline and at it.

use super::sample::{DEADLINE, PLAIN, Sample};
use crate::golden;
use docket_core::job::{Job, State};
use docket_core::policy::{Ruling, Verdict};
use docket_core::time::{Millis, Timestamp};
use std::fmt::Write as _;

/// Every state that the rules tell apart, and a way to it.
const STATES: [(&str, &str); 34] = [
    ("absent", ""),
    ("open", "create"),
    ("open, provider", "create engage"),
    ("open, evaluator", "create appoint"),
    ("funded", "create fund"),
    ("funded, invited", "create fund invite"),
    ("funded, provider", "create fund engage"),
    ("funded after provider", "create engage fund"),
    ("funded, evaluator", "create fund appoint"),
    ("funded, both", "create fund engage appoint"),
    ("late, both", "create fund engage appoint @deadline"),
    ("submitted", "create fund engage submit"),
    ("submitted, evaluator", "create fund engage appoint submit"),
    ("submitted late", "create fund engage appoint @deadline submit"),
    ("completed", "create fund engage appoint submit complete"),
    ("completed in silence", "create fund engage appoint submit lapse"),
    ("completed unjudged", "create fund engage submit lapse"),
    ("rejected", "create fund engage appoint submit reject"),
    ("disputed", "create fund engage appoint submit complete dispute-by-client"),
    ("disputed, 1 committed", "create fund engage appoint submit complete dispute-by-client commit-1-uphold"),
    (
        "disputed, all committed",
        "create fund engage appoint submit complete dispute-by-client commit-1-uphold commit-2-overturn \
         commit-3-uphold",
    ),
    (
        "time to reveal",
        "create fund engage appoint submit complete dispute-by-client commit-1-uphold commit-2-uphold @committed",
    ),
    (
        "1 of 2 revealed",
        "create fund engage appoint submit complete dispute-by-client commit-1-uphold commit-2-uphold @committed \
         reveal-1-uphold",
    ),
    (
        "all revealed",
        "create fund engage appoint submit complete dispute-by-client commit-1-uphold commit-2-uphold @committed \
         reveal-1-uphold reveal-2-uphold",
    ),
    ("nobody committed", "create fund engage appoint submit complete dispute-by-client @committed"),
    ("disputed, no seats", "create fund engage appoint submit reject dispute-with-nobody"),
    ("disputed, one seat", "create fund engage appoint submit complete dispute-with-one"),
    ("settled for good", "create fund engage appoint submit complete lapse"),
    ("rejected for good", "create fund engage appoint submit reject lapse"),
    ("arbitrated", "create fund engage appoint submit complete dispute-by-client lapse"),
    ("expired unpaid", "create lapse"),
    ("expired", "create fund engage lapse"),
    ("cancelled", "create cancel"),
    ("stepped back", "create fund appoint step-back"),
];

/// Every command in every form whose outcome may differ; the last belong to jobs that the market places.
const WORDS: [&str; 51] = [
    "create",
    "fund",
    "invite",
    "invite-party",
    "engage",
    "engage-party",
    "appoint",
    "appoint-party",
    "describe",
    "submit",
    "submit-by-stranger",
    "submit-by-worker",
    "complete-l0",
    "complete-l1",
    "complete-l2",
    "complete-borderline",
    "complete-with-fault",
    "reject",
    "reject-garbage",
    "reject-bad-faith",
    "reject-as-late",
    "evaluate-silently",
    "cancel",
    "cancel-by-operator",
    "step-back",
    "reclaim",
    "dispute-by-client",
    "dispute-by-provider",
    "dispute-with-nobody",
    "dispute-unfiled",
    "commit-1-uphold",
    "commit-1-overturn",
    "commit-2-uphold",
    "commit-3-uphold",
    "commit-0-uphold",
    "reveal-1-uphold",
    "reveal-1-overturn",
    "reveal-2-uphold",
    "reveal-3-uphold",
    "reveal-0-uphold",
    "lapse",
    "assign",
    "accept",
    "return-lost",
    "stream",
    "break-off",
    "give-up",
    "rule-for-worker",
    "rule-for-client",
    "rule-divided",
    "recover",
];

#[test]
fn the_life_of_a_hire_is_the_published_table() {
    let mut text = String::from(
        "judged by criteria within 48 h, disputable for 48 h, 24 h to commit and 24 h to reveal\n\
         the deadline is 100 h after the beginning, and work is late and not missing for 24 h more\n",
    );
    write_life(&mut text, &PLAIN, &STATES, &WORDS);
    let judged = Sample { judge: Some(super::sample::STRANGER), ..PLAIN };
    text.push_str("\nthe client has named another evaluator\n");
    for (name, way) in [("open", "create"), ("submitted", "create fund engage submit")] {
        let (job, now) = judged.reached(way);
        let outcome = told(&judged, &job, "appoint", now);
        write_line(&mut text, name, "appoint", &outcome);
    }
    golden::check("hire-life.txt", &text);
}

/// Writes what comes of every word in every state, before its deadline and at it.
pub(super) fn write_life(text: &mut String, sample: &Sample, states: &[(&str, &str)], words: &[&str]) {
    for (title, moment) in [("before the deadline of the state", Moment::Before), ("at it", Moment::At)] {
        writeln!(text, "\n{title}").expect("a string takes all");
        for (name, way) in states {
            let (job, now) = sample.reached(way);
            write_state(text, sample, words, name, &job, moment.of(&job, now));
        }
    }
}

/// When a word is said.
#[derive(Clone, Copy)]
enum Moment {
    Before,
    At,
}

impl Moment {
    fn of(self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        let soon = now + Millis::seconds(1);
        match (self, job.state.deadline()) {
            (Self::Before, Some(by)) => Some(soon).filter(|soon| *soon < by),
            (Self::At, Some(by)) => Some(by).filter(|_| job.version.0 > 0),
            (Self::Before, None) => Some(soon),
            (Self::At, None) => None,
        }
    }
}

fn write_state(
    text: &mut String,
    sample: &Sample,
    words: &[&str],
    name: &str,
    job: &Job,
    now: Option<Timestamp>,
) {
    let Some(now) = now else { return };
    let mut general: Option<String> = None;
    for word in words {
        let outcome = told(sample, job, word, now);
        if ["job.not_now", "job.not_found"].contains(&outcome.as_str()) {
            let first = general.get_or_insert(outcome.clone());
            if *first == outcome {
                continue;
            }
        }
        write_line(text, name, word, &outcome);
    }
    if let Some(general) = general {
        write_line(text, name, "anything else", &general);
    }
}

pub(super) fn told(sample: &Sample, job: &Job, word: &str, now: Timestamp) -> String {
    match sample.tell(job, word, now) {
        Ok(change) => describe(&crate::sample::after(&change), now),
        Err(refusal) => refusal.code().to_owned(),
    }
}

fn write_line(text: &mut String, name: &str, word: &str, outcome: &str) {
    writeln!(text, "  {name:<23}  {word:<20}  -> {outcome}").expect("a string takes all");
}

/// What a job has become, with what the state's name does not say.
fn describe(job: &Job, now: Timestamp) -> String {
    let hire = job.hire.as_ref().expect("the sample is a hire");
    let still = job.state.deadline().map_or(String::new(), |by| format!(" for {}", span(by.since(now))));
    let mut text = format!("{}{still}", job.state.name());
    match &job.state {
        State::Arbitrated { ruling, .. } => text.push_str(match ruling {
            Ruling::ForWorker => " for the provider",
            Ruling::ForClient => " for the client",
            Ruling::Divided { .. } => " for both",
        }),
        State::Closed { reason, .. } => write!(text, ": {}", reason.code()).expect("a string takes all"),
        State::Submitted { .. } if hire.is_late() => text.push_str(", late"),
        _ => {}
    }
    if let (State::Open { .. } | State::Funded { .. }, Some(_)) = (&job.state, hire.invited) {
        text.push_str(", invited");
    }
    if let (State::Funded { .. }, Some(_)) = (&job.state, hire.begun_at) {
        text.push_str(", begun");
    }
    if let (State::Funded { .. } | State::Submitted { .. }, Some(valuation)) = (&job.state, hire.valuation) {
        text.push_str(match hire.bound_verdict() {
            Some(Verdict::Complete) => ", at the target",
            Some(Verdict::Reject) => ", at the stop-loss",
            None => ", between",
        });
        text.push_str(if valuation.closed.is_some() { " for good" } else { "" });
    }
    text
}

fn span(span: Millis) -> String {
    match span.0 {
        ms if ms % 3_600_000 == 0 && ms > 0 => format!("{} h", ms / 3_600_000),
        ms if ms % 1_000 == 0 => format!("{} s", ms / 1_000),
        ms => format!("{ms} ms"),
    }
}

#[test]
fn every_state_and_every_word_of_the_table_is_what_it_says() {
    for (name, way) in STATES {
        assert!(PLAIN.reach(way).is_ok(), "{name}");
    }
    let at_last = |word: &str| {
        STATES.iter().any(|(_, way)| {
            let (job, now) = PLAIN.reached(way);
            [now, job.state.deadline().unwrap_or(now), DEADLINE]
                .iter()
                .any(|at| told(&PLAIN, &job, word, *at) != "job.not_now")
        })
    };
    let market = WORDS.iter().position(|word| *word == "assign").expect("it is a word");
    for word in &WORDS[..market] {
        assert!(at_last(word) || ["dispute-unfiled", "evaluate-silently"].contains(word), "{word}");
    }
}
