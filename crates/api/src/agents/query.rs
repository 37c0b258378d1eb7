//! What lists may be asked for, as it comes in a query.

use super::errors::Problem;

/// `true` or `false`, if it is there.
pub(super) fn flag(name: &str, text: Option<&str>) -> Result<Option<bool>, Problem> {
    let wrong = |_| Problem::invalid(format!("`{name}` must be true or false."));
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

/// A score from 0 to 100, if it is there.
pub(super) fn score(name: &str, text: Option<&str>) -> Result<Option<u8>, Problem> {
    let wrong = || Problem::invalid(format!("`{name}` must be a whole number from 0 to 100."));
    let read = |text: &str| text.parse().ok().filter(|score| *score <= 100).ok_or_else(wrong);
    text.map(read).transpose()
}
