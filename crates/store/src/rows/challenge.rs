//! Challenges, and what trusted workers have answered: as rows and back.

use crate::error::StoreError;
use crate::value::{Columns, Value, corrupt};
use docket_core::agent::identity::Wallet;
use docket_core::challenge::likeness::Likeness;
use docket_core::challenge::reference::Reference;
use docket_core::challenge::{Challenge, Outcome, Probe, State};
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{ChallengeId, JobId, Version};
use docket_core::time::Timestamp;

/// The columns of a challenge; the rows are chosen where it is used.
pub(crate) const CHALLENGES: &str = "SELECT challenge_id, wallet, worker_id, model, probes, state, why, opened_ms, by_ms, ended_ms, version FROM challenge";

/// The columns of a reference, likewise.
pub(crate) const REFERENCES: &str =
    "SELECT job_id, worker_id, model, weights, question, answer, made_ms FROM reference";

/// All columns of a challenge.
pub(crate) fn challenge(challenge: &Challenge) -> Vec<Value<'_>> {
    let probes: Vec<_> = challenge.probes.iter().map(probe).collect();
    vec![
        Value::count(challenge.id.0),
        Value::text(challenge.wallet),
        Value::text(challenge.worker),
        Value::name(&challenge.model),
        Value::text(probes.join("\n")),
        Value::name(challenge.state.name()),
        challenge.state.why().map_or(Value::Null, Value::name),
        challenge.opened_at.into(),
        challenge.by.into(),
        challenge.ended_at.into(),
        Value::count(challenge.version.0),
    ]
}

/// Reads a row of [`CHALLENGES`].
pub(crate) fn parse_challenge(row: &dyn Columns) -> Result<Challenge, StoreError> {
    let (state, why) = (row.text(5)?, row.text_or_null(6)?);
    let probes = row.text(4)?;
    let probes = probes.lines().map(parse_probe).collect::<Option<_>>();
    Ok(Challenge {
        id: ChallengeId(row.count(0)?),
        wallet: Wallet::parse(&row.text(1)?).ok_or_else(|| corrupt("a wallet"))?,
        worker: row.worker(2)?,
        model: row.text(3)?.into(),
        probes: probes.ok_or_else(|| corrupt("the questions of a challenge"))?,
        state: State::parse(&state, why.as_deref()).ok_or_else(|| corrupt("the state of a challenge"))?,
        opened_at: row.instant(7)?,
        by: row.instant(8)?,
        ended_at: row.int_or_null(9)?.map(Timestamp),
        version: Version(row.count(10)?),
    })
}

/// A question in a line: words with spaces between.
fn probe(probe: &Probe) -> String {
    let Probe { job, reference, outcome } = probe;
    let outcome = match outcome {
        None => "awaited".to_owned(),
        Some(Outcome::Answer(Likeness { agreed, of, agrees })) => {
            format!("answer {agreed} {of} {}", u8::from(*agrees))
        }
        Some(Outcome::TimedOut) => "timed_out".to_owned(),
        Some(Outcome::Nothing(fault)) => format!("nothing {}", fault.code()),
    };
    format!("{} {} {outcome}", job.0, reference.0)
}

fn parse_probe(line: &str) -> Option<Probe> {
    let words: Vec<_> = line.split(' ').collect();
    let [job, reference, outcome @ ..] = &words[..] else { return None };
    let outcome = match outcome {
        ["awaited"] => None,
        ["answer", agreed, of, agrees] => {
            let (agreed, of) = (agreed.parse().ok()?, of.parse().ok()?);
            Some(Outcome::Answer(Likeness { agreed, of, agrees: *agrees == "1" }))
        }
        ["timed_out"] => Some(Outcome::TimedOut),
        ["nothing", fault] => Some(Outcome::Nothing(Fault::parse(fault)?)),
        _ => return None,
    };
    Some(Probe { job: JobId(job.parse().ok()?), reference: JobId(reference.parse().ok()?), outcome })
}

/// All columns of a reference.
pub(crate) fn reference(reference: &Reference) -> Vec<Value<'_>> {
    vec![
        Value::job(reference.job),
        Value::text(reference.worker),
        Value::name(&reference.model),
        reference.weights.map_or(Value::name(""), Value::text),
        Value::name(&reference.question),
        Value::name(&reference.answer),
        reference.made_at.into(),
    ]
}

/// Reads a row of [`REFERENCES`].
pub(crate) fn parse_reference(row: &dyn Columns) -> Result<Reference, StoreError> {
    let weights = row.text(3)?;
    let weights = match &*weights {
        "" => None,
        text => Some(Sha256::parse(text).ok_or_else(|| corrupt("a digest"))?),
    };
    Ok(Reference {
        job: JobId(row.count(0)?),
        worker: row.worker(1)?,
        model: row.text(2)?.into(),
        weights,
        question: row.text(4)?.into(),
        answer: row.text(5)?.into(),
        made_at: row.instant(6)?,
    })
}
