//! The frames between worker and coordinator: JSON texts with a `type`, one to a WebSocket message.
//!
//! A superset of Dispatch's messages. Unknown fields are ignored, absent ones are not written. Every text and
//! list has its bound; depth and size are checked before anything is parsed. What a frame may do is left to others.

mod feature;
mod from_coordinator;
mod from_worker;
mod node;
mod parts;

pub use docket_core::feature::{Feature, UnknownFeature};
pub use from_coordinator::{
    AckStatus, Challenge, DoneStatus, ErrorFrame, FromCoordinator, JobAssign, JobCancel, JobDone,
    PaymentPosted, PrivacyClass, RegisterAck, Terms, decode_from_coordinator,
};
pub use from_worker::{
    ChallengeResponse, FromWorker, Heartbeat, JobAccept, JobChunk, JobComplete, JobFail, JobReject, JobType,
    Metrics, Offer, OfferedModel, ProviderType, ReceiptSubmit, Register, Resume, TokenUsage,
    decode_from_worker,
};
pub use node::NodeOffer;
pub use parts::{JobPart, MAX_PARTED_BYTES, MAX_VECTORS_BYTES, Parts, decode_parted, is_shallow};

use crate::nesting;
use from_worker::decode_within;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The largest frame in either direction. What is larger comes in parts, see [`JobPart`].
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// How deep arrays and objects may lie in each other.
pub const MAX_FRAME_DEPTH: usize = 64;

/// The longest text that explains something to a person: an error, a reason.
pub const MAX_EXPLANATION_BYTES: usize = 2048;

/// A frame was not understood. Nothing was done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// More than [`MAX_FRAME_BYTES`], or [`MAX_PARTED_BYTES`] where it came in parts.
    #[error("longer than {limit} bytes")]
    TooLarge {
        /// What it may have, in bytes.
        limit: usize,
    },
    /// Deeper than [`MAX_FRAME_DEPTH`].
    #[error("a frame is nested at most {MAX_FRAME_DEPTH} deep")]
    TooDeep,
    /// No JSON object.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// No frame of this direction has this `type`, or there is none.
    #[error("unknown type of frame: {0:?}")]
    UnknownType(String),
    /// A frame of a known type has a wrong or missing field.
    #[error("{kind}: {detail}")]
    Invalid {
        /// The type of the frame.
        kind: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl FrameError {
    /// The code for the frame `error`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::TooDeep | Self::NotJson(_) => "PARSE_ERROR",
            Self::UnknownType(_) => "UNKNOWN_MSG",
            Self::Invalid { .. } => "INVALID_MSG",
        }
    }
}

/// Writes a frame.
pub fn encode(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("frames hold only what JSON can hold")
}

/// Shortens an explanation to what a frame may carry.
pub fn clip(explanation: &str) -> String {
    explanation[..explanation.floor_char_boundary(MAX_EXPLANATION_BYTES)].to_owned()
}

/// The type of a frame, after the checks that need no knowledge of it.
fn kind_of(text: &str, limit: usize) -> Result<Cow<'_, str>, FrameError> {
    #[derive(Deserialize)]
    struct Tag<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Cow<'a, str>,
    }
    if text.len() > limit {
        return Err(FrameError::TooLarge { limit });
    }
    if !nesting::within(text.as_bytes(), MAX_FRAME_DEPTH) {
        return Err(FrameError::TooDeep);
    }
    // Otherwise a list would be read as the fields of a frame in their order.
    if !text.trim_start().starts_with('{') {
        return Err(FrameError::NotJson("a frame starts with a brace".to_owned()));
    }
    if let Some(kind) = leading_kind(text) {
        return Ok(Cow::Borrowed(kind));
    }
    match serde_json::from_str::<Tag<'_>>(text) {
        Ok(tag) => Ok(tag.kind),
        Err(error) if error.is_data() => Err(FrameError::UnknownType(String::new())),
        Err(error) => Err(FrameError::NotJson(error.to_string())),
    }
}

/// The type where it stands first and surely only once, as ours write it: then the frame is read only once. Whether
/// the rest is well-formed shows when the frame itself is parsed.
fn leading_kind(text: &str) -> Option<&str> {
    let (kind, rest) = text.strip_prefix(r#"{"type":""#)?.split_once('"')?;
    let once = !rest.contains(r#""type""#) && !rest.contains("\\u");
    (once && rest.starts_with(',') && kind.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()))
        .then_some(kind)
}

/// The frame of a known type. Parsed from the text itself, so that raw parts keep their bytes.
fn body<'t, T: Deserialize<'t>>(kind: &str, text: &'t str) -> Result<T, FrameError> {
    serde_json::from_str(text).map_err(|error: serde_json::Error| {
        if !error.is_data() {
            return FrameError::NotJson(error.to_string());
        }
        // The parser may quote the frame, and what it quotes ends up in logs.
        let detail = clip(&error.to_string()).replace(char::is_control, "?");
        FrameError::Invalid { kind: kind.to_owned(), detail }
    })
}

fn unknown(kind: &str) -> FrameError {
    FrameError::UnknownType(kind[..kind.floor_char_boundary(64)].to_owned())
}
