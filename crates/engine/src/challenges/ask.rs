//! Puts questions: as jobs that nobody can tell from those of clients, to a worker that was chosen before.

use super::book::Kind;
use crate::ACCEPT_WITHIN;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::submit::NewJob;
use docket_core::agent::identity::Wallet;
use docket_core::challenge::likeness::MOST_QUESTIONS;
use docket_core::challenge::reference::Reference;
use docket_core::challenge::{Challenge, Probe, Void};
use docket_core::change::{Change, RecordChange};
use docket_core::command::Command;
use docket_core::decide::decide;
use docket_core::enrolment::Enrolment;
use docket_core::hash::Sha256;
use docket_core::id::{JobId, WorkerId};
use docket_core::job::Job;
use docket_core::policy::{Policy, Source, Tier};
use docket_core::refusal::Refusal;
use docket_core::time::{Millis, Timestamp};
use docket_store::{Documents, Payload};
use std::sync::Arc;

/// So many models of one worker are looked at for references.
const LOOKED_AT: usize = 8;

/// A question that is about to be put: its job, and the place that was taken for it.
pub(super) struct Question {
    pub(super) job: Job,
    payload: Payload,
    worker: WorkerId,
    accepts: bool,
}

impl Engine {
    /// Challenges somebody, if nothing stands against it.
    pub(super) async fn challenge(&self, wallet: Wallet) -> Result<Challenge, EngineError> {
        if self.is_draining() {
            return Err(Refusal::Draining.into());
        }
        if self.config.challenges.trusted.contains(&wallet) {
            return Err(Refusal::IsTrusted.into());
        }
        let known = self.enrolled.roll().get(&wallet);
        let (node, _) = known.ok_or(Refusal::NotEnrolled)?;
        if !self.challenges.book().reserve(wallet) {
            return Err(Refusal::ChallengeOpen.into());
        }
        let issued = self.open_challenge(&node).await;
        if issued.is_err() {
            self.challenges.book().release(wallet);
        }
        issued
    }

    async fn open_challenge(&self, node: &Enrolment) -> Result<Challenge, EngineError> {
        let hosted = self.roster.fleet().hosted(&node.worker).ok_or(Refusal::NotOnline)?;
        let (model, reference) = self.first_reference(hosted).await?.ok_or(Refusal::NoReference)?;
        // Whom nobody tests is refused before anything is made for it; he may have gone since.
        let (node, _) = self.enrolled.roll().get(&node.wallet).ok_or(Refusal::NotEnrolled)?;
        let probe = |job: &Job| Probe { job: job.id, reference: reference.job, outcome: None };
        let question = self.question(&node.worker, &model, &reference.question)?;
        let (now, by) = (self.clock.now(), self.latest_end(&question.job));
        let opened = Challenge::open(&node, None, model, probe(&question.job), by, now);
        let challenge = match opened {
            Ok(challenge) => challenge,
            Err(refusal) => {
                self.withdraw(&question);
                return Err(refusal.into());
            }
        };
        self.put_probe(question, challenge, reference).await
    }

    /// Puts the next question of a challenge, or ends it if there is none to put.
    pub(super) async fn ask_next(&self, challenge: Challenge) -> Result<(), EngineError> {
        let hosted = self.roster.fleet().hosted(&challenge.worker).unwrap_or_default();
        let kind = hosted.into_iter().find(|(model, _)| *model == challenge.model);
        // He is away, serves something else or has no room at the moment: none of it is a way around the challenge.
        let later = || {
            let at = self.soon(self.config.challenges.question_interval);
            self.challenges.book().ask_again(&challenge.wallet, at);
            Ok(())
        };
        let Some(kind) = kind.filter(|_| self.is_asked(&challenge.worker)) else { return later() };
        let reference = self.reference(&kind, |reference| !challenge.has_used(reference.job)).await?;
        let Some(reference) = reference else { return self.end(challenge, Void::NotAsked).await };
        let question = self.question(&challenge.worker, &challenge.model, &reference.question);
        let Ok(question) = question else { return later() };
        let probe = Probe { job: question.job.id, reference: reference.job, outcome: None };
        let asked = match challenge.ask(probe, self.clock.now()) {
            Ok(asked) => asked,
            Err(refusal) => {
                self.withdraw(&question);
                return Err(refusal.into());
            }
        };
        match self.put_probe(question, asked, reference).await {
            Err(EngineError::Refused(Refusal::InsufficientFunds)) => {
                self.end(challenge, Void::NotAsked).await
            }
            result => result.map(drop),
        }
    }

    /// Puts a question of a challenge. It is on disk with the challenge, or neither is.
    async fn put_probe(
        &self,
        question: Question,
        challenge: Challenge,
        reference: Arc<Reference>,
    ) -> Result<Challenge, EngineError> {
        let job = self.fund(&question, Some(challenge.record())).await?;
        self.challenges.book().asked(challenge.clone(), job, reference);
        if let Err(error) = self.give(question).await {
            self.end(challenge, Void::NotAsked).await?;
            return Err(error);
        }
        Ok(challenge)
    }

