//! All that follows from a decision, to be written at once or not at all.

use crate::effect::{self, Effect};
use crate::event::{Event, Voucher};
use crate::hash::Sha256;
use crate::hook::{Delivery, Hook};
use crate::id::{JobId, PublicId, Version, WorkerId};
use crate::job::{Job, State};
use crate::key::{self, ApiKey, Spending};
use crate::ledger::{self, Account, Transfer};
use crate::policy::{Ruling, Verdict};
use crate::time::Timestamp;
use crate::trust::{Pairing, Trust};
use crate::worker::Worker;
use std::sync::Arc;

/// One atomic change of the books, with every version it relied on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// When it was decided.
    pub at: Timestamp,
    /// The job as it is afterwards, if the change is about one.
    pub job: Option<JobChange>,
    /// Other records as they are afterwards.
    pub records: Vec<RecordChange>,
    /// What moves.
    pub transfers: Vec<Transfer>,
    /// Who must be told, and what must be done next.
    pub effects: Vec<Effect>,
    /// What a worker's standing gains or loses.
    pub standing: Option<(WorkerId, Gain)>,
    /// What the key of the job spends, or has back.
    pub spending: Option<Spending>,
    /// A key that no other change may ever use.
    pub claim: Option<Claim>,
}

/// A job's part of a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JobChange {
    /// The version that was decided on.
    pub before: Version,
    /// The job as it is afterwards.
    pub after: Arc<Job>,
    /// What happened.
    pub event: Event,
}

/// A record with optimistic versioning: the write fails if `before` no longer stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordChange {
    /// The version that was decided on; [`Version::NONE`] for a new record.
    pub before: Version,
    /// The record as it is afterwards.
    pub after: Record,
}

/// Whatever has a version and is not a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// A worker's identity.
    Worker(Worker),
    /// A code that pairs a client with a worker.
    Pairing(Pairing),
    /// A client's trust in a worker.
    Trust(Trust),
    /// An API key.
    Key(ApiKey),
    /// Where an account wants to be told what happens.
    Hook(Hook),
    /// What a hook is to be told, and what has become of it.
    Delivery(Delivery),
}

/// Counts that are added up, so that two changes about one worker never conflict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Paid jobs.
    pub completed: u32,
    /// Jobs lost by the worker's fault.
    pub failed: u32,
}

/// What is added to the counts of a [`Standing`]. A loss takes back only what the same job has brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gain {
    /// To [`Standing::completed`].
    pub completed: i32,
    /// To [`Standing::failed`].
    pub failed: i32,
}

impl Standing {
    /// The counts after a gain.
    #[must_use]
    pub const fn after(self, gain: Gain) -> Self {
        Self {
            completed: self.completed.saturating_add_signed(gain.completed),
            failed: self.failed.saturating_add_signed(gain.failed),
        }
    }
}

impl Gain {
    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            completed: self.completed.saturating_add(other.completed),
            failed: self.failed.saturating_add(other.failed),
        }
    }
}

/// A caller's promise that this is the same request as any other under the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Scope and key, such as `quotes:alice:7f3c`.
    pub key: Arc<str>,
    /// The digest of the request.
    pub request: Sha256,
    /// What a repeat is answered with.
    pub answer: PublicId,
}

impl Change {
    /// All that follows when `event` happens to `job`.
    pub fn of(job: &Job, event: Event, at: Timestamp) -> Self {
        let transfers = ledger::transfers(job, &event);
        let after = job.apply(&event, at);
        Self {
            at,
            effects: effect::effects(&after, &event),
            standing: standing(job, &event),
            spending: key::spending(job, &event),
            transfers,
            job: Some(JobChange { before: job.version, after: Arc::new(after), event }),
            records: Vec::new(),
            claim: None,
        }
    }

    /// A change of one record alone.
    pub fn of_record(before: Version, after: Record, at: Timestamp) -> Self {
        Self { records: vec![RecordChange { before, after }], ..Self::empty(at) }
    }

    /// Money that moves for the operator's or a network's reasons, guarded by a key against repetition.
    pub fn of_transfer(transfer: Transfer, claim: Claim, at: Timestamp) -> Self {
        Self { transfers: vec![transfer], claim: Some(claim), ..Self::empty(at) }
    }

    const fn empty(at: Timestamp) -> Self {
        Self {
            at,
            job: None,
            records: Vec::new(),
            transfers: Vec::new(),
            effects: Vec::new(),
            standing: None,
            spending: None,
            claim: None,
        }
    }

    /// Whether it must be on disk before anybody hears of it.
    pub fn is_durable(&self) -> bool {
        self.job.as_ref().is_none_or(|job| job.event.is_durable())
    }

    /// Whether money moves, which makes it a leaf of the log.
    pub fn moves_money(&self) -> bool {
        !self.transfers.is_empty()
    }

    /// The job it is about.
    pub fn job_id(&self) -> Option<JobId> {
        self.job.as_ref().map(|job| job.after.id)
    }

    /// Accounts that must not end below zero, apart from the job's own.
    pub fn debited(&self) -> impl Iterator<Item = &Account> {
        self.transfers.iter().map(|transfer| &transfer.from).filter(|account| !account.may_be_negative())
    }
}

/// A paid job speaks for the worker, a fault of his against him; nothing else does either.
fn standing(job: &Job, event: &Event) -> Option<(WorkerId, Gain)> {
    let completed = Gain { completed: 1, failed: 0 };
    let failed = Gain { completed: 0, failed: 1 };
    match event {
        Event::Settled { delivery, broken: None, .. } => Some((delivery.worker, completed)),
        Event::Settled { delivery, broken: Some(reason), .. } => {
            reason.blames_worker().then_some((delivery.worker, failed))
        }
        Event::Evaluated { verdict: Verdict::Complete, .. } => Some((job.delivery()?.worker, completed)),
        Event::Returned { worker, reason, .. } => reason.blames_worker().then_some((*worker, failed)),
        Event::Closed { reason, .. } => {
            let (worker, _) = job.holder()?;
            reason.blames_worker().then_some((worker, failed))
        }
        // What was paid as done turns out not to be: it never spoke for him. A part never did.
        Event::Ruled { ruling: Ruling::ForClient, .. } => match &job.state {
            State::Disputed { verdict: Verdict::Complete, delivery, .. } => {
                let spoke_for_him = delivery.voucher == Voucher::Worker;
                Some((delivery.worker, Gain { completed: -i32::from(spoke_for_him), failed: 1 }))
            }
            _ => None,
        },
        _ => None,
    }
}
