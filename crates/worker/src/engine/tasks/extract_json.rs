//! `extract_json`: every JSON object and array in a text, also nested, cut off or slightly broken ones.

use std::thread;

use jsonrepair::{LeadingZeroPolicy, Options, repair_to_string};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json_scan::{Extent, Quotes, Scanner, begins_like_json};

/// The deepest nesting that is extracted.
pub const MAX_DEPTH: usize = 128;
/// The most values that are extracted from one text.
pub const MAX_VALUES: usize = 1_000;

const MAX_REPAIRS: usize = 64;
const MAX_REPAIR_BYTES: usize = 64 << 10;
/// The repairer recurses for each opener that it sees, and broken quotes may show it more than are there. So all
/// openers are counted, and it gets a stack that holds as many levels several times over.
const MAX_REPAIR_OPENERS: usize = 2_000;
const REPAIR_STACK_BYTES: usize = 64 << 20;

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
    let mut search = Search { text, scanner: Scanner::new(text), repairs_left: MAX_REPAIRS };
    let mut extracted = vec![];
    let mut at = 0;
    let mut truncated = false;
    while let Some(start) = search.scanner.opener(at) {
        if extracted.len() == MAX_VALUES {
            truncated = true;
            break;
        }
        match search.value_at(start) {
            Found::Value { value, end } => {
                extracted.push(value);
                at = end;
            }
            Found::TooDeep { end } => at = end,
            Found::Nothing => at = start + 1,
            Found::OutOfSteps => {
                truncated = true;
                break;
            }
        }
    }
    let count = extracted.len();
    Extraction { extracted, count, truncated }
}

enum Found {
    Value { value: Box<RawValue>, end: usize },
    TooDeep { end: usize },
    Nothing,
    OutOfSteps,
}

struct Search<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    repairs_left: usize,
}

impl Search<'_> {
    /// Reads the value that begins with an opener: as it stands, else with quotes ignored, else as cut off.
    fn value_at(&mut self, start: usize) -> Found {
        let Some(extent) = self.scanner.extent(start, Quotes::Respected) else { return Found::OutOfSteps };
        if let Extent::Closed { end, depth } = extent {
            if depth > MAX_DEPTH {
                return Found::TooDeep { end };
            }
            let value =
                compact(&self.text[start..end]).or_else(|| self.repair(&self.text[start..end], depth));
            return value.map_or(Found::Nothing, |value| Found::Value { value, end });
        }
        if !begins_like_json(&self.text[start..]) {
            return Found::Nothing;
        }
        let Some(blind) = self.scanner.extent(start, Quotes::Ignored) else { return Found::OutOfSteps };
        let (end, depth) = match (blind, extent) {
            (Extent::Closed { end, depth }, _) => (end, depth),
            (Extent::Open { .. }, Extent::Open { depth } | Extent::Closed { depth, .. }) => {
                (self.text.len(), depth)
            }
        };
        let value = self.repair(&self.text[start..end], depth);
        value.map_or(Found::Nothing, |value| Found::Value { value, end })
    }

    fn repair(&mut self, piece: &str, depth: usize) -> Option<Box<RawValue>> {
        let openers = piece.bytes().filter(|byte| matches!(byte, b'{' | b'[' | b'(')).count();
        let small = piece.len() <= MAX_REPAIR_BYTES && depth <= MAX_DEPTH && openers <= MAX_REPAIR_OPENERS;
        if !small || !begins_like_json(piece) {
            return None;
        }
        self.repairs_left = self.repairs_left.checked_sub(1)?;
        thread::scope(|scope| {
            let repairer = thread::Builder::new().stack_size(REPAIR_STACK_BYTES);
            let repaired = repairer.spawn_scoped(scope, || repair_to_string(piece, &options()).ok());
            compact(&repaired.ok()?.join().ok()??)
        })
    }
}

fn options() -> Options {
    Options {
        fenced_code_blocks: false,
        leading_zero_policy: LeadingZeroPolicy::QuoteAsString,
        ..Options::default()
    }
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