    /// The job for a question, with the worker's place for it.
    ///
    /// # Errors
    /// [`Refusal::NoReference`] if no client could ask the model, [`Refusal::NobodyFits`] if the worker cannot have it now.
    pub(super) fn question(
        &self,
        worker: &WorkerId,
        model: &str,
        question: &str,
    ) -> Result<Question, Refusal> {
        let prober = self.config.challenges.prober().ok_or(Refusal::NoReference)?;
        if !self.challenges.book().may_ask(self.clock.now(), self.config.challenges.questions_per_hour) {
            return Err(Refusal::NobodyFits);
        }
        let fresh = Wallet(self.entropy.bytes());
        let client = self.challenges.book().asker(fresh, self.entropy.number());
        let new = prober.order(&client, model, question).ok_or(Refusal::NoReference)?;
        let tier = new.policy.tier.ok_or(Refusal::NoReference)?;
        let source = match self.config.ledger.source() {
            Source::Minted(network) => Source::Minted(network.clone()),
            Source::Client | Source::Treasury => Source::Treasury,
        };
        // Nobody follows the answer, so there is no part of it that anybody has.
        let tier = Some(Tier { is_challenge: true, ..tier });
        let policy = Policy { source, tier, stream_within: None, ..Policy::clone(&new.policy) };
        let payload = Payload { body: new.payload.clone(), echo: new.echo.clone() };
        let new = NewJob { policy: policy.into(), key: None, key_id: None, ..new };
        let (job, _) = self.draft(new);
        let scoring = (self.config.scoring)(&job);
        let accepts = self.roster.fleet().reserve(worker, &job, &scoring, self.clock.now());
        let accepts = accepts.ok_or(Refusal::NobodyFits)?;
        Ok(Question { job, payload, worker: *worker, accepts })
    }

    /// Whether somebody who is enrolled may be asked: nobody asks those who have gone, nor those who are refuted.
    fn is_asked(&self, worker: &WorkerId) -> bool {
        let roll = self.enrolled.roll();
        let known = roll.wallet_of(worker).and_then(|wallet| roll.get(&wallet));
        known.is_some_and(|(node, _)| node.state.is_tested())
    }

    /// Holds the price of a question, together with a record if there is one.
    pub(super) async fn fund(
        &self,
        question: &Question,
        record: Option<RecordChange>,
    ) -> Result<JobId, EngineError> {
        let (job, now) = (&question.job, self.clock.now());
        let funded = async {
            let event = decide(job, &Command::Fund, now)?;
            let change =
                Change { records: record.into_iter().collect(), ..Change::of(job, event.clone(), now) };
            let documents = Documents { payload: Some(question.payload.clone()), ..Documents::default() };
            Ok(self.commit_decided(job, &event, change, documents).await?)
        };
        match funded.await {
            Ok(_) => {
                self.note_funded();
                self.challenges.book().note_asked(now);
                Ok(job.id)
            }
            Err(error) => {
                self.withdraw(question);
                if let EngineError::Refused(Refusal::InsufficientFunds) = error {
                    self.note_unfunded();
                }
                Err(error)
            }
        }
    }

    /// Gives a question to its worker. If that fails, his place is free again.
    pub(super) async fn give(&self, question: Question) -> Result<(), EngineError> {
        let Question { job, payload, worker, accepts } = question;
        self.assign(job.id, worker, accepts, Some(payload.body)).await
    }

    /// A question is not put.
    fn withdraw(&self, question: &Question) {
        self.roster.fleet().release(&question.worker, question.job.id);
        self.offer_room();
    }

    /// A model of a worker with enough references for a whole challenge, and one of them. Where there are not enough,
    /// more are wanted.
    async fn first_reference(
        &self,
        mut hosted: Vec<(Arc<str>, Option<Sha256>)>,
    ) -> Result<Option<(Arc<str>, Arc<Reference>)>, EngineError> {
        // Whoever names many that nobody asks is not tested less often for it.
        hosted.retain(|(model, _)| self.config.challenges.prober().is_some_and(|prober| prober.knows(model)));
        let count = hosted.len();
        let start = usize::try_from(self.below(count as u64)).unwrap_or_default();
        for kind in hosted.into_iter().cycle().skip(start).take(count.min(LOOKED_AT)) {
            let good = self.good_references(&kind).await?;
            if good.len() < self.config.challenges.references {
                self.challenges.book().want(kind.clone());
            }
            if good.len() >= MOST_QUESTIONS {
                return Ok(self.pick(good).map(|reference| (kind.0, reference)));
            }
        }
        Ok(None)
    }

    /// A reference that speaks of a kind, at random.
    async fn reference(
        &self,
        kind: &Kind,
        fits: impl Fn(&Reference) -> bool,
    ) -> Result<Option<Arc<Reference>>, EngineError> {
        let good = self.good_references(kind).await?;
        Ok(self.pick(good.into_iter().filter(|reference| fits(reference)).collect()))
    }

    /// One of some, at random.
    pub(super) fn pick<T>(&self, mut all: Vec<T>) -> Option<T> {
        let at = usize::try_from(self.below(all.len() as u64)).ok()?;
        (at < all.len()).then(|| all.swap_remove(at))
    }

    /// When a challenge that begins with this job has ended, however long each answer takes.
    fn latest_end(&self, job: &Job) -> Timestamp {
        let pause = 2 * self.config.challenges.question_interval.0 + ACCEPT_WITHIN.0;
        let each = job.policy.run_within.0.saturating_add(pause).saturating_add(Millis::seconds(60).0);
        self.clock.now() + Millis(each.saturating_mul(MOST_QUESTIONS as i64))
    }
}
