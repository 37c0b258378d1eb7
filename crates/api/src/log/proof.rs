//! Proves that something happened to a job, and what moved then: by the log's entry of it.

use crate::app::App;
use docket_core::id::JobId;
use docket_core::merkle::Plan;
use docket_engine::EngineError;
use docket_protocol::receipt::{LogProof, Movement};
use std::collections::BTreeMap;

/// The entry of a job's event, with what moved and the way from it to the newest checkpoint; `None` if the log
/// has no such entry yet.
pub(crate) async fn prove(app: &App, job: JobId, event: &str) -> Result<Option<LogProof>, EngineError> {
    let store = app.engine.store();
    let Some(index) = store.log_index(job, event).await? else { return Ok(None) };
    let checkpoint = app.checkpoints.newest(store.log());
    let Some(plan) = Plan::inclusion(index, checkpoint.size) else { return Ok(None) };
    let mut tiles = BTreeMap::new();
    for tile in plan.tiles() {
        if let Some(range) = tile.hashes(checkpoint.size) {
            let count = range.end - range.start;
            tiles.insert(tile, store.log_hashes(tile.level, range.start, count).await?);
        }
    }
    let Some(entry) = store.log_entries(index, 1).await?.pop() else { return Ok(None) };
    let proof = match plan.hashes(&tiles) {
        Ok(proof) => proof,
        Err(error) => {
            tracing::error!(%error, index, "the log is not what its size says");
            return Ok(None);
        }
    };
    let origin = app.checkpoints.verifier().name().to_owned();
    let transfers = Some(moved(app, job, index).await?);
    Ok(Some(LogProof { origin, index, entry, transfers, proof, checkpoint: checkpoint.note.clone() }))
}

/// What moved for a job with the entry at an index.
async fn moved(app: &App, job: JobId, index: u64) -> Result<Vec<Movement>, EngineError> {
    let rows = app.engine.store().job_transfers(job).await?;
    let with_entry = rows.iter().filter(|row| row.log_index == Some(index));
    Ok(with_entry.map(|row| Movement::new(&row.from, &row.to, row.amount)).collect())
}
