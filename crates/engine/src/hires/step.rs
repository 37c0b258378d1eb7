//! One step of such a job: who may take it, what has to be known for it, and the command that it becomes.

use super::signed;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_core::agent::admission::{Evaluating, Offering};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::step::Step;
use docket_core::agent::hire::{Hire, Judgement, Seat};
use docket_core::agent::identity::Word;
use docket_core::agent::offer::OfferStatus;
use docket_core::agent::role::Role;
use docket_core::change::{Change, Claim, RecordChange};
use docket_core::command::{Canceller, Charge, Command};
use docket_core::decide::decide;
use docket_core::event::{Conduct, Delivery, Usage, Voucher};
use docket_core::hash::ContentHash;
use docket_core::id::{AgentId, Attempt, Doer, PublicId};
use docket_core::job::Job;
use docket_core::policy::Verdict;
use docket_core::refusal::Refusal;
use docket_protocol::wallet::keccak256;
use docket_store::{CommitError, Documents, ResultDocument};
use std::sync::Arc;

/// What somebody wants to happen to such a job.
#[derive(Clone, Debug)]
pub enum Wish {
    /// The client pays in the budget, in minor units; what was agreed on, where he names nothing.
    Fund {
        /// How much he thinks that it is.
        budget: Option<u128>,
    },
    /// The client chooses who does the work: at once, if it has offered to, else it is asked.
    Engage {
        /// Whom.
        provider: AgentId,
    },
    /// An evaluator takes the job.
    Appoint {
        /// Which of the signer's agents.
        evaluator: AgentId,
    },
    /// The client says what it is about.
    Describe {
        /// A few words.
        title: Arc<str>,
        /// Some more.
        description: Arc<str>,
    },
    /// The provider delivers.
    Submit {
        /// Names what it delivers: its Keccak-256 digest.
        deliverable: ContentHash,
        /// The thing itself, where it is to be kept here.
        content: Option<Arc<[u8]>>,
    },
    /// The evaluator judges.
    Judge {
        /// What it says.
        verdict: Verdict,
        /// And besides.
        judgement: Judgement,
    },
    /// The evaluator wants no part in it any more, before anything is delivered.
    StepBack,
    /// The client withdraws it.
    Cancel,
    /// The money goes back: the deadline has passed.
    Reclaim,
    /// The client or the provider disputes the verdict.
    Dispute,
    /// An arbitrator binds itself to a vote.
    Commit {
        /// The Keccak-256 digest of the vote's number and the salt.
        commitment: ContentHash,
    },
    /// An arbitrator shows its vote.
    Reveal {
        /// The vote.
        vote: Vote,
        /// What hid it.
        salt: ContentHash,
    },
}

impl Wish {
    /// What the claim names, so that nothing that was signed for one wish counts for another.
    const fn name(&self) -> &'static str {
        match self {
            Self::Fund { .. } => "fund",
            Self::Engage { .. } => "engage",
            Self::Appoint { .. } => "appoint",
            Self::Describe { .. } => "describe",
            Self::Submit { .. } => "submit",
            Self::Judge { .. } => "judge",
            Self::StepBack => "step-back",
            Self::Cancel => "cancel",
            Self::Reclaim => "reclaim",
            Self::Dispute => "dispute",
            Self::Commit { .. } => "commit",
            Self::Reveal { .. } => "reveal",
        }
    }
}

/// What a wish becomes for a job as it stands.
pub(super) struct Plan {
    pub(super) command: Command,
    /// What changes with it.
    pub(super) records: Vec<RecordChange>,
    pub(super) documents: Documents,
}

impl From<Command> for Plan {
    fn from(command: Command) -> Self {
        Self { command, records: Vec::new(), documents: Documents::default() }
    }
}

impl Engine {
    /// Takes a step in a job, on somebody's word. Carried out even if this future is dropped.
    pub async fn step(&self, id: &PublicId, wish: Wish, word: Word) -> Result<Arc<Job>, EngineError> {
        let id = id.clone();
        self.begin(|engine| async move { engine.take_step(&id, wish, word).await }).await
    }

