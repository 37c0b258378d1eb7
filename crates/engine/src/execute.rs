//! The one way to change a job: read, decide, write all that follows.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::told::{Audience, ToldAnswer};
use docket_core::change::{Change, Claim};
use docket_core::command::Command;
use docket_core::decide::decide;
use docket_core::effect::Effect;
use docket_core::event::Event;
use docket_core::id::JobId;
use docket_core::job::{Job, State};
use docket_core::refusal::Refusal;
use docket_store::{CommitError, Documents, Haste, Write};
use std::sync::Arc;

/// How often something is tried again because others were faster, or had the number already that was to be given.
pub(crate) const ATTEMPTS: usize = 16;

/// What a command has done.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The job as it is now.
    pub job: Arc<Job>,
    /// The place in the log, if the change is logged.
    pub log_index: Option<u64>,
    /// What must be done next; in the store until it is.
    pub(crate) effects: Vec<Effect>,
}

impl Engine {
    /// Carries out a command on a job that exists.
    ///
    /// Deciding again after a conflict is safe, because deciding changes nothing. A command that has
    /// begun is carried out even if this future is dropped.
    pub async fn execute(&self, id: JobId, command: &Command) -> Result<Executed, EngineError> {
        self.execute_with(id, command, Documents::default()).await
    }

    /// The same, with what is to be stored beside the change.
    pub(crate) async fn execute_with(
        &self,
        id: JobId,
        command: &Command,
        documents: Documents,
    ) -> Result<Executed, EngineError> {
        let command = command.clone();
        self.begin(|engine| async move { engine.carry_through(id, &command, documents).await }).await
    }

    pub(crate) async fn carry_through(
        &self,
        id: JobId,
        command: &Command,
        documents: Documents,
    ) -> Result<Executed, EngineError> {
        for _ in 0..ATTEMPTS {
            let job = self.store.job(id).await?.ok_or(Refusal::NoSuchJob)?;
            let with_balances = self.with_balances(&job, command).await?;
            let attempted = match self.instead(&job, command).await? {
                Some((command, documents)) => self.attempt(&job, &command, documents, None).await,
                None => {
                    let command = with_balances.as_ref().unwrap_or(command);
                    self.attempt(&job, command, documents.clone(), None).await
                }
            };
            match attempted {
                Err(CommitError::Conflict) => {}
                // Something else has taken of what was there meanwhile.
                Err(CommitError::Refused(Refusal::InsufficientFunds)) if with_balances.is_some() => {}
                result => {
                    let executed = result?;
                    self.learn_of_ruling(&job, with_balances.as_ref()).await;
                    for effect in &executed.effects {
                        self.outbox.add(*effect);
                    }
                    return Ok(executed);
                }
            }
        }
        Err(EngineError::Busy)
    }

    /// Decides once, on the job as it was read. The caller sees to the effects, and that it is not dropped.
    pub(crate) async fn attempt(
        &self,
        job: &Job,
        command: &Command,
        documents: Documents,
        claim: Option<Claim>,
    ) -> Result<Executed, CommitError> {
        let now = self.clock.now();
        let event = decide(job, command, now)?;
        let change = Change { claim, ..Change::of(job, event.clone(), now) };
        self.commit_decided(job, &event, change, documents).await
    }

    /// Writes what was decided on a job, and tells those who wait for it.
    pub(crate) async fn commit_decided(
        &self,
        job: &Job,
        event: &Event,
        change: Change,
        documents: Documents,
    ) -> Result<Executed, CommitError> {
        let effects = change.effects.clone();
        let committed = self.commit(change, documents).await.inspect_err(|_| self.watch.wake(job.id))?;
        let after = committed.job.ok_or(CommitError::Conflict)?;
        if let Some(worker) = &committed.worker {
            self.learn(worker);
        }
        self.notice(job, event, &after, committed.log_index);
        self.announce(event, &after);
        Ok(Executed { job: after, log_index: committed.log_index, effects })
    }

    /// Writes a change; what moves money or names what was delivered becomes a leaf of the log.
    pub(crate) async fn commit(
        &self,
        change: Change,
        documents: Documents,
    ) -> Result<docket_store::Committed, CommitError> {
        let leaf = change.is_logged().then(|| crate::log::leaf(&change));
        let (durable, begun) = (change.is_durable(), self.clock.elapsed());
        let is_fed = change.is_fed();
        let answer = proven(&change, &documents);
        // Who waits is known before the writer can fail, and is told once it has the change.
        let audience = answer.as_ref().and_then(|answer| self.audience(answer.job.id));
        let haste = if audience.is_some() { Haste::None } else { Haste::AtOnce };
        let committed = match self.store.begin(Write { change, documents, leaf }, haste).await {
            Ok(pending) => {
                let _unsettled = answer.zip(audience).map(|(answer, audience)| {
                    self.relay.tell(&answer);
                    audience.tell(&answer)
                });
                pending.end().await
            }
            Err(error) => Err(error),
        };
        let committed = committed?;
        if is_fed {
            self.fed.send_modify(|count| *count += 1);
        }
        committed.listeners.iter().for_each(|hook| self.post_at(*hook, self.clock.now()));
        if durable {
            self.meter.time_commit(self.clock.elapsed().saturating_sub(begun));
        }
        Ok(committed)
    }

    /// Who waits for an answer and is told it before it is settled, if anybody.
    fn audience(&self, job: JobId) -> Option<Audience> {
        let waiting = self.told.take(job);
        let anybody = !waiting.is_empty() || self.relay.is_followed(job);
        anybody.then(|| self.told.note(job, waiting))
    }

    /// Where the store has stopped, no job is answered any more: nobody waits for one.
    pub(crate) fn give_up_waiting(&self) {
        self.watch.wake_all();
        self.relay.end_all();
        self.told.end_all();
    }

    /// Tells those who wait in memory what has become of a job.
    ///
    /// Two changes of one job may come here in either order, so what is noted is how the job stands now.
    fn notice(&self, before: &Job, event: &Event, after: &Job, log_index: Option<u64>) {
        self.note_deadline(after.id);
        self.pace.note(before, event, after);
        if after.is_challenge() {
            self.hear_of(event, after);
        }
        if let Some((worker, attempt)) = before.holder()
            && after.holder() != before.holder()
        {
            let now = self.clock.now();
            let rests = self.roster.fleet().let_go(worker, before, attempt, event, log_index, now);
            if rests {
                self.timer.notify_one();
            }
            self.offer_room();
        }
        if !matches!(after.state, State::Funded { .. }) {
            self.roster.fleet().stop_waiting(after.id);
        }
        if after.state.is_answered() {
            self.watch.wake(after.id);
            self.told.end(after.id);
            self.relay.end(after.id);
        }
        if after.state.is_final() {
            self.meter.count_ending(after.state.name());
        }
    }
}

/// The answer that a change brings, if it does.
fn proven(change: &Change, documents: &Documents) -> Option<ToldAnswer> {
    let after = &change.job.as_ref()?.after;
    let result = documents.result.as_ref().filter(|_| after.state.is_answered())?;
    Some(ToldAnswer { job: after.clone(), output: result.output.clone() })
}
