//! What the coordinator says about jobs: do this, stop that, this one is judged.

use super::held::{Held, Stage};
use super::{DRAINING, Jobs};
use crate::engine::{Embed, Infer, Request};
use crate::event::Event;
use crate::transcript::Transcript;
use crate::work::{self, Reporter};
use docket_protocol::attempt::AttemptRef;
use docket_protocol::frames::{
    DoneStatus, FromWorker, JobAccept, JobAssign, JobCancel, JobDone, JobReject, JobType, clip,
};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

impl Jobs {
    /// Takes a job, or answers why not. A job that is here already only learns its new attempt and terms.
    pub(crate) fn assign(&mut self, mut assign: JobAssign, now_ms: i64) {
        // Two clocks never agree; how long there is to go does not depend on either.
        let ahead_ms = now_ms.saturating_sub(assign.sent_at_ms);
        assign.deadline_ms = assign.deadline_ms.saturating_add(ahead_ms);
        let payload = std::mem::replace(&mut assign.payload, RawValue::NULL.to_owned());
        let same = |held: &Held| held.assign.terms.request_hash == assign.terms.request_hash;
        if self.held.get(&*assign.job_id).is_some_and(same) {
            return self.assign_again(assign);
        }
        let job_id: Arc<str> = assign.job_id.as_str().into();
        self.drop_job(&job_id, "the coordinator gave another job the same name");
        match self.check(&assign, payload.get(), now_ms) {
            Ok(request) => self.begin(job_id, assign, request, now_ms),
            Err(reason) => self.reject(job_id, Some(assign.attempt), reason),
        }
    }

    fn assign_again(&mut self, assign: JobAssign) {
        let Some(held) = self.held.get_mut(&*assign.job_id) else { return };
        self.answers.extend(self.accept.then(|| acceptance(&assign)));
        let job_id: Arc<str> = assign.job_id.as_str().into();
        held.assign_again(assign);
        self.let_speak(&job_id);
    }

    fn check(&self, assign: &JobAssign, payload: &str, now_ms: i64) -> Result<Request, String> {
        if !self.open {
            return Err(DRAINING.into());
        }
        if self.running >= self.concurrency {
            return Err(format!("busy: all {} places are taken", self.concurrency));
        }
        if assign.deadline_ms <= now_ms {
            let late = Duration::from_millis(now_ms.abs_diff(assign.deadline_ms));
            return Err(format!("the deadline passed {late:.1?} ago"));
        }
        let mut request = Request::from_payload(payload).map_err(|error| error.to_string())?;
        match (&mut request, assign.job_type) {
            (
                Request::Infer(Infer { model, .. }) | Request::Embed(Embed { model, .. }),
                JobType::LlmInfer,
            ) => {
                // The receipt must name the model of the terms.
                let agreed = assign.terms.model.as_ref().map(|model| model.name.clone());
                *model = model.take().or(agreed);
                if let Request::Infer(infer) = &mut request {
                    infer.whole = assign.whole;
                }
                Ok(request)
            }
            (Request::Task(_), JobType::Task) => Ok(request),
            _ => Err("the payload is of another type than the job".into()),
        }
    }

    fn begin(&mut self, job_id: Arc<str>, assign: JobAssign, request: Request, now_ms: i64) {
        self.answers.extend(self.accept.then(|| acceptance(&assign)));
        self.tell(Event::JobStarted { job_id: job_id.clone(), what: what(&request) });
        let run = self.count();
        let reporter = Reporter { job_id: job_id.clone(), run, reports: self.reports.clone() };
        let of_vectors = matches!(request, Request::Embed(_));
        let work = work::start(self.engines.clone(), request, reporter);
        let held = Held {
            assign,
            of_vectors,
            assigned_at_ms: now_ms,
            run,
            transcript: Transcript::default(),
            stage: Stage::Running { _stops_when_dropped: work },
            attached: true,
            speaks: false,
        };
        self.running += 1;
        self.held.insert(job_id, held);
    }

    /// Gives a job back that the worker does not hold.
    pub(crate) fn reject(&mut self, job_id: Arc<str>, attempt: Option<AttemptRef>, reason: String) {
        let frame = JobReject { job_id: job_id.to_string(), reason: clip(&reason), attempt };
        self.answers.push_back(FromWorker::JobReject(frame));
        self.tell(Event::JobRejected { job_id, reason });
    }

    /// Stops a job, unless the coordinator speaks of an attempt before the present one.
    pub(crate) fn cancel(&mut self, cancel: JobCancel) {
        let stale = |held: &Held| held.attached && cancel.attempt < held.assign.attempt;
        if !self.held.get(&*cancel.job_id).is_some_and(stale) {
            self.drop_job(&cancel.job_id, &format!("cancelled: {}", cancel.reason));
        }
    }

    /// Forgets a job that was judged. A refusal of an earlier attempt is passed over.
    pub(crate) fn done(&mut self, done: JobDone) {
        let job_id: Arc<str> = done.job_id.as_str().into();
        match done.status {
            DoneStatus::Settled => {
                self.remove(&job_id);
                self.tell(Event::JobSettled { job_id, log_index: done.log_index });
            }
            DoneStatus::Refused => {
                let present = |held: &Held| done.attempt.is_none_or(|attempt| attempt == held.assign.attempt);
                if self.held.get(&job_id).is_some_and(present) {
                    self.remove(&job_id);
                    self.tell(Event::JobRefused { job_id, reason: done.reason.unwrap_or_default() });
                }
            }
        }
    }
}

fn acceptance(assign: &JobAssign) -> FromWorker {
    FromWorker::JobAccept(JobAccept { job_id: assign.job_id.clone(), attempt: assign.attempt })
}

fn what(request: &Request) -> String {
    match request {
        Request::Task(task) => task.kind.name().to_owned(),
        Request::Infer(Infer { model, .. }) | Request::Embed(Embed { model, .. }) => {
            model.clone().unwrap_or_else(|| "the first model".into())
        }
    }
}
