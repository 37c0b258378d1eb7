//! The steps that only jobs have for which one agent hires another, and what comes of each.

use super::{Hire, Seat};
use crate::agent::capital::{TIME_TO_DELIVER, Valuation};
use crate::agent::court::Vote;
use crate::event::{Closing, Event, Fault};
use crate::hash::ContentHash;
use crate::id::AgentId;
use crate::job::{Job, State};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use std::sync::Arc;

/// What an agent wants to do. Whether its owner has said so is left to the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The client wants this agent to do the work, which has not offered to.
    Invite {
        /// Whom.
        agent: AgentId,
    },
    /// Client and provider have agreed.
    Engage {
        /// Who does the work.
        provider: Seat,
    },
    /// An evaluator takes the job.
    Appoint {
        /// Who judges it.
        evaluator: Seat,
    },
    /// The client says what it is about.
    Describe {
        /// A few words.
        title: Arc<str>,
        /// Some more.
        description: Arc<str>,
    },
    /// An enclave has said what the capital is worth, and somebody vouches for it.
    Value {
        /// What it has said.
        valuation: Valuation,
    },
    /// The client has the money back: the deadline has passed.
    Reclaim,
    /// An arbitrator binds itself to a vote.
    Commit {
        /// Who.
        agent: AgentId,
        /// The hash of vote and salt.
        commitment: ContentHash,
    },
    /// An arbitrator shows the vote.
    Reveal {
        /// Who.
        agent: AgentId,
        /// The vote.
        vote: Vote,
        /// What hid it.
        salt: ContentHash,
        /// The hash of both, made anew.
        commitment: ContentHash,
    },
}

/// What came of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The client waits for this agent's word.
    Invited {
        /// Whose.
        agent: AgentId,
    },
    /// The job has a provider.
    Engaged {
        /// Who.
        provider: Seat,
    },
    /// The job has an evaluator.
    Appointed {
        /// Who.
        evaluator: Seat,
    },
    /// It has other words.
    Described {
        /// A few.
        title: Arc<str>,
        /// Some more.
        description: Arc<str>,
    },
    /// The capital is worth something else.
    Valued {
        /// What.
        valuation: Valuation,
        /// Until when the provider is to deliver, if that is final.
        due: Option<Timestamp>,
    },
    /// An arbitrator is bound.
    Committed {
        /// Its seat, from 0.
        seat: usize,
        /// To this.
        commitment: ContentHash,
        /// When the dispute ends.
        by: Timestamp,
    },
    /// An arbitrator has voted.
    Revealed {
        /// Its seat, from 0.
        seat: usize,
        /// The vote.
        vote: Vote,
        /// What hid it.
        salt: ContentHash,
        /// When the dispute ends: at once if it was the last.
        by: Timestamp,
    },
}

impl Step {
    /// The name in tables and messages.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invite { .. } => "invite",
            Self::Engage { .. } => "engage",
            Self::Appoint { .. } => "appoint",
            Self::Describe { .. } => "describe",
            Self::Value { .. } => "value",
            Self::Reclaim => "reclaim",
            Self::Commit { .. } => "commit",
            Self::Reveal { .. } => "reveal",
        }
    }
}

impl Taken {
    /// The name in the journal and in the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invited { .. } => "invited",
            Self::Engaged { .. } => "engaged",
            Self::Appointed { .. } => "appointed",
            Self::Described { .. } => "described",
            Self::Valued { .. } => "valued",
            Self::Committed { .. } => "committed",
            Self::Revealed { .. } => "revealed",
        }
    }
}

