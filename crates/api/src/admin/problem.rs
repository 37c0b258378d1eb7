//! Errors of the operator's API: `application/problem+json` (RFC 9457) with a code to match on.

use super::code::Code;
use crate::limits::BodyError;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use serde::Serialize;
use std::borrow::Cow;

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code: code.code(), detail: detail.into() }
    }

    pub(super) fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::Invalid, detail)
    }

    pub(super) fn no_such(what: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, format!("there is no such {what}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
        };
        let json = serde_json::to_vec(&body).expect("texts and a number have a JSON form");
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], json).into_response();
        let headers = response.headers_mut();
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            EngineError::Refused(refusal) => {
                let status = match &refusal {
                    Refusal::NoSuchJob => StatusCode::NOT_FOUND,
                    Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
                    Refusal::Draining => unavailable,
                    _ => StatusCode::CONFLICT,
                };
                Self { status, code: refusal.code(), detail: refusal.to_string().into() }
            }
            EngineError::Busy => Self::new(unavailable, Code::Busy, "try again"),
            EngineError::Store(error) => {
                tracing::error!(%error, "an operator's request failed");
                Self::new(unavailable, Code::StoreUnavailable, error.to_string())
            }
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, "the body is too large")
            }
            BodyError::Truncated => Self::invalid("the body ended before its end"),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(error: QueryRejection) -> Self {
        Self::invalid(error.body_text())
    }
}

/// What a path names: the part of it that differs from request to request.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|error| Problem::invalid(error.body_text()))
    }
}

/// What no route answers.
pub(crate) async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Code::NoSuchPath, "there is nothing at this path")
}

/// A path that is there, asked in the wrong way.
pub(crate) async fn method_not_allowed() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, Code::MethodNotAllowed, "this path does not know this method")
}

/// A fault of the coordinator.
pub(crate) fn failed() -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    Problem::new(status, Code::Failed, "the coordinator has a fault; its log says more").into_response()
}
