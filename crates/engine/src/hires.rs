//! Jobs for which one agent hires another: made, and taken step by step to their end, each on the word of whoever owns
//! the agent that takes the step. What he signed counts once; a repeat is answered with the job as it is now.

mod capital;
mod court;
mod offers;
mod step;

pub use capital::Enclaves;
pub use step::Wish;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_core::agent::admission::Evaluating;
use docket_core::agent::court as rules;
use docket_core::agent::fee;
use docket_core::agent::hire::{Hire, Order, Seat};
use docket_core::agent::identity::{Agent, Word};
use docket_core::agent::lock::Locks;
use docket_core::agent::penalty;
use docket_core::agent::role::Role;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::{self, Tally};
use docket_core::change::Claim;
use docket_core::command::Command;
use docket_core::feature::Features;
use docket_core::hash::Sha256;
use docket_core::id::{AgentId, PublicId};
use docket_core::job::{Ask, Job, Skill, Speed};
use docket_core::ledger::Account;
use docket_core::money::Amount;
use docket_core::policy::{Arbitration, Evaluation, Lapse, Policy, Ruling, Source, Verdict};
use docket_core::refusal::Refusal;
use docket_core::time::Millis;
use docket_store::{CommitError, Documents, FeedRow, HireFilter, Page};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

/// The terms of this market under which agents hire each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HireTerms {
    /// What is locked of whom.
    pub locks: Locks,
    /// How much later than its deadline work is late, and not missing.
    pub grace: Millis,
    /// How long an evaluator may take.
    pub evaluate_within: Millis,
    /// How long a verdict may be disputed.
    pub dispute_within: Millis,
    /// How long arbitrators may take to commit to their votes, and then to reveal them.
    pub vote_within: Millis,
    /// Whether the treasury pays for early work.
    pub rewards_early: bool,
}

impl HireTerms {
    /// As documented.
    pub const DOCUMENTED: Self = Self {
        locks: Locks::DOCUMENTED,
        grace: penalty::GRACE,
        evaluate_within: penalty::SILENCE,
        dispute_within: rules::FILE_WITHIN,
        vote_within: rules::COMMIT_WITHIN,
        rewards_early: true,
    };

    fn policy(&self, order: &Order) -> Policy {
        let never = Millis(0);
        Policy {
            source: Source::Client,
            split: fee::split(Hire::least_level(order.strategy)),
            // The order's own deadline holds in place of these.
            fund_within: never,
            match_within: never,
            rematch_within: never,
            run_within: never,
            finish_within: never,
            attempts: 1,
            lapse: Lapse::Expired,
            evaluation: Some(Evaluation { within: self.evaluate_within, silence: Verdict::Complete }),
            dispute_window: self.dispute_within,
            // The votes decide, and without a quorum the verdict stands.
            arbitration: Arbitration {
                within: Millis(self.vote_within.0.saturating_mul(2)),
                default: Ruling::ForWorker,
            },
            stream_within: None,
            metering: None,
            staked: None,
            tier: None,
        }
    }
}

/// A job that an agent wants done by another.
#[derive(Clone, Debug)]
pub struct NewHire {
    /// Who asks for it.
    pub client: AgentId,
    /// What it costs.
    pub budget: Amount,
    /// How it is judged and until when it is to be done. Grace and bonus are the market's.
    pub order: Order,
    /// A few words.
    pub title: Arc<str>,
    /// Some more.
    pub description: Arc<str>,
}

impl Engine {
    /// Makes a job, which stands open without money, and locks its client's stake. What is signed once makes one job.
    pub async fn hire(&self, new: NewHire, word: Word) -> Result<Arc<Job>, EngineError> {
        if self.is_draining() {
            return Err(Refusal::Draining.into());
        }
        self.begin(|engine| async move {
            match engine.make_hire(new, word).await {
                // What was made already is not asked for twice, whatever would stand against it by now.
                Err(EngineError::Refused(refusal)) => engine.made_of(word).await?.ok_or(refusal.into()),
                made => made,
            }
        })
        .await
    }