/// Answers a step with what it causes.
pub(crate) fn decide(job: &Job, hire: &Hire, step: &Step, now: Timestamp) -> Result<Event, Refusal> {
    let not_now = || Refusal::NotNow { state: job.state.name(), command: step.name() };
    match (step, &job.state) {
        (
            Step::Invite { .. } | Step::Engage { .. } | Step::Appoint { .. } | Step::Describe { .. },
            State::Open { by } | State::Funded { by },
        ) if now >= *by => Err(Refusal::TooLate),

        (
            Step::Invite { .. } | Step::Engage { .. } | Step::Describe { .. },
            State::Open { .. } | State::Funded { .. },
        ) if hire.provider.is_some() => Err(Refusal::HasProvider),
        (
            Step::Invite { agent } | Step::Engage { provider: Seat { agent, .. } },
            State::Open { .. } | State::Funded { .. },
        ) if hire.role_of(*agent).is_some() || hire.order.judge == Some(*agent) => Err(Refusal::IsParty),
        (Step::Invite { agent }, State::Open { .. } | State::Funded { .. }) => {
            Ok(Event::Hire(Taken::Invited { agent: *agent }))
        }
        (Step::Engage { .. }, State::Open { .. } | State::Funded { .. }) if !hire.leaves_time(job, now) => {
            Err(Refusal::TooLate)
        }
        (Step::Engage { provider }, State::Open { .. } | State::Funded { .. }) => {
            Ok(Event::Hire(Taken::Engaged { provider: *provider }))
        }
        (Step::Describe { title, description }, State::Open { .. } | State::Funded { .. }) => {
            Ok(Event::Hire(Taken::Described { title: title.clone(), description: description.clone() }))
        }

        (Step::Appoint { .. }, State::Submitted { by, .. }) if now >= *by => Err(Refusal::TooLate),
        (
            Step::Appoint { evaluator },
            State::Open { .. } | State::Funded { .. } | State::Submitted { .. },
        ) => {
            if hire.evaluator.is_some() {
                return Err(Refusal::HasEvaluator);
            }
            if hire.role_of(evaluator.agent).is_some() {
                return Err(Refusal::IsParty);
            }
            if hire.order.judge.is_some_and(|judge| judge != evaluator.agent) {
                return Err(Refusal::OtherEvaluator);
            }
            Ok(Event::Hire(Taken::Appointed { evaluator: *evaluator }))
        }

        (Step::Value { .. }, _) if hire.order.capital.is_none() => Err(Refusal::NoCapital),
        (Step::Value { .. }, State::Funded { by }) if now >= *by => Err(Refusal::TooLate),
        (Step::Value { valuation }, State::Funded { .. }) if hire.provider.is_some() => {
            valuation.follows(hire.valuation.as_ref())?;
            let due = valuation.closed.map(|_| hire.order.deadline.max(now + TIME_TO_DELIVER));
            Ok(Event::Hire(Taken::Valued { valuation: *valuation, due }))
        }

        (Step::Reclaim, State::Funded { .. } | State::Open { .. }) if now < hire.due() => {
            Err(Refusal::NotYetDue)
        }
        (Step::Reclaim, State::Open { .. }) => {
            Ok(Event::Closed { how: Closing::Expired, reason: Fault::NotFunded })
        }
        (Step::Reclaim, State::Funded { by }) => {
            // Within the grace the provider is late and not missing, and the client need not wait for it.
            let reason = match hire.provider {
                None => Fault::NoWorker,
                Some(_) if now < *by => Fault::ByClient,
                Some(_) => Fault::TimedOut,
            };
            Ok(Event::Closed { how: Closing::Expired, reason })
        }

        (Step::Commit { agent, commitment }, State::Disputed { by, .. }) => {
            let dispute = hire.dispute.as_ref().ok_or_else(not_now)?;
            let (seat, juror) = dispute.juror(*agent).ok_or(Refusal::NotSeated)?;
            match juror.commitment {
                Some(before) if before == *commitment => return Err(Refusal::AlreadyVoted),
                _ if dispute.reveals(now) => return Err(Refusal::TooLate),
                Some(_) => return Err(Refusal::AlreadyVoted),
                None => {}
            }
            if dispute.jurors.iter().flatten().any(|juror| juror.commitment == Some(*commitment)) {
                return Err(Refusal::CommitmentTaken);
            }
            // When everybody has committed, the time to reveal begins at once.
            let others = dispute.jurors.iter().enumerate().filter(|(number, _)| *number != seat);
            let last = others.filter_map(|(_, juror)| juror.as_ref()).all(|juror| juror.commitment.is_some());
            let by = if last { Timestamp(by.0 - dispute.commit_until.since(now).0) } else { *by };
            Ok(Event::Hire(Taken::Committed { seat, commitment: *commitment, by }))
        }

        (Step::Reveal { .. }, State::Disputed { by, .. }) if now >= *by => Err(Refusal::TooLate),
        (Step::Reveal { agent, vote, salt, commitment }, State::Disputed { by, .. }) => {
            let dispute = hire.dispute.as_ref().ok_or_else(not_now)?;
            let (seat, juror) = dispute.juror(*agent).ok_or(Refusal::NotSeated)?;
            if juror.revealed.is_some() {
                return Err(Refusal::AlreadyVoted);
            }
            if !dispute.reveals(now) {
                return Err(Refusal::NotYetDue);
            }
            if juror.commitment != Some(*commitment) {
                return Err(Refusal::NotCommitted);
            }
            let by = if dispute.is_complete_with(seat) { now } else { *by };
            Ok(Event::Hire(Taken::Revealed { seat, vote: *vote, salt: *salt, by }))
        }

        (
            Step::Invite { .. }
            | Step::Engage { .. }
            | Step::Appoint { .. }
            | Step::Describe { .. }
            | Step::Value { .. }
            | Step::Reclaim
            | Step::Commit { .. }
            | Step::Reveal { .. },
            _,
        ) => Err(not_now()),
    }
}
