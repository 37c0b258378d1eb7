//! Has trusted workers answer questions, with which the answers of others are compared.

use super::book::{Draft, Kind};
use super::hear::Came;
use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::challenge::reference::{Reference, are_alike};
use docket_core::change::{Change, Record};
use docket_core::hash::Sha256;
use docket_core::id::{Version, WorkerId};
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_store::Documents;
use std::sync::Arc;

/// So many are made at a time.
const AT_ONCE: usize = 4;
/// So many are read of a model.
const READ: u32 = 1_000;

impl Engine {
    /// The references that speak of a kind now.
    pub(super) async fn good_references(&self, kind: &Kind) -> Result<Vec<Arc<Reference>>, EngineError> {
        let model = &kind.0;
        if !self.challenges.book().knows(model) {
            let read = self.store.references(model, self.oldest(), READ).await?;
            self.challenges.book().learn(model.clone(), read);
        }
        Ok(self.challenges.book().good(kind, self.clock.now()))
    }

    /// Puts questions to trusted workers, where references are wanted.
    pub(super) async fn make_references(&self) {
        let wanted = self.challenges.book().wanted.clone();
        for kind in wanted {
            if self.challenges.book().drafts().count() >= AT_ONCE {
                return;
            }
            match self.make_reference(&kind).await {
                Ok(()) | Err(EngineError::Refused(Refusal::NobodyFits)) => {}
                // Whoever is next drawn asks for it again.
                Err(EngineError::Refused(_)) => drop(self.challenges.book().wanted.remove(&kind)),
                Err(error) => tracing::warn!(model = %kind.0, %error, "a reference could not be asked for"),
            }
        }
    }

    /// Puts one more question for a kind.
    ///
    /// # Errors
    /// [`Refusal::NoReference`] if there are enough, no trusted worker of the kind is online, or all has been asked.
    async fn make_reference(&self, kind: &Kind) -> Result<(), EngineError> {
        let good = self.good_references(kind).await?;
        let drafts = {
            let book = self.challenges.book();
            let drafts = book.drafts().filter(|draft| draft.kind.0 == kind.0);
            drafts.map(|draft| draft.question.clone()).collect::<Vec<_>>()
        };
        if good.len() + drafts.len() >= self.config.challenges.references {
            return if drafts.is_empty() { Err(Refusal::NoReference.into()) } else { Ok(()) };
        }
        let (worker, weights) = self.trusted_worker(kind).ok_or(Refusal::NoReference)?;
        let is_answered = |question: &Arc<str>| {
            let mut same = good.iter().filter(|reference| reference.question == *question);
            same.any(|reference| reference.weights == weights)
        };
        let questions: Vec<_> = {
            let book = self.challenges.book();
            let all = self.config.challenges.questions.iter().filter(|question| !drafts.contains(question));
            all.filter(|question| !is_answered(question) && !book.is_unfit(&kind.0, question))
                .cloned()
                .collect()
        };
        let Some(text) = self.pick(questions) else {
            return if drafts.is_empty() { Err(Refusal::NoReference.into()) } else { Ok(()) };
        };
        let question = self.question(&worker, &kind.0, &text)?;
        let job = self.fund(&question, None).await?;
        let draft = Draft { worker, kind: (kind.0.clone(), weights), question: text };
        self.challenges.book().drafted(job, draft);
        if let Err(error) = self.give(question).await {
            self.challenges.book().forget(job);
            self.withdraw_job(job).await?;
            return Err(error);
        }
        Ok(())
    }

    /// A trusted worker who is online and whose weights may be those of a kind, with his weights.
    fn trusted_worker(&self, (model, weights): &Kind) -> Option<(WorkerId, Option<Sha256>)> {
        let workers: Vec<_> = {
            let roll = self.enrolled.roll();
            let trusted = self.config.challenges.trusted.iter().filter_map(|wallet| roll.get(wallet));
            let asked = trusted.filter(|(node, _)| node.state.is_tested());
            asked.map(|(node, _)| node.worker).collect()
        };
        let online: Vec<_> = {
            let fleet = self.roster.fleet();
            let weights_of = |worker: &WorkerId| {
                let hosted = fleet.hosted(worker)?.into_iter().find(|(name, _)| name == model);
                hosted.map(|(_, own)| own).filter(|own| are_alike(*own, *weights))
            };
            workers.into_iter().filter_map(|worker| Some((worker, weights_of(&worker)?))).collect()
        };
        self.pick(online)
    }

    /// What a trusted worker has answered is kept, if it is of use.
    pub(super) async fn take_reference(
        &self,
        job: &Job,
        draft: Draft,
        came: &Came,
    ) -> Result<(), EngineError> {
        let Draft { worker, kind: (model, weights), question } = draft;
        if let Came::Answer = came {
            let answer = self.text(job.id).await?.filter(|answer| Reference::is_fit(answer));
            match answer {
                Some(answer) => {
                    let (answer, made_at) = (answer.into(), self.clock.now());
                    let reference =
                        Reference { job: job.id, worker, model, weights, question, answer, made_at };
                    let record = Record::Reference(reference.clone());
                    let change = Change::of_record(Version::NONE, record, made_at);
                    self.commit(change, Documents::default()).await?;
                    self.challenges.book().add(reference);
                }
                None => self.challenges.book().mark_unfit(model, question),
            }
        } else {
            // Nobody asks on and on who has no answer.
            self.challenges.book().wanted.retain(|(other, _)| *other != model);
            self.give_back_hold(job).await?;
        }
        self.challenges.book().forget(job.id);
        self.timer.notify_one();
        Ok(())
    }
}