    /// The job that was made of a word before, if one was.
    async fn made_of(&self, word: Word) -> Result<Option<Arc<Job>>, EngineError> {
        let any = PublicId { dialect: word.dialect, text: "".into() };
        let claim = signed(word, &any, "hire");
        let before = self.store.claim(&claim.key).await?.filter(|before| before.request == claim.request);
        match before {
            Some(before) => Ok(Some(self.hired(&before.answer).await?)),
            None => Ok(None),
        }
    }

    async fn make_hire(&self, new: NewHire, word: Word) -> Result<Arc<Job>, EngineError> {
        let now = self.clock.now();
        let terms = self.config.hires;
        let agent = self.owned(new.client, word).await?;
        let order = Order { grace: terms.grace, rewards_early: terms.rewards_early, ..new.order };
        order.check(now)?;
        if order.capital.is_some() && !self.config.enclaves.anybody {
            return Err(Refusal::NobodyAttests.into());
        }
        if new.budget.is_zero() {
            return Err(Refusal::OtherBudget.into());
        }
        if let Some(judge) = order.judge {
            let judge = self.agent(judge).await?;
            let strategy = judge.capability.map(|capability| capability.strategy);
            let judging = Evaluating { party: judge.party(), strategy };
            judging.check(order.strategy, &[agent.party()]).map_err(Refusal::from)?;
        }
        let client = self.seat(&agent, Role::Client, &order, new.budget).await?;
        let policy = Arc::new(terms.policy(&order));
        let hire =
            Hire { title: new.title, description: new.description, ..Hire::new(Arc::new(order), client) };
        let hire = Some(Arc::new(hire));
        for _ in 0..ATTEMPTS {
            let number = self.next_hire.fetch_add(1, Ordering::Relaxed);
            let public_id = PublicId { dialect: word.dialect, text: number.to_string().into() };
            let claim = signed(word, &public_id, "hire");
            let payer = word.by.client(word.dialect);
            let id = self.ids.next(now);
            let job = Job::new(id, public_id, payer, nothing_asked(), new.budget, policy.clone(), now);
            let job = Job { hire: hire.clone(), ..job };
            match self.attempt(&job, &Command::Create, Documents::default(), Some(claim)).await {
                Ok(executed) => return Ok(executed.job),
                Err(CommitError::Conflict | CommitError::Refused(Refusal::IdTaken)) => {}
                Err(CommitError::Repeated(id)) => return self.hired(&id).await,
                Err(error) => return Err(short_of_stake(error).into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// A job for which one agent hires another.
    ///
    /// # Errors
    /// [`Refusal::NoSuchJob`] if there is none.
    pub async fn hired(&self, id: &PublicId) -> Result<Arc<Job>, EngineError> {
        let job = self.store.find(id).await?.filter(|job| job.hire.is_some());
        Ok(job.ok_or(Refusal::NoSuchJob)?)
    }

    /// A page of such jobs, the newest first, and how many fit in all.
    pub async fn hires(&self, filter: &HireFilter, page: Page) -> Result<(Vec<Arc<Job>>, u64), EngineError> {
        Ok(self.store.hires(filter, page).await?)
    }

    /// What has happened to such jobs after an event, the oldest first.
    pub async fn feed(&self, after: i64, limit: u32) -> Result<Vec<FeedRow>, EngineError> {
        Ok(self.store.feed(after, limit).await?)
    }

    /// The number of the last event; who follows begins after it.
    pub async fn last_fed(&self) -> Result<i64, EngineError> {
        Ok(self.store.last_fed().await?)
    }

    /// Tells when [`Self::feed`] may have more.
    pub fn fed(&self) -> watch::Receiver<u64> {
        self.fed.subscribe()
    }

    /// How many hold what [`Self::fed`] gave them.
    pub fn followers(&self) -> usize {
        self.fed.receiver_count()
    }

    /// What was counted of such jobs in the last so many hours, the present one included; in all where nothing is said.
    pub async fn hire_counts(&self, hours: Option<i64>) -> Result<BTreeMap<Tally, i128>, EngineError> {
        let now = tally::hour(self.clock.now());
        let (first, last) = hours.map_or((tally::IN_ALL, tally::IN_ALL), |hours| (now - hours + 1, now));
        Ok(self.store.tallies(first, last).await?)
    }

    /// How many such jobs fit.
    pub async fn count_hires(&self, filter: &HireFilter) -> Result<u64, EngineError> {
        Ok(self.store.count_hires(filter).await?)
    }

    /// What was delivered, for those who take part.
    ///
    /// # Errors
    /// [`Refusal::NotTheOwner`] for anybody else, [`Refusal::NothingDelivered`] where only a hash was.
    pub async fn deliverable(&self, id: &PublicId, word: Word) -> Result<Arc<[u8]>, EngineError> {
        let job = self.hired(id).await?;
        let takes_part = job.hire.iter().flat_map(|hire| hire.seats()).any(|(_, seat)| seat.owner == word.by);
        if !takes_part {
            return Err(Refusal::NotTheOwner.into());
        }
        let answer = self.store.answer(job.id).await?.ok_or(Refusal::NothingDelivered)?;
        Ok(answer.output)
    }

    /// The terms under which agents hire each other here.
    pub const fn hire_terms(&self) -> &HireTerms {
        &self.config.hires
    }

    /// What an account that is never negative holds of what the market counts in, in minor units.
    pub async fn balance_of(&self, account: &Account) -> Result<u128, EngineError> {
        Ok(self.held_in(account, self.config.ledger.asset()).await?)
    }

    /// An agent for which this wallet speaks.
    async fn owned(&self, id: AgentId, word: Word) -> Result<Agent, EngineError> {
        let agent = self.agent(id).await?;
        if agent.owner == word.by { Ok(agent) } else { Err(Refusal::NotTheOwner.into()) }
    }

    /// What is known of an agent by what it has done.
    pub async fn agent_standing(&self, id: AgentId) -> Result<Standing, EngineError> {
        Ok(self.store.agent_standing(id).await?)
    }

    /// An agent in a role, with what it locks for it.
    ///
    /// # Errors
    /// [`Refusal::StakeTooSmall`] if its free stake does not suffice.
    async fn seat(
        &self,
        agent: &Agent,
        role: Role,
        order: &Order,
        budget: Amount,
    ) -> Result<Seat, EngineError> {
        let standing = self.agent_standing(agent.id).await?;
        let level = Hire::least_level(order.strategy);
        let lock = self.config.hires.locks.lock(role, level, budget.units, standing.score);
        if self.store.free_stake(agent.id, budget.asset).await? < lock {
            return Err(Refusal::StakeTooSmall.into());
        }
        Ok(Seat::new(agent.party(), lock, &standing, self.clock.now()))
    }
}

/// The market finds nobody for such a job, so it asks for nothing that could be compared.
fn nothing_asked() -> Arc<Ask> {
    Arc::new(Ask {
        skill: Skill::Task,
        model: None,
        speed: Speed::Cheap,
        private: false,
        needs: Features::NONE,
    })
}

/// The claim that what somebody signed is taken up once, and for nothing else.
fn signed(word: Word, answer: &PublicId, what: &str) -> Claim {
    word.claim(Sha256::of(format!("{} {what}", word.digest).as_bytes()), answer.clone())
}

/// A stake that was there when it was looked at and is not any more.
fn short_of_stake(error: CommitError) -> CommitError {
    match error {
        CommitError::Refused(Refusal::InsufficientFunds) => CommitError::Refused(Refusal::StakeTooSmall),
        error => error,
    }
}
