//! Errors as this dialect shows them: `{"error": {"code", "message", "type", "param", "docs"}}`.

use crate::limits::BodyError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// Where every code is explained, with the code as anchor.
const DOCS: &str = "/docs/errors#";
/// What the stock clients obey before all else.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
/// Clients obey no longer wait than this.
const LONGEST_WAIT_S: u16 = 59;

/// What went wrong. The codes are published: none is ever renamed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// The request is no JSON, or a value in it is out of range, missing or of another type.
    InvalidRequest,
    /// The request asks for what no worker of the model offers, or nobody offers yet.
    Unsupported,
    /// There is no key, or none that anybody knows.
    InvalidApiKey,
    /// The key was revoked.
    KeyRevoked,
    /// The balance does not cover the hold.
    InsufficientCredits,
    /// The key's own limit does not cover the hold.
    SpendingLimit,
    /// No live worker serves the model.
    ModelNotFound,
    /// There is no such job, or it is another key's.
    JobNotFound,
    /// The job does not admit this now.
    WrongState,
    /// No such route.
    UnknownUrl,
    /// The route is asked in another way.
    MethodNotAllowed,
    /// The body has too many bytes.
    TooLarge,
    /// The body is no JSON by its own account.
    UnsupportedMediaType,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The address asks too often.
    RateLimited,
    /// No worker took the job in time; nothing was charged.
    NoWorker,
    /// The workers that tried have failed; nothing was charged.
    WorkerFailed,
    /// No answer came in time; nothing was charged.
    TimedOut,
    /// The job was withdrawn; nothing was charged.
    Cancelled,
    /// The answer broke off; what arrived is charged.
    BrokenOff,
    /// The coordinator takes no new jobs, or cannot write; nothing was charged.
    Unavailable,
    /// A fault of the coordinator.
    Internal,
}

