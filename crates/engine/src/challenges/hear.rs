//! Takes in what comes of questions, and writes down what it means.

use super::book::Purpose;
use crate::delivery::text_of;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_core::challenge::likeness::compare;
use docket_core::challenge::reference::Reference;
use docket_core::challenge::{Challenge, Outcome, Void};
use docket_core::change::Record;
use docket_core::enrolment::Enrolment;
use docket_core::event::{Event, Fault, Voucher};
use docket_core::id::{JobId, WorkerId};
use docket_core::job::{Job, State};
use docket_core::worker::Worker;
use docket_store::{CommitError, Documents};

/// What came of a job.
pub(super) enum Came {
    /// A whole answer.
    Answer,
    /// No answer in time.
    TimedOut,
    /// Nothing that says anything of the worker's answers.
    Nothing(Fault),
}

impl Engine {
    /// Something has happened to a job that puts a question.
    pub(crate) fn hear_of(&self, event: &Event, after: &Job) {
        let fault = match event {
            Event::Returned { reason, .. } => Some(*reason),
            _ => None,
        };
        if fault.is_some() || after.state.is_answered() {
            self.challenges.book().hear(after.id, fault);
            self.timer.notify_one();
        }
    }

    /// Looks at all that was heard.
    pub(super) async fn hear_all(&self) {
        let heard = self.challenges.book().take_heard();
        let looks = heard.into_iter().map(|(job, fault)| async move {
            match self.hear(job, fault).await {
                Ok(()) | Err(EngineError::Refused(_)) => {} // It was judged before.
                Err(error) => {
                    tracing::warn!(job = job.0, %error, "an answer could not be judged; it is tried again");
                    self.challenges.book().hear(job, fault);
                }
            }
        });
        futures::future::join_all(looks).await;
    }

    async fn hear(&self, id: JobId, fault: Option<Fault>) -> Result<(), EngineError> {
        let Some(purpose) = self.challenges.book().purpose(id) else { return Ok(()) };
        let Some(job) = self.store.job(id).await? else { return Ok(()) };
        match purpose {
            Purpose::Reference(draft) => match came_of(&job, &draft.worker, fault) {
                Some(came) => self.take_reference(&job, draft, &came).await,
                None => Ok(()),
            },
            Purpose::Probe(wallet, reference) => {
                let Some(challenge) = self.challenges.book().challenge(&wallet) else { return Ok(()) };
                let Some(came) = came_of(&job, &challenge.worker, fault) else { return Ok(()) };
                let Some(outcome) = self.outcome(&job, &came, &reference).await? else {
                    return self.end(challenge, Void::NotAsked).await;
                };
                let after = challenge.hear(id, outcome, self.clock.now())?;
                self.write(&after).await?;
                self.give_back_hold(&job).await
            }
        }
    }

    /// What came of a question; `None` if the reference says nothing.
    pub(super) async fn outcome(
        &self,
        job: &Job,
        came: &Came,
        reference: &Reference,
    ) -> Result<Option<Outcome>, EngineError> {
        Ok(match came {
            Came::TimedOut => Some(Outcome::TimedOut),
            Came::Nothing(fault) => Some(Outcome::Nothing(*fault)),
            Came::Answer => {
                let text = self.text(job.id).await?.unwrap_or_default(); // What is no text is another answer.
                let comparison = self.config.challenges.comparison(&reference.model);
                compare(&reference.answer, &text, comparison).map(Outcome::Answer)
            }
        })
    }

    /// The text of an answer, if it has one.
    pub(super) async fn text(&self, job: JobId) -> Result<Option<String>, EngineError> {
        let answer = self.store.answer(job).await?;
        Ok(answer.and_then(|answer| text_of(&answer.output).map(|text| text.into_owned())))
    }

    /// Ends what takes too long.
    pub(super) async fn end_overdue(&self) {
        let over = self.challenges.book().overdue(self.clock.now());
        let ends = over.into_iter().map(|challenge| async move {
            if let Err(error) = self.end(challenge, Void::TooLong).await {
                tracing::warn!(%error, "a challenge could not be ended; it is tried again");
            }
        });
        futures::future::join_all(ends).await;
    }

