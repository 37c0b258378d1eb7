//! Texts that are to be turned into vectors: the request, checked and bounded, and its output.

use super::EngineError;
use super::request::{check_model, invalid, read};
use serde::{Deserialize, Serialize};

/// The most texts at once.
pub const MAX_INPUTS: usize = 2_048;
/// The texts together, in bytes; fewer fit into a frame.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// The most numbers that a vector may have.
pub const MAX_DIMENSIONS: u32 = 65_536;

/// Texts to turn into vectors: `{"answer":"embeddings","input":[…],"model","dimensions"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Embed {
    /// The model's name; none for the worker's first.
    #[serde(default)]
    pub model: Option<String>,
    /// The texts; at least one, and none empty.
    pub input: Vec<String>,
    /// How many numbers each vector is to have, where the model leaves that open.
    #[serde(default)]
    pub dimensions: Option<u32>,
}

impl Embed {
    pub(super) fn from_payload(payload: &str) -> Result<Self, EngineError> {
        let Self { model, input, dimensions } = read(payload)?;
        EngineError::at_most("texts", MAX_INPUTS, input.len())?;
        EngineError::at_most("bytes of input", MAX_TEXT_BYTES, input.iter().map(String::len).sum())?;
        if input.is_empty() || input.iter().any(String::is_empty) {
            return Err(invalid("input is empty"));
        }
        if dimensions.is_some_and(|dimensions| !(1..=MAX_DIMENSIONS).contains(&dimensions)) {
            return Err(invalid(format!("dimensions must be between 1 and {MAX_DIMENSIONS}")));
        }
        Ok(Self { model: check_model(model)?, input, dimensions })
    }
}

/// The output: `{"model","embeddings"}`, one vector for each text, in their order.
#[derive(Serialize)]
pub(super) struct EmbedOutput<'a> {
    pub(super) model: &'a str,
    pub(super) embeddings: &'a [Vec<f32>],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Request;

    fn read(fields: &str) -> Result<Request, EngineError> {
        Request::from_payload(&format!(r#"{{"job_type":"LLM_INFER","answer":"embeddings",{fields}}}"#))
    }

    #[test]
    fn texts_are_read_within_their_bounds() {
        let embed = read(r#""model":"m","input":["one","two"],"dimensions":8,"messages":7"#);
        let input = vec!["one".to_owned(), "two".to_owned()];
        assert_eq!(embed, Ok(Request::Embed(Embed { model: Some("m".into()), input, dimensions: Some(8) })));
        for wrong in [
            r#""x":1"#,
            r#""input":[]"#,
            r#""input":["x",""]"#,
            r#""input":[[1,2]]"#,
            r#""input":["x"],"dimensions":0"#,
            r#""input":["x"],"dimensions":65537"#,
        ] {
            assert!(matches!(read(wrong), Err(EngineError::Invalid(_))), "{wrong}");
        }
        for input in [vec!["x".to_owned(); MAX_INPUTS + 1], vec!["x".repeat(MAX_TEXT_BYTES + 1)]] {
            let large = read(&format!(r#""input":{input:?}"#));
            assert!(matches!(large, Err(EngineError::TooLarge { .. })));
        }
    }
}
