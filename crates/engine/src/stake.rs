//! What workers put down as a surety: it comes in, goes back, and counts as it stands on disk.

use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::change::{Change, Claim};
use docket_core::command::Command;
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, PublicId, WorkerId};
use docket_core::job::Job;
use docket_core::ledger::{Account, Transfer};
use docket_core::money::{Amount, Asset};
use docket_core::policy::Ruling;
use docket_core::refusal::Refusal;
use docket_store::{CommitError, Documents, StoreError};

/// How a stake changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StakeChange {
    /// Money comes in from outside.
    FromOutside,
    /// The worker puts down what it has earned.
    FromEarnings,
    /// It has it back, among what it has earned.
    Back,
}

impl StakeChange {
    const fn name(self) -> &'static str {
        match self {
            Self::FromOutside => "stake from outside",
            Self::FromEarnings => "stake from earnings",
            Self::Back => "unstake",
        }
    }
}

impl Engine {
    /// Changes the stake of a worker that has ever registered. A repeat under the same key does nothing, and is
    /// answered with `None`.
    ///
    /// Nothing comes back as long as a job of the worker may still cost it: [`Refusal::StakeInUse`].
    pub async fn change_stake(
        &self,
        worker: WorkerId,
        change: StakeChange,
        amount: Amount,
        key: &str,
    ) -> Result<Option<u64>, EngineError> {
        if amount.is_zero() {
            return Err(Refusal::InsufficientFunds.into());
        }
        let key = key.to_owned();
        self.begin(move |engine| async move {
            let result = engine.move_stake(worker, change, amount, &key).await;
            engine.refresh_stake(worker).await?;
            result
        })
        .await
    }

    async fn move_stake(
        &self,
        worker: WorkerId,
        change: StakeChange,
        amount: Amount,
        key: &str,
    ) -> Result<Option<u64>, EngineError> {
        let (stake, earned) = (Account::Staked(worker), Account::Worker(worker));
        let (from, to) = match change {
            StakeChange::FromOutside => (Account::Outside(self.config.ledger.network().clone()), stake),
            StakeChange::FromEarnings => (earned, stake),
            StakeChange::Back => {
                // What is delivered from here on is delivered without a stake, so none is missing if it is disputed.
                self.roster.fleet().set_stake(&worker, None);
                (stake, earned)
            }
        };
        let text = format!("{} {worker} {} {}", change.name(), amount.units, amount.asset.name());
        let claim = Claim {
            key: format!("operator:{key}").into(),
            request: Sha256::of(text.as_bytes()),
            answer: PublicId { dialect: Dialect::Credits, text: "stake".into() },
        };
        if change == StakeChange::Back && self.owes(worker) {
            let before = self.store.claim(&claim.key).await?.filter(|before| before.request == claim.request);
            return if before.is_some() { Ok(None) } else { Err(Refusal::StakeInUse.into()) };
        }
        let change = Change::of_transfer(Transfer { from, to, amount }, claim, self.clock.now());
        match self.commit(change, Documents::default()).await {
            Ok(committed) => Ok(committed.log_index),
            Err(CommitError::Repeated(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a job that the worker has, or that may still be disputed, is not final.
    fn owes(&self, worker: WorkerId) -> bool {
        let jobs = self.store.open_jobs();
        jobs.iter().any(|job| {
            let holder = job.holder().map(|(holder, _)| holder);
            holder.or(job.delivery().and_then(|delivery| delivery.worker())) == Some(worker)
        })
    }

    /// What a worker has at stake on disk, in minor units of what the market counts in.
    pub async fn staked(&self, worker: WorkerId) -> Result<u128, StoreError> {
        self.held_in(&Account::Staked(worker), self.config.ledger.asset()).await
    }

    /// What an account that is never negative holds of an asset on disk, in minor units.
    pub(crate) async fn held_in(&self, account: &Account, asset: Asset) -> Result<u128, StoreError> {
        let rows = self.store.balance(account).await?;
        let row = rows.iter().find(|row| row.is_in(asset));
        Ok(row.map_or(0, |row| row.units.unsigned_abs()))
    }

    /// Takes over what stands on disk. It is read until it stands still, so of two who do this at once the later wins.
    pub(crate) async fn refresh_stake(&self, worker: WorkerId) -> Result<(), StoreError> {
        let mut staked = self.staked(worker).await?;
        loop {
            self.roster.fleet().set_stake(&worker, self.config.stake.tier(staked));
            let now = self.staked(worker).await?;
            if now == staked {
                return Ok(());
            }
            staked = now;
        }
    }

    /// What a ruling has left of a worker's stake is what counts from now on.
    pub(crate) async fn learn_of_ruling(&self, job: &Job, ruled: Option<&Command>) {
        let worker = job.delivery().and_then(|delivery| delivery.worker());
        let (Some(Command::Rule { stake, .. }), Some(worker)) = (ruled, worker) else { return };
        if let Err(error) = self.refresh_stake(worker).await {
            tracing::warn!(%worker, %error, "what is left of a stake could not be read");
            let left = stake.saturating_sub(job.vesting.units);
            self.roster.fleet().set_stake(&worker, self.config.stake.tier(left));
        }
    }

    /// Whether what a worker delivers for a job now is delivered with a stake that counts.
    pub(crate) fn stakes(&self, job: &Job, worker: &WorkerId) -> bool {
        job.policy.staked.is_some() && self.roster.fleet().has_stake(worker)
    }

    /// A ruling with what there is to be lost by it, and a lapse with what there is to be paid for early work.
    pub(crate) async fn with_balances(
        &self,
        job: &Job,
        command: &Command,
    ) -> Result<Option<Command>, StoreError> {
        match (command, job.delivery()) {
            (Command::Rule { ruling: ruling @ Ruling::ForClient, by, .. }, Some(delivery)) => {
                let Some(worker) = delivery.worker() else { return Ok(None) };
                let stake = self.held_in(&Account::Staked(worker), job.price.asset).await?;
                Ok(Some(Command::Rule { ruling: *ruling, by: *by, stake }))
            }
            (Command::Lapse { .. }, Some(_))
                if job.hire.as_ref().is_some_and(|hire| hire.bonus(job.vesting.units) > 0) =>
            {
                let treasury = self.held_in(&Account::Treasury, job.price.asset).await?;
                Ok(Some(Command::Lapse { treasury }))
            }
            _ => Ok(None),
        }
    }
}
