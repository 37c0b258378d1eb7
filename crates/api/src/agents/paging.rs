//! Numbered pages: `page` from 1, `limit` from 1 to 100, and how many there are in all.

use super::errors::Problem;
use docket_engine::Page;
use serde::Serialize;

/// How many a page has where nobody says otherwise.
const USUAL: u32 = 20;
/// How many it has at most.
const MOST: u32 = 100;
/// The last page that can be asked for.
const LAST: u32 = 1_000_000;

/// Which page is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Numbered {
    page: u32,
    limit: u32,
}

#[derive(Serialize, Debug, PartialEq, Eq)]
pub(super) struct Pagination {
    page: u32,
    limit: u32,
    total: u64,
}

impl Numbered {
    /// From `page` and `limit` as they came.
    pub(super) fn parse(page: Option<&str>, limit: Option<&str>) -> Result<Self, Problem> {
        let number = |name, text: Option<&str>, usual, most| match text {
            None => Ok(usual),
            Some(text) => match text.parse() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(Problem::invalid(format!("`{name}` must be a number from 1 to {most}."))),
            },
        };
        Ok(Self { page: number("page", page, 1, LAST)?, limit: number("limit", limit, USUAL, MOST)? })
    }

    pub(super) fn page(self) -> Page {
        Page { skip: u64::from(self.page - 1) * u64::from(self.limit), limit: self.limit }
    }

    pub(super) const fn of(self, total: u64) -> Pagination {
        Pagination { page: self.page, limit: self.limit, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_counted_from_one_and_bounded() {
        let first = Numbered::parse(None, None).unwrap();
        assert_eq!(first.page(), Page { skip: 0, limit: 20 });
        assert_eq!(first.of(3), Pagination { page: 1, limit: 20, total: 3 });
        let third = Numbered::parse(Some("3"), Some("100")).unwrap();
        assert_eq!(third.page(), Page { skip: 200, limit: 100 });
        for (page, limit) in
            [("0", "1"), ("-1", "1"), ("x", "1"), ("1000001", "1"), ("1", "0"), ("1", "101"), ("1", "")]
        {
            assert!(Numbered::parse(Some(page), Some(limit)).is_err(), "{page} {limit}");
        }
    }
}
