//! What an agent has said of a job that it wants to do.
//!
//! Only that is kept. Whether it was taken follows from whom the job has, so a choice rejects all others without a write
//! for each.

use super::identity::Wallet;
use crate::change::{Record, RecordChange};
use crate::id::{AgentId, JobId, Version};
use crate::job::Job;
use crate::time::Timestamp;

/// An agent's offer to do a job. It has one for each job, which it may withdraw and make again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Offer {
    /// For which job.
    pub job: JobId,
    /// Whose.
    pub agent: AgentId,
    /// Who has signed it.
    pub owner: Wallet,
    /// When it was made first.
    pub created_at: Timestamp,
    /// Since when it does not stand any more, if so.
    pub withdrawn_at: Option<Timestamp>,
    /// Guards every write.
    pub version: Version,
}

/// How an offer stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum OfferStatus {
    /// The client may take it.
    Pending,
    /// He has.
    Accepted,
    /// He has taken another, or there is nothing to be taken any more.
    Rejected,
    /// Its agent has taken it back.
    Withdrawn,
}

impl Offer {
    /// A new one.
    pub const fn new(job: JobId, agent: AgentId, owner: Wallet, now: Timestamp) -> Self {
        Self { job, agent, owner, created_at: now, withdrawn_at: None, version: Version::NONE }
    }

    /// How it stands, given its job.
    pub fn status(&self, job: &Job) -> OfferStatus {
        let provider = job.hire.as_ref().and_then(|hire| hire.provider);
        match provider {
            Some(provider) if provider.agent == self.agent => OfferStatus::Accepted,
            _ if self.withdrawn_at.is_some() => OfferStatus::Withdrawn,
            None if job.state.takes_offers() => OfferStatus::Pending,
            _ => OfferStatus::Rejected,
        }
    }

    /// It stands from now on.
    #[must_use]
    pub fn stand(&self) -> RecordChange {
        self.with(None)
    }

    /// It does not stand from now on.
    #[must_use]
    pub fn withdraw(&self, now: Timestamp) -> RecordChange {
        self.with(Some(now))
    }

    fn with(&self, withdrawn_at: Option<Timestamp>) -> RecordChange {
        let after = Self { withdrawn_at, version: self.version.next(), ..*self };
        RecordChange { before: self.version, after: Record::Offer(after) }
    }
}
