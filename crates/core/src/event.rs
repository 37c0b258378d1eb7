//! Facts about a job: what a command caused.

use crate::agent::hire::Judgement;
use crate::agent::hire::dispute::Dispute;
use crate::agent::hire::step::Taken;
use crate::hash::{ContentHash, Sha256};
use crate::id::{Attempt, Doer, WorkerId};
use crate::job::{Job, State};
use crate::ledger::pays_worker;
use crate::money::{Amount, BasisPoints};
use crate::policy::{Judge, Lapse, Ruling, Verdict};
use crate::time::Timestamp;
use std::sync::Arc;

/// What happened to a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The job exists; no money is held.
    Created {
        /// When it expires unfunded.
        by: Timestamp,
    },
    /// The money is held.
    Funded {
        /// When it gives up waiting for a worker.
        by: Timestamp,
        /// What is promised to the client.
        finish_by: Timestamp,
    },
    /// A worker was chosen.
    Assigned {
        /// Who.
        worker: WorkerId,
        /// Under which number.
        attempt: Attempt,
        /// When he must have accepted.
        by: Timestamp,
    },
    /// The worker has begun.
    Accepted {
        /// Who.
        worker: WorkerId,
        /// Under which number.
        attempt: Attempt,
        /// When he must have delivered.
        by: Timestamp,
    },
    /// The worker does not have it any more, and another may try.
    Returned {
        /// Who had it.
        worker: WorkerId,
        /// Why.
        reason: Fault,
        /// When the job gives up waiting for another.
        by: Timestamp,
    },
    /// After a restart: the deadlines of the waiting job begin again, within what was promised.
    Recovered {
        /// When it gives up waiting for a worker.
        by: Timestamp,
    },
    /// The work is here and waits for the evaluator.
    Submitted {
        /// What was delivered.
        delivery: Delivery,
        /// What it costs if it is accepted, at most the hold.
        charge: Amount,
        /// When his silence becomes a verdict.
        by: Timestamp,
    },
    /// The work is here and needs no evaluator.
    Settled {
        /// What was delivered.
        delivery: Delivery,
        /// What it costs, at most the hold.
        charge: Amount,
        /// Why the answer broke off, if the client has only a part of it.
        broken: Option<Fault>,
        /// When it is beyond dispute; `None` if it is so at once.
        vests_at: Option<Timestamp>,
    },
    /// The evaluator has judged, or his time is over.
    Evaluated {
        /// What he said.
        verdict: Verdict,
        /// What may still be disputed or is paid: what the submitted work costs. The rest of the hold goes back.
        charge: Amount,
        /// When it is beyond dispute; `None` if it is so at once.
        vests_at: Option<Timestamp>,
        /// What he said besides, where agents work for each other; `None` for his silence.
        judgement: Option<Judgement>,
    },
    /// Nobody disputed in time.
    Vested {
        /// What the treasury adds for early work, in minor units of the job's asset.
        bonus: u128,
    },
    /// Somebody disputes the outcome.
    Disputed {
        /// The digest of what the client says that he received, where that is what he disputes.
        claim: Option<Sha256>,
        /// Until when somebody must rule.
        by: Timestamp,
        /// Who has opened it and who sits in it, where arbitrators do.
        filing: Option<Arc<Dispute>>,
    },
    /// The dispute has ended.
    Ruled {
        /// How.
        ruling: Ruling,
        /// By whom.
        by: Judge,
        /// What it takes from the worker's stake, in minor units of the job's asset.
        slash: u128,
        /// What the treasury adds for early work, in the same units.
        bonus: u128,
    },
    /// A step that only jobs have for which one agent hires another.
    Hire(Taken),
    /// It ended without work, and the client has his money back.
    Closed {
        /// As what.
        how: Closing,
        /// Why.
        reason: Fault,
    },
}

