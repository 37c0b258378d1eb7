//! What only the operator may do.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::Executed;
use crate::roster::{ToWorker, WorkerView};
use docket_core::change::{Change, Claim};
use docket_core::command::{Canceller, Command};
use docket_core::hash::Sha256;
use docket_core::id::{Dialect, JobId, PublicId, WorkerId};
use docket_core::ledger::{Account, Transfer};
use docket_core::money::Amount;
use docket_core::refusal::Refusal;
use docket_store::{CommitError, Documents};

impl Engine {
    /// Credits an account with money that came in from outside. A repeat under the same key does nothing.
    pub async fn credit(&self, to: Account, amount: Amount, key: &str) -> Result<Option<u64>, EngineError> {
        if amount.is_zero() || to.job().is_some() || matches!(to, Account::Outside(_)) {
            return Err(Refusal::InsufficientFunds.into());
        }
        let request = Sha256::of(format!("credit {to} {} {}", amount.units, amount.asset.name()).as_bytes());
        let from = Account::Outside(self.config.ledger.network().clone());
        let claim = Claim {
            key: format!("operator:{key}").into(),
            request,
            answer: PublicId { dialect: Dialect::Credits, text: "credit".into() },
        };
        let change = Change::of_transfer(Transfer { from, to, amount }, claim, self.clock.now());
        match self.commit(change, Documents::default()).await {
            Ok(committed) => Ok(committed.log_index),
            Err(CommitError::Repeated(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Withdraws a job for the operator's reasons.
    pub async fn cancel(&self, id: JobId) -> Result<Executed, EngineError> {
        self.execute(id, &Command::Cancel { by: Canceller::Operator }).await
    }

    /// Tells every worker that this coordinator is about to go: its connection ends, and it comes back
    /// when there is one again.
    pub fn tell_workers_to_close(&self) {
        self.roster.fleet().tell_all(&ToWorker::Close);
    }

    /// How many jobs workers have in their hands.
    pub fn running(&self) -> usize {
        self.roster.fleet().running()
    }

    /// Connected workers, from after a key.
    pub fn worker_views(&self, after: Option<WorkerId>, limit: usize) -> Vec<WorkerView> {
        self.roster.fleet().views(after, limit)
    }

    /// One connected worker.
    pub fn worker_view(&self, worker: &WorkerId) -> Option<WorkerView> {
        self.roster.fleet().view(worker)
    }
}
