//! What an engine can do, as the worker declares it to the coordinator.

use std::collections::BTreeSet;

use docket_protocol::frames::Feature;

use super::TaskKind;

/// What an engine, or all engines of a worker together, can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The models, in order of preference: the first serves requests that name none.
    pub models: Vec<ModelOffer>,
    /// The tasks.
    pub tasks: Vec<TaskKind>,
    /// How many requests it carries out at once without one slowing another, at least 1. A default: the worker's
    /// owner knows better.
    pub concurrency: usize,
}

/// One model that can be asked for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOffer {
    /// The name that requests and receipts use.
    pub name: String,
    /// SHA-256 of the weights' file, where the engine has the file in hand.
    pub weights_sha256: Option<[u8; 32]>,
    /// Tokens of prompt and answer together, where known.
    pub context_tokens: Option<u32>,
    /// How large it is, for a person to read, such as `8B`.
    pub parameters: Option<String>,
    /// What it is for, and what it may be asked for.
    pub features: BTreeSet<Feature>,
    /// A test fixture that only repeats what it was taught, and no model to sell.
    pub tiny: bool,
}

/// A kind of job, by its name on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// `LLM_INFER`: language models.
    LlmInfer,
    /// `TASK`: the built-in tasks.
    Task,
}

impl Capability {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LlmInfer => "LLM_INFER",
            Self::Task => "TASK",
        }
    }
}

impl Offer {
    /// The kinds of job it can take.
    pub fn capabilities(&self) -> Vec<Capability> {
        let infer = (!self.models.is_empty()).then_some(Capability::LlmInfer);
        let task = (!self.tasks.is_empty()).then_some(Capability::Task);
        infer.into_iter().chain(task).collect()
    }
}
