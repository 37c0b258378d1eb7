//! Pages by key: each answer says where the next begins.

use super::problem::Problem;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use docket_core::id::JobId;
use serde::{Deserialize, Serialize};

/// The most rows of a page.
const MOST: u32 = 100;
/// The rows of a page if nobody says how many.
const USUAL: u32 = 20;

/// Which page is wanted, as it stands in a query.
#[derive(Deserialize)]
pub(super) struct PageQuery {
    limit: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// A page of a list.
#[derive(Serialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    /// What to pass for the next page; `null` on the last.
    pub(super) next: Option<String>,
}

impl PageQuery {
    /// How many rows: 1 to 100.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        let Some(text) = &self.limit else { return Ok(USUAL) };
        let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
        limit.ok_or_else(|| Problem::invalid(format!("limit must be 1 to {MOST}")))
    }

    /// The job before which the page begins.
    pub(super) fn before_job(&self) -> Result<Option<JobId>, Problem> {
        Ok(self.before()?.map(|id| JobId(id.unsigned_abs())))
    }

    /// The number before which the page begins.
    pub(super) fn before(&self) -> Result<Option<i64>, Problem> {
        let Some(text) = &self.before else { return Ok(None) };
        let invalid = || Problem::invalid("before must be the 'next' of an earlier page");
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        let number = bytes.map(i64::from_be_bytes).filter(|number| *number >= 0);
        number.map(Some).ok_or_else(invalid)
    }

    /// The name after which the page begins.
    pub(super) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

impl<T> Page<T> {
    /// A page; a full one may have another behind it.
    pub(super) fn of(data: Vec<T>, limit: u32, cursor: impl FnOnce() -> Option<String>) -> Self {
        let next = if data.len() >= limit as usize { cursor() } else { None };
        Self { data, next }
    }
}

/// A number as a cursor: what it is made of is nobody's business.
pub(super) fn cursor(number: i64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_be_bytes())
}

/// A job as a cursor.
pub(super) fn job_cursor(job: JobId) -> String {
    cursor(i64::try_from(job.0).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: Option<&str>, before: Option<&str>) -> PageQuery {
        PageQuery { limit: limit.map(str::to_owned), before: before.map(str::to_owned), after: None }
    }

    #[test]
    fn a_cursor_reads_back() {
        for number in [0, 7, i64::MAX] {
            assert_eq!(query(None, Some(&cursor(number))).before().unwrap(), Some(number));
        }
        for text in ["", "7", "AAAA", "!!!!!!!!!!!", &cursor(-1)] {
            assert!(query(None, Some(text)).before().is_err(), "{text}");
        }
    }

    #[test]
    fn a_limit_has_bounds() {
        assert_eq!(query(None, None).limit().unwrap(), 20);
        assert_eq!(query(Some("100"), None).limit().unwrap(), 100);
        for text in ["0", "101", "-1", "1.5", "", "99999999999"] {
            assert!(query(Some(text), None).limit().is_err(), "{text}");
        }
    }
}
