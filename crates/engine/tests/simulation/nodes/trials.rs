//! Tests of nodes: what is asked, what each model says, and whether the verdicts are right.

use super::super::Found;
use super::super::dice::Dice;
use super::super::market::Market;
use super::listed::Listed;
use super::offers::{self, DIALECT, MODELS};
use docket_core::agent::identity::Wallet;
use docket_core::challenge::{Challenge, Failure, Outcome, Probe, State, Void};
use docket_core::event::{Fault, Voucher};
use docket_core::id::JobId;
use docket_core::job::{self, Job};
use docket_core::time::Millis;
use docket_engine::{ChallengeTerms, NewJob, Prober};
use std::sync::Arc;

/// So many questions are there; to the last the answer is too short to say anything.
const QUESTIONS: usize = 10;
/// So many challenges are open at a time.
const AT_ONCE: usize = 3;
/// Answers are compared up to here.
const COMPARED: usize = 16;

/// Whose answers a node gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mind {
    /// Those of the model.
    Own,
    /// The same on other hardware: sooner or later, and seldom very soon, they part.
    Hardware,
    /// Those of another model.
    Other,
    /// Of either.
    Either,
}

/// How nodes are tested, of which one is trusted.
pub(crate) fn terms(trusted: Wallet) -> ChallengeTerms {
    ChallengeTerms {
        trusted: [trusted].into(),
        questions: (0..QUESTIONS).map(|number| question(number).into()).collect(),
        prober: Some(Arc::new(Orders)),
        mean_interval: Millis::seconds(90),
        unproven_interval: Millis::seconds(40),
        trial_interval: Millis::seconds(30),
        question_interval: Millis::seconds(3),
        at_once: AT_ONCE,
        references: QUESTIONS - 4,
        ..ChallengeTerms::NONE
    }
}

fn question(number: usize) -> String {
    format!("question {number}")
}

/// Whether these are the bytes of one.
pub(crate) fn is_question(payload: &[u8]) -> bool {
    (0..QUESTIONS).any(|number| question(number).as_bytes() == payload)
}

/// Jobs as clients order them.
#[derive(Debug)]
struct Orders;

impl Prober for Orders {
    fn knows(&self, model: &str) -> bool {
        MODELS.iter().any(|(name, ..)| *name == model)
    }

    fn order(&self, client: &Wallet, model: &str, question: &str) -> Option<NewJob> {
        let model = MODELS.iter().position(|(name, ..)| *name == model)?;
        Some(offers::order(client.client(DIALECT), model, question.as_bytes().into()))
    }
}

/// What a model says.
fn words(model: &str, question: &str) -> Vec<String> {
    let digest = docket_core::hash::Sha256::of(format!("{model}: {question}").as_bytes());
    let count = if *question == *self::question(QUESTIONS - 1) { 5 } else { 24 };
    digest.0.iter().take(count).map(|byte| format!("word{byte}")).collect()
}

impl Mind {
    /// What a node says that claims to run a model.
    pub(super) fn answer(self, model: &str, question: &str, dice: &mut Dice) -> String {
        let is_own = match self {
            Self::Own | Self::Hardware => true,
            Self::Other => false,
            Self::Either => dice.percent(50),
        };
        let mut words = if is_own { words(model, question) } else { words("another", question) };
        if self == Self::Hardware {
            let from = if dice.percent(3) { dice.index(COMPARED) } else { COMPARED + dice.index(8) };
            words.iter_mut().skip(from).for_each(|word| word.push_str(" or so"));
        }
        words.join(" ")
    }
}

impl Market {
    /// Every challenge on disk is what its answers make of it. Nothing is under way.
    pub(crate) fn check_challenges(&mut self) -> Found {
        let roll = self.nodes.roll.clone();
        let mut open = 0;
        for (number, listed) in roll.borrow().listed.iter().enumerate() {
            let minds = self.nodes.members[number].minds.clone();
            for challenge in self.coordinator.read(|reader| reader.challenges(listed.wallet, 1_000)) {
                let what = |wrong: String| format!("{wrong}: {challenge:?}");
                self.check_challenge(&challenge, listed).map_err(what)?;
                let honest = minds.iter().all(|mind| matches!(mind, Mind::Own | Mind::Hardware));
                let refuted = challenge.state == State::Failed(Failure::OtherAnswers);
                if number == 0 || (honest && refuted) {
                    return Err(what(format!("{} is honest", listed.wallet)));
                }
                if minds == [Mind::Other] && challenge.state == State::Passed {
                    return Err(what(format!("{} runs another model", listed.wallet)));
                }
                open += usize::from(challenge.state == State::Open);
                self.sight(match challenge.state {
                    State::Open => "a challenge that is open",
                    State::Passed => "a challenge that was passed",
                    State::Failed(Failure::OtherAnswers) => "a challenge that was failed by other answers",
                    State::Failed(Failure::TimedOut) => "a challenge that was failed by silence",
                    State::Void(_) => "a challenge that came to nothing",
                });
            }
        }
        if open > AT_ONCE {
            return Err(format!("{open} challenges are open"));
        }
        Ok(())
    }

