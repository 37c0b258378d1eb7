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
    /// There is no such job.
    JobNotFound,
    /// There is no such offer.
    OfferNotFound,
    /// The job has no dispute.
    DisputeNotFound,
    /// The job is not where this can be done.
    WrongState,
    /// The time for it is not there yet.
    TooEarly,
    /// The time for it is over.
    TooLate,
    /// The job has a provider.
    HasProvider,
    /// The job has an evaluator.
    HasEvaluator,
    /// The outcome was disputed before.
    AlreadyDisputed,
    /// The arbitrator has voted.
    AlreadyVoted,
    /// The job has a provider, who may rely on it.
    ProviderAtWork,
    /// What was signed was used for something else.
    SignatureUsed,
    /// The agent's score is too low.
    ScoreTooLow,
    /// The agent's free stake is too small.
    StakeTooSmall,
    /// The agent, or another of its owner, is a party of the job.
    IsParty,
    /// The agent cannot judge this job.
    NotEligible,
    /// The agent has no seat in the dispute.
    NotSeated,
    /// The enclave has the job, with other content.
    JobDiffers,
    /// The market serves no enclave.
    NoEnclave,
    /// The capital is traded no more.
    CapitalClosed,
    /// The last attested snapshot leaves the other verdict.
    AgainstValuation,
    /// The snapshot is not newer than the last attested one.
    NotNewer,
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
            Self::JobNotFound => "job_not_found",
            Self::OfferNotFound => "offer_not_found",
            Self::DisputeNotFound => "dispute_not_found",
            Self::WrongState => "wrong_state",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::HasProvider => "has_provider",
            Self::HasEvaluator => "has_evaluator",
            Self::AlreadyDisputed => "already_disputed",
            Self::AlreadyVoted => "already_voted",
            Self::ProviderAtWork => "provider_at_work",
            Self::SignatureUsed => "signature_used",
            Self::ScoreTooLow => "score_too_low",
            Self::StakeTooSmall => "stake_too_small",
            Self::IsParty => "is_party",
            Self::NotEligible => "not_eligible",
            Self::NotSeated => "not_seated",
            Self::JobDiffers => "job_differs",
            Self::NoEnclave => "no_enclave",
            Self::CapitalClosed => "capital_closed",
            Self::AgainstValuation => "against_valuation",
            Self::NotNewer => "snapshot_not_newer",
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
            Self::InvalidRequest
            | Self::InsufficientFunds
            | Self::WrongState
            | Self::TooEarly
            | Self::TooLate => StatusCode::BAD_REQUEST,
            Self::BadSignature | Self::StaleSignature => StatusCode::UNAUTHORIZED,
            Self::NotTheOwner
            | Self::ScoreTooLow
            | Self::StakeTooSmall
            | Self::IsParty
            | Self::NotEligible
            | Self::NotSeated => StatusCode::FORBIDDEN,
            Self::AgentNotFound
            | Self::JobNotFound
            | Self::OfferNotFound
            | Self::DisputeNotFound
            | Self::NoEnclave
            | Self::UnknownUrl => StatusCode::NOT_FOUND,
            Self::NameTaken
            | Self::Overtaken
            | Self::StrategyFixed
            | Self::HasProvider
            | Self::HasEvaluator
            | Self::AlreadyDisputed
            | Self::AlreadyVoted
            | Self::ProviderAtWork
            | Self::JobDiffers
            | Self::CapitalClosed
            | Self::AgainstValuation
            | Self::NotNewer
            | Self::SignatureUsed => StatusCode::CONFLICT,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
