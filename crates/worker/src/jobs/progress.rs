//! What becomes of a job: text, an outcome, an error, or its deadline.

use super::held::{Held, Stage};
use super::{DRAINING, Jobs};
use crate::completion::Work;
use crate::engine::{EngineError, Outcome};
use crate::event::Event;
use crate::work::{News, Report};
use docket_protocol::answer::MAX_STREAM_BYTES;
use docket_protocol::frames::{FromWorker, JobFail, MAX_FRAME_BYTES, clip};
use std::sync::Arc;
use std::time::Duration;

/// So much finished work is kept, in jobs and in bytes; then the oldest is forgotten.
const MOST_KEPT: usize = 256;
const MOST_KEPT_BYTES: usize = 128 << 20;

impl Jobs {
    /// Takes in news of a running job.
    pub(crate) fn hear(&mut self, report: Report, now_ms: i64) {
        let Report { job_id, run, news } = report;
        let Some(held) = self.held.get_mut(&job_id).filter(|held| held.run == run) else { return };
        match news {
            News::Said(pieces) => {
                for piece in pieces {
                    held.transcript.push(&piece);
                }
                let (text, all) = held.transcript.bytes();
                if text > MAX_FRAME_BYTES || all > MAX_STREAM_BYTES {
                    return self.fail(&job_id, "the answer is longer than a frame can be".into());
                }
                self.let_speak(&job_id);
            }
            News::Done(Ok(outcome)) => self.finish(&job_id, outcome, now_ms),
            News::Done(Err(
                error
                @ (EngineError::Invalid(_) | EngineError::Unsupported(_) | EngineError::TooLarge { .. }),
            )) => {
                self.give_back(&job_id, error.to_string());
            }
            News::Done(Err(error)) => self.fail(&job_id, error.to_string()),
        }
    }

    fn finish(&mut self, job_id: &Arc<str>, outcome: Outcome, now_ms: i64) {
        let order = self.count();
        let Some(held) = self.held.get_mut(job_id) else { return };
        let work = Work::of(outcome, held.assigned_at_ms, now_ms);
        let took = Duration::from_millis(now_ms.abs_diff(held.assigned_at_ms));
        let event = Event::JobFinished { job_id: job_id.clone(), took, usage: work.usage };
        held.stage = Stage::Finished { work: Box::new(work), order, sent: false, signed: None };
        self.running -= 1;
        self.kept_bytes += held.weight();
        self.news.push(event);
        self.let_speak(job_id);
        self.forget_oldest();
    }

    /// Gives a job up. Its error goes to the coordinator, never as an output.
    pub(super) fn fail(&mut self, job_id: &Arc<str>, error: String) {
        let Some(held) = self.remove(job_id) else { return };
        if held.attached {
            let attempt = Some(held.assign.attempt);
            let frame = JobFail { job_id: held.assign.job_id, attempt, error: clip(&error) };
            self.answers.push_back(FromWorker::JobFail(frame));
        }
        self.tell(Event::JobFailed { job_id: job_id.clone(), error });
    }

    /// Lets another worker have a job.
    fn give_back(&mut self, job_id: &Arc<str>, reason: String) {
        match self.remove(job_id) {
            Some(held) if held.attached => self.reject(job_id.clone(), Some(held.assign.attempt), reason),
            Some(_) => self.tell(Event::JobRejected { job_id: job_id.clone(), reason }),
            None => {}
        }
    }

    fn forget_oldest(&mut self) {
        while self.held.len() - self.running > MOST_KEPT || self.kept_bytes > MOST_KEPT_BYTES {
            let finished = self.held.iter().filter_map(|(job_id, held)| match held.stage {
                Stage::Finished { order, .. } => Some((order, job_id)),
                Stage::Running { .. } => None,
            });
            let Some((_, oldest)) = finished.min() else { return };
            self.drop_job(&oldest.clone(), "the coordinator never judged it, and newer work needs the room");
        }
    }

    /// Stops what is beyond its deadline, and forgets what nobody asked for in a long time.
    pub(crate) fn expire(&mut self, now_ms: i64) {
        let due = |held: &Held| held.due_ms() <= now_ms;
        let due: Vec<_> =
            self.held.iter().filter(|(_, held)| due(held)).map(|(job_id, _)| job_id.clone()).collect();
        for job_id in due {
            match self.held[&job_id].stage {
                Stage::Running { .. } => self.fail(&job_id, "the deadline has passed".into()),
                Stage::Finished { .. } => self.drop_job(&job_id, "the coordinator never judged it"),
            }
        }
    }

    /// When [`Self::expire`] will have something to do.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.held.values().map(Held::due_ms).min()
    }

    /// Gives back what still runs.
    pub(crate) fn hand_back(&mut self) {
        for job_id in self.running_jobs() {
            self.give_back(&job_id, DRAINING.into());
        }
    }
}
