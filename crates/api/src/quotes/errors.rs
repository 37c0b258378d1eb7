//! Errors as this dialect shows them: `{"error": "text or code"}`.

use crate::limits::BodyError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    error: Cow<'static, str>,
    retry_after_s: Option<u16>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, error: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error: error.into(), retry_after_s: None }
    }

    pub(crate) fn bad_request(error: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn job_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Job not found")
    }

    fn unavailable(error: &'static str) -> Self {
        Self { retry_after_s: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, error) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Body { error: &self.error })).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Busy => Self::unavailable("busy"),
            EngineError::Store(error) => {
                tracing::error!(%error, "a request failed");
                Self::unavailable("store_unavailable")
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, error) = match &refusal {
            Refusal::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused"),
            Refusal::PairingUnknown => (StatusCode::BAD_REQUEST, "invalid_code"),
            Refusal::PairingClaimed => (StatusCode::BAD_REQUEST, "already_claimed"),
            Refusal::PairingExpired => (StatusCode::BAD_REQUEST, "expired"),
            Refusal::PairingLocked => {
                let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_wrong_codes");
                return Self { retry_after_s: Some(59), ..problem };
            }
            Refusal::InsufficientFunds | Refusal::PaymentRequired => {
                (StatusCode::PAYMENT_REQUIRED, "payment_required")
            }
            Refusal::NoSuchJob => return Self::job_not_found(),
            Refusal::Draining => return Self::unavailable("draining"),
            other => (StatusCode::CONFLICT, other.code()),
        };
        Self::new(status, error)
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Request body too large"),
            BodyError::Truncated => Self::bad_request("Request body incomplete"),
        }
    }
}

/// A plain request where workers open their WebSocket.
pub(crate) fn not_a_socket(status: StatusCode) -> Response {
    Problem::new(status, "Workers connect here by WebSocket; see /v1/health and /v1/quote").into_response()
}

/// An address that has asked too often, and how long it has to wait.
pub(crate) fn too_many_requests(wait: Duration) -> Response {
    let seconds = u16::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u16::MAX);
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests");
    Problem { retry_after_s: Some(seconds.max(1)), ..problem }.into_response()
}

/// A fault of the coordinator.
pub(crate) fn failed() -> Response {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error").into_response()
}

/// What no route answers.
pub(crate) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found")
}

/// A path that is there, asked in the wrong way.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
}
