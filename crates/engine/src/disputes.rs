//! Disputes: opened with their evidence, and ended by the rules or by the arbiter.

use crate::engine::Engine;
use crate::error::EngineError;
use crate::execute::Executed;
use docket_core::command::Command;
use docket_core::hash::Sha256;
use docket_core::id::JobId;
use docket_core::policy::{Judge, Ruling};
use docket_core::refusal::Refusal;
use docket_store::Documents;

impl Engine {
    /// Opens a dispute over what the client says that he received, and ends it at once where it is `decided` how.
    ///
    /// Both are carried out even if this future is dropped. Where the process has ended between the two, the next who
    /// asks ends it; until then it waits for the arbiter like any other.
    pub async fn dispute(
        &self,
        id: JobId,
        claim: Option<Sha256>,
        decided: Option<Ruling>,
    ) -> Result<Executed, EngineError> {
        self.begin(|engine| async move {
            let execute = async |command| engine.carry_through(id, &command, Documents::default()).await;
            let opened = execute(Command::Dispute { claim, filing: None }).await;
            let (Some(ruling), Ok(_) | Err(EngineError::Refused(Refusal::AlreadyDisputed))) =
                (decided, &opened)
            else {
                return opened;
            };
            match execute(Command::Rule { ruling, by: Judge::Rules, stake: 0 }).await {
                Err(EngineError::Refused(Refusal::NotNow { .. })) => Err(Refusal::AlreadyDisputed.into()),
                ruled => ruled,
            }
        })
        .await
    }

    /// Ends a dispute as the arbiter says.
    pub async fn rule(&self, id: JobId, ruling: Ruling) -> Result<Executed, EngineError> {
        self.execute(id, &Command::Rule { ruling, by: Judge::Arbiter, stake: 0 }).await
    }
}
