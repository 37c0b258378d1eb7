//! Errors as this dialect shows them: `{"success": false, "error": code, "message": words}`. The reference documents no
//! body; its own helper reads `message` or `error`.

pub(super) use super::code::Code;
use crate::limits::BodyError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use docket_core::refusal::Refusal;
use docket_engine::EngineError;
use docket_protocol::wallet::WalletRefusal;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;

/// An answer that is not the one that was asked for.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    message: Cow<'static, str>,
    retry_after_s: Option<u64>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    error: &'a str,
    message: &'a str,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), retry_after_s: None }
    }

    /// A fault of the request.
    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    fn after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds.max(1)), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Envelope { success: false, error: self.code.code(), message: &self.message };
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
                Self::new(Code::Internal, "The coordinator's store has failed.")
            }
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoSuchAgent => Code::AgentNotFound,
            Refusal::NoSuchJob => Code::JobNotFound,
            Refusal::NoSuchOffer => Code::OfferNotFound,
            Refusal::CapitalOpen => Code::TooEarly,
            Refusal::CapitalClosed => Code::CapitalClosed,
            Refusal::AgainstValuation => Code::AgainstValuation,
            Refusal::NotNewer => Code::NotNewer,
            Refusal::TooSoon | Refusal::TooManySnapshots => Code::RateLimited,
            Refusal::NotTakingPart => Code::NotEligible,
            Refusal::NotNow { .. } | Refusal::TakesNoOffers | Refusal::NotDisputable => Code::WrongState,
            Refusal::NotYetDue => Code::TooEarly,
            Refusal::TooLate | Refusal::DisputeWindowClosed => Code::TooLate,
            Refusal::HasProvider => Code::HasProvider,
            Refusal::HasEvaluator => Code::HasEvaluator,
            Refusal::AlreadyDisputed => Code::AlreadyDisputed,
            Refusal::AlreadyVoted => Code::AlreadyVoted,
            Refusal::ProviderAtWork => Code::ProviderAtWork,
            Refusal::KeyReused => Code::SignatureUsed,
            Refusal::ScoreTooLow => Code::ScoreTooLow,
            Refusal::StakeTooSmall => Code::StakeTooSmall,
            Refusal::IsParty | Refusal::OwnerIsParty => Code::IsParty,
            Refusal::NoStrategy | Refusal::OtherStrategy | Refusal::OtherEvaluator | Refusal::NotTheLoser => {
                Code::NotEligible
            }
            Refusal::CommitmentTaken => Code::AlreadyVoted,
            Refusal::NotSeated => Code::NotSeated,
            Refusal::Draining => Code::Unavailable,
            Refusal::NotTheOwner => Code::NotTheOwner,
            Refusal::NameTaken => Code::NameTaken,
            Refusal::Overtaken => Code::Overtaken,
            Refusal::StrategyFixed => Code::StrategyFixed,
            Refusal::InsufficientFunds | Refusal::DepositMissing => Code::InsufficientFunds,
            _ => Code::InvalidRequest,
        };
        let words = refusal.to_string();
        let (first, rest) = words.split_at(words.chars().next().map_or(0, char::len_utf8));
        let problem = Self::new(code, format!("{}{rest}.", first.to_uppercase()));
        // A minute later another attested snapshot is taken.
        if refusal == Refusal::TooSoon { problem.after(60) } else { problem }
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
