//! Takes a new job: holds the money, then finds a worker.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::route::Placement;
use docket_core::change::Claim;
use docket_core::command::Command;
use docket_core::event::Fault;
use docket_core::hash::Sha256;
use docket_core::id::{ClientId, Dialect, JobId, PublicId, WorkerId};
use docket_core::job::{Ask, Job, State};
use docket_core::key::KeyId;
use docket_core::money::Amount;
use docket_core::policy::Policy;
use docket_core::refusal::Refusal;
use docket_store::{CommitError, Documents, Payload};
use std::sync::Arc;

/// A job that a client wants done.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// The dialect it came in by.
    pub dialect: Dialect,
    /// How its dialect names jobs.
    pub naming: Naming,
    /// Who pays.
    pub client: ClientId,
    /// What is asked of a worker.
    pub ask: Arc<Ask>,
    /// The most it can cost.
    pub price: Amount,
    /// The terms.
    pub policy: Arc<Policy>,
    /// What the worker gets to see, in the dialect's form.
    pub payload: Arc<[u8]>,
    /// What the answer repeats of the request, in the dialect's form, where it may be read again.
    pub echo: Option<Arc<str>>,
    /// The caller's key, with the scope in which it is unique, and the digest of the request.
    pub key: Option<(Arc<str>, Sha256)>,
    /// The API key under which it is asked for, whose limits it must keep.
    pub key_id: Option<KeyId>,
    /// The digest of the request, where its caller waits and may come back with the same one.
    pub request: Option<Sha256>,
    /// Whom the client was told that he would have: he does it if he may.
    pub preferred: Option<WorkerId>,
    /// Give up at once if nobody fits now.
    pub now_or_never: Option<Fault>,
}

/// How a job gets its public name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Naming {
    /// A UUID that nobody can guess.
    Uuid,
    /// `job_` and 18 letters and digits.
    Short,
    /// A decimal number of 128 bits that nobody can guess.
    Number,
}

/// A job that is durable, its money held.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// Its name.
    pub id: PublicId,
    /// Whether the same request had made it before.
    pub repeated: bool,
    /// Whether it was given up at once, because nobody fitted.
    pub given_up: bool,
}

impl Engine {
    /// Makes a job, holds its price and gives it to a worker. Durable when it returns, and carried on
    /// even if this future is dropped.
    pub async fn submit(&self, new: NewJob) -> Result<Submitted, EngineError> {
        if self.is_draining() {
            return Err(Refusal::Draining.into());
        }
        self.begin(|engine| async move { engine.make(new).await }).await
    }

    async fn make(&self, new: NewJob) -> Result<Submitted, EngineError> {
        let (payload, echo, now_or_never) = (new.payload.clone(), new.echo.clone(), new.now_or_never);
        let preferred = new.preferred;
        let (job, claim) = self.draft(new);
        let documents =
            Documents { payload: Some(Payload { body: payload.clone(), echo }), ..Documents::default() };
        let executed = match self.attempt(&job, &Command::Fund, documents, claim).await {
            Ok(executed) => executed,
            Err(CommitError::Repeated(id)) => {
                let given_up = self.was_given_up(&id, now_or_never).await?;
                return Ok(Submitted { id, repeated: true, given_up });
            }
            Err(error) => return Err(error.into()),
        };
        let job = executed.job;
        let placement = self.route_to(job.id, Some(payload), preferred).await;
        if let Err(error) = &placement {
            // The job is durable, so it is accepted.
            tracing::warn!(job = job.id.0, %error, "a new job could not be routed; it is tried again");
            self.route_later(job.id);
        }
        let given_up = match (placement, now_or_never) {
            (Ok(Placement::Waiting), Some(reason)) => self.give_up(job.id, reason).await?,
            _ => false,
        };
        Ok(Submitted { id: job.public_id.clone(), repeated: false, given_up })
    }

    /// Whether an earlier request made the job, and it was given up at once.
    async fn was_given_up(&self, id: &PublicId, now_or_never: Option<Fault>) -> Result<bool, EngineError> {
        let job = self.store.find(id).await?;
        let reason = job.and_then(|job| match job.state {
            State::Closed { reason, .. } => Some(reason),
            _ => None,
        });
        Ok(reason.is_some() && reason == now_or_never)
    }

    /// Whether the job was given up: somebody may have taken it, or withdrawn it, at the last moment.
    async fn give_up(&self, id: JobId, reason: Fault) -> Result<bool, EngineError> {
        match self.execute(id, &Command::GiveUp { reason }).await {
            Ok(_) => Ok(true),
            Err(EngineError::Refused(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The job as it is before anything has happened to it.
    pub(crate) fn draft(&self, new: NewJob) -> (Job, Option<Claim>) {
        let now = self.clock.now();
        let text = match new.naming {
            Naming::Uuid => crate::ids::public_uuid(now, self.entropy.bytes()),
            Naming::Number => crate::ids::job_number(now, self.entropy.bytes()),
            Naming::Short => crate::ids::job_name(now, self.entropy.bytes()),
        };
        let text = text.into();
        let public_id = PublicId { dialect: new.dialect, text };
        let claim = new.key.map(|(key, request)| Claim { key, request, answer: public_id.clone() });
        let job = Job::new(self.ids.next(now), public_id, new.client, new.ask, new.price, new.policy, now);
        (Job { key: new.key_id, request: new.request, ..job }, claim)
    }
}
