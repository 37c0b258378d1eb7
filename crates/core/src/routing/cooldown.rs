//! How long a worker that fails again and again gets nothing.

use crate::time::Millis;

/// How long a worker is left alone after this many failures in a row; nothing after a first or second one.
///
/// A worker that fails at once is idle again at once, and would draw every job to itself. From the third
/// failure on it waits 5 s, then twice as long each time, 5 minutes at most. One success sets the count back
/// to zero.
pub fn cooldown(failures_in_a_row: u32) -> Millis {
    const FORGIVEN: u32 = 2;
    const FIRST: Millis = Millis::seconds(5);
    const LONGEST: Millis = Millis::seconds(300);
    match failures_in_a_row.checked_sub(FORGIVEN + 1) {
        None => Millis(0),
        Some(doublings) => Millis(FIRST.0 << doublings.min(6)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_the_third_failure_on_and_is_bounded() {
        let seconds: Vec<_> = (0..=10).map(|failures| cooldown(failures).0 / 1_000).collect();
        assert_eq!(seconds, [0, 0, 0, 5, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(cooldown(u32::MAX), Millis::seconds(300));
    }
}
