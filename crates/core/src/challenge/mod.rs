//! Tests of workers: questions whose answers a trusted worker of the same model gives as well, and what likeness says.
//!
//! A question is put as a job like any other. Here stands what its outcome means: a challenge ends once, with a verdict as
//! soon as [`likeness::verdict`] has one, or without.

pub mod likeness;
pub mod pool;
pub mod reference;

use crate::agent::identity::Wallet;
use crate::change::{Change, Record, RecordChange};
use crate::enrolment::{Activity, Enrolment};
use crate::event::Fault;
use crate::id::{ChallengeId, JobId, Version, WorkerId};
use crate::refusal::Refusal;
use crate::reputation::Evidence;
use crate::time::Timestamp;
use likeness::{Likeness, MOST_QUESTIONS, Verdict, verdict};
use std::sync::Arc;

/// One challenge of somebody who is enrolled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// Its name: the number of its first job.
    pub id: ChallengeId,
    /// Who is challenged.
    pub wallet: Wallet,
    /// Who does the work for him.
    pub worker: WorkerId,
    /// Which model is asked.
    pub model: Arc<str>,
    /// The questions up to now, at most [`MOST_QUESTIONS`]; all but the last have their outcome.
    pub probes: Vec<Probe>,
    /// How far it has come.
    pub state: State,
    /// Since when.
    pub opened_at: Timestamp,
    /// Then it is void, if it has not ended.
    pub by: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Guards every write.
    pub version: Version,
}

/// One question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Probe {
    /// The job that puts it.
    pub job: JobId,
    /// With which reference its answer is compared.
    pub reference: JobId,
    /// What came of it.
    pub outcome: Option<Outcome>,
}

/// What came of a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// An answer.
    Answer(Likeness),
    /// No answer in time.
    TimedOut,
    /// Nothing, for a reason that says nothing of the worker's answers.
    Nothing(Fault),
}

/// How far a challenge has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It has not ended.
    Open,
    /// The worker's answers are those of the model.
    Passed,
    /// The worker is refuted.
    Failed(Failure),
    /// There is no verdict, and there will be none.
    Void(Void),
}

/// Why a challenge was failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The answers are not those of the model.
    OtherAnswers,
    /// An answer did not come in time.
    TimedOut,
}

/// Why a challenge has no verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Void {
    /// A question came to nothing.
    Nothing(Fault),
    /// The next question could not be put.
    NotAsked,
    /// The coordinator was started again while an answer was awaited.
    Restarted,
    /// It took too long.
    TooLong,
}

impl State {
    /// The name in the store and in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Void(_) => "void",
        }
    }

    /// Why it ended so, as a code, where that is not said by the name.
    pub const fn why(&self) -> Option<&'static str> {
        match self {
            Self::Open | Self::Passed => None,
            Self::Failed(Failure::OtherAnswers) => Some("other_answers"),
            Self::Failed(Failure::TimedOut) => Some("timed_out"),
            Self::Void(Void::Nothing(fault)) => Some(fault.code()),
            Self::Void(Void::NotAsked) => Some("not_asked"),
            Self::Void(Void::Restarted) => Some("restarted"),
            Self::Void(Void::TooLong) => Some("too_long"),
        }
    }

    /// The reverse of [`Self::name`] and [`Self::why`].
    pub fn parse(name: &str, why: Option<&str>) -> Option<Self> {
        Some(match (name, why) {
            ("open", None) => Self::Open,
            ("passed", None) => Self::Passed,
            ("failed", Some("other_answers")) => Self::Failed(Failure::OtherAnswers),
            ("failed", Some("timed_out")) => Self::Failed(Failure::TimedOut),
            ("void", Some("not_asked")) => Self::Void(Void::NotAsked),
            ("void", Some("restarted")) => Self::Void(Void::Restarted),
            ("void", Some("too_long")) => Self::Void(Void::TooLong),
            ("void", Some(fault)) => Self::Void(Void::Nothing(Fault::parse(fault)?)),
            _ => return None,
        })
    }
}

impl Challenge {
    /// Challenges somebody with a first question. `open` is the challenge of his that has not ended, if there is one.
    ///
    /// # Errors
    /// [`Refusal::ChallengeOpen`] if there is one, [`Refusal::NotEnrolled`] if he has gone, [`Refusal::Refuted`] if he may not
    /// have jobs anyway.
    pub fn open(
        node: &Enrolment,
        open: Option<&Self>,
        model: Arc<str>,
        probe: Probe,
        by: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        if open.is_some() {
            return Err(Refusal::ChallengeOpen);
        }
        match node.state {
            Activity::Active | Activity::OnTrial { .. } => {}
            Activity::Left => return Err(Refusal::NotEnrolled),
            Activity::Refuted { .. } => return Err(Refusal::Refuted),
        }
        Ok(Self {
            id: ChallengeId(probe.job.0),
            wallet: node.wallet,
            worker: node.worker,
            model,
            probes: vec![Probe { outcome: None, ..probe }],
            state: State::Open,
            opened_at: now,
            by,
            ended_at: None,
            version: Version::NONE.next(),
        })
    }

