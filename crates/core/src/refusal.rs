//! Why the domain says no.

/// Why the domain said no. Nothing has changed when a refusal is returned.
///
/// The codes are published in `docs/errors.md`; they are never renamed and never reused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The command does not fit the state.
    #[error("a job that is {state} cannot be asked to {command}")]
    NotNow {
        /// The state's name.
        state: &'static str,
        /// The command's name.
        command: &'static str,
    },
    /// There is no such job, or it is not the caller's.
    #[error("there is no such job")]
    NoSuchJob,
    /// Somebody else created the same id.
    #[error("this id is taken")]
    IdTaken,
    /// The deadline lies ahead.
    #[error("the deadline has not come yet")]
    NotYetDue,
    /// The deadline has passed.
    #[error("the deadline has passed")]
    TooLate,
    /// The answer belongs to an attempt that is over.
    #[error("the job was given to somebody else meanwhile")]
    StaleAttempt,
    /// The worker had the job before and gave it up.
    #[error("this worker has tried the job before")]
    AlreadyTried,
    /// The work costs more than was held for it.
    #[error("the charge exceeds the hold")]
    ChargeExceedsHold,
    /// The asset of the charge is not that of the hold.
    #[error("the charge is in another asset than the hold")]
    OtherAsset,
    /// A broken stream of which nothing reached the client is no delivery.
    #[error("nothing has reached the client, so nothing was delivered")]
    NothingDelivered,
    /// The window for disputes has closed.
    #[error("the dispute window has closed")]
    DisputeWindowClosed,
    /// There is or was a dispute about this job.
    #[error("the outcome of this job was disputed before")]
    AlreadyDisputed,
    /// The outcome of this job cannot be disputed.
    #[error("the outcome of this job cannot be disputed")]
    NotDisputable,
    /// The account does not hold enough.
    #[error("the account does not hold enough")]
    InsufficientFunds,
    /// The key may not spend so much.
    #[error("this would exceed the spending limit of the API key")]
    SpendingLimit,
    /// The key is out of use, or was never its client's.
    #[error("the API key is revoked")]
    KeyRevoked,
    /// The account has as many hooks as it may have.
    #[error("the account has as many hooks as it may have")]
    TooManyHooks,
    /// The way of paying is not open to this caller.
    #[error("a payment is required")]
    PaymentRequired,
    /// The key was used for another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The receipt names another job.
    #[error("the receipt is for another job")]
    ReceiptForOtherJob,
    /// The receipt names another worker.
    #[error("the receipt is by another worker")]
    ReceiptByOtherWorker,
    /// The receipt does not match what arrived.
    #[error("the receipt's output hash is not that of the output received")]
    ReceiptForOtherOutput,
    /// The signature is not the worker's.
    #[error("the receipt's signature does not verify")]
    ReceiptNotSigned,
    /// There is no receipt.
    #[error("the work came without a receipt")]
    ReceiptMissing,
    /// A proven key came without a proof.
    #[error("this worker must prove its key")]
    ProofRequired,
    /// The proof does not verify.
    #[error("the proof of the worker's key does not verify")]
    ProofInvalid,
    /// The key is connected already.
    #[error("this key is connected already")]
    AlreadyConnected,
    /// The worker is barred by the operator.
    #[error("this worker is suspended")]
    WorkerSuspended,
    /// Nobody with this address is enrolled.
    #[error("nobody is enrolled with this address")]
    NotEnrolled,
    /// The worker is enrolled with another address, for ever.
    #[error("this worker is enrolled with another address")]
    WorkerTaken,
    /// Another worker is enrolled with this address and is online.
    #[error("another worker is enrolled with this address, and is online")]
    EnrolmentInUse,
    /// A challenge has refuted him lately.
    #[error("a challenge was failed lately; the way back opens an hour after it")]
    Refuted,
    /// He has gone by his own word, and only he brings himself back.
    #[error("who has gone by his own word comes back by his own registration")]
    HasLeft,
    /// Nobody fits who could do it now.
    #[error("nobody who is online fits")]
    NobodyFits,
    /// The worker is not online.
    #[error("the worker is not online")]
    NotOnline,
    /// A challenge of the same worker has not ended.
    #[error("a challenge of this worker has not ended")]
    ChallengeOpen,
    /// The challenge has ended.
    #[error("the challenge has ended")]
    ChallengeOver,
    /// An answer is awaited.
    #[error("the answer to the last question is awaited")]
    ChallengeWaits,
    /// No trusted worker has answered enough questions for a model of the worker.
    #[error("no trusted worker has answered enough questions for a model of this worker")]
    NoReference,
    /// Whoever is trusted is not challenged.
    #[error("the answers of this worker are those with which others are compared")]
    IsTrusted,
    /// A job may still cost the worker its stake.
    #[error("a job of this worker may still cost it its stake")]
    StakeInUse,
    /// There is no such agent.
    #[error("there is no such agent")]
    NoSuchAgent,
    /// The wallet does not own the agent.
    #[error("the wallet does not own the agent")]
    NotTheOwner,
    /// The owner has signed another profile since.
    #[error("the owner has signed something newer since")]
    Overtaken,
    /// The agent judges by something else, for ever.
    #[error("what an agent judges by cannot be changed")]
    StrategyFixed,
    /// The deadline is not ahead, or too far.
    #[error("the deadline must lie ahead, by at most 366 days")]
    BadDeadline,
    /// The order names nothing by which its strategy judges.
    #[error("the order lacks what its strategy judges by")]
    OrderIncomplete,
    /// What is paid in is not the price that was agreed on.
    #[error("this is not the job's budget")]
    OtherBudget,
    /// Nobody may offer any more.
    #[error("the job takes no offers in this state")]
    TakesNoOffers,
    /// It has not offered, or not any more.
    #[error("there is no such offer")]
    NoSuchOffer,
    /// Its score is below what an offer needs.
    #[error("the agent's score is too low")]
    ScoreTooLow,
    /// Its stake does not cover what has to be free or is to be locked.
    #[error("the agent's free stake is too small")]
    StakeTooSmall,
    /// An agent of the same owner has a role in the job.
    #[error("the agent has the owner of a party of the job")]
    OwnerIsParty,
    /// The agent evaluates nothing.
    #[error("the agent has not registered a strategy")]
    NoStrategy,
    /// The agent evaluates by another strategy.
    #[error("the agent has registered another strategy")]
    OtherStrategy,
    /// What was sent is not what was named.
    #[error("the content does not have the hash that was named")]
    OtherContent,
    /// The client has chosen already.
    #[error("the job has a provider")]
    HasProvider,
    /// Somebody judges it already.
    #[error("the job has an evaluator")]
    HasEvaluator,
    /// The client wants another evaluator.
    #[error("the client has named another evaluator")]
    OtherEvaluator,
    /// The agent has a role in the job.
    #[error("the agent is a party of the job")]
    IsParty,
    /// The verdict went for the agent that disputes it.
    #[error("only the side that a verdict went against may dispute it")]
    NotTheLoser,
    /// The wallet does not hold the deposit that opens a dispute.
    #[error("the wallet does not hold the deposit for the dispute")]
    DepositMissing,
    /// The agent has no seat in this dispute.
    #[error("the agent has no seat in this dispute")]
    NotSeated,
    /// The agent has committed to a vote, or revealed it.
    #[error("the agent has voted")]
    AlreadyVoted,
    /// The vote is not the one that the agent has committed to.
    #[error("this is not the vote that the agent has committed to")]
    NotCommitted,
    /// The commitment is a copy of another arbitrator's.
    #[error("another arbitrator has committed to this")]
    CommitmentTaken,
    /// The level is none that the job's strategy reaches.
    #[error("the job's strategy cannot reach this level")]
    OtherLevel,
    /// Accepted work has no fault.
    #[error("a fault can be found in refused work only")]
    NoFault,
    /// The job is of another strategy.
    #[error("no capital is entrusted in this job")]
    NoCapital,
    /// An attested snapshot has closed the capital, and no other counts after it.
    #[error("the capital is traded no more, and its worth is final")]
    CapitalClosed,
    /// No attested snapshot has closed the capital, so that there is nothing to deliver yet.
    #[error("no attested snapshot says yet that the capital is traded no more")]
    CapitalOpen,
    /// The market believes no enclave, so that entrusted capital could not be settled.
    #[error("this market believes no enclave, so that entrusted capital could not be settled")]
    NobodyAttests,
    /// It names another job.
    #[error("the report is of another job")]
    ReportOfOther,
    /// An attested snapshot of running capital comes less than a minute after the last.
    #[error("attested snapshots lie at least a minute apart, unless the capital is closed")]
    TooSoon,
    /// A hundred that settle nothing are kept of the job already.
    #[error("no more snapshots of this job are kept that settle nothing")]
    TooManySnapshots,
    /// It settles nothing, and would fill the disk.
    #[error("of what settles nothing, report and attestation are kept up to 40 KiB")]
    SnapshotTooLong,
    /// A stranger brings what nobody vouches for, or what is not new.
    #[error("only those who take part in the job may bring what nobody vouches for, or what is not new")]
    NotTakingPart,
    /// A later snapshot is known.
    #[error("the snapshot is not newer than the last attested one")]
    NotNewer,
    /// The deliverable is not that of the report which has closed the capital.
    #[error("the deliverable is not that of the report that closed the capital")]
    OtherDeliverable,
    /// The last attested snapshot leaves the other verdict.
    #[error("the last attested snapshot leaves only the other verdict")]
    AgainstValuation,
    /// Somebody is at work.
    #[error("the job has a provider, who may rely on it")]
    ProviderAtWork,
    /// Another agent has the name.
    #[error("another agent has this name")]
    NameTaken,
    /// No such code, or no more.
    #[error("the pairing code is not valid")]
    PairingUnknown,
    /// The code was used.
    #[error("the pairing code has been claimed")]
    PairingClaimed,
    /// The code is too old.
    #[error("the pairing code has expired")]
    PairingExpired,
    /// Too many wrong guesses.
    #[error("too many wrong pairing codes, try again later")]
    PairingLocked,
    /// The coordinator takes no new work.
    #[error("the coordinator is shutting down and takes no new jobs")]
    Draining,
}

