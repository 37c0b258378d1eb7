//! Canonical JSON (RFC 8785): the one way to write a value, so that what is signed can be written again.
//!
//! Numbers that not every reader holds exactly are refused; our forms carry money and 64-bit counts as texts.

mod strict;

pub use strict::{StrictError, parse_strict};

use serde::Serialize;
use serde_json::{Number, Value};

/// The largest whole number that every reader of JSON holds exactly: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// A value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// A whole number beyond [`MAX_SAFE_INTEGER`].
    #[error("a number that not every reader holds exactly")]
    Number,
    /// The value cannot be written as JSON at all, for instance a map whose keys are not texts.
    #[error("not JSON: {0}")]
    NotJson(#[from] serde_json::Error),
}

/// The canonical bytes of anything that can be written as JSON.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let mut bytes = Vec::new();
    write(&serde_json::to_value(value)?, &mut bytes)?;
    Ok(bytes)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let number = as_safe(number).and_then(write_number).ok_or(CanonicalError::Number)?;
            out.extend_from_slice(number.as_bytes());
        }
        Value::String(text) => write_text(text, out)?,
        Value::Array(elements) => {
            out.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                separate(at, out);
                write(element, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (at, (key, member)) in members.into_iter().enumerate() {
                separate(at, out);
                write_text(key, out)?;
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
}

/// A number as ECMAScript writes it: the shortest digits that read back as the same double.
///
/// `None` for what is not finite. Minus zero is written `0`.
pub fn write_number(number: f64) -> Option<String> {
    number.is_finite().then(|| ryu_js::Buffer::new().format_finite(number).to_owned())
}

/// The library escapes exactly what ECMAScript does, and in the same way; a test says so.
fn write_text(text: &str, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    Ok(serde_json::to_writer(out, text)?)
}

/// The number as a double, unless it would be written as digits that not every reader holds exactly.
fn as_safe(number: &Number) -> Option<f64> {
    const FIRST_WITH_EXPONENT: f64 = 1e21;
    let double = number.as_f64()?;
    let exact = double.abs() <= MAX_SAFE_INTEGER as f64 || double.abs() >= FIRST_WITH_EXPONENT;
    exact.then_some(double)
}
