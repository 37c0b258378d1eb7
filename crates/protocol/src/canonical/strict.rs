//! Reading JSON where two readers must not see two different things.

use super::MAX_SAFE_INTEGER;
use crate::nesting;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// A text is not strict JSON.
#[derive(Debug, thiserror::Error)]
pub enum StrictError {
    /// Arrays and objects lie deeper in each other than the caller allows.
    #[error("nested too deeply")]
    TooDeep,
    /// No JSON, a key that stands twice, or a number that not every reader holds exactly.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads one JSON value in UTF-8 and nothing after it. `max_depth` is at most 100.
///
/// Refuses a key that stands twice in an object (I-JSON, RFC 7493), and every number beyond 2^53 - 1,
/// because its digits may mean one thing to one reader and another to the next.
pub fn parse_strict(json: &[u8], max_depth: usize) -> Result<Value, StrictError> {
    if !nesting::within(json, max_depth.min(100)) {
        return Err(StrictError::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        if number > MAX_SAFE_INTEGER { Err(inexact()) } else { Ok(number.into()) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        if number.unsigned_abs() > MAX_SAFE_INTEGER { Err(inexact()) } else { Ok(number.into()) }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        // The parser also hands over whole numbers of more than 64 bits in this way.
        if number.abs() > MAX_SAFE_INTEGER as f64 { Err(inexact()) } else { Ok(number.into()) }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Strict)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict)?;
            if map.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice in an object"));
            }
        }
        Ok(Value::Object(map))
    }
}

fn inexact<E: Error>() -> E {
    E::custom("a number beyond 2^53 - 1")
}
