//! Which models can be asked now, and for what.

use crate::engine::Engine;
use docket_core::feature::Features;
use docket_core::time::Millis;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A model that at least one connected worker serves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServedModel {
    /// Its name.
    pub name: Arc<str>,
    /// How many connected workers serve it, apart by what they honour there.
    pub alike: BTreeMap<Features, u32>,
    /// The median time from a request to its whole answer, over the last hundred.
    pub median: Option<Millis>,
}

impl ServedModel {
    /// How many connected workers serve it.
    pub fn workers(&self) -> u32 {
        self.alike.values().sum()
    }

    /// What at least one of them honours.
    pub fn features(&self) -> Features {
        self.alike.keys().fold(Features::NONE, |all, some| all.union(*some))
    }

    /// Whether one of them can be asked for all of this.
    pub fn honours(&self, wanted: Features) -> bool {
        self.alike.keys().any(|features| features.include(wanted))
    }
}

impl Engine {
    /// All models that are served now, in the order of their names.
    pub fn served_models(&self) -> Vec<ServedModel> {
        let served: Vec<_> = self.roster.fleet().served().collect();
        served
            .into_iter()
            .map(|(name, alike)| ServedModel { median: self.pace.median(&name), name, alike })
            .collect()
    }

    /// One model, if it is served now.
    pub fn served_model(&self, name: &str) -> Option<ServedModel> {
        let (name, alike) = self.roster.fleet().serves(name)?;
        Some(ServedModel { median: self.pace.median(&name), name, alike })
    }
}
