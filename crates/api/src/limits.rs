//! Reads bodies, within bounds.

use axum::body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyError {
    /// It has more bytes than allowed.
    TooLarge,
    /// It ended before its end.
    Truncated,
}

/// The whole body, at most `limit` bytes of it.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<axum::body::Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Truncated),
    }
}