/// How a job ends without being paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closing {
    /// It could not be done.
    Failed,
    /// It was not done in time.
    Refunded,
    /// Its own deadline came.
    Expired,
    /// The client or the operator withdrew it.
    Cancelled,
}

impl From<Lapse> for Closing {
    fn from(lapse: Lapse) -> Self {
        match lapse {
            Lapse::Failed => Self::Failed,
            Lapse::Refunded => Self::Refunded,
            Lapse::Expired => Self::Expired,
        }
    }
}

/// Why an attempt or a job came to nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// No worker fitted in time.
    NoWorker,
    /// No worker that the client trusts was there.
    NoTrustedWorker,
    /// The worker declined.
    Declined,
    /// The worker did not answer the offer in time.
    NotAccepted,
    /// The worker's connection was gone for longer than the grace.
    WorkerLost,
    /// The worker said that it failed.
    WorkerError,
    /// The worker's receipt does not prove this work.
    BadReceipt,
    /// The work was not there in time.
    TimedOut,
    /// The client withdrew.
    ByClient,
    /// The operator withdrew it.
    ByOperator,
    /// The evaluator wants no part in it.
    ByEvaluator,
    /// The worker is shutting down and hands the job back.
    HandedBack,
    /// It was never funded.
    NotFunded,
}

impl Fault {
    /// All of them, for tables.
    pub const ALL: [Self; 13] = [
        Self::NoWorker,
        Self::NoTrustedWorker,
        Self::Declined,
        Self::NotAccepted,
        Self::WorkerLost,
        Self::WorkerError,
        Self::BadReceipt,
        Self::TimedOut,
        Self::ByClient,
        Self::ByOperator,
        Self::ByEvaluator,
        Self::HandedBack,
        Self::NotFunded,
    ];

    /// The published code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoWorker => "no_eligible_worker",
            Self::NoTrustedWorker => "no_trusted_worker",
            Self::Declined => "worker_declined",
            Self::NotAccepted => "worker_did_not_accept",
            Self::WorkerLost => "worker_disconnected",
            Self::WorkerError => "worker_error",
            Self::BadReceipt => "bad_receipt",
            Self::TimedOut => "timed_out",
            Self::ByClient => "cancelled_by_client",
            Self::ByOperator => "cancelled_by_operator",
            Self::ByEvaluator => "cancelled_by_evaluator",
            Self::HandedBack => "worker_draining",
            Self::NotFunded => "not_funded",
        }
    }

    /// The reverse of [`Self::code`].
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// Whether the attempt counts. A worker that shuts down in order does not use one up.
    pub const fn uses_up_an_attempt(self) -> bool {
        !matches!(self, Self::HandedBack)
    }

    /// Whether it costs the worker reputation.
    pub const fn blames_worker(self) -> bool {
        matches!(
            self,
            Self::WorkerLost | Self::WorkerError | Self::BadReceipt | Self::TimedOut | Self::NotAccepted
        )
    }
}

/// Work that has arrived, and what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Who did it.
    pub by: Doer,
    /// Under which attempt.
    pub attempt: Attempt,
    /// Names what was delivered: of a worker the SHA-256 digest of the bytes that the coordinator received, of an agent what
    /// it says.
    pub output: ContentHash,
    /// The digest of the signed receipt, or of the request by which an agent delivered.
    pub receipt: Sha256,
    /// Who vouches for it.
    pub voucher: Voucher,
    /// What is billed; already bounded by what the coordinator relayed.
    pub usage: Usage,
    /// What it says of the worker.
    pub conduct: Conduct,
}

impl Delivery {
    /// The worker who did it, if it was one.
    pub const fn worker(&self) -> Option<WorkerId> {
        self.by.worker()
    }
}

/// What a delivery says of its worker, kept until it counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Conduct {
    /// Where its first text came among those of its model (see [`crate::reputation::placing`]); `None` if there was
    /// nothing to compare it with.
    pub placing: Option<BasisPoints>,
    /// Whether the worker had a stake that counts, which decides how its pay is divided.
    pub staked: bool,
    /// Whether it broke off by the worker's fault, which has counted when it did.
    pub blamed: bool,
}

