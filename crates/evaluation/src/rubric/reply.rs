//! What a model replied.

use super::{Opinion, Rubric};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;

/// The most bytes of a reply that are read.
pub const MAX_REPLY_BYTES: usize = 64 << 10;

/// Why a reply is no opinion.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReplyError {
    /// It is larger than [`MAX_REPLY_BYTES`].
    #[error("it is longer than {MAX_REPLY_BYTES} bytes")]
    TooLong,
    /// It is not one JSON object of whole numbers.
    #[error("it is not one JSON object with whole numbers from 0 to 100")]
    Form,
    /// A dimension has no score.
    #[error("it has no score for `{0}`")]
    Missing(String),
    /// A dimension has two scores.
    #[error("it has two scores for `{0}`")]
    Twice(String),
    /// It scores what nobody asked for.
    #[error("it scores what is no dimension of the rubric")]
    Unknown,
}

/// The fields of an object in their order, repeated ones too.
struct Fields(Vec<(String, u8)>);

impl Opinion {
    /// Reads a model's reply: one JSON object with a whole score for each dimension and nothing else, bare or between the
    /// marks of a code block.
    pub fn parse(rubric: &Rubric, model: &str, reply: &str) -> Result<Self, ReplyError> {
        if reply.len() > MAX_REPLY_BYTES {
            return Err(ReplyError::TooLong);
        }
        let Fields(fields) = serde_json::from_str(unfenced(reply)).map_err(|_| ReplyError::Form)?;
        if fields.iter().any(|(_, score)| *score > 100) {
            return Err(ReplyError::Form);
        }
        let dimensions = rubric.dimensions();
        if fields.iter().any(|(name, _)| dimensions.iter().all(|dimension| dimension.name != *name)) {
            return Err(ReplyError::Unknown);
        }
        let scores = dimensions.iter().map(|dimension| {
            let mut found =
                fields.iter().filter(|(name, _)| *name == dimension.name).map(|(_, score)| *score);
            match (found.next(), found.next()) {
                (Some(score), None) => Ok(score),
                (None, _) => Err(ReplyError::Missing(dimension.name.clone())),
                (Some(_), Some(_)) => Err(ReplyError::Twice(dimension.name.clone())),
            }
        });
        Ok(Self { model: model.to_owned(), scores: scores.collect::<Result<_, _>>()? })
    }
}

/// What stands between the marks of a code block, if the whole reply is one.
fn unfenced(reply: &str) -> &str {
    let reply = reply.trim();
    let inner = reply.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    match inner.and_then(|inner| inner.split_once('\n')) {
        Some((language, inner)) if language.trim().chars().all(char::is_alphanumeric) => inner.trim(),
        _ => reply,
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of whole numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