    /// Puts one more question.
    ///
    /// # Errors
    /// [`Refusal::ChallengeOver`] once it has ended, [`Refusal::ChallengeWaits`] while an answer is awaited,
    /// [`Refusal::TooLate`] from [`Self::by`] on, [`Refusal::AlreadyTried`] for a reference that was used before.
    pub fn ask(&self, probe: Probe, now: Timestamp) -> Result<Self, Refusal> {
        self.must_be_open()?;
        match self.awaited() {
            Some(_) => Err(Refusal::ChallengeWaits),
            None if now >= self.by => Err(Refusal::TooLate),
            None if self.has_used(probe.reference) => Err(Refusal::AlreadyTried),
            None => {
                let mut after = self.next();
                after.probes.push(Probe { outcome: None, ..probe });
                Ok(after)
            }
        }
    }

    /// Takes in what came of the last question: it may end the challenge.
    ///
    /// # Errors
    /// [`Refusal::ChallengeOver`] once it has ended, [`Refusal::NoSuchJob`] if no answer of this job is awaited.
    pub fn hear(&self, job: JobId, outcome: Outcome, now: Timestamp) -> Result<Self, Refusal> {
        self.must_be_open()?;
        let mut after = self.next();
        let awaited = after.probes.last_mut().filter(|probe| probe.job == job && probe.outcome.is_none());
        awaited.ok_or(Refusal::NoSuchJob)?.outcome = Some(outcome);
        Ok(match outcome {
            Outcome::TimedOut => after.ended(State::Failed(Failure::TimedOut), now),
            Outcome::Nothing(fault) => after.ended(State::Void(Void::Nothing(fault)), now),
            Outcome::Answer(_) => match verdict(&after.answers()) {
                Some(Verdict::Passed) => after.ended(State::Passed, now),
                Some(Verdict::Failed) => after.ended(State::Failed(Failure::OtherAnswers), now),
                None => after,
            },
        })
    }

    /// Ends it without a verdict.
    ///
    /// # Errors
    /// [`Refusal::ChallengeOver`] once it has ended.
    pub fn give_up(&self, why: Void, now: Timestamp) -> Result<Self, Refusal> {
        self.must_be_open()?;
        Ok(self.next().ended(State::Void(why), now))
    }

    /// The job whose answer is awaited.
    pub fn awaited(&self) -> Option<JobId> {
        self.probes.last().filter(|probe| probe.outcome.is_none()).map(|probe| probe.job)
    }

    /// Whether an answer was compared with a reference, or is to be.
    pub fn has_used(&self, reference: JobId) -> bool {
        self.probes.iter().any(|probe| probe.reference == reference)
    }

    /// Its record as it is after a step, to be written with what else the step does.
    pub fn record(&self) -> RecordChange {
        RecordChange {
            before: Version(self.version.0.saturating_sub(1)),
            after: Record::Challenge(self.clone()),
        }
    }

    /// All that follows from a step that puts no question: of a verdict also what it says of the worker, and what it makes of
    /// him who is enrolled. Whoever has moved to another worker meanwhile is refuted all the same, and has passed nothing.
    pub fn change(&self, node: Option<&Enrolment>, now: Timestamp) -> Change {
        let Some(passed) = self.passed() else {
            return Change { records: vec![self.record()], ..Change::empty(now) };
        };
        let counts =
            |node: &&Enrolment| node.wallet == self.wallet && (!passed || node.worker == self.worker);
        let judged = node.filter(counts).and_then(|node| {
            let after = Record::Enrolment(node.challenged(passed, now)?);
            Some(RecordChange { before: node.version, after })
        });
        Change {
            records: [self.record()].into_iter().chain(judged).collect(),
            ..Change::of_evidence(self.worker, Evidence::Challenged { passed }, now)
        }
    }

    /// The verdict, if there is one.
    pub const fn passed(&self) -> Option<bool> {
        match self.state {
            State::Open | State::Void(_) => None,
            State::Passed => Some(true),
            State::Failed(_) => Some(false),
        }
    }

    /// Whether each answer up to now agreed.
    fn answers(&self) -> Vec<bool> {
        debug_assert!(self.probes.len() <= MOST_QUESTIONS, "a verdict comes before");
        let answer = |probe: &Probe| match probe.outcome {
            Some(Outcome::Answer(likeness)) => Some(likeness.agrees),
            Some(Outcome::TimedOut | Outcome::Nothing(_)) | None => None,
        };
        self.probes.iter().filter_map(answer).collect()
    }

    fn must_be_open(&self) -> Result<(), Refusal> {
        if self.state == State::Open { Ok(()) } else { Err(Refusal::ChallengeOver) }
    }

    fn next(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }

    fn ended(self, state: State, now: Timestamp) -> Self {
        Self { state, ended_at: Some(now), ..self }
    }
}
