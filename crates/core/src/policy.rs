//! The terms of a job, fixed when it is created. All that differs between dialects is a value here.

use crate::ledger::NetworkId;
use crate::money::Split;
use crate::time::Millis;

/// Deadlines, defaults and shares of one job.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// Where the money comes from, and where it goes back to.
    pub source: Source,
    /// How the charge is divided when the work is paid.
    pub split: Split,
    /// How long the job may stay unfunded.
    pub fund_within: Millis,
    /// How long a funded job may wait for a worker, each time it waits.
    pub match_within: Millis,
    /// How long one attempt may run.
    pub run_within: Millis,
    /// What is promised to the client: after this, counted from the funding, no attempt goes on.
    pub finish_within: Millis,
    /// How many workers may try.
    pub attempts: u32,
    /// What a job becomes when nobody finished it in time.
    pub lapse: Lapse,
    /// Set where somebody judges the work before it is paid, and how long he may take.
    pub evaluation: Option<Evaluation>,
    /// How long the parties may dispute; zero pays at once.
    pub dispute_window: Millis,
    /// How long arbitration may take, and what holds when it ends without a ruling.
    pub arbitration: Arbitration,
}

/// Where the money of a job comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The client's own account.
    Client,
    /// Minted by a test network for this hold alone; what is left of it goes back there.
    Minted(NetworkId),
}

/// The final state of a job that ran out of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lapse {
    /// [`crate::job::State::Failed`].
    Failed,
    /// [`crate::job::State::Refunded`].
    Refunded,
    /// [`crate::job::State::Expired`].
    Expired,
}

/// Judgement before payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Evaluation {
    /// How long the evaluator may take.
    pub within: Millis,
    /// What his silence means. A silent evaluator never robs the provider.
    pub silence: Verdict,
}

/// What an evaluator says of delivered work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// The worker is to be paid.
    Complete,
    /// The client is to have the money back.
    Reject,
}

/// How a dispute ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arbitration {
    /// How long it may take.
    pub within: Millis,
    /// What holds when nobody ruled.
    pub default: Ruling,
}

/// The end of a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ruling {
    /// The worker is paid as if nobody had disputed.
    ForWorker,
    /// The client has all of it back.
    ForClient,
    /// The client has this share back, and the rest is paid as usual.
    Divided {
        /// The client's share; rounded down, so that the worker gains by rounding.
        client: crate::money::BasisPoints,
    },
}
