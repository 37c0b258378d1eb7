//! This dialect's error codes, published in `docs/errors.md`.

use axum::http::StatusCode;

/// What went wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// The request is no JSON, or a value in it is out of range, missing or of another type.
    InvalidRequest,
    /// The model is not in the table of models.
    UnknownModel,
    /// No node that is online could do it; `details` counts the reasons.
    NoEligibleNode,
    /// The prompt is not kept any more: send it with the payment, or ask again.
    InputGone,
    /// The price offered is below the list's.
    PriceTooLow,
    /// The wallet's headers or the signature in the body do not prove who asks.
    BadSignature,
    /// The wallet signed too long ago, or in the future.
    StaleSignature,
    /// What was signed has come before, or something newer has.
    Replayed,
    /// What was signed was used for something else.
    SignatureUsed,
    /// The job is another wallet's.
    NotTheRequester,
    /// The account does not hold enough.
    InsufficientFunds,
    /// There is no such job.
    JobNotFound,
    /// The job is not where this can be done.
    WrongState,
    /// The time for it is not there yet.
    TooEarly,
    /// There is no such node.
    NodeNotFound,
    /// The endpoint is none that jobs are posted to.
    BadEndpoint,
    /// The worker is enrolled with another address.
    WorkerTaken,
    /// Another worker of this address is online.
    NodeInUse,
    /// The node keeps a connection, which is its heartbeat.
    KeepsConnection,
    /// A challenge was failed less than an hour ago.
    Refuted,
    /// The path is not served.
    UnknownUrl,
    /// The path is not served in this way.
    MethodNotAllowed,
    /// The body is too large.
    TooLarge,
    /// The body is said not to be JSON.
    UnsupportedMediaType,
    /// Too many requests.
    RateLimited,
    /// The coordinator cannot do it now.
    Unavailable,
    /// A fault of the coordinator.
    Internal,
}

impl Code {
    /// The published code.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnknownModel => "unknown_model",
            Self::NoEligibleNode => "no_eligible_node",
            Self::InputGone => "input_gone",
            Self::PriceTooLow => "price_too_low",
            Self::BadSignature => "bad_signature",
            Self::StaleSignature => "stale_signature",
            Self::Replayed => "replayed",
            Self::SignatureUsed => "signature_used",
            Self::NotTheRequester => "not_the_requester",
            Self::InsufficientFunds => "insufficient_funds",
            Self::JobNotFound => "job_not_found",
            Self::WrongState => "wrong_state",
            Self::TooEarly => "too_early",
            Self::NodeNotFound => "node_not_found",
            Self::BadEndpoint => "bad_endpoint",
            Self::WorkerTaken => "worker_taken",
            Self::NodeInUse => "node_in_use",
            Self::KeepsConnection => "keeps_connection",
            Self::Refuted => "refuted",
            Self::UnknownUrl => "unknown_url",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The status that comes with it.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::BadEndpoint | Self::PriceTooLow => StatusCode::BAD_REQUEST,
            Self::BadSignature | Self::StaleSignature => StatusCode::UNAUTHORIZED,
            Self::InsufficientFunds => StatusCode::PAYMENT_REQUIRED,
            Self::NotTheRequester => StatusCode::FORBIDDEN,
            Self::UnknownModel | Self::JobNotFound | Self::NodeNotFound | Self::UnknownUrl => {
                StatusCode::NOT_FOUND
            }
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::InputGone
            | Self::Replayed
            | Self::SignatureUsed
            | Self::WrongState
            | Self::TooEarly
            | Self::WorkerTaken
            | Self::NodeInUse
            | Self::KeepsConnection
            | Self::Refuted => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::NoEligibleNode | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