    fn check_challenge(&self, challenge: &Challenge, listed: &Listed) -> Found {
        let mut outcomes = Vec::new();
        for (at, probe) in challenge.probes.iter().enumerate() {
            let is_last = at + 1 == challenge.probes.len();
            let before = &challenge.probes[..at];
            if before.iter().any(|other| other.job == probe.job || other.reference == probe.reference) {
                return Err("a question was put twice".to_owned());
            }
            let own = self.outcome(challenge, probe, listed)?;
            match probe.outcome {
                None if is_last => {}
                None => return Err("a question was put before the last was answered".to_owned()),
                Some(told) => {
                    if own != Some(plain(told)) {
                        return Err(format!("question {at} came to {own:?}"));
                    }
                    outcomes.extend(own);
                }
            }
        }
        let count = |wanted: &str| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        let own = match (count("agrees"), count("differs"), count("late"), count("nothing")) {
            (2, ..4, 0, 0) => "passed",
            (..2, 4, 0, 0) => "failed",
            (..2, ..4, 1, 0) => "failed",
            (..2, ..4, 0, 1) => "void",
            (..2, ..4, 0, 0) => "open",
            _ => return Err("it went on after its end".to_owned()),
        };
        let given_up =
            matches!(challenge.state, State::Void(Void::NotAsked | Void::Restarted | Void::TooLong));
        if challenge.state.name() != own && !(given_up && own == "open") {
            return Err(format!("it should be {own}"));
        }
        if challenge.ended_at.is_some() != (challenge.state != State::Open) {
            return Err("it has ended, or has not".to_owned());
        }
        Ok(())
    }

    /// What came of a question, by what was said.
    fn outcome(
        &self,
        challenge: &Challenge,
        probe: &Probe,
        listed: &Listed,
    ) -> Result<Option<&'static str>, String> {
        let job = self.coordinator.read(|reader| reader.job(probe.job));
        let job = job.ok_or("a question is no job")?;
        let payload = self.coordinator.read(|reader| reader.payload(job.id)).unwrap_or_default();
        let model = &*challenge.model;
        if !job.is_challenge() || !is_question(&payload) || job.ask.model.as_deref() != Some(model) {
            return Err(format!("{} is another job", job.public_id.text));
        }
        let had = job.holder().map(|(worker, _)| worker).or(job.delivery().and_then(|by| by.worker()));
        if job.tried.iter().chain(&had).any(|worker| *worker != listed.worker) {
            return Err(format!("{} was given to somebody else", job.public_id.text));
        }
        let references = self.coordinator.read(|reader| reader.references(model, Default::default(), 1_000));
        let reference = references.iter().find(|reference| reference.job == probe.reference);
        let reference = reference.ok_or("a reference is not there")?;
        let question = String::from_utf8_lossy(&payload);
        let right = words(model, &question).join(" ");
        if *reference.question != *question || *reference.answer != *right {
            return Err(format!("{reference:?} speaks of another question"));
        }
        Ok(came_of(&job, &listed.worker).map(|came| match came {
            "answer" => {
                let said = self.text_of(job.id);
                let alike = |text: &str| -> Vec<String> {
                    text.split(' ').take(COMPARED).map(str::to_owned).collect()
                };
                if alike(&said) == alike(&right) { "agrees" } else { "differs" }
            }
            came => came,
        }))
    }

    fn text_of(&self, job: JobId) -> String {
        let answer = self.coordinator.read(|reader| reader.answer(job)).expect("it was answered");
        let output: serde_json::Value = serde_json::from_slice(&answer.output).expect("it is JSON");
        output["text"].as_str().expect("it has a text").to_owned()
    }
}

fn came_of(job: &Job, worker: &docket_core::id::WorkerId) -> Option<&'static str> {
    let has_returned = job.tried.contains(worker);
    match (&job.state, job.delivery()) {
        (_, Some(delivery)) if delivery.voucher == Voucher::Worker => Some("answer"),
        (_, Some(_)) => Some("nothing"),
        (job::State::Closed { reason: Fault::TimedOut, .. }, _) if job.attempts > 0 && !has_returned => {
            Some("late")
        }
        (job::State::Closed { .. }, _) => Some("nothing"),
        _ => has_returned.then_some("nothing"),
    }
}

fn plain(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answer(likeness) if likeness.agrees => "agrees",
        Outcome::Answer(_) => "differs",
        Outcome::TimedOut => "late",
        Outcome::Nothing(_) => "nothing",
    }
}
