//! Errors as this dialect shows them: `{"error": {"code", "message", "type", "param", "docs"}}`.

pub(super) use super::code::Code;
use crate::limits::BodyError;
use axum::http::{HeaderName, HeaderValue, header};
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
        Self::new(Code::InvalidRequest, message).with_param(param)
    }

    pub(super) fn with_param(self, param: impl Into<Cow<'static, str>>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    /// The same problem, of a parameter that has another name where it was asked.
    pub(super) fn rename(self, name: impl FnOnce(&str) -> Cow<'static, str>) -> Self {
        let param = self.param.as_deref().map(name);
        Self { param, ..self }
    }

    /// The code and the message.
    pub(super) fn words(&self) -> (&'static str, &str) {
        (self.code.code(), &self.message)
    }

    /// A parameter that is known, and that nobody serves.
    pub(crate) fn unsupported(param: impl Into<Cow<'static, str>>) -> Self {
        let param = param.into();
        let message = format!("`{param}` is not supported by a worker of this model.");
        Self::new(Code::Unsupported, message).with_param(param)
    }

    pub(crate) fn job_not_found() -> Self {
        Self::new(Code::JobNotFound, "There is no such job under this API key.")
    }

    fn after(self, seconds: u16) -> Self {
        Self { retry_after_s: Some(seconds.clamp(1, LONGEST_WAIT_S)), ..self }
    }

    /// The error as it stands in a body, or in a stream that has begun.
    pub(crate) fn json(&self) -> String {
        let code = self.code.code();
        let (r#type, docs) = (self.code.group(), format!("{DOCS}{code}"));
        let body = Body { code, message: &self.message, r#type, param: self.param.as_deref(), docs };
        serde_json::to_string(&Envelope { error: body }).expect("texts can always be written")
    }
}

#[cfg(test)]
impl Problem {
    /// The error itself, as a client reads it.
    pub(super) fn told(&self) -> serde_json::Value {
        let envelope: serde_json::Value = serde_json::from_str(&self.json()).unwrap();
        envelope["error"].clone()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.code.status(), kind, self.json()).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if !self.code.may_be_tried_again() {
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
            Refusal::DisputeWindowClosed => Code::WindowClosed,
            Refusal::AlreadyDisputed => Code::AlreadyDisputed,
            Refusal::TooManyHooks => Code::TooManyWebhooks,
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
