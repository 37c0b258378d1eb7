//! Who is enrolled for a class of hardware, and what everybody may see of such work.

use crate::rows::enrolment::ENROLMENTS;
use std::sync::LazyLock;

pub(super) static ENROLMENT: LazyLock<String> = LazyLock::new(|| format!("{ENROLMENTS} WHERE wallet = $1"));
/// In the order of the wallets.
pub(super) static AFTER: LazyLock<String> =
    LazyLock::new(|| format!("{ENROLMENTS} WHERE wallet > $1 ORDER BY wallet LIMIT 10000"));
/// The newest first.
pub(super) const NOTICES: &str = "SELECT number, at_ms, event, job_id, wallet FROM notice WHERE number < $1 \
     ORDER BY number DESC LIMIT $2";
pub(super) const LAST_NOTICE: &str = "SELECT max(number) FROM notice";

/// Every such query.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 4] {
    [&ENROLMENT, &AFTER, NOTICES, LAST_NOTICE]
}
