//! Which models can be asked now.

use crate::engine::Engine;
use docket_core::time::Millis;
use std::sync::Arc;

/// A model that at least one connected worker serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServedModel {
    /// Its name.
    pub name: Arc<str>,
    /// How many connected workers serve it.
    pub workers: u32,
    /// The median time from a request to its whole answer, over the last hundred.
    pub median: Option<Millis>,
}

impl Engine {
    /// All models that are served now, in the order of their names.
    pub fn served_models(&self) -> Vec<ServedModel> {
        let served: Vec<_> = self.roster.fleet().served().collect();
        served
            .into_iter()
            .map(|(name, workers)| ServedModel { median: self.pace.median(&name), name, workers })
            .collect()
    }

    /// One model, if it is served now.
    pub fn served_model(&self, name: &str) -> Option<ServedModel> {
        let (name, workers) = self.roster.fleet().serves(name)?;
        Some(ServedModel { median: self.pace.median(&name), name, workers })
    }
}
