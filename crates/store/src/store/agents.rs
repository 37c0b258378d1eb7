//! What can be read of agents, of the jobs for which they hire each other, and of their offers.

use super::Store;
use crate::error::StoreError;
use crate::hires::HireFilter;
use crate::read::{AgentFilter, FeedRow, Page, SnapshotRow};
use docket_core::agent::capital::Worth;
use docket_core::agent::identity::Agent;
use docket_core::agent::offer::Offer;
use docket_core::agent::standing::Standing;
use docket_core::agent::tally::Tally;
use docket_core::id::{AgentId, JobId};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::money::Asset;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many offers of a job are shown.
const OFFERS: u32 = 1_000;

impl Store {
    /// An agent.
    pub async fn agent(&self, id: AgentId) -> Result<Option<Agent>, StoreError> {
        match self.lately.agents.get(&id) {
            Ok(agent) => Ok(Some(Agent::clone(&agent))),
            Err(moment) => {
                let agent = self.reader().await?.agent(id).await?;
                if let Some(agent) = &agent {
                    self.lately.agents.keep(id, Arc::new(agent.clone()), moment);
                }
                Ok(agent)
            }
        }
    }

    /// A page of the agents that fit, by their names, or an owner's by their numbers; and how many fit in all.
    pub async fn agents(&self, filter: &AgentFilter, page: Page) -> Result<(Vec<Agent>, u64), StoreError> {
        self.reader().await?.agents(filter, page).await
    }

    /// What is known of an agent by what it has done.
    pub async fn agent_standing(&self, id: AgentId) -> Result<Standing, StoreError> {
        match self.lately.standings.get(&id) {
            Ok(standing) => Ok(*standing),
            Err(moment) => {
                let standing = self.reader().await?.agent_standing(id).await?.unwrap_or_default();
                self.lately.standings.keep(id, Arc::new(standing), moment);
                Ok(standing)
            }
        }
    }

    /// The same as it is written, whatever was read lately: for who compares it with other rows.
    pub async fn written_standing(&self, id: AgentId) -> Result<Standing, StoreError> {
        Ok(self.reader().await?.agent_standing(id).await?.unwrap_or_default())
    }

    /// What is free of an agent's stake, in minor units.
    pub async fn free_stake(&self, id: AgentId, asset: Asset) -> Result<u128, StoreError> {
        let units = match self.lately.stakes.get(&(id, asset)) {
            Ok(units) => *units,
            Err(moment) => {
                let rows = self.reader().await?.balance(&Account::Stake(id)).await?;
                let units = rows.iter().find(|row| row.is_in(asset)).map_or(0, |row| row.units);
                self.lately.stakes.keep((id, asset), Arc::new(units), moment);
                units
            }
        };
        Ok(units.unsigned_abs())
    }

    /// An agent's offer for a job.
    pub async fn offer(&self, job: JobId, agent: AgentId) -> Result<Option<Offer>, StoreError> {
        match self.lately.offers.get(&job) {
            Ok(offers) if offers.len() < OFFERS as usize => {
                Ok(offers.iter().find(|offer| offer.agent == agent).copied())
            }
            _ => self.reader().await?.offer(job, agent).await,
        }
    }

    /// The offers for a job, by their agents' numbers. At most a thousand.
    pub async fn offers(&self, job: JobId) -> Result<Arc<[Offer]>, StoreError> {
        match self.lately.offers.get(&job) {
            Ok(offers) => Ok(offers),
            Err(moment) => {
                let offers: Arc<[Offer]> = self.reader().await?.offers(job, OFFERS).await?.into();
                self.lately.offers.keep(job, offers.clone(), moment);
                Ok(offers)
            }
        }
    }

    /// A page of what enclaves have said of a job's capital, the newest first.
    pub async fn snapshots(&self, job: JobId, page: Page) -> Result<Vec<SnapshotRow>, StoreError> {
        self.reader().await?.snapshots(job, page).await
    }

    /// How many snapshots of a job there are, or how many that are worth this.
    pub async fn count_snapshots(&self, job: JobId, worth: Option<Worth>) -> Result<u64, StoreError> {
        self.reader().await?.count_snapshots(job, worth).await
    }

    /// A page of the jobs for which one agent hires another, the newest first, and how many fit in all.
    pub async fn hires(&self, filter: &HireFilter, page: Page) -> Result<(Vec<Arc<Job>>, u64), StoreError> {
        self.read_hires().await?;
        let (ids, count) = self.hires.find(filter, page);
        let mut jobs = Vec::with_capacity(ids.len());
        for id in ids {
            jobs.extend(self.job(id).await?);
        }
        Ok((jobs, count))
    }

    /// How many such jobs fit.
    pub async fn count_hires(&self, filter: &HireFilter) -> Result<u64, StoreError> {
        self.read_hires().await?;
        Ok(self.hires.count(filter))
    }

    /// Reads the index of such jobs, if that is not done: the first list waits for it.
    pub async fn read_hires(&self) -> Result<(), StoreError> {
        self.hires.read(&*self.reader).await
    }

    /// What has happened to such jobs after an event, the oldest first.
    pub async fn feed(&self, after: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
        self.reader().await?.feed(after, limit).await
    }

    /// What was counted of such jobs from one hour to another, both included.
    pub async fn tallies(&self, first: i64, last: i64) -> Result<BTreeMap<Tally, i128>, StoreError> {
        let mut sums = BTreeMap::new();
        for ((tally, _), sum) in self.reader().await?.tallies(first, last).await? {
            *sums.entry(tally).or_default() += sum;
        }
        Ok(sums)
    }

    /// How many agents there are.
    pub async fn count_agents(&self) -> Result<u64, StoreError> {
        self.reader().await?.count_agents().await
    }

    /// The number of the last such event that is durable.
    pub async fn last_fed(&self) -> Result<i64, StoreError> {
        self.reader().await?.last_fed().await
    }
}
