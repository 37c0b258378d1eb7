//! The log: hashes and entries by their places.

use crate::value::Value;

/// How many hashes or entries of the log are read at once.
const PAGE: u64 = 256;

const LEAVES: &str =
    "SELECT hash FROM log_leaf WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index";
const NODES: &str = "SELECT hash FROM log_node WHERE level = $1 AND node_index >= $2 \
     AND node_index < $3 ORDER BY node_index";
pub(super) const ENTRIES: &str =
    "SELECT entry FROM log_leaf WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index";
pub(super) const INDEX: &str = "SELECT leaf_index FROM journal WHERE job_id = $1 AND event = $2 \
     AND leaf_index IS NOT NULL ORDER BY version DESC LIMIT 1";

/// Every such query.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 4] {
    [LEAVES, NODES, ENTRIES, INDEX]
}

/// The query for some consecutive hashes of one level of the log.
pub(crate) fn hashes(level: u8, first: u64, count: u64) -> (&'static str, Vec<Value<'static>>) {
    let [first, end] = range(first, count);
    match level {
        0 => (LEAVES, vec![first, end]),
        _ => (NODES, vec![Value::Int(level.into()), first, end]),
    }
}

/// The first and the one after the last.
pub(super) fn range(first: u64, count: u64) -> [Value<'static>; 2] {
    [first, first.saturating_add(count.min(PAGE))].map(Value::count)
}
