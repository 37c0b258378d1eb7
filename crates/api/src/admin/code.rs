//! The operator's API's own error codes, published in `docs/errors.md`. What the core refuses has the core's code.

/// Why a request of the operator was not carried out, where the core was not asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Code {
    /// A check of the books is under way; one at a time.
    CheckUnderWay,
    /// This coordinator was started without an operator's token, so nobody can be one.
    Closed,
    /// Too many others changed the same thing at the same time; try again.
    Busy,
    /// The coordinator has a fault; its log says more.
    Failed,
    /// A parameter or the body is not as it should be; the detail says which.
    Invalid,
    /// The path does not know this method.
    MethodNotAllowed,
    /// There is no such worker, account, key or job.
    NotFound,
    /// There is nothing at this path.
    NoSuchPath,
    /// The database cannot be read or written now.
    StoreUnavailable,
    /// The request came without the operator's token.
    TokenRequired,
    /// The body is larger than the coordinator takes.
    TooLarge,
    /// The token is not that of this coordinator's operator.
    WrongToken,
}

impl Code {
    /// The published code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::CheckUnderWay => "ledger.check_under_way",
            Self::Closed => "operator.closed",
            Self::Busy => "coordinator.busy",
            Self::Failed => "coordinator.failed",
            Self::Invalid => "request.invalid",
            Self::MethodNotAllowed => "request.method_not_allowed",
            Self::NotFound => "request.not_found",
            Self::NoSuchPath => "request.no_such_path",
            Self::StoreUnavailable => "coordinator.store_unavailable",
            Self::TokenRequired => "operator.token_required",
            Self::TooLarge => "request.too_large",
            Self::WrongToken => "operator.wrong_token",
        }
    }
}
