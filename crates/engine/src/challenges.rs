//! Tests of those who are enrolled for a class of hardware, at moments that nobody can foresee: questions put as jobs like
//! any other, whose answers are compared with those of trusted workers.
//!
//! What an answer means is left to [`docket_core::challenge`]; how a question looks as a job, to whoever takes such jobs
//! from clients ([`Prober`]).

mod ask;
mod book;
mod draw;
mod hear;
mod recover;
mod references;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::submit::NewJob;
pub(crate) use book::Challenges;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::Challenge;
use docket_core::challenge::likeness::{Comparison, MOST_QUESTIONS};
use docket_core::time::{Millis, Timestamp};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// Makes questions into jobs that look like those of clients.
pub trait Prober: Debug + Send + Sync {
    /// Whether clients can ask a model at all.
    fn knows(&self, model: &str) -> bool;

    /// The job by which a client of this wallet asks a model something; `None` if no client could. It must ask for a class
    /// of hardware. Who pays, and that it is a test, is added to it.
    fn order(&self, client: &Wallet, model: &str, question: &str) -> Option<NewJob>;
}

/// How those are tested who are enrolled.
#[derive(Clone, Debug)]
pub struct ChallengeTerms {
    /// Whose workers' answers are right. Without any, nobody is tested.
    pub trusted: BTreeSet<Wallet>,
    /// What is asked; nobody is tested with fewer than [`MOST_QUESTIONS`].
    pub questions: Vec<Arc<str>>,
    /// The models whose answers are compared byte for byte.
    pub exact: BTreeSet<Arc<str>>,
    /// Makes questions into jobs.
    pub prober: Option<Arc<dyn Prober>>,
    /// The mean time between two challenges of one who has passed some.
    pub mean_interval: Millis,
    /// The same of one who has passed none yet.
    pub unproven_interval: Millis,
    /// The same of one who is on trial.
    pub trial_interval: Millis,
    /// The mean time between an answer and the next question.
    pub question_interval: Millis,
    /// How many challenges are open at a time.
    pub at_once: usize,
    /// How many references are kept of a model.
    pub references: usize,
    /// How many questions are put in an hour at most, those for references among them: what tests cost is bounded.
    pub questions_per_hour: u32,
}

impl ChallengeTerms {
    /// Of a market where nobody is tested; with the usual intervals.
    pub const NONE: Self = Self {
        trusted: BTreeSet::new(),
        questions: Vec::new(),
        exact: BTreeSet::new(),
        prober: None,
        mean_interval: Millis::hours(6),
        unproven_interval: Millis::hours(1),
        trial_interval: Millis::seconds(600),
        question_interval: Millis::seconds(60),
        at_once: 16,
        references: 32,
        questions_per_hour: 1_000,
    };

    /// Who makes jobs, where anybody is tested.
    fn prober(&self) -> Option<&dyn Prober> {
        let is_on = !self.trusted.is_empty() && self.questions.len() >= MOST_QUESTIONS;
        self.prober.as_deref().filter(|_| is_on)
    }

    fn comparison(&self, model: &str) -> Comparison {
        if self.exact.contains(model) { Comparison::Exact } else { Comparison::Tolerant }
    }

    /// The shortest of the intervals between two challenges; never nothing.
    fn shortest(&self) -> Millis {
        let shortest = self.mean_interval.min(self.unproven_interval).min(self.trial_interval);
        shortest.max(Millis(1))
    }
}

impl Engine {
    /// Does what is due by now for challenges: takes in answers, puts questions, and now and then challenges somebody.
    /// Answers when there is something to do again, unless something happens before.
    pub async fn challenge_due(&self) -> Option<Timestamp> {
        if self.store.stopped().is_some() {
            return None;
        }
        self.hear_all().await;
        self.end_overdue().await;
        if self.config.challenges.prober().is_some() && !self.is_draining() {
            self.ask_due().await;
            self.make_references().await;
            self.draw_lots().await;
        }
        self.challenges.book().next(self.clock.now())
    }

    /// Challenges somebody now. Carried on even if this future is dropped.
    ///
    /// # Errors
    /// [`Refusal::NotEnrolled`](docket_core::refusal::Refusal), `Refuted` and `IsTrusted` of whom nobody tests,
    /// `ChallengeOpen` if one of his has not ended, `NotOnline`, `NobodyFits` if he has no room, `NoReference` if no
    /// trusted worker has answered enough questions (some are put then, if one is online), `InsufficientFunds`.
    pub async fn challenge_now(&self, wallet: Wallet) -> Result<Challenge, EngineError> {
        let issued = self.begin(move |engine| async move { engine.challenge(wallet).await }).await;
        self.timer.notify_one();
        issued
    }

    /// The challenges of somebody who is enrolled, the newest first. At most 100.
    pub async fn challenges(&self, wallet: Wallet) -> Result<Vec<Challenge>, EngineError> {
        Ok(self.store.challenges(wallet, 100).await?)
    }

    /// A number below another, at random.
    fn below(&self, bound: u64) -> u64 {
        self.entropy.number() % bound.max(1)
    }

    /// After a random span of this mean: at least a millisecond, at most twice the mean.
    fn soon(&self, mean: Millis) -> Timestamp {
        let span = self.below(2 * mean.0.max(0).unsigned_abs());
        self.clock.now() + Millis(1 + i64::try_from(span).unwrap_or_default())
    }
}
