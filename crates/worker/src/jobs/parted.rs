//! Outputs that are larger than a frame: one after the other, in parts.

use super::Jobs;
use crate::completion::sign_full_receipts;
use docket_protocol::frames::{FromWorker, JobComplete, Parts, encode};
use std::collections::VecDeque;
use std::sync::Arc;

/// What of them is still to be sent on the present connection.
#[derive(Default)]
pub(super) struct Parted {
    /// Those that have not begun.
    waiting: VecDeque<Arc<str>>,
    begun: Option<(Arc<str>, Parts)>,
}

impl Parted {
    pub(super) fn push(&mut self, job_id: Arc<str>) {
        self.waiting.push_back(job_id);
    }

    /// Nobody wants the rest of a job's parts.
    pub(super) fn drop_job(&mut self, job_id: &str) {
        self.begun.take_if(|(begun, _)| &**begun == job_id);
    }
}

impl Jobs {
    /// The next part, if there is one to send. Who takes one at a time lets other frames pass between them.
    pub(crate) fn next_part(&mut self) -> Option<String> {
        loop {
            if let Some(part) = self.parted.begun.as_mut().and_then(|(_, parts)| parts.next()) {
                return Some(encode(&FromWorker::JobPart(part)));
            }
            self.parted.begun = None;
            let job_id = self.parted.waiting.pop_front()?;
            if let Some(complete) = self.completion(&job_id) {
                self.parted.begun = Some((job_id, Parts::of(complete)));
            }
        }
    }

    /// A whole completion, signed alone.
    fn completion(&mut self, job_id: &Arc<str>) -> Option<JobComplete> {
        let held = self.held.get_mut(job_id)?;
        match held.completion(&self.key)? {
            Ok(mut complete) => {
                if complete.full_signature.is_none() {
                    sign_full_receipts(&self.key, [&mut complete]);
                    held.keep(complete.full_signature?, None);
                }
                Some(complete)
            }
            Err(error) => {
                self.fail_to_send(job_id, &error);
                None
            }
        }
    }
}
