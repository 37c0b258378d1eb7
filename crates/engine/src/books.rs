//! Proves from the journal alone that all accounts, the spendings of all keys and what is locked of all agents agree, on a store
//! at rest or one that is in use.
//!
//! The journal is replayed in pages. A store in use goes on meanwhile, so a stored balance must be one
//! that the account had between the look before and the look after it was read.

mod replay;

use docket_core::id::{AgentId, JobId};
use docket_core::job::Job;
use docket_core::key::{KeyNumber, Period};
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_store::{BalanceRow, JobFilter, Reader, SpendingRow, Store, StoreError, TransferRow};
use replay::{Holding, Replay};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many faults are described; more are only counted.
const DESCRIBED: usize = 100;
/// How many jobs are read at once.
const PAGE: u32 = 100;

/// What a check of the books has found. Amounts are minor units, in JSON as texts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Books {
    /// Whether nothing is wrong.
    pub agree: bool,
    /// How many transfers the journal has.
    pub transfers: u64,
    /// How many accounts there are, those of jobs left out.
    pub accounts: u64,
    /// How many jobs there are.
    pub jobs: u64,
    /// How many of them are not final.
    pub open_jobs: u64,
    /// Where the money of each asset is.
    pub assets: Vec<AssetBooks>,
    /// How many things do not agree.
    pub fault_count: u64,
    /// What does not agree, in words; the first hundred.
    pub faults: Vec<String>,
}

/// Where the money of one asset is. The four sums are zero together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AssetBooks {
    /// Its name.
    pub asset: String,
    /// Its decimals.
    pub decimals: u8,
    /// The mirror of what networks hold: minus what came in, plus what went out.
    #[serde(with = "text")]
    pub outside: i128,
    /// What clients, workers, agents and the platform own.
    #[serde(with = "text")]
    pub owned: i128,
    /// What is held for jobs.
    #[serde(with = "text")]
    pub escrow: i128,
    /// What may still be disputed.
    #[serde(with = "text")]
    pub vesting: i128,
}

/// Whole numbers as texts, because JSON numbers lose digits beyond 2^53.
mod text {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &i128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Books {
    fn fault(&mut self, words: String) {
        self.fault_count += 1;
        if self.faults.len() < DESCRIBED {
            self.faults.push(words);
        }
    }
}

/// Checks the books of a store that is in use.
pub async fn check(store: &Store) -> Result<Books, StoreError> {
    Check { source: Source::InUse(store), replay: Replay::default(), books: Books::default() }.run().await
}

/// Checks the books of a store at rest.
pub async fn check_at_rest(reader: &dyn Reader) -> Result<Books, StoreError> {
    Check { source: Source::AtRest(reader), replay: Replay::default(), books: Books::default() }.run().await
}

/// Where rows come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    InUse(&'a Store),
    AtRest(&'a dyn Reader),
}

impl Source<'_> {
    async fn transfers(self, after: i64) -> Result<Vec<TransferRow>, StoreError> {
        match self {
            Self::InUse(store) => store.transfers(after).await,
            Self::AtRest(reader) => reader.transfers(after).await,
        }
    }

    async fn balances(self, after: Option<&str>) -> Result<Vec<BalanceRow>, StoreError> {
        match self {
            Self::InUse(store) => store.balances(after).await,
            Self::AtRest(reader) => reader.balances(after).await,
        }
    }

    async fn spendings(self, after: Option<Spent>) -> Result<Vec<SpendingRow>, StoreError> {
        match self {
            Self::InUse(store) => store.spendings(after).await,
            Self::AtRest(reader) => reader.spendings(after).await,
        }
    }

    /// What an agent's record says that jobs have locked of its stake.
    async fn locked(self, agent: AgentId) -> Result<u128, StoreError> {
        Ok(match self {
            Self::InUse(store) => store.written_standing(agent).await?,
            Self::AtRest(reader) => reader.agent_standing(agent).await?.unwrap_or_default(),
        }
        .locked)
    }

    async fn jobs(self, before: Option<JobId>) -> Result<Vec<Arc<Job>>, StoreError> {
        let filter = JobFilter { client: None, before, limit: PAGE };
        match self {
            Self::InUse(store) => store.jobs(&filter).await,
            Self::AtRest(reader) => reader.jobs(&filter).await,
        }
    }
}

struct Check<'a> {
    source: Source<'a>,
    replay: Replay,
    books: Books,
}

