//! Orders: what somebody wants to happen to a job.

use crate::agent::hire::Judgement;
use crate::agent::hire::dispute::Filing;
use crate::agent::hire::step::Step;
use crate::event::{Delivery, Fault};
use crate::hash::Sha256;
use crate::id::{Attempt, WorkerId};
use crate::money::Amount;
use crate::policy::{Judge, Ruling, Verdict};
use crate::time::Millis;
use std::sync::Arc;

/// What is wanted of a job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Let a new job stand open, without money.
    Create,
    /// Hold the price.
    Fund,
    /// Give it to a worker.
    Assign {
        /// Whom.
        worker: WorkerId,
        /// The coordinator's life, for the attempt's number.
        epoch: u32,
        /// How long he may take to accept; `None` if being told is accepting.
        accept_within: Option<Millis>,
    },
    /// The worker has begun.
    Accept {
        /// Under which attempt.
        attempt: Attempt,
    },
    /// The worker does not have it any more.
    Return {
        /// Under which attempt.
        attempt: Attempt,
        /// Why.
        reason: Fault,
    },
    /// The work is here, and its receipt proves it.
    Submit {
        /// What arrived.
        delivery: Delivery,
        /// How much of it.
        charge: Charge,
    },
    /// The first of an answer that is given as it comes has arrived.
    Stream {
        /// Under which attempt.
        attempt: Attempt,
    },
    /// The answer broke off after the client had some of it.
    BreakOff {
        /// What he has.
        delivery: Delivery,
        /// How much of the price that is.
        charge: Charge,
        /// Why there is no more of it.
        reason: Fault,
    },
    /// The client or the operator withdraws it.
    Cancel {
        /// Who.
        by: Canceller,
    },
    /// No worker can ever fit, so waiting is of no use.
    GiveUp {
        /// Why.
        reason: Fault,
    },
    /// The evaluator judges.
    Evaluate {
        /// What he says.
        verdict: Verdict,
        /// What he says besides, where agents work for each other.
        judgement: Option<Judgement>,
    },
    /// A party disputes the outcome.
    Dispute {
        /// The digest of what the client says that he received, where that is what he disputes.
        claim: Option<Sha256>,
        /// Who opens it and who is to sit in it, where arbitrators do.
        filing: Option<Arc<Filing>>,
    },
    /// The dispute is decided.
    Rule {
        /// How.
        ruling: Ruling,
        /// By whom.
        by: Judge,
        /// What the worker has at stake, in minor units of the job's asset.
        stake: u128,
    },
    /// The deadline of the present state has come.
    Lapse {
        /// What the treasury holds of the job's asset, of which it pays for early work.
        treasury: u128,
    },
    /// A step that only jobs have for which one agent hires another.
    Hire(Step),
    /// The coordinator has started again.
    Recover {
        /// How long the former holder has to come back.
        grace: Millis,
    },
}

/// Who may withdraw a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Canceller {
    /// Whoever pays.
    Client,
    /// Whoever runs the market.
    Operator,
    /// Who was to judge it.
    Evaluator,
}

impl From<Canceller> for Fault {
    fn from(canceller: Canceller) -> Self {
        match canceller {
            Canceller::Client => Self::ByClient,
            Canceller::Operator => Self::ByOperator,
            Canceller::Evaluator => Self::ByEvaluator,
        }
    }
}

/// How much of the price delivered work costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Charge {
    /// All of it.
    Whole,
    /// What was metered.
    Exactly(Amount),
    /// `floor(price * delivered / covered)`, for a stream that broke after something had arrived.
    Portion {
        /// Tokens that reached the client.
        delivered: u64,
        /// Tokens that the price covers.
        covered: u64,
    },
}

impl Command {
    /// The name in tables and messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Fund => "fund",
            Self::Assign { .. } => "assign",
            Self::Accept { .. } => "accept",
            Self::Return { .. } => "return",
            Self::Submit { .. } => "submit",
            Self::Stream { .. } => "stream",
            Self::BreakOff { .. } => "break-off",
            Self::Cancel { .. } => "cancel",
            Self::GiveUp { .. } => "give-up",
            Self::Evaluate { .. } => "evaluate",
            Self::Dispute { .. } => "dispute",
            Self::Rule { .. } => "rule",
            Self::Lapse { .. } => "lapse",
            Self::Hire(step) => step.name(),
            Self::Recover { .. } => "recover",
        }
    }
}
