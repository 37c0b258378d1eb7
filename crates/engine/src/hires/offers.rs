//! Offers: made, taken back, and read.

use super::step::Plan;
use super::{short_of_stake, signed};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::ATTEMPTS;
use docket_core::agent::admission::Offering;
use docket_core::agent::hire::step::Step;
use docket_core::agent::identity::{Agent, Word};
use docket_core::agent::offer::{Offer, OfferStatus};
use docket_core::agent::role::Role;
use docket_core::change::Change;
use docket_core::command::Command;
use docket_core::id::{AgentId, PublicId};
use docket_core::job::Job;
use docket_core::refusal::Refusal;
use docket_store::{AgentFilter, CommitError, Documents, Page};
use std::sync::Arc;

impl Engine {
    /// Offers to do a job, on the word of the agent's owner. Whom the client has invited has the job with that. An offer
    /// that stands already is answered with itself.
    pub async fn offer(
        &self,
        id: &PublicId,
        agent: AgentId,
        word: Word,
    ) -> Result<(Offer, Arc<Job>), EngineError> {
        let id = id.clone();
        self.begin(|engine| async move { engine.make_offer(&id, agent, word).await }).await
    }

    async fn make_offer(
        &self,
        id: &PublicId,
        agent: AgentId,
        word: Word,
    ) -> Result<(Offer, Arc<Job>), EngineError> {
        for _ in 0..ATTEMPTS {
            let job = self.hired(id).await?;
            let hire = job.hire.as_ref().ok_or(Refusal::NoSuchJob)?;
            let before = self.store.offer(job.id, agent).await?;
            let owner = self.owned(agent, word).await?;
            if let Some(before) = before
                && matches!(before.status(&job), OfferStatus::Pending | OfferStatus::Accepted)
            {
                return Ok((before, job));
            }
            let now = self.clock.now();
            let offer = before.unwrap_or_else(|| Offer::new(job.id, agent, owner.owner, now));
            let invited = hire.invited == Some(agent);
            let offering = Offering {
                party: owner.party(),
                score: self.agent_standing(agent).await?.score,
                invited,
                free: self.free_stake(agent).await?,
            };
            let locks = &self.config.hires.locks;
            offering
                .check(&job.state, hire.provider.is_some(), &hire.parties(), locks)
                .map_err(Refusal::from)?;
            let claim = signed(word, id, &format!("offer {}", agent.0));
            let made = if invited {
                let provider = self.seat(&owner, Role::Provider, &hire.order, job.price).await?;
                let command = Command::Hire(Step::Engage { provider });
                let plan = Plan { records: vec![offer.stand()], ..command.into() };
                self.commit_step(&job, plan, claim).await.map(drop)
            } else {
                let record = offer.stand();
                let change =
                    Change { claim: Some(claim), ..Change::of_record(record.before, record.after, now) };
                self.commit(change, Documents::default()).await.map(drop)
            };
            match made {
                Ok(()) | Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(CommitError::Repeated(_)) => {
                    // What was signed made an offer that was taken back since.
                    return Err(Refusal::KeyReused.into());
                }
                Err(error) => return Err(short_of_stake(error).into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// Takes an offer back, on the word of who made it. Carried out even if this future is dropped.
    pub async fn withdraw_offer(
        &self,
        id: &PublicId,
        agent: AgentId,
        word: Word,
    ) -> Result<Offer, EngineError> {
        let id = id.clone();
        self.begin(|engine| async move { engine.take_back(&id, agent, word).await }).await
    }

    async fn take_back(&self, id: &PublicId, agent: AgentId, word: Word) -> Result<Offer, EngineError> {
        for _ in 0..ATTEMPTS {
            let job = self.hired(id).await?;
            let offer = self.store.offer(job.id, agent).await?.ok_or(Refusal::NoSuchOffer)?;
            if offer.owner != word.by {
                return Err(Refusal::NotTheOwner.into());
            }
            match offer.status(&job) {
                OfferStatus::Withdrawn => return Ok(offer),
                OfferStatus::Accepted | OfferStatus::Rejected => return Err(Refusal::TakesNoOffers.into()),
                OfferStatus::Pending => {}
            }
            let now = self.clock.now();
            let record = offer.withdraw(now);
            let claim = Some(signed(word, id, &format!("withdraw {}", agent.0)));
            let change = Change { claim, ..Change::of_record(record.before, record.after, now) };
            match self.commit(change, Documents::default()).await {
                Ok(_) | Err(CommitError::Conflict) => {} // It is read again, as it is now.
                Err(CommitError::Repeated(_)) => return Err(Refusal::KeyReused.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(EngineError::Busy)
    }

    /// A page of the agents whose offer for a job stands or stood, as far as they fit, and how many do.
    pub async fn agents_that_offered(
        &self,
        id: &PublicId,
        filter: &AgentFilter,
        page: Page,
    ) -> Result<(Vec<Agent>, u64), EngineError> {
        let job = self.hired(id).await?;
        let mut fitting = Vec::new();
        for offer in self.offers(&job).await?.iter() {
            let agent = self.agent(offer.agent).await?;
            let score = self.agent_standing(offer.agent).await?.score;
            if filter.fits(&agent, score) {
                fitting.push(agent);
            }
        }
        let total = fitting.len() as u64;
        let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
        Ok((fitting.into_iter().skip(skip).take(page.limit as usize).collect(), total))
    }

    /// The offers for a job, by their agents' numbers; at most a thousand.
    pub async fn offers(&self, job: &Job) -> Result<Arc<[Offer]>, EngineError> {
        Ok(self.store.offers(job.id).await?)
    }
}