impl Code {
    /// All of them, for the page of errors.
    pub(crate) const ALL: [Self; 22] = [
        Self::InvalidRequest,
        Self::Unsupported,
        Self::InvalidApiKey,
        Self::KeyRevoked,
        Self::InsufficientCredits,
        Self::SpendingLimit,
        Self::ModelNotFound,
        Self::JobNotFound,
        Self::WrongState,
        Self::UnknownUrl,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::KeyReused,
        Self::RateLimited,
        Self::NoWorker,
        Self::WorkerFailed,
        Self::TimedOut,
        Self::Cancelled,
        Self::BrokenOff,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The status, the published code, and the type that groups it.
    const fn parts(self) -> (u16, &'static str, &'static str) {
        const REQUEST: &str = "invalid_request_error";
        const AUTHENTICATION: &str = "authentication_error";
        const PAYMENT: &str = "payment_error";
        const SERVER: &str = "server_error";
        match self {
            Self::InvalidRequest => (400, "invalid_request", REQUEST),
            Self::Unsupported => (400, "unsupported_parameter", REQUEST),
            Self::InvalidApiKey => (401, "invalid_api_key", AUTHENTICATION),
            Self::KeyRevoked => (401, "api_key_revoked", AUTHENTICATION),
            Self::InsufficientCredits => (402, "insufficient_credits", PAYMENT),
            Self::SpendingLimit => (402, "spending_limit_exceeded", PAYMENT),
            Self::ModelNotFound => (404, "model_not_found", REQUEST),
            Self::JobNotFound => (404, "job_not_found", REQUEST),
            Self::WrongState => (409, "wrong_state", REQUEST),
            Self::UnknownUrl => (404, "unknown_url", REQUEST),
            Self::MethodNotAllowed => (405, "method_not_allowed", REQUEST),
            Self::TooLarge => (413, "request_too_large", REQUEST),
            Self::UnsupportedMediaType => (415, "unsupported_media_type", REQUEST),
            Self::KeyReused => (422, "idempotency_key_reused", REQUEST),
            Self::RateLimited => (429, "rate_limit_exceeded", "rate_limit_error"),
            Self::NoWorker => (503, "no_worker_available", SERVER),
            Self::WorkerFailed => (502, "worker_failed", SERVER),
            Self::TimedOut => (504, "timed_out", SERVER),
            Self::Cancelled => (409, "job_cancelled", REQUEST),
            Self::BrokenOff => (502, "stream_broken_off", SERVER),
            Self::Unavailable => (503, "unavailable", SERVER),
            Self::Internal => (500, "internal_error", SERVER),
        }
    }

    /// The published code.
    pub(crate) const fn name(self) -> &'static str {
        self.parts().1
    }
}

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    message: Cow<'static, str>,
    param: Option<Cow<'static, str>>,
    retry_after_s: Option<u16>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    docs: String,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), param: None, retry_after_s: None }
    }

    /// A fault of the request, at a place in it.
    pub(crate) fn at(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { param: Some(param.into()), ..Self::new(Code::InvalidRequest, message) }
    }

    /// A parameter that is known, and that nobody serves.
    pub(crate) fn unsupported(param: &'static str) -> Self {
        let message = format!("`{param}` is not supported by a worker of this model.");
        Self { param: Some(param.into()), ..Self::new(Code::Unsupported, message) }
    }

    pub(crate) fn job_not_found() -> Self {
        Self::new(Code::JobNotFound, "There is no such job under this API key.")
    }

    fn after(self, seconds: u16) -> Self {
        Self { retry_after_s: Some(seconds.clamp(1, LONGEST_WAIT_S)), ..self }
    }

    /// The error as it stands in a body, or in a stream that has begun.
    pub(crate) fn json(&self) -> String {
        let (_, code, r#type) = self.code.parts();
        let docs = format!("{DOCS}{code}");
        let body = Body { code, message: &self.message, r#type, param: self.param.as_deref(), docs };
        serde_json::to_string(&Envelope { error: body }).expect("texts can always be written")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.parts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (status, kind, self.json()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        // Whether a fault of ours has charged anything is unknown: a second try could charge twice.
        if self.code == Code::Internal {
            response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if self.code == Code::InvalidApiKey {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::Busy => Self::new(Code::Unavailable, "The coordinator is busy.").after(1),
            EngineError::Store(error) => {
                tracing::error!(%error, "a request failed");
                Self::new(Code::Internal, "The coordinator's store has failed.")
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::KeyReused => Code::KeyReused,
            Refusal::InsufficientFunds | Refusal::PaymentRequired => Code::InsufficientCredits,
            Refusal::SpendingLimit => Code::SpendingLimit,
            Refusal::KeyRevoked => Code::KeyRevoked,
            Refusal::NoSuchJob => return Self::job_not_found(),
            Refusal::Draining => {
                return Self::new(Code::Unavailable, "The coordinator takes no new jobs.").after(1);
            }
            _ => Code::WrongState,
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(Code::TooLarge, "The request body is too large."),
            BodyError::Truncated => Self::new(Code::InvalidRequest, "The request body is incomplete."),
        }
    }
}

/// An address that has asked too often, and how long it has to wait.
pub(crate) fn too_many_requests(wait: Duration) -> Response {
    let seconds = u16::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(LONGEST_WAIT_S);
    Problem::new(Code::RateLimited, "Too many requests from this address.").after(seconds).into_response()
}

/// A fault of the coordinator.
pub(crate) fn failed() -> Response {
    Problem::new(Code::Internal, "The coordinator has failed.").into_response()
}

/// What no route answers.
pub(crate) fn not_found(method: &axum::http::Method, path: &str) -> Response {
    Problem::new(Code::UnknownUrl, format!("Unknown request URL: {method} {path}.")).into_response()
}

/// A path that is there, asked in the wrong way.
pub(crate) fn method_not_allowed() -> Response {
    Problem::new(Code::MethodNotAllowed, "This method is not allowed here.").into_response()
}