    async fn take_step(&self, id: &PublicId, wish: Wish, word: Word) -> Result<Arc<Job>, EngineError> {
        for _ in 0..ATTEMPTS {
            let job = self.hired(id).await?;
            let hire = job.hire.as_ref().ok_or(Refusal::NoSuchJob)?;
            let claim = signed(word, id, wish.name());
            let taken = match self.plan(&job, hire, &wish, word).await {
                Ok(plan) => self.commit_step(&job, plan, claim.clone()).await,
                Err(EngineError::Refused(refusal)) => Err(refusal.into()),
                Err(error) => return Err(error),
            };
            match taken {
                Ok(job) => return Ok(job),
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(CommitError::Repeated(_)) => return self.hired(id).await,
                // What was taken already is not asked for twice: the repeat is answered with what it has become.
                Err(CommitError::Refused(refusal)) => {
                    let before = self.store.claim(&claim.key).await?;
                    let is_repeat = before.is_some_and(|before| before == claim);
                    return if is_repeat { Ok(job) } else { Err(refusal.into()) };
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// Decides once, and writes what follows with all that changes beside the job.
    pub(super) async fn commit_step(
        &self,
        job: &Job,
        plan: Plan,
        claim: Claim,
    ) -> Result<Arc<Job>, CommitError> {
        let now = self.clock.now();
        let event = decide(job, &plan.command, now)?;
        let change =
            Change { claim: Some(claim), records: plan.records, ..Change::of(job, event.clone(), now) };
        match self.commit_decided(job, &event, change, plan.documents).await {
            Ok(executed) => Ok(executed.job),
            Err(CommitError::Refused(Refusal::InsufficientFunds)) => Err(match &plan.command {
                Command::Fund => Refusal::InsufficientFunds.into(),
                Command::Dispute { filing: Some(filing), .. } => self.short_of_deposit(job, filing).await?,
                _ => Refusal::StakeTooSmall.into(),
            }),
            Err(error) => Err(error),
        }
    }

    async fn plan(&self, job: &Job, hire: &Hire, wish: &Wish, word: Word) -> Result<Plan, EngineError> {
        let is = |role| hire.seat(role).is_some_and(|seat| seat.owner == word.by);
        let must_be = |role| if is(role) { Ok(()) } else { Err(Refusal::NotTheOwner) };
        Ok(match wish {
            Wish::Fund { budget } => {
                must_be(Role::Client)?;
                if budget.is_some_and(|budget| budget != job.price.units) {
                    return Err(Refusal::OtherBudget.into());
                }
                Command::Fund.into()
            }
            Wish::Engage { provider } => {
                must_be(Role::Client)?;
                return self.engage(job, hire, *provider).await;
            }
            Wish::Appoint { evaluator } => {
                let evaluator = self.owned(*evaluator, word).await?;
                let strategy = evaluator.capability.map(|capability| capability.strategy);
                if hire.evaluator.is_some() {
                    return Err(Refusal::HasEvaluator.into());
                }
                let judges = Evaluating { party: evaluator.party(), strategy };
                judges.check(hire.order.strategy, &hire.parties()).map_err(Refusal::from)?;
                let evaluator = self.seat(&evaluator, Role::Evaluator, &hire.order, job.price).await?;
                Command::Hire(Step::Appoint { evaluator }).into()
            }
            Wish::Describe { title, description } => {
                must_be(Role::Client)?;
                let (title, description) = (title.clone(), description.clone());
                Command::Hire(Step::Describe { title, description }).into()
            }
            Wish::Submit { deliverable, content } => {
                must_be(Role::Provider)?;
                let provider = hire.provider.ok_or(Refusal::NotTheOwner)?;
                deliver(&provider, *deliverable, content.as_ref(), word)?
            }
            Wish::Judge { verdict, judgement } => {
                must_be(Role::Evaluator)?;
                Command::Evaluate { verdict: *verdict, judgement: Some(*judgement) }.into()
            }
            Wish::StepBack => {
                must_be(Role::Evaluator)?;
                Command::Cancel { by: Canceller::Evaluator }.into()
            }
            Wish::Cancel => {
                must_be(Role::Client)?;
                Command::Cancel { by: Canceller::Client }.into()
            }
            Wish::Reclaim => {
                // Within the grace it is for the client alone to say that it is over.
                if hire.provider.is_some() && job.state.deadline().is_some_and(|by| self.clock.now() < by) {
                    must_be(Role::Client)?;
                }
                Command::Hire(Step::Reclaim).into()
            }
            Wish::Dispute => return self.file(job, hire, word).await,
            Wish::Commit { commitment } => {
                let agent = juror(hire, word)?;
                Command::Hire(Step::Commit { agent, commitment: *commitment }).into()
            }
            Wish::Reveal { vote, salt } => {
                let agent = juror(hire, word)?;
                let commitment = commitment(*vote, salt);
                Command::Hire(Step::Reveal { agent, vote: *vote, salt: *salt, commitment }).into()
            }
        })
    }

    /// The client chooses: who has offered has agreed already, and anybody else is asked.
    async fn engage(&self, job: &Job, hire: &Hire, provider: AgentId) -> Result<Plan, EngineError> {
        let agent = self.agent(provider).await?;
        // Also of one who has offered: the job may have come to an evaluator of the same owner since.
        let (score, free) = (self.agent_standing(agent.id).await?.score, u128::MAX);
        let offering = Offering { party: agent.party(), score, invited: true, free };
        let (parties, locks) = (hire.parties(), &self.config.hires.locks);
        offering.check(&job.state, hire.provider.is_some(), &parties, locks).map_err(Refusal::from)?;
        let offer = self.store.offer(job.id, provider).await?;
        let Some(offer) = offer.filter(|offer| offer.status(job) == OfferStatus::Pending) else {
            return Ok(Command::Hire(Step::Invite { agent: provider }).into());
        };
        let provider = self.seat(&agent, Role::Provider, &hire.order, job.price).await?;
        let command = Command::Hire(Step::Engage { provider });
        // Who takes an offer back at this moment is not engaged.
        Ok(Plan { records: vec![offer.stand()], ..command.into() })
    }
}

/// Work that an agent delivers: it answers for it by what its owner signed.
fn deliver(
    provider: &Seat,
    deliverable: ContentHash,
    content: Option<&Arc<[u8]>>,
    word: Word,
) -> Result<Plan, Refusal> {
    if content.is_some_and(|content| keccak256(content) != deliverable.0) {
        return Err(Refusal::OtherContent);
    }
    let delivery = Delivery {
        by: Doer::Agent(provider.agent),
        attempt: Attempt::default(),
        output: deliverable,
        receipt: word.digest,
        voucher: Voucher::Worker,
        usage: Usage::default(),
        conduct: Conduct::default(),
    };
    let result = content.map(|content| ResultDocument {
        output: content.clone(),
        receipt: Arc::new([]),
        decision: "".into(),
    });
    let command = Command::Submit { delivery, charge: Charge::Whole };
    Ok(Plan { documents: Documents { result, ..Documents::default() }, ..command.into() })
}

/// The signer's agent among those who sit in the dispute.
fn juror(hire: &Hire, word: Word) -> Result<AgentId, Refusal> {
    let dispute = hire.dispute.as_ref().ok_or(Refusal::NotSeated)?;
    let seats = dispute.jurors.iter().flatten().map(|juror| juror.seat);
    seats.into_iter().find(|seat| seat.owner == word.by).map(|seat| seat.agent).ok_or(Refusal::NotSeated)
}

/// By what an arbitrator is bound to a vote: Keccak-256 over the vote's number in one byte and the salt.
fn commitment(vote: Vote, salt: &ContentHash) -> ContentHash {
    let mut packed = [0; 33];
    packed[0] = vote.number();
    packed[1..].copy_from_slice(&salt.0);
    ContentHash(keccak256(&packed))
}