impl Refusal {
    /// The code that callers may match on, listed in `docs/errors.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotNow { .. } => "job.not_now",
            Self::NoSuchJob => "job.not_found",
            Self::IdTaken => "job.id_taken",
            Self::NotYetDue => "job.not_yet_due",
            Self::TooLate => "job.too_late",
            Self::StaleAttempt => "job.stale_attempt",
            Self::AlreadyTried => "job.already_tried",
            Self::ChargeExceedsHold => "money.charge_exceeds_hold",
            Self::OtherAsset => "money.other_asset",
            Self::NothingDelivered => "job.nothing_delivered",
            Self::DisputeWindowClosed => "dispute.window_closed",
            Self::AlreadyDisputed => "dispute.already_opened",
            Self::NotDisputable => "dispute.not_disputable",
            Self::InsufficientFunds => "money.insufficient_funds",
            Self::SpendingLimit => "key.spending_limit_exceeded",
            Self::KeyRevoked => "key.revoked",
            Self::TooManyHooks => "hook.too_many",
            Self::PaymentRequired => "money.payment_required",
            Self::KeyReused => "idempotency.key_reused",
            Self::ReceiptForOtherJob => "receipt.other_job",
            Self::ReceiptByOtherWorker => "receipt.other_worker",
            Self::ReceiptForOtherOutput => "receipt.other_output",
            Self::ReceiptNotSigned => "receipt.bad_signature",
            Self::ReceiptMissing => "receipt.missing",
            Self::ProofRequired => "worker.proof_required",
            Self::ProofInvalid => "worker.proof_invalid",
            Self::AlreadyConnected => "worker.already_connected",
            Self::WorkerSuspended => "worker.suspended",
            Self::NotEnrolled => "enrolment.not_found",
            Self::WorkerTaken => "enrolment.worker_taken",
            Self::EnrolmentInUse => "enrolment.in_use",
            Self::Refuted => "enrolment.refuted",
            Self::HasLeft => "enrolment.left",
            Self::NobodyFits => "enrolment.nobody_fits",
            Self::NotOnline => "worker.not_online",
            Self::ChallengeOpen => "challenge.open",
            Self::ChallengeOver => "challenge.over",
            Self::ChallengeWaits => "challenge.waits",
            Self::NoReference => "challenge.no_reference",
            Self::IsTrusted => "challenge.is_trusted",
            Self::StakeInUse => "worker.stake_in_use",
            Self::Overtaken => "agent.overtaken",
            Self::StrategyFixed => "agent.strategy_fixed",
            Self::NameTaken => "agent.name_taken",
            Self::BadDeadline => "hire.bad_deadline",
            Self::OrderIncomplete => "hire.order_incomplete",
            Self::OtherBudget => "hire.other_budget",
            Self::TakesNoOffers => "offer.not_taken",
            Self::NoSuchOffer => "offer.not_found",
            Self::ScoreTooLow => "offer.score_too_low",
            Self::StakeTooSmall => "agent.stake_too_small",
            Self::OwnerIsParty => "hire.owner_is_party",
            Self::NoStrategy => "evaluator.no_strategy",
            Self::OtherStrategy => "evaluator.other_strategy",
            Self::OtherContent => "hire.other_content",
            Self::HasProvider => "hire.has_provider",
            Self::HasEvaluator => "hire.has_evaluator",
            Self::OtherEvaluator => "hire.other_evaluator",
            Self::IsParty => "hire.is_party",
            Self::NotTheLoser => "dispute.not_the_loser",
            Self::DepositMissing => "dispute.deposit_missing",
            Self::NotSeated => "dispute.not_seated",
            Self::AlreadyVoted => "dispute.already_voted",
            Self::NotCommitted => "dispute.not_committed",
            Self::CommitmentTaken => "dispute.commitment_taken",
            Self::OtherLevel => "hire.other_level",
            Self::NoFault => "hire.no_fault",
            Self::NoCapital => "capital.none",
            Self::CapitalClosed => "capital.closed",
            Self::CapitalOpen => "capital.open",
            Self::NobodyAttests => "capital.nobody_attests",
            Self::ReportOfOther => "snapshot.other_job",
            Self::TooSoon => "snapshot.too_soon",
            Self::TooManySnapshots => "snapshot.too_many",
            Self::SnapshotTooLong => "snapshot.too_long",
            Self::NotTakingPart => "snapshot.not_taking_part",
            Self::NotNewer => "snapshot.not_newer",
            Self::OtherDeliverable => "capital.other_deliverable",
            Self::AgainstValuation => "capital.against_valuation",
            Self::ProviderAtWork => "hire.provider_at_work",
            Self::NoSuchAgent => "agent.not_found",
            Self::NotTheOwner => "agent.not_the_owner",
            Self::PairingUnknown => "pairing.unknown",
            Self::PairingClaimed => "pairing.claimed",
            Self::PairingExpired => "pairing.expired",
            Self::PairingLocked => "pairing.locked",
            Self::Draining => "coordinator.draining",
        }
    }
}
