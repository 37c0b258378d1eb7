//! One job in hand: as it was assigned, how far it is, and the frames about its work.

use crate::completion::{Work, complete};
use crate::transcript::Transcript;
use docket_protocol::frames::{
    FrameError, JobAssign, JobChunk, JobComplete, MAX_FRAME_BYTES, MAX_VECTORS_BYTES, is_shallow,
};
use docket_protocol::keys::{Signature, SigningKey};
use docket_protocol::receipt::Batch;
use serde_json::value::RawValue;
use tokio_util::task::AbortOnDropHandle;

/// Finished work is kept for so long after its deadline.
const KEPT_AFTER_DEADLINE_MS: i64 = 60_000;
/// Besides the output, a frame holds the receipts.
const MAX_OUTPUT_BYTES: usize = MAX_FRAME_BYTES - (16 << 10);

/// A job that runs or has finished.
pub(super) struct Held {
    /// As it was last assigned, without its payload.
    pub(super) assign: JobAssign,
    /// Whether it asks for vectors, whose output may be larger than a frame.
    pub(super) of_vectors: bool,
    pub(super) assigned_at_ms: i64,
    pub(super) run: u64,
    pub(super) transcript: Transcript,
    pub(super) stage: Stage,
    /// Whether the present connection has assigned it.
    pub(super) attached: bool,
    /// Whether it stands among the speakers.
    pub(super) speaks: bool,
}

/// How far a job is.
pub(super) enum Stage {
    Running {
        _stops_when_dropped: AbortOnDropHandle<()>,
    },
    Finished {
        work: Box<Work>,
        order: u64,
        sent: bool,
        /// What was signed for the present assignment, so that it is the same however often it is sent.
        signed: Option<Box<(Signature, Option<Batch>)>>,
    },
}

impl Held {
    pub(super) fn due_ms(&self) -> i64 {
        match self.stage {
            Stage::Running { .. } => self.assign.deadline_ms,
            Stage::Finished { .. } => self.assign.deadline_ms.saturating_add(KEPT_AFTER_DEADLINE_MS),
        }
    }

    /// The bytes of finished work; its text does not grow any more.
    pub(super) fn weight(&self) -> usize {
        match &self.stage {
            Stage::Running { .. } => 0,
            Stage::Finished { work, .. } => work.output.get().len() + self.transcript.bytes().1,
        }
    }

    pub(super) fn next_chunk(&mut self) -> Option<JobChunk> {
        let chunk = self.transcript.next_chunk()?;
        Some(JobChunk {
            job_id: self.assign.job_id.clone(),
            attempt: self.assign.attempt,
            seq: chunk.seq,
            text: chunk.text,
            delta: chunk.delta.map(raw),
            running_hash: chunk.running_hash,
            tokens: Some(chunk.tokens),
        })
    }

    /// Takes a new assignment of the same job: all is said again, and what was signed for other terms is signed anew.
    pub(super) fn assign_again(&mut self, assign: JobAssign) {
        let same = self.assign.attempt == assign.attempt && self.assign.terms == assign.terms;
        self.assign = assign;
        self.attached = true;
        self.transcript.rewind();
        if let Stage::Finished { sent, signed, .. } = &mut self.stage {
            *sent = false;
            signed.take_if(|_| !same);
        }
    }

    /// Whether its output goes in parts.
    pub(super) fn is_larger_than_a_frame(&self) -> bool {
        matches!(&self.stage, Stage::Finished { work, .. } if work.output.get().len() > MAX_OUTPUT_BYTES)
    }

    /// The output under the present attempt, once for each assignment. Its full receipt may still have to be signed.
    pub(super) fn completion(&mut self, key: &SigningKey) -> Option<Result<JobComplete, FrameError>> {
        let Stage::Finished { work, sent, signed, .. } = &mut self.stage else { return None };
        if std::mem::replace(sent, true) {
            return None;
        }
        let limit = if self.of_vectors { MAX_VECTORS_BYTES } else { MAX_OUTPUT_BYTES };
        if work.output.get().len() > limit {
            return Some(Err(FrameError::TooLarge { limit }));
        }
        if !is_shallow(work.output.get()) {
            return Some(Err(FrameError::TooDeep));
        }
        let mut complete = complete(key, &self.assign, (**work).clone());
        if let Some((signature, batch)) = signed.as_deref().cloned() {
            (complete.full_signature, complete.full_batch) = (Some(signature), batch);
        }
        Some(Ok(complete))
    }

    /// Keeps what was signed.
    pub(super) fn keep(&mut self, signature: Signature, batch: Option<Batch>) {
        if let Stage::Finished { signed, .. } = &mut self.stage {
            *signed = Some(Box::new((signature, batch)));
        }
    }
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("it was written as JSON")
}
