//! What workers learn of a job's terms, and what receipts repeat.

use crate::engine::Engine;
use docket_core::job::Job;
use docket_protocol::digest::Digest;
use docket_protocol::frames::Terms;
use docket_protocol::receipt::Model;

impl Engine {
    /// What the full receipt of a job has to repeat; `payload` is what its worker gets to see.
    pub fn terms(&self, job: &Job, payload: &[u8]) -> Terms {
        Terms {
            network: self.config.ledger.network().0.to_string(),
            client: client_name(job),
            price: job.price.units,
            hold: job.escrow.units,
            asset: job.price.asset.name().to_owned(),
            request_hash: Digest::of(payload),
            model: job.ask.model.as_ref().map(|name| Model { name: name.to_string(), weights_hash: None }),
        }
    }
}

/// The client as workers may know it: without the dialect's scope.
pub fn client_name(job: &Job) -> String {
    let scoped = &*job.client.0;
    scoped.split_once(':').map_or(scoped, |(_, name)| name).to_owned()
}
