//! Challenges, and what trusted workers have answered.

use crate::rows::challenge::{CHALLENGES, REFERENCES};
use std::sync::LazyLock;

/// Those that have not ended, by an index of those alone.
pub(super) static OPEN: LazyLock<String> =
    LazyLock::new(|| format!("{CHALLENGES} WHERE ended_ms IS NULL ORDER BY challenge_id LIMIT 10000"));
/// The newest first.
pub(super) static OF_WALLET: LazyLock<String> =
    LazyLock::new(|| format!("{CHALLENGES} WHERE wallet = $1 ORDER BY challenge_id DESC LIMIT $2"));
/// The newest first.
pub(super) static OF_MODEL: LazyLock<String> = LazyLock::new(|| {
    format!("{REFERENCES} WHERE model = $1 AND made_ms > $2 ORDER BY made_ms DESC LIMIT $3")
});

/// Every such query.
#[cfg(test)]
pub(crate) fn all() -> [&'static str; 3] {
    [&OPEN, &OF_WALLET, &OF_MODEL]
}
