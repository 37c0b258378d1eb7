//! What a model is for and may be asked for, as workers declare it.

use crate::fields;
use docket_core::feature::Feature;
use serde::{Deserialize, Deserializer, Serializer};
use std::collections::BTreeSet;

/// So many names may stand in one list, known or not.
const MOST_NAMES: usize = 64;

/// Reads a list of names. Unknown ones are passed over: they come from newer workers.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Feature>, D::Error> {
    #[derive(Deserialize)]
    struct Name(#[serde(deserialize_with = "fields::name::<64, _>")] String);
    let names = fields::list::<MOST_NAMES, Name, _>(deserializer)?;
    Ok(names.iter().filter_map(|name| name.0.parse().ok()).collect())
}

/// Writes a list of names.
pub(super) fn serialize<S: Serializer>(
    features: &BTreeSet<Feature>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(features.iter().map(|feature| feature.name()))
}
