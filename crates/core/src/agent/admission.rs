//! Who may offer, evaluate and arbitrate, and why somebody may not: the first reason that applies.
//!
//! Whether the caller owns the agent it speaks for is left to its dialect.

use super::COIN;
use super::identity::Wallet;
use super::lock::Locks;
use super::role::Strategy;
use super::score::Score;
use crate::id::AgentId;
use crate::job::State;
use crate::refusal::Refusal;

/// What an arbitrator's bond must be, in minor units.
const BOND: u128 = 100 * COIN;
/// In how many jobs an arbitrator must have taken part.
const JOBS: u64 = 50;

/// An agent that takes part in a job, or wants to, with the one it belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Party {
    /// The agent.
    pub agent: AgentId,
    /// Its owner. One owner may have many agents.
    pub owner: Wallet,
}

impl Party {
    fn is_among(&self, parties: &[Party]) -> bool {
        parties.iter().any(|party| party.agent == self.agent)
    }

    fn shares_owner_with(&self, parties: &[Party]) -> bool {
        parties.iter().any(|party| party.owner == self.owner)
    }
}

/// Why an agent may not offer to do a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum NoOffer {
    /// It is neither open nor funded.
    #[error("the job takes no offers in this state")]
    NotOpen,
    /// The client has chosen.
    #[error("the job has a provider")]
    HasProvider,
    /// It is the job's client or its evaluator.
    #[error("the agent is a party of the job")]
    IsParty,
    /// It belongs to one of them.
    #[error("the agent has the owner of a party of the job")]
    OwnerIsParty,
    /// Below [`Score::TO_OFFER`].
    #[error("the agent's score is too low")]
    ScoreTooLow,
    /// Less than [`Locks::least_pool`].
    #[error("the agent's stake is too small")]
    PoolTooSmall,
}

impl From<NoOffer> for Refusal {
    fn from(reason: NoOffer) -> Self {
        match reason {
            NoOffer::NotOpen => Self::TakesNoOffers,
            NoOffer::HasProvider => Self::HasProvider,
            NoOffer::IsParty => Self::IsParty,
            NoOffer::OwnerIsParty => Self::OwnerIsParty,
            NoOffer::ScoreTooLow => Self::ScoreTooLow,
            NoOffer::PoolTooSmall => Self::StakeTooSmall,
        }
    }
}

/// What is known of an agent that wants to offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offering {
    /// Who it is.
    pub party: Party,
    /// Its score.
    pub score: Score,
    /// Whether the client has asked it to.
    pub invited: bool,
    /// What is free in its pool, in minor units.
    pub free: u128,
}

impl Offering {
    /// Whether it may offer for a job in this state, between these parties.
    ///
    /// The score of one whom the client has invited does not matter: see [`Offering::invited`].
    pub fn check(
        &self,
        state: &State,
        has_provider: bool,
        parties: &[Party],
        locks: &Locks,
    ) -> Result<(), NoOffer> {
        first([
            (!matches!(state, State::Open { .. } | State::Funded { .. }), NoOffer::NotOpen),
            (has_provider, NoOffer::HasProvider),
            (self.party.is_among(parties), NoOffer::IsParty),
            (self.party.shares_owner_with(parties), NoOffer::OwnerIsParty),
            (self.score < Score::TO_OFFER && !self.invited, NoOffer::ScoreTooLow),
            (self.free < locks.least_pool, NoOffer::PoolTooSmall),
        ])
    }
}

/// Why an agent may not evaluate a job.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum NoEvaluation {
    /// It evaluates nothing.
    #[error("the agent has not registered a strategy")]
    NoStrategy,
    /// It evaluates otherwise than the client wants.
    #[error("the agent has registered another strategy")]
    OtherStrategy,
    /// It is the job's client or its provider.
    #[error("the agent is a party of the job")]
    IsParty,
    /// It belongs to one of them.
    #[error("the agent has the owner of a party of the job")]
    OwnerIsParty,
}

impl From<NoEvaluation> for Refusal {
    fn from(reason: NoEvaluation) -> Self {
        match reason {
            NoEvaluation::NoStrategy => Self::NoStrategy,
            NoEvaluation::OtherStrategy => Self::OtherStrategy,
            NoEvaluation::IsParty => Self::IsParty,
            NoEvaluation::OwnerIsParty => Self::OwnerIsParty,
        }
    }
}

/// What is known of an agent that is to evaluate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Evaluating {
    /// Who it is.
    pub party: Party,
    /// What it has registered.
    pub strategy: Option<Strategy>,
}

impl Evaluating {
    /// Whether it may evaluate a job of this strategy, between this client and this provider, if there is one.
    ///
    /// To be asked again when the provider comes later than the evaluator.
    pub fn check(&self, wanted: Strategy, parties: &[Party]) -> Result<(), NoEvaluation> {
        first([
            (self.strategy.is_none(), NoEvaluation::NoStrategy),
            (self.strategy != Some(wanted), NoEvaluation::OtherStrategy),
            (self.party.is_among(parties), NoEvaluation::IsParty),
            (self.party.shares_owner_with(parties), NoEvaluation::OwnerIsParty),
        ])
    }
}

/// Why an agent may not have a seat in a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum NoSeat {
    /// It is not marked as an arbitrator.
    #[error("the agent is not an arbitrator")]
    NotEligible,
    /// Less than 100 coins.
    #[error("the agent's bond is too small")]
    BondTooSmall,
    /// Less than [`Locks::arbitrator`].
    #[error("the agent's bond is bound elsewhere")]
    BondNotFree,
    /// Below [`Score::TO_ARBITRATE`].
    #[error("the agent's score is too low")]
    ScoreTooLow,
    /// Fewer than 50.
    #[error("the agent has too few jobs")]
    TooFewJobs,
    /// It is the job's client, its provider or its evaluator.
    #[error("the agent is a party of the job")]
    IsParty,
    /// It belongs to one of them.
    #[error("the agent has the owner of a party of the job")]
    OwnerIsParty,
    /// It sits there already, or another agent of its owner does.
    #[error("the agent's owner has a seat")]
    OwnerIsSeated,
}

/// What is known of an agent that is to have a seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arbitrating {
    /// Who it is.
    pub party: Party,
    /// Whether it is marked as an arbitrator.
    pub eligible: bool,
    /// Its bond, in minor units.
    pub bond: u128,
    /// What is free of it, in minor units.
    pub free: u128,
    /// Its score.
    pub score: Score,
    /// In how many jobs it has taken part.
    pub jobs: u64,
}

impl Arbitrating {
    /// Whether it may sit in a dispute between these parties, beside those seated already.
    pub fn check(&self, parties: &[Party], seated: &[Party], locks: &Locks) -> Result<(), NoSeat> {
        first([
            (!self.eligible, NoSeat::NotEligible),
            (self.bond < BOND, NoSeat::BondTooSmall),
            (self.free < locks.arbitrator, NoSeat::BondNotFree),
            (self.score < Score::TO_ARBITRATE, NoSeat::ScoreTooLow),
            (self.jobs < JOBS, NoSeat::TooFewJobs),
            (self.party.is_among(parties), NoSeat::IsParty),
            (self.party.shares_owner_with(parties), NoSeat::OwnerIsParty),
            (self.party.is_among(seated) || self.party.shares_owner_with(seated), NoSeat::OwnerIsSeated),
        ])
    }
}

/// The first reason that applies.
fn first<R, const N: usize>(reasons: [(bool, R); N]) -> Result<(), R> {
    reasons.into_iter().find(|(applies, _)| *applies).map_or(Ok(()), |(_, reason)| Err(reason))
}