    /// Puts the questions that are due.
    pub(super) async fn ask_due(&self) {
        let due = self.challenges.book().take_due(self.clock.now());
        let questions = due.into_iter().map(|challenge| async move {
            let wallet = challenge.wallet;
            if let Err(error) = self.ask_next(challenge).await {
                tracing::warn!(%wallet, %error, "a question could not be put; it is tried again");
                let at = self.soon(self.config.challenges.question_interval);
                self.challenges.book().ask_again(&wallet, at);
            }
        });
        futures::future::join_all(questions).await;
    }

    /// Ends a challenge without a verdict. What its question was to cost goes back.
    pub(super) async fn end(&self, challenge: Challenge, why: Void) -> Result<(), EngineError> {
        let awaited = challenge.awaited();
        self.write(&challenge.give_up(why, self.clock.now())?).await?;
        match awaited {
            Some(job) => self.withdraw_job(job).await,
            None => Ok(()),
        }
    }

    /// Writes a step that puts no question, and all that follows from it.
    pub(super) async fn write(&self, after: &Challenge) -> Result<(), EngineError> {
        for _ in 0..ATTEMPTS {
            let node = match after.passed() {
                Some(_) => self.store.enrolment(after.wallet).await?,
                None => None,
            };
            let change = after.change(node.as_ref(), self.clock.now());
            let judged = change.records.iter().find_map(|record| match &record.after {
                Record::Enrolment(judged) => Some(judged.clone()),
                _ => None,
            });
            match self.commit(change, Documents::default()).await {
                Ok(committed) => {
                    let next_at = self.soon(self.config.challenges.question_interval);
                    self.challenges.book().written(after, Some(next_at));
                    self.timer.notify_one();
                    self.learn_end(after, judged, committed.worker);
                    return Ok(());
                }
                Err(CommitError::Conflict) => {} // The enrolment is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// An end is known to all from now on, with what it makes of the worker and of him who is enrolled.
    fn learn_end(&self, after: &Challenge, judged: Option<Enrolment>, worker: Option<Worker>) {
        if after.ended_at.is_some() {
            let (state, why) = (after.state.name(), after.state.why().unwrap_or_default());
            self.meter.count_challenge(state);
            tracing::info!(wallet = %after.wallet, model = %after.model, state, why, "a challenge has ended");
        }
        worker.iter().for_each(|worker| self.learn(worker));
        let known = self.enrolled.roll().get(&after.wallet);
        if let (Some(judged), Some((_, record))) = (judged, known) {
            self.learn_enrolment(judged, record);
        }
    }

    /// A question that its worker has given back is put to nobody else: what it was to cost goes back.
    pub(super) async fn give_back_hold(&self, job: &Job) -> Result<(), EngineError> {
        match job.state {
            State::Funded { .. } => self.withdraw_job(job.id).await,
            _ => Ok(()),
        }
    }

    /// Withdraws a job, unless it has ended meanwhile.
    pub(super) async fn withdraw_job(&self, job: JobId) -> Result<(), EngineError> {
        match self.cancel(job).await {
            Ok(_) | Err(EngineError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What came of a job that was given to this worker; `None` if nothing has yet.
pub(super) fn came_of(job: &Job, worker: &WorkerId, fault: Option<Fault>) -> Option<Came> {
    let has_returned = job.tried.contains(worker);
    if let Some(delivery) = job.delivery() {
        // What the coordinator vouches for is a part.
        let is_whole = delivery.voucher == Voucher::Worker && delivery.worker() == Some(*worker);
        return Some(if is_whole { Came::Answer } else { Came::Nothing(Fault::WorkerLost) });
    }
    match job.state {
        // Late is who had it when its time was over.
        State::Closed { reason: Fault::TimedOut, .. } if job.attempts > 0 && !has_returned => {
            Some(Came::TimedOut)
        }
        State::Closed { reason, .. } => Some(Came::Nothing(reason)),
        State::Funded { .. } if has_returned => Some(Came::Nothing(fault.unwrap_or(Fault::WorkerLost))),
        _ => None,
    }
}
