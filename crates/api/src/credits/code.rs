//! This dialect's error codes, published in `docs/errors.md`.

use axum::http::StatusCode;

/// What went wrong.
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
    /// There is no such response, it was not stored, it was deleted, or it is another key's.
    ResponseNotFound,
    /// There is no such response to go on from, it has no answer, it was not stored, it was deleted, or it is another
    /// key's.
    PreviousNotFound,
    /// The job does not admit this now.
    WrongState,
    /// The job has no answer yet, so there is nothing to dispute.
    Unfinished,
    /// The job came to nothing, so there is nothing to dispute.
    NothingDelivered,
    /// The time in which the outcome could be disputed is over.
    WindowClosed,
    /// The outcome was disputed before; a second dispute changes nothing.
    AlreadyDisputed,
    /// Nobody has disputed the outcome of the job.
    DisputeNotFound,
    /// There is no such webhook, or it is another account's.
    WebhookNotFound,
    /// The webhook knows no such event, or not any more.
    EventNotFound,
    /// The account has as many webhooks as it may have.
    TooManyWebhooks,
    /// The webhook has answered 410 and is told nothing more.
    WebhookDisabled,
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
    /// The published code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unsupported => "unsupported_parameter",
            Self::InvalidApiKey => "invalid_api_key",
            Self::KeyRevoked => "api_key_revoked",
            Self::InsufficientCredits => "insufficient_credits",
            Self::SpendingLimit => "spending_limit_exceeded",
            Self::ModelNotFound => "model_not_found",
            Self::JobNotFound => "job_not_found",
            Self::ResponseNotFound => "response_not_found",
            Self::PreviousNotFound => "previous_response_not_found",
            Self::WrongState => "wrong_state",
            Self::WebhookNotFound => "webhook_not_found",
            Self::EventNotFound => "event_not_found",
            Self::TooManyWebhooks => "too_many_webhooks",
            Self::WebhookDisabled => "webhook_disabled",
            Self::Unfinished => "job_unfinished",
            Self::NothingDelivered => "nothing_delivered",
            Self::WindowClosed => "dispute_window_closed",
            Self::AlreadyDisputed => "already_disputed",
            Self::DisputeNotFound => "dispute_not_found",
            Self::UnknownUrl => "unknown_url",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "request_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::KeyReused => "idempotency_key_reused",
            Self::RateLimited => "rate_limit_exceeded",
            Self::NoWorker => "no_worker_available",
            Self::WorkerFailed => "worker_failed",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "job_cancelled",
            Self::BrokenOff => "stream_broken_off",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal_error",
        }
    }

    /// The status that goes with it.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::Unsupported | Self::PreviousNotFound => StatusCode::BAD_REQUEST,
            Self::InvalidApiKey | Self::KeyRevoked => StatusCode::UNAUTHORIZED,
            Self::InsufficientCredits | Self::SpendingLimit => StatusCode::PAYMENT_REQUIRED,
            Self::ModelNotFound
            | Self::JobNotFound
            | Self::ResponseNotFound
            | Self::DisputeNotFound
            | Self::WebhookNotFound
            | Self::EventNotFound
            | Self::UnknownUrl => StatusCode::NOT_FOUND,
            Self::WrongState
            | Self::Unfinished
            | Self::NothingDelivered
            | Self::WindowClosed
            | Self::AlreadyDisputed
            | Self::TooManyWebhooks
            | Self::WebhookDisabled
            | Self::Cancelled => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::NoWorker | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::WorkerFailed | Self::BrokenOff => StatusCode::BAD_GATEWAY,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether a stock client may send the request once more by itself, where the status lets it.
    pub(super) const fn may_be_tried_again(self) -> bool {
        // Whether a fault of ours has charged anything is unknown: a second try could charge twice. A part is charged
        // for certain, and what somebody has withdrawn is not to come back.
        !matches!(self, Self::Internal | Self::BrokenOff | Self::Cancelled)
    }

    /// The group that it belongs to, as OpenAI's clients know groups.
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::InvalidApiKey | Self::KeyRevoked => "authentication_error",
            Self::InsufficientCredits | Self::SpendingLimit => "payment_error",
            Self::RateLimited => "rate_limit_error",
            _ if self.status().as_u16() >= 500 => "server_error",
            _ => "invalid_request_error",
        }
    }
}
