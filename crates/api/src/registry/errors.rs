//! Errors as this dialect shows them: `{"ok": false, "error": words, "code": code}`, and `details` where there are some.
//! The page documents no body.

pub(super) use super::code::Code;
use crate::limits::BodyError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use docket_core::refusal::Refusal;
use docket_engine::{EngineError, Reasons};
use docket_protocol::wallet::{SignatureError, WalletRefusal};
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    words: Cow<'static, str>,
    details: Option<Reasons>,
    retry_after_s: Option<u64>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    ok: bool,
    error: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details<'a>>,
}

/// So many nodes for each reason.
#[derive(Serialize)]
struct Details<'a> {
    reasons: &'a Reasons,
}

impl Problem {
    pub(super) fn new(code: Code, words: impl Into<Cow<'static, str>>) -> Self {
        Self { code, words: words.into(), details: None, retry_after_s: None }
    }

    /// A fault of the request.
    pub(super) fn invalid(words: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, words)
    }

    /// Nobody could do it now.
    pub(super) fn no_node(reasons: Reasons) -> Self {
        let words = match reasons.is_empty() {
            true => "No eligible nodes are online: nobody serves this model.",
            false => "No eligible nodes are online.",
        };
        Self { details: Some(reasons), ..Self::new(Code::NoEligibleNode, words) }.after(10)
    }

    fn after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds.max(1)), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = self.details.as_ref().map(|reasons| Details { reasons });
        let body = Envelope { ok: false, error: &self.words, code: self.code.code(), details };
        let mut response = (self.code.status(), Json(body)).into_response();
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
            EngineError::Busy => Self::new(Code::Unavailable, "The coordinator is busy.").after(1),
            EngineError::Store(error) => {
                tracing::error!(%error, "a request failed");
                Self::new(Code::Unavailable, "The coordinator's store has failed.").after(1)
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoSuchJob => Code::JobNotFound,
            Refusal::NotEnrolled => Code::NodeNotFound,
            Refusal::WorkerTaken => Code::WorkerTaken,
            Refusal::EnrolmentInUse => Code::NodeInUse,
            Refusal::Refuted => Code::Refuted,
            Refusal::AlreadyConnected => Code::KeepsConnection,
            Refusal::Overtaken => Code::Replayed,
            Refusal::KeyReused => Code::SignatureUsed,
            Refusal::InsufficientFunds => Code::InsufficientFunds,
            Refusal::NotYetDue => Code::TooEarly,
            Refusal::NotNow { .. } => Code::WrongState,
            Refusal::Draining => {
                return Self::new(Code::Unavailable, "The coordinator is stopping.").after(1);
            }
            _ => Code::InvalidRequest,
        };
        let words = refusal.to_string();
        let (first, rest) = words.split_at(words.chars().next().map_or(0, char::len_utf8));
        Self::new(code, format!("{}{rest}.", first.to_uppercase()))
    }
}

impl From<WalletRefusal> for Problem {
    fn from(refusal: WalletRefusal) -> Self {
        let code = match &refusal {
            WalletRefusal::Stale | WalletRefusal::FromTheFuture => Code::StaleSignature,
            WalletRefusal::BadTimestamp
            | WalletRefusal::BadAddress(_)
            | WalletRefusal::BadSignature(_)
            | WalletRefusal::OtherSigner { .. } => Code::BadSignature,
        };
        Self::new(code, format!("The wallet's headers do not prove who asks: {refusal}."))
    }
}

impl From<SignatureError> for Problem {
    fn from(error: SignatureError) -> Self {
        Self::new(Code::BadSignature, format!("`signature` proves nothing: {error}."))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::invalid(rejection.body_text())
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::new(Code::TooLarge, "The request body is too large."),
            BodyError::Truncated => Self::invalid("The request body is incomplete."),
        }
    }
}

/// An address that has asked too often, and how long it has to wait.
pub(crate) fn too_many_requests(wait: Duration) -> Response {
    let seconds = u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX);
    Problem::new(Code::RateLimited, "Too many requests from this address.").after(seconds).into_response()
}

/// A fault of the coordinator.
pub(crate) fn failed() -> Response {
    Problem::new(Code::Internal, "The coordinator has failed.").into_response()
}

/// What no route answers.
pub(crate) fn not_found(method: &Method, path: &str) -> Response {
    Problem::new(Code::UnknownUrl, format!("Unknown request URL: {method} {path}.")).into_response()
}

/// A path that is there, asked in the wrong way.
pub(crate) fn method_not_allowed() -> Response {
    Problem::new(Code::MethodNotAllowed, "This method is not allowed here.").into_response()
}
