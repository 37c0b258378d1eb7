//! What a model may be asked for beside plain text, as workers declare it.

use crate::fields;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::str::FromStr;

/// So many names may stand in one list, known or not.
const MOST_NAMES: usize = 64;

/// Something that only some models, or only some servers, honour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Calls of functions: `tools`, `tool_choice`, `parallel_tool_calls`, messages of the role `tool`.
    Tools,
    /// Answers in JSON: a `response_format` other than text.
    Json,
    /// How likely each token was: `logprobs`, `top_logprobs`.
    Logprobs,
    /// Random numbers that begin with the `seed` of the request.
    Seed,
    /// `frequency_penalty` and `presence_penalty`.
    Penalties,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Tools, Self::Json, Self::Logprobs, Self::Seed, Self::Penalties];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Json => "json",
            Self::Logprobs => "logprobs",
            Self::Seed => "seed",
            Self::Penalties => "penalties",
        }
    }
}

/// A name that is no feature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the features are tools, json, logprobs, seed and penalties")]
pub struct UnknownFeature;

impl FromStr for Feature {
    type Err = UnknownFeature;

    fn from_str(name: &str) -> Result<Self, UnknownFeature> {
        Self::ALL.into_iter().find(|feature| feature.name() == name).ok_or(UnknownFeature)
    }
}

/// Reads a list of names. Unknown ones are passed over: they come from newer workers.
pub(super) fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Feature>, D::Error> {
    #[derive(Deserialize)]
    struct Name(#[serde(deserialize_with = "fields::name::<64, _>")] String);
    let names = fields::list::<MOST_NAMES, Name, _>(deserializer)?;
    Ok(names.iter().filter_map(|name| name.0.parse().ok()).collect())
}
