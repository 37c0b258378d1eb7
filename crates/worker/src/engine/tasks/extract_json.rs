//! `extract_json`: every JSON object and array in a text, also nested, cut off or slightly broken ones.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json_repair::repair;
use super::json_scan::{Extent, begins_like_json, extent, opener};

/// The deepest nesting that is extracted, one below where the JSON parser ends.
pub const MAX_DEPTH: usize = 127;
/// The most values that are extracted from one text.
pub const MAX_VALUES: usize = 1_000;

/// Steps that the search in one text may take. Ordinary text needs one or two for each byte; text made of openers
/// would need a square of its length.
const STEPS: usize = 8 << 20;

/// The output of `extract_json`.
#[derive(Clone, Debug, Serialize)]
pub struct Extraction {
    /// The outermost objects and arrays in the order of the text, compact; numbers and keys stand as they stood.
    pub extracted: Vec<Box<RawValue>>,
    /// How many there are.
    pub count: usize,
    /// Set where there may be more, because a limit was reached.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Finds the JSON in a text. Never fails: what cannot be read as JSON is passed over.
pub fn extract_json(text: &str) -> Extraction {
    let mut extracted = vec![];
    let mut at = 0;
    let mut steps = STEPS;
    while let Some(start) = opener(text, at) {
        if steps == 0 || extracted.len() == MAX_VALUES {
            return Extraction { count: extracted.len(), extracted, truncated: true };
        }
        at = match value_at(text, start, &mut steps) {
            Found::Value { value, end } => {
                extracted.push(value);
                end
            }
            Found::TooDeep { end } => end,
            Found::Nothing => start + 1,
        };
    }
    Extraction { count: extracted.len(), extracted, truncated: false }
}

enum Found {
    Value { value: Box<RawValue>, end: usize },
    TooDeep { end: usize },
    Nothing,
}

/// Reads the value that begins with an opener: as it stands, else as it was probably meant.
fn value_at(text: &str, start: usize, steps: &mut usize) -> Found {
    match extent(text, start, steps) {
        Some(Extent::Closed { end, depth }) if depth > MAX_DEPTH => return Found::TooDeep { end },
        Some(Extent::Closed { end, .. }) => {
            if let Some(value) = compact(&text[start..end]) {
                return Found::Value { value, end };
            }
        }
        Some(Extent::Open) => (),
        None => *steps = 0,
    }
    if !begins_like_json(&text[start..]) {
        return Found::Nothing;
    }
    let repaired =
        repair(text, start, steps).and_then(|repaired| Some((compact(&repaired.json)?, repaired.end)));
    repaired.map_or(Found::Nothing, |(value, end)| Found::Value { value, end })
}

/// An object or array without the spaces between its parts; `None` if it is not sound JSON.
fn compact(piece: &str) -> Option<Box<RawValue>> {
    match serde_json::from_str(piece) {
        Ok(Value::Object(_) | Value::Array(_)) => (),
        _ => return None,
    }
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => (),
        }
        quoted || !matches!(c, ' ' | '\t' | '\n' | '\r')
    };
    RawValue::from_string(piece.chars().filter(keep).collect()).ok()
}
