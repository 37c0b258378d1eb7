//! Strategy `RUBRIC`: several models score the deliverable by weighted dimensions, and the median counts.

mod judgement;
mod panel;
mod prompt;
mod reply;

pub use judgement::{Dispersion, Judgement, Opinion, TooFewOpinions, aggregate};
pub use panel::{Heard, MAX_MODELS, Panel, PanelError, Silence, Unanswered, consult};
pub use prompt::{MAX_TEXT_BYTES, NotText, Prompt};
pub use reply::{MAX_REPLY_BYTES, ReplyError};

use crate::Digest;
use serde::Deserialize;
use std::collections::HashSet;

/// The least models whose opinions make a judgement.
pub const LEAST_OPINIONS: usize = 3;
/// The most bytes of a rubric.
pub const MAX_RUBRIC_BYTES: usize = 64 << 10;
/// The most dimensions of a rubric.
pub const MAX_DIMENSIONS: usize = 20;
/// The most letters of a dimension's name.
pub const MAX_NAME: usize = 64;
/// The most letters of a dimension's description.
pub const MAX_DESCRIPTION: usize = 2_000;

/// By what models are to judge, and what suffices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rubric {
    digest: Digest,
    pass: u8,
    program_weight: Option<u8>,
    dimensions: Vec<Dimension>,
}

/// One thing that is judged.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// What it is called. No other dimension of the rubric has the same name.
    pub name: String,
    /// What the models are told of it.
    pub description: String,
    /// Its share of 100.
    pub weight: u8,
}

/// A text that is no rubric.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RubricError {
    /// It is larger than [`MAX_RUBRIC_BYTES`].
    #[error("a rubric has at most {MAX_RUBRIC_BYTES} bytes")]
    TooLarge,
    /// It is no JSON, or has other fields.
    #[error("this is no rubric: {0}")]
    Form(String),
    /// The pass mark is more than can be reached.
    #[error("`pass` goes from 0 to 100")]
    Pass,
    /// The program's share leaves nothing for itself or for the dimensions.
    #[error("`program_weight` goes from 1 to 99")]
    ProgramWeight,
    /// There is no dimension, or there are too many.
    #[error("a rubric has 1 to {MAX_DIMENSIONS} dimensions")]
    Dimensions,
    /// A name is empty, too long or not on one line.
    #[error("the name of a dimension has 1 to {MAX_NAME} letters and no control characters")]
    Name,
    /// Two dimensions have one name.
    #[error("two dimensions are called `{0}`")]
    SameName(String),
    /// A description is empty or too long.
    #[error("the description of a dimension has 1 to {MAX_DESCRIPTION} letters")]
    Description,
    /// A dimension weighs nothing, or they do not weigh 100 together.
    #[error("weights are whole numbers from 1 on, and their sum is 100, not {0}")]
    Weights(u32),
}

impl Rubric {
    /// Reads `{"pass": 70, "dimensions": [{"name": ..., "description": ..., "weight": 60}, ...]}`, where a strategy
    /// `HYBRID` has `"program_weight": 40` besides. The form is our own.
    pub fn parse(json: &[u8]) -> Result<Self, RubricError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            pass: u8,
            program_weight: Option<u8>,
            dimensions: Vec<Dimension>,
        }
        if json.len() > MAX_RUBRIC_BYTES {
            return Err(RubricError::TooLarge);
        }
        let Form { pass, program_weight, dimensions } =
            serde_json::from_slice(json).map_err(|error| RubricError::Form(error.to_string()))?;
        if pass > 100 {
            return Err(RubricError::Pass);
        }
        if program_weight.is_some_and(|weight| !(1..=99).contains(&weight)) {
            return Err(RubricError::ProgramWeight);
        }
        check(&dimensions)?;
        Ok(Self { digest: Digest::of(json), pass, program_weight, dimensions })
    }

    /// What names it: the digest of the exact bytes that were read.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many points of 100 suffice.
    pub fn pass(&self) -> u8 {
        self.pass
    }

    /// The program's share of 100, where a program judges too.
    pub fn program_weight(&self) -> Option<u8> {
        self.program_weight
    }

    /// What is judged. Never empty; the weights are 100 together.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }
}

fn check(dimensions: &[Dimension]) -> Result<(), RubricError> {
    if !(1..=MAX_DIMENSIONS).contains(&dimensions.len()) {
        return Err(RubricError::Dimensions);
    }
    let mut names = HashSet::new();
    for Dimension { name, description, .. } in dimensions {
        if !(1..=MAX_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(RubricError::Name);
        }
        if !(1..=MAX_DESCRIPTION).contains(&description.chars().count()) {
            return Err(RubricError::Description);
        }
        if !names.insert(name) {
            return Err(RubricError::SameName(name.clone()));
        }
    }
    let sum = dimensions.iter().map(|dimension| u32::from(dimension.weight)).sum();
    match sum == 100 && dimensions.iter().all(|dimension| dimension.weight > 0) {
        true => Ok(()),
        false => Err(RubricError::Weights(sum)),
    }
}
