//! After a start: every challenge that has not ended is looked at once more, and ends.

use super::hear::came_of;
use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::challenge::reference::Reference;
use docket_core::challenge::{self, Challenge, Void};
use docket_core::id::JobId;
use docket_core::job::State;
use docket_core::time::Timestamp;

impl Engine {
    /// Judges what was answered before the start, and ends the rest: nobody has the questions any more.
    pub(crate) async fn recover_challenges(&self) -> Result<(), EngineError> {
        for challenge in self.store.open_challenges().await? {
            let after = self.answered_before(&challenge).await?.unwrap_or(challenge);
            if after.state == challenge::State::Open {
                self.end(after, Void::Restarted).await?;
            }
        }
        // Those for references are nobody's any more, either.
        let open = self.store.open_jobs();
        let waits = |state: &State| matches!(state, State::Open { .. } | State::Funded { .. });
        for job in open.iter().filter(|job| job.is_challenge() && waits(&job.state)) {
            self.withdraw_job(job.id).await?;
        }
        Ok(())
    }

    /// A challenge after what was answered before the start; `None` if nothing was.
    async fn answered_before(&self, challenge: &Challenge) -> Result<Option<Challenge>, EngineError> {
        let Some(probe) = challenge.probes.last().filter(|probe| probe.outcome.is_none()) else {
            return Ok(None);
        };
        let Some(job) = self.store.job(probe.job).await? else { return Ok(None) };
        let Some(came) = came_of(&job, &challenge.worker, None) else { return Ok(None) };
        let Some(reference) = self.reference_of(challenge, probe.reference).await? else { return Ok(None) };
        let Some(outcome) = self.outcome(&job, &came, &reference).await? else { return Ok(None) };
        let after = challenge.hear(probe.job, outcome, self.clock.now())?;
        self.write(&after).await?;
        self.give_back_hold(&job).await?;
        Ok(Some(after))
    }

    async fn reference_of(
        &self,
        challenge: &Challenge,
        name: JobId,
    ) -> Result<Option<Reference>, EngineError> {
        let all = self.store.references(&challenge.model, Timestamp(i64::MIN), 1_000).await?;
        Ok(all.into_iter().find(|reference| reference.job == name))
    }
}
