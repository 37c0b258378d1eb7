//! What the coordinator tells a worker, as frames.

use crate::app::App;
use docket_core::id::Dialect;
use docket_core::job::{Ask, Job, Skill};
use docket_engine::{Assignment, ToWorker};
use docket_protocol::frames::{
    DoneStatus, FromCoordinator, JobAssign, JobCancel, JobDone, JobType, PrivacyClass,
};
use serde_json::value::RawValue;

/// A frame for a message; `None` where the worker's protocol has none.
pub(super) fn frame(app: &App, message: ToWorker, ours: bool) -> Option<FromCoordinator> {
    match message {
        ToWorker::Assign(assignment) => assign(app, &assignment, ours),
        ToWorker::Cancel { .. } | ToWorker::Done { .. } | ToWorker::Drain if !ours => None,
        ToWorker::Cancel { job, attempt, reason } => Some(FromCoordinator::JobCancel(JobCancel {
            job_id: job.to_string(),
            attempt: attempt.into(),
            reason: reason.to_owned(),
        })),
        ToWorker::Done { job, attempt, outcome } => Some(FromCoordinator::JobDone(JobDone {
            job_id: job.to_string(),
            attempt: Some(attempt.into()),
            status: if outcome.is_ok() { DoneStatus::Settled } else { DoneStatus::Refused },
            reason: outcome.as_ref().err().map(|refusal| refusal.code().to_owned()),
            log_index: outcome.ok().flatten(),
        })),
        ToWorker::Drain => Some(FromCoordinator::Drain),
        ToWorker::Close => None,
    }
}

fn assign(app: &App, assignment: &Assignment, ours: bool) -> Option<FromCoordinator> {
    let Assignment { job, attempt, payload } = assignment;
    let Ask { skill, speed, private, .. } = &*job.ask;
    let payload = String::from_utf8(payload.to_vec()).ok()?;
    Some(FromCoordinator::JobAssign(Box::new(JobAssign {
        job_id: job.public_id.text.to_string(),
        job_type: match skill {
            Skill::Infer => JobType::LlmInfer,
            Skill::Task => JobType::Task,
        },
        policy: speed.name().to_ascii_uppercase(),
        privacy_class: if *private { PrivacyClass::Private } else { PrivacyClass::Public },
        user_id: docket_engine::client_name(job),
        attempt: (*attempt).into(),
        deadline_ms: job.state.deadline().map_or(i64::MAX, |by| by.0),
        sent_at_ms: app.engine.clock().now().0,
        terms: app.engine.terms(job, payload.as_bytes()),
        payload: RawValue::from_string(payload).ok()?,
        // Its client waits for all of it.
        whole: ours && job.request.is_some() && job.policy.stream_within.is_none(),
        full_receipt_only: ours && is_full_enough(job),
    })))
}

/// Whether the full receipt of a job is enough: only one dialect shows short ones.
pub(super) fn is_full_enough(job: &Job) -> bool {
    job.public_id.dialect != Dialect::Quotes
}
