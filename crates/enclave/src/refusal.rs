//! Why the enclave said no, with the status that the dialect documents for it.

use crate::ecies::NotForUs;

/// Why the enclave said no. Nothing has changed, except that the nonce of a signed order is used up.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// A request or an order that cannot be read; the text says which field and why.
    #[error("{0}")]
    Malformed(String),
    /// The client's key cannot be decrypted.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// The job is there already, with other content.
    #[error("this job is there already, and differs")]
    JobDiffers,
    /// No such job.
    #[error("no such job")]
    UnknownJob,
    /// The job's provider did not sign this order.
    #[error("the job's provider did not sign this order; to be signed is `{signed}`")]
    NotTheProvider {
        /// The text that the order is judged as.
        signed: String,
    },
    /// The capital is traded no more.
    #[error("the job is closed")]
    Closed,
    /// The nonce is not greater than the last one.
    #[error("the nonce must be greater than {last}")]
    NonceUsed {
        /// The last one.
        last: u64,
    },
    /// As many orders as the client allows on one day.
    #[error("no more than {most} orders are allowed on one day (UTC)")]
    TooManyTrades {
        /// How many.
        most: u32,
    },
    /// The client does not allow the symbol, or nothing of the kind is simulated.
    #[error("the symbol cannot be traded in this job")]
    SymbolNotAllowed,
    /// More orders wait for their price than are kept.
    #[error("no more than {most} orders may wait for their price")]
    TooManyResting {
        /// How many.
        most: usize,
    },
    /// The account has not what the order would take.
    #[error("the account has not enough for this order")]
    Unaffordable,
    /// As many jobs as the enclave keeps.
    #[error("the enclave is full")]
    Full,
    /// What was to be signed has no form: an error of ours.
    #[error("the enclave failed")]
    Failed,
}

impl Refusal {
    /// The code that callers may match on, listed in `docs/attestation.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "enclave.malformed",
            Self::NotForUs(_) => "enclave.not_for_us",
            Self::JobDiffers => "enclave.job_differs",
            Self::UnknownJob => "enclave.unknown_job",
            Self::NotTheProvider { .. } => "enclave.not_the_provider",
            Self::Closed => "enclave.closed",
            Self::NonceUsed { .. } => "enclave.nonce_used",
            Self::TooManyTrades { .. } => "enclave.too_many_trades",
            Self::SymbolNotAllowed => "enclave.symbol_not_allowed",
            Self::TooManyResting { .. } => "enclave.too_many_resting",
            Self::Unaffordable => "enclave.unaffordable",
            Self::Full => "enclave.full",
            Self::Failed => "enclave.failed",
        }
    }

    /// The status of HTTP: one of those that the dialect documents for the enclave's routes.
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotTheProvider { .. } => 401,
            Self::UnknownJob => 404,
            Self::JobDiffers => 409,
            Self::Full | Self::Failed => 500,
            Self::Malformed(_)
            | Self::NotForUs(_)
            | Self::Closed
            | Self::NonceUsed { .. }
            | Self::TooManyTrades { .. }
            | Self::SymbolNotAllowed
            | Self::TooManyResting { .. }
            | Self::Unaffordable => 400,
        }
    }

    pub(crate) fn malformed(words: impl Into<String>) -> Self {
        Self::Malformed(words.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_code_with_its_status() {
        let page = include_str!("../../../docs/attestation.md");
        for refusal in [
            Refusal::malformed(""),
            Refusal::NotForUs(NotForUs),
            Refusal::JobDiffers,
            Refusal::UnknownJob,
            Refusal::NotTheProvider { signed: String::new() },
            Refusal::Closed,
            Refusal::NonceUsed { last: 0 },
            Refusal::TooManyTrades { most: 0 },
            Refusal::SymbolNotAllowed,
            Refusal::TooManyResting { most: 0 },
            Refusal::Unaffordable,
            Refusal::Full,
            Refusal::Failed,
        ] {
            let row = format!("| `{}` | {} |", refusal.code(), refusal.status());
            assert!(page.contains(&row), "{row}");
        }
    }
}
