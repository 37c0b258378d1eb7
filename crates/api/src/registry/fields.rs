//! The members of a request's body: bounded, and of the types that they should have.

use super::errors::{Code, Problem};
use crate::headers::may_be_json;
use axum::http::HeaderMap;
use docket_core::agent::identity::Wallet;
use docket_core::hash::Sha256;
use serde_json::{Map, Value};

/// The members of a body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        if !may_be_json(headers) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "The Content-Type must be application/json.",
            ));
        }
        let body: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| Problem::invalid(format!("The body is no JSON object: {error}.")))?;
        Ok(Self(body.into_iter().filter(|(_, value)| !value.is_null()).collect()))
    }

    /// A text of 1 to so many bytes, and no zero among them, if it is there.
    pub(super) fn text(&self, name: &str, most: usize) -> Result<Option<&str>, Problem> {
        let wrong =
            || Problem::invalid(format!("`{name}` must be a text of 1 to {most} bytes without zeros."));
        let sound = |text: &&str| (1..=most).contains(&text.len()) && !text.contains('\0');
        self.0.get(name).map(|value| value.as_str().filter(sound).ok_or_else(wrong)).transpose()
    }

    /// The same where it must be there.
    pub(super) fn must(&self, name: &str, most: usize) -> Result<&str, Problem> {
        self.text(name, most)?.ok_or_else(|| Problem::invalid(format!("`{name}` is missing.")))
    }

    /// An address, if it is there.
    pub(super) fn wallet(&self, name: &str) -> Result<Option<Wallet>, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be 0x and 40 hexadecimal digits."));
        self.text(name, 64)?.map(|text| Wallet::parse(text).ok_or_else(wrong)).transpose()
    }

    /// A digest, with or without `0x`, if it is there.
    pub(super) fn digest(&self, name: &str) -> Result<Option<Sha256>, Problem> {
        let wrong = || Problem::invalid(format!("`{name}` must be 64 hexadecimal digits."));
        let read = |text: &str| Sha256::parse(text.strip_prefix("0x").unwrap_or(text)).ok_or_else(wrong);
        self.text(name, 128)?.map(read).transpose()
    }

    /// A whole number in a range, if it is there.
    pub(super) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let (first, last) = (range.start(), range.end());
        let wrong = || Problem::invalid(format!("`{name}` must be a whole number from {first} to {last}."));
        let read = |value: &Value| value.as_i64().filter(|number| range.contains(number)).ok_or_else(wrong);
        self.0.get(name).map(read).transpose()
    }

    /// A list of at most so many texts, each of at most so many bytes, if it is there.
    pub(super) fn texts(
        &self,
        name: &str,
        most: usize,
        longest: usize,
    ) -> Result<Option<Vec<&str>>, Problem> {
        let wrong = || {
            Problem::invalid(format!(
                "`{name}` must be a list of at most {most} texts of 1 to {longest} bytes."
            ))
        };
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let list = value.as_array().filter(|list| list.len() <= most).ok_or_else(wrong)?;
        let sound = |text: &&str| (1..=longest).contains(&text.len()) && !text.contains(['\0', '\n']);
        let texts = list.iter().map(|text| text.as_str().filter(sound).ok_or_else(wrong));
        texts.collect::<Result<_, _>>().map(Some)
    }
}