impl Check<'_> {
    async fn run(mut self) -> Result<Books, StoreError> {
        self.catch_up().await?;
        self.check_balances().await?;
        self.check_spendings().await?;
        self.check_locks().await?;
        self.check_jobs().await?;
        let Self { mut books, replay, .. } = self;
        books.transfers = replay.transfers;
        books.assets = replay.assets();
        for totals in books.assets.clone() {
            if totals.sum() != 0 {
                books.fault(format!("{} does not sum to zero but to {}", totals.asset, totals.sum()));
            }
        }
        books.agree = books.fault_count == 0;
        Ok(books)
    }

    /// Replays what the journal has by now.
    async fn catch_up(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.source.transfers(self.replay.last).await?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                if let Some(fault) = self.replay.apply(row) {
                    self.books.fault(fault);
                }
            }
        }
    }

    /// Compares each stored balance with the journal, and looks for balances that are missing.
    async fn check_balances(&mut self) -> Result<(), StoreError> {
        let mut unseen = self.replay.owned_names();
        let mut after: Option<String> = None;
        loop {
            self.catch_up().await?;
            self.replay.begin_window();
            let page = self.source.balances(after.as_deref()).await?;
            self.catch_up().await?;
            let Some(last) = page.last() else { break };
            after = Some(last.account.clone());
            for row in &page {
                unseen.remove(&row.account);
                self.check_balance(row);
            }
            self.books.accounts += count_accounts(&page);
        }
        for account in unseen {
            self.books.fault(format!("{account} has movements in the journal and no balance"));
        }
        Ok(())
    }

    fn check_balance(&mut self, row: &BalanceRow) {
        let account = Account::parse(&row.account).filter(|account| account.job().is_none());
        let asset = Asset::named(&row.asset, row.decimals);
        let (Some(account), Some(asset)) = (account, asset) else {
            return self.books.fault(format!("{} in {} is no account", row.account, row.asset));
        };
        if !self.replay.had(&account, asset, row.units) {
            let expected = self.replay.balance(&account, asset);
            self.books.fault(format!(
                "{account} stands at {} {asset:?}, and the journal says {expected}",
                row.units
            ));
        }
    }

    /// Compares what each key has spent with what the journal says of the jobs that were asked for under it.
    async fn check_spendings(&mut self) -> Result<(), StoreError> {
        let mut unseen = self.replay.spent();
        let mut after = None;
        loop {
            self.catch_up().await?;
            self.replay.begin_window();
            let page = self.source.spendings(after).await?;
            self.catch_up().await?;
            let Some(last) = page.last() else { break };
            after = Some((last.key, last.period));
            for SpendingRow { key, period, units } in &page {
                let spent = (*key, *period);
                unseen.remove(&spent);
                if !self.replay.had_spent(spent, *units) {
                    let expected = self.replay.spending(spent);
                    self.books.fault(format!(
                        "{key} has spent {units} {}, and the journal says {expected}",
                        over(*period)
                    ));
                }
            }
        }
        for (key, period) in unseen {
            self.books.fault(format!("{key} has spent {}, and no sum says how much", over(period)));
        }
        Ok(())
    }

    /// Compares what is known to be locked of each agent with the journal, with which [`Self::check_job`] compares the locks.
    async fn check_locks(&mut self) -> Result<(), StoreError> {
        let agents: Vec<_> = self.replay.lockers().into_iter().collect();
        for page in agents.chunks(PAGE as usize) {
            self.catch_up().await?;
            self.replay.begin_window();
            let mut locked = Vec::with_capacity(page.len());
            for agent in page {
                locked.push((*agent, self.source.locked(*agent).await?));
            }
            self.catch_up().await?;
            for (agent, units) in locked {
                if !self.replay.had_locked(agent, i128::try_from(units).unwrap_or(i128::MAX)) {
                    let expected = self.replay.locked(agent);
                    self.books.fault(format!(
                        "agent {} is said to have {units} locked, and the journal says {expected}",
                        agent.0
                    ));
                }
            }
        }
        Ok(())
    }

    /// Compares what each job holds with the journal. A final job holds nothing.
    async fn check_jobs(&mut self) -> Result<(), StoreError> {
        let mut before = None;
        let mut holding = self.replay.holding_jobs();
        loop {
            self.catch_up().await?;
            self.replay.begin_window();
            let page = self.source.jobs(before).await?;
            self.catch_up().await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for job in &page {
                holding.remove(&job.id);
                self.check_job(job);
            }
        }
        for job in holding {
            self.books.fault(format!("money is held for job {}, which does not exist", job.0));
        }
        Ok(())
    }

    fn check_job(&mut self, job: &Job) {
        self.books.jobs += 1;
        self.books.open_jobs += u64::from(!job.state.is_final());
        let name = &*job.public_id.text;
        let own = [(Account::Escrow(job.id), job.escrow), (Account::Vesting(job.id), job.vesting)];
        let staked = job.hire.iter().flat_map(|hire| hire.holdings(job));
        let staked = staked.map(|(account, units)| (account, job.price.with_units(units)));
        for (account, amount) in own.into_iter().chain(staked) {
            if job.state.is_final() && !amount.is_zero() {
                self.books.fault(format!("job {name} is final and still has {amount:?} in {account}"));
            }
            let units = i128::try_from(amount.units).unwrap_or(i128::MAX);
            if !self.replay.had(&account, amount.asset, units) {
                let expected = self.replay.balance(&account, amount.asset);
                self.books.fault(format!(
                    "job {name} has {amount:?} in {account}, and the journal says {expected}"
                ));
            }
        }
        let holding = self.replay.holding(job.id);
        if let (Holding::Funded, true) = (holding, job.state.is_final()) {
            self.books.fault(format!("job {name} is final and its hold was never resolved"));
        }
    }
}

impl AssetBooks {
    const fn sum(&self) -> i128 {
        self.outside + self.owned + self.escrow + self.vesting
    }
}

fn over(period: Period) -> String {
    match period {
        Period::Day(day) => format!("on day {day}"),
        Period::InAll => "in all".to_owned(),
    }
}

/// A page has whole accounts, in the order of their names.
fn count_accounts(page: &[BalanceRow]) -> u64 {
    let mut names: Vec<_> = page.iter().map(|row| row.account.as_str()).collect();
    names.dedup();
    names.len() as u64
}

/// The sum of what a key has spent over a period.
type Spent = (KeyNumber, Period);

/// Sums by asset.
type Totals = BTreeMap<Asset, AssetBooks>;

/// An amount with a sign; the journal's amounts fit, because every balance does.
fn signed(amount: Amount) -> i128 {
    i128::try_from(amount.units).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests;
