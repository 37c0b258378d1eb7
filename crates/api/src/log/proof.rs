//! Proves that an entry is in the log.

use crate::app::App;
use docket_core::merkle::Plan;
use docket_engine::EngineError;
use docket_protocol::receipt::LogProof;
use std::collections::BTreeMap;

/// The entry at an index, with the way from it to the newest checkpoint; `None` if the log is shorter.
pub(crate) async fn prove(app: &App, index: u64) -> Result<Option<LogProof>, EngineError> {
    let store = app.engine.store();
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
    Ok(Some(LogProof { origin, index, entry, proof, checkpoint: checkpoint.note.clone() }))
}
