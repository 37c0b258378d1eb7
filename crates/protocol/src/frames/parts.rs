//! Completions that are larger than a frame: cut into frames, and put together again. Who may send one, and for how long
//! its parts are kept, is left to others.

use super::{FrameError, FromWorker, JobComplete, decode_within, encode};
use crate::fields;
use serde::{Deserialize, Serialize};

/// The longest output of a job for vectors, which is the only one that may be larger than a frame.
pub const MAX_VECTORS_BYTES: usize = 16 << 20;

/// The longest completion in parts: an output, and the receipts.
pub const MAX_PARTED_BYTES: usize = MAX_VECTORS_BYTES + (64 << 10);

/// Bytes of a part before it is quoted, which at most doubles them: other frames need not wait long between two.
const PART_BYTES: usize = 256 << 10;

/// A part of the text of a `job_complete`, whose own text would be larger than a frame.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct JobPart {
    /// The public id of the job.
    #[serde(deserialize_with = "fields::name::<64, _>")]
    pub job_id: String,
    /// Counts the parts from 0. They come in order, and between them none of another job.
    pub seq: u32,
    /// What follows what came before.
    pub text: String,
    /// Whether it is the last.
    #[serde(default, skip_serializing_if = "fields::is_off")]
    pub last: bool,
}

/// The parts of a completion that are still to be sent.
#[derive(Debug)]
pub struct Parts {
    job_id: String,
    frame: String,
    at: usize,
    seq: u32,
}

impl Parts {
    /// All parts of a completion.
    pub fn of(complete: JobComplete) -> Self {
        let job_id = complete.job_id.clone();
        Self { job_id, frame: encode(&FromWorker::JobComplete(Box::new(complete))), at: 0, seq: 0 }
    }
}

impl Iterator for Parts {
    type Item = JobPart;

    fn next(&mut self) -> Option<JobPart> {
        let rest = &self.frame[self.at..];
        if rest.is_empty() {
            return None;
        }
        let text = &rest[..rest.floor_char_boundary(PART_BYTES)];
        let (seq, last) = (self.seq, text.len() == rest.len());
        self.at += text.len();
        self.seq += 1;
        Some(JobPart { job_id: self.job_id.clone(), seq, text: text.to_owned(), last })
    }
}

/// Reads a completion whose parts were put together.
pub fn decode_parted(text: &str) -> Result<JobComplete, FrameError> {
    match decode_within(text, MAX_PARTED_BYTES)? {
        FromWorker::JobComplete(complete) => Ok(*complete),
        _ => Err(FrameError::UnknownType("parts of something that is no completion".to_owned())),
    }
}

/// Whether an output, which is JSON, is no deeper than a completion may carry it.
pub fn is_shallow(output: &str) -> bool {
    crate::nesting::within(output.as_bytes(), super::MAX_FRAME_DEPTH - 1)
}
