//! After a start: every open job has its deadline again, and what was not done is done.

use crate::RESUME_GRACE;
use crate::engine::Engine;
use crate::error::EngineError;
use docket_core::command::Command;
use docket_core::effect::{EffectKind, owed};

/// What a start found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// How many jobs were open.
    pub open: usize,
    /// How many of them wait for a worker.
    pub unplaced: usize,
}

impl Engine {
    /// Takes up where the last process ended.
    ///
    /// A job that nobody has may have had a worker: for the grace it waits for that worker to come
    /// back with the work, then for any.
    pub async fn recover(&self) -> Result<Recovered, EngineError> {
        let open = self.store.open_jobs();
        for job in &open {
            self.note_deadline(job.id);
        }
        let unplaced: Vec<_> = open.iter().filter_map(|job| owed(job)).collect();
        for effect in &unplaced {
            let EffectKind::Route = effect.kind;
            self.execute(effect.job, &Command::Recover { grace: RESUME_GRACE }).await?;
        }
        let at = self.clock.now() + RESUME_GRACE;
        unplaced.iter().for_each(|effect| self.outbox.add_later(*effect, at));
        self.recover_post().await?;
        self.recover_enrolments().await?;
        self.recover_challenges().await?;
        self.timer.notify_one();
        Ok(Recovered { open: open.len(), unplaced: unplaced.len() })
    }
}
