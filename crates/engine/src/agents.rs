//! Agents: registered, shown to others, and their stake. What an owner signed is taken up once; a repeat is answered
//! as the first time.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_core::agent::identity::{Agent, Profile, StakeMove, Word};
use docket_core::agent::role::Strategy;
use docket_core::change::Change;
use docket_core::id::AgentId;
use docket_core::money::Amount;
use docket_core::refusal::Refusal;
use docket_core::time::Timestamp;
use docket_store::{AgentFilter, CommitError, Documents, Page};
use std::sync::atomic::Ordering;

impl Engine {
    /// Registers an agent on its owner's word. Where it has no name, one word makes one agent, however often it comes.
    /// The same owner's repeat of a name is answered with the agent that has it.
    pub async fn register_agent(&self, profile: Profile, word: Word) -> Result<Agent, EngineError> {
        for _ in 0..ATTEMPTS {
            let id = AgentId(self.next_agent.fetch_add(1, Ordering::Relaxed));
            let change = Agent::register(id, profile.clone(), word, self.clock.now());
            match self.commit(change, Documents::default()).await {
                Ok(_) => return self.agent(id).await,
                Err(CommitError::Conflict) => {}
                Err(CommitError::Repeated(name)) => {
                    let id = name.text.parse().map(AgentId).map_err(|_| Refusal::NoSuchAgent)?;
                    return self.agent(id).await;
                }
                Err(error) => return Err(named(error)),
            }
        }
        Err(EngineError::Busy)
    }

    /// An agent.
    ///
    /// # Errors
    /// [`Refusal::NoSuchAgent`] if there is none.
    pub async fn agent(&self, id: AgentId) -> Result<Agent, EngineError> {
        Ok(self.store.agent(id).await?.ok_or(Refusal::NoSuchAgent)?)
    }

    /// A page of agents, and how many there are in all.
    pub async fn agents(&self, filter: &AgentFilter, page: Page) -> Result<(Vec<Agent>, u64), EngineError> {
        Ok(self.store.agents(filter, page).await?)
    }

    /// Gives an agent the profile that is made of the one it has, on its owner's word.
    pub async fn show_agent(
        &self,
        id: AgentId,
        word: Word,
        made_of: impl Fn(Profile) -> Profile,
    ) -> Result<Agent, EngineError> {
        let mut has_it = false;
        for _ in 0..ATTEMPTS {
            let agent = self.agent(id).await?;
            let profile = made_of(agent.profile.clone());
            // A newer word that changes nothing counts: what was signed before it is overtaken by it.
            if agent.owner == word.by && agent.profile == profile && word.at <= agent.shown_at {
                return Ok(agent);
            }
            let change = agent.show(word, profile, self.clock.now())?;
            let claim = change.claim.filter(|_| !has_it);
            match self.commit(Change { claim, ..change }, Documents::default()).await {
                Ok(_) => return self.agent(id).await,
                Err(CommitError::Conflict) => {} // It is read again, as it is now.
                // A name that an agent had stays its own, and it may have it again.
                Err(CommitError::Repeated(name)) if *name.text == *id.0.to_string() => has_it = true,
                Err(CommitError::Repeated(_)) => return Err(Refusal::NameTaken.into()),
                Err(error) => return Err(named(error)),
            }
        }
        Err(EngineError::Busy)
    }

    /// Registers by what an agent judges, on its owner's word: once, and for ever.
    pub async fn judge_by(&self, id: AgentId, word: Word, strategy: Strategy) -> Result<Agent, EngineError> {
        self.change_agent(id, |agent, now| agent.judge_by(word, strategy, now)).await
    }

    /// The operator vouches for an agent as an arbitrator, or does not any more.
    pub async fn appoint_arbitrator(&self, id: AgentId, appointed: bool) -> Result<Agent, EngineError> {
        self.change_agent(id, |agent, now| Ok(agent.appoint(appointed, now))).await
    }

    /// Changes an agent as it is when nobody else does. Where nothing changes any more, it is as it was wanted.
    async fn change_agent(
        &self,
        id: AgentId,
        change: impl Fn(&Agent, Timestamp) -> Result<Option<Change>, Refusal>,
    ) -> Result<Agent, EngineError> {
        for _ in 0..ATTEMPTS {
            let agent = self.agent(id).await?;
            let Some(change) = change(&agent, self.clock.now())? else { return Ok(agent) };
            match self.commit(change, Documents::default()).await {
                Ok(_) | Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// Moves money into an agent's stake or out of it, on its owner's word. A repeat of what he signed does nothing.
    pub async fn move_agent_stake(
        &self,
        id: AgentId,
        word: Word,
        way: StakeMove,
        amount: Amount,
    ) -> Result<(), EngineError> {
        if amount.is_zero() {
            return Err(Refusal::InsufficientFunds.into());
        }
        let change = self.agent(id).await?.move_stake(word, way, amount, self.clock.now())?;
        match self.commit(change, Documents::default()).await {
            Ok(_) | Err(CommitError::Repeated(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What an agent may lock or take out, in minor units of the market's asset.
    pub async fn free_stake(&self, id: AgentId) -> Result<u128, EngineError> {
        Ok(self.store.free_stake(id, self.config.ledger.asset()).await?)
    }
}

/// The key of a claim that another has used is a name here.
fn named(error: CommitError) -> EngineError {
    match error {
        CommitError::Refused(Refusal::KeyReused) => Refusal::NameTaken.into(),
        error => error.into(),
    }
}