/// Whose signature stands behind a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voucher {
    /// The worker's.
    Worker,
    /// Only the coordinator's, over its own running hash.
    Coordinator,
}

/// Counts of tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Read.
    pub input: u64,
    /// Written.
    pub output: u64,
}

/// What an event does to money; the key of [`crate::ledger::ENDINGS`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moves {
    /// Nothing.
    Nothing,
    /// The price goes into escrow.
    Hold,
    /// The charge is divided at once, the rest goes back.
    PayAtOnce,
    /// The charge waits until the dispute window closes, the rest goes back.
    Vest,
    /// All that is held goes back.
    GiveBack,
    /// What has vested is divided.
    PayVested,
    /// What has vested goes back.
    ReturnVested,
}

impl Event {
    /// What it does to money, given the job as it stood before.
    pub fn moves(&self, job: &Job) -> Moves {
        match self {
            Self::Created { .. }
            | Self::Assigned { .. }
            | Self::Accepted { .. }
            | Self::Returned { .. }
            | Self::Recovered { .. }
            | Self::Submitted { .. }
            | Self::Disputed { .. }
            | Self::Hire(_) => Moves::Nothing,
            Self::Funded { .. } => Moves::Hold,
            Self::Settled { vests_at: None, .. } => Moves::PayAtOnce,
            Self::Evaluated { vests_at: None, verdict, .. } if pays_worker(*verdict) => Moves::PayAtOnce,
            Self::Evaluated { vests_at: None, .. } => Moves::GiveBack,
            Self::Settled { vests_at: Some(_), .. } | Self::Evaluated { vests_at: Some(_), .. } => {
                Moves::Vest
            }
            Self::Vested { .. } if matches!(job.state, State::Rejected { .. }) => Moves::ReturnVested,
            Self::Vested { .. } => Moves::PayVested,
            Self::Ruled { ruling: Ruling::ForClient, .. } => Moves::ReturnVested,
            Self::Ruled { ruling: Ruling::ForWorker | Ruling::Divided { .. }, .. } => Moves::PayVested,
            Self::Closed { .. } if job.escrow.is_zero() => Moves::Nothing,
            Self::Closed { .. } => Moves::GiveBack,
        }
    }

    /// Whether somebody may have been told of it, so that it must outlive the process.
    ///
    /// Who has a job, and that he began, lives in memory and goes into the job's next durable change.
    pub const fn is_durable(&self) -> bool {
        !matches!(self, Self::Assigned { .. } | Self::Accepted { .. } | Self::Recovered { .. })
    }

    /// The delivery that the event brought.
    pub const fn delivery(&self) -> Option<&Delivery> {
        match self {
            Self::Submitted { delivery, .. } | Self::Settled { delivery, .. } => Some(delivery),
            _ => None,
        }
    }

    /// The name that stands in the journal and in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Funded { .. } => "funded",
            Self::Assigned { .. } => "assigned",
            Self::Accepted { .. } => "accepted",
            Self::Returned { .. } => "returned",
            Self::Recovered { .. } => "recovered",
            Self::Submitted { .. } => "submitted",
            Self::Settled { .. } => "settled",
            Self::Evaluated { verdict: Verdict::Complete, .. } => "completed",
            Self::Evaluated { verdict: Verdict::Reject, .. } => "rejected",
            Self::Vested { .. } => "vested",
            Self::Hire(taken) => taken.name(),
            Self::Disputed { .. } => "disputed",
            Self::Ruled { .. } => "ruled",
            Self::Closed { how: Closing::Failed, .. } => "failed",
            Self::Closed { how: Closing::Refunded, .. } => "refunded",
            Self::Closed { how: Closing::Expired, .. } => "expired",
            Self::Closed { how: Closing::Cancelled, .. } => "cancelled",
        }
    }
}
