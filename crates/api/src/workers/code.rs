//! Why a worker is not let in, where the core was not asked; published in `docs/errors.md`.

use docket_engine::EngineError;
use docket_protocol::wallet::WalletRefusal;

/// Why a worker is not let in. What the core refuses has the core's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Code {
    /// Too many others changed the same thing at the same time; try again.
    Busy,
    /// The text is no key that may be used.
    InvalidKey,
    /// The wallet has not signed this for this worker.
    NodeSignature,
    /// The wallet's signature is too old, or lies in the future.
    NodeStale,
    /// Nobody asks for hardware of this class.
    NodeTier,
    /// The database cannot be read or written now.
    StoreUnavailable,
}

impl Code {
    /// The published code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Busy => "coordinator.busy",
            Self::InvalidKey => "worker.invalid_key",
            Self::NodeSignature => "node.bad_signature",
            Self::NodeStale => "node.stale_signature",
            Self::NodeTier => "node.unknown_tier",
            Self::StoreUnavailable => "coordinator.store_unavailable",
        }
    }

    /// Why the engine lets nobody in.
    pub(super) fn of(error: &EngineError) -> &'static str {
        match error {
            EngineError::Refused(refusal) => refusal.code(),
            EngineError::Busy => Self::Busy.code(),
            EngineError::Store(_) => Self::StoreUnavailable.code(),
        }
    }
}

impl From<&WalletRefusal> for Code {
    fn from(refusal: &WalletRefusal) -> Self {
        match refusal {
            WalletRefusal::Stale | WalletRefusal::FromTheFuture => Self::NodeStale,
            WalletRefusal::BadTimestamp
            | WalletRefusal::BadAddress(_)
            | WalletRefusal::BadSignature(_)
            | WalletRefusal::OtherSigner { .. } => Self::NodeSignature,
        }
    }
}
