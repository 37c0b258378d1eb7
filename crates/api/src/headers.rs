//! Headers that mean the same in every dialect.

use axum::http::{HeaderMap, header};

/// An idempotency key that is none: it has no, or more than 255, or other than visible characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct UnsoundKey;

/// A key of 1 to 255 visible characters, if there is one; the quotes that the draft standard asks for are optional.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, UnsoundKey> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| UnsoundKey)?;
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    let sound = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if sound { Ok(Some(key)) } else { Err(UnsoundKey) }
}

/// Whether a body is JSON, or does not say what it is.
pub(crate) fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    kind.is_empty() || kind.eq_ignore_ascii_case("application/json")
}
