//! The one place that reads a clock.

use docket_core::time::{Millis, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// UTC at the start plus monotonic time since: it never jumps while the process lives.
    System { started_at: Timestamp, started: Instant },
    /// What a test says.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock, as it stands now, carried on by monotonic time.
    ///
    /// `not_before` is the latest instant that is known to have passed, such as that of the last stored
    /// job: a machine whose clock was set back does not travel back in time.
    pub fn system(not_before: Timestamp) -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
        Self(Kind::System { started_at: now.max(not_before), started: Instant::now() })
    }

    /// A clock that stands still until it is told otherwise.
    pub fn manual(now: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(AtomicI64::new(now.0))))
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System { started_at, started } => {
                let passed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
                *started_at + Millis(passed)
            }
            Kind::Manual(now) => Timestamp(now.load(Ordering::Relaxed)),
        }
    }

    /// How long the clock has run, more exactly than [`Self::now`]: to measure spans.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Kind::System { started, .. } => started.elapsed(),
            Kind::Manual(now) => {
                Duration::from_millis(u64::try_from(now.load(Ordering::Relaxed)).unwrap_or(0))
            }
        }
    }

    /// Moves a manual clock on. A system clock moves by itself.
    pub fn advance(&self, span: Millis) {
        if let Kind::Manual(now) = &self.0 {
            now.fetch_add(span.0.max(0), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_does_not_go_back() {
        let future = Timestamp(i64::MAX / 2);
        assert!(Clock::system(future).now() >= future);
    }

    #[test]
    fn a_manual_clock_moves_when_told() {
        let clock = Clock::manual(Timestamp(5));
        clock.advance(Millis(10));
        clock.advance(Millis(-3));
        assert_eq!(clock.now(), Timestamp(15));
    }
}
