//! This dialect's error codes, published in `docs/errors.md`.

use axum::http::StatusCode;

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// The request is no JSON, or a value in it is out of range, missing or of another type.
    InvalidRequest,
    /// The wallet's headers are missing or wrong, or their signature is not the wallet's.
    BadSignature,
    /// The wallet signed more than five minutes ago, or in the future.
    StaleSignature,
    /// The wallet does not own the agent.
    NotTheOwner,
    /// There is no such agent.
    AgentNotFound,
    /// Another agent has the name.
    NameTaken,
    /// The owner has signed another profile since.
    Overtaken,
    /// The agent judges by something else, for ever.
    StrategyFixed,
    /// The account does not hold enough.
    InsufficientFunds,
    /// No such route.
    UnknownUrl,
    /// The route is asked in another way.
    MethodNotAllowed,
    /// The body has too many bytes.
    TooLarge,
    /// The address asks too often.
    RateLimited,
    /// The coordinator cannot answer now.
    Unavailable,
    /// A fault of the coordinator.
    Internal,
}

impl Code {
    /// As it stands in `error`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::BadSignature => "bad_signature",
            Self::StaleSignature => "stale_signature",
            Self::NotTheOwner => "not_the_owner",
            Self::AgentNotFound => "agent_not_found",
            Self::NameTaken => "name_taken",
            Self::Overtaken => "overtaken",
            Self::StrategyFixed => "strategy_fixed",
            Self::InsufficientFunds => "insufficient_funds",
            Self::UnknownUrl => "unknown_url",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "request_too_large",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal_error",
        }
    }

    /// The status that goes with it: one of those that the reference lists, where one of them fits.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::InsufficientFunds => StatusCode::BAD_REQUEST,
            Self::BadSignature | Self::StaleSignature => StatusCode::UNAUTHORIZED,
            Self::NotTheOwner => StatusCode::FORBIDDEN,
            Self::AgentNotFound | Self::UnknownUrl => StatusCode::NOT_FOUND,
            Self::NameTaken | Self::Overtaken | Self::StrategyFixed => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
