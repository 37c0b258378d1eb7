//! How long to wait before the next attempt to connect.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest wait of a worker that still has work: the coordinator keeps its place for a few seconds only.
const LONGEST_WITH_WORK: Duration = Duration::from_secs(1);

/// Waits that double, each lengthened at random so that not all workers come back at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    step: Duration,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { step: FIRST }
    }

    /// The next wait: 100 to 200 ms at first, then twice as long each time.
    pub(crate) fn next(&mut self, has_work: bool) -> Duration {
        let longest = if has_work { LONGEST_WITH_WORK } else { LONGEST };
        let wait = (self.step + self.step * random_percent() / 100).min(longest);
        self.step = (self.step * 2).min(LONGEST);
        wait
    }
}

/// 0 to 99. Without random numbers all wait alike, which is slower and not wrong.
fn random_percent() -> u32 {
    getrandom::u32().unwrap_or(0) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_short_and_grow_to_their_limit() {
        let mut backoff = Backoff::new();
        let ms = |from, to| Duration::from_millis(from)..Duration::from_millis(to);
        for range in [ms(100, 200), ms(200, 400), ms(400, 800), ms(800, 1600), ms(1600, 3200)] {
            let wait = backoff.next(false);
            assert!(range.contains(&wait), "{wait:?} is not in {range:?}");
        }
        for _ in 0..100 {
            assert!(backoff.next(false) >= Duration::from_millis(3200));
            assert!(backoff.next(false) <= LONGEST);
        }
        assert_eq!(backoff.next(true), LONGEST_WITH_WORK);
    }

    #[test]
    fn two_workers_do_not_wait_alike() {
        let waits = |_| {
            let mut backoff = Backoff::new();
            (0..8).map(|_| backoff.next(true)).collect::<Vec<_>>()
        };
        let all: std::collections::HashSet<_> = (0..8).map(waits).collect();
        assert!(all.len() > 1, "{all:?}");
    }
}
