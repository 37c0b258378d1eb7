//! Whether a report is new: a rule of its own, apart from who vouches for the report.

use docket_core::agent::capital::Valuation;
use docket_core::time::{Millis, Timestamp};

/// When snapshots are expected, and how far their clock may be off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The time from one snapshot to the next; documented as four hours.
    pub interval: Millis,
    /// How old a report may be when it is received. As much later than the interval is still in time.
    pub max_age: Millis,
    /// How far the enclave's clock may be ahead of ours.
    pub skew: Millis,
}

impl Default for Schedule {
    /// Every four hours, at most fifteen minutes old, at most thirty seconds ahead.
    fn default() -> Self {
        Self { interval: Millis::hours(4), max_age: Millis::seconds(15 * 60), skew: Millis::seconds(30) }
    }
}

/// Where the line of a job's attested snapshots stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The instant of the last one, by the enclave's clock.
    pub at: Timestamp,
    /// Its sequence number.
    pub sequence: u64,
}

impl Mark {
    /// Where it stands with what is known last.
    pub const fn of(known: &Valuation) -> Self {
        Self { at: known.at, sequence: known.sequence }
    }

    /// Where it stands before the first: when the job began. What is older is of another time.
    pub const fn start(at: Timestamp) -> Self {
        Self { at, sequence: 0 }
    }
}

/// Whether a report is new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Freshness {
    /// It is.
    Fresh {
        /// How many snapshots were due since the last one and never came.
        missed: u32,
    },
    /// It is not, and settles nothing.
    Stale(Why),
}

/// Why a report is not new.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Why {
    /// Its instant lies further ahead than clocks may differ.
    #[error("the snapshot lies in the future")]
    FromTheFuture,
    /// It was made too long before it came.
    #[error("the snapshot is too old")]
    TooOld,
    /// Its instant is not after that of the last attested one.
    #[error("the snapshot is not newer than the last attested one")]
    NotNewer,
    /// Its number is not greater than that of the last attested one.
    #[error("the snapshot's sequence number is not greater than that of the last attested one")]
    NotNext,
}

impl Why {
    /// The code that callers may match on, listed in `docs/attestation.md`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FromTheFuture => "snapshot.from_the_future",
            Self::TooOld => "snapshot.too_old",
            Self::NotNewer => "snapshot.not_newer",
            Self::NotNext => "snapshot.not_next",
        }
    }
}

impl Schedule {
    /// Whether a report that stands at `report` and came at `received` is new after `last`.
    pub fn freshness(&self, report: Mark, received: Timestamp, last: Mark) -> Freshness {
        if report.at.since(received) > self.skew {
            return Freshness::Stale(Why::FromTheFuture);
        }
        if received.since(report.at) > self.max_age {
            return Freshness::Stale(Why::TooOld);
        }
        if report.at <= last.at {
            return Freshness::Stale(Why::NotNewer);
        }
        if report.sequence <= last.sequence {
            return Freshness::Stale(Why::NotNext);
        }
        // The snapshot that came is one of those that were due.
        Freshness::Fresh { missed: self.due(last.at, report.at + self.max_age).saturating_sub(1) }
    }

    /// How many snapshots are overdue at `now`, where the last attested one stands at `last`.
    pub fn overdue(&self, last: Mark, now: Timestamp) -> u32 {
        self.due(last.at, Timestamp(now.0.saturating_sub(self.max_age.0)))
    }

    fn due(&self, from: Timestamp, to: Timestamp) -> u32 {
        let interval = self.interval.0.max(1);
        u32::try_from(to.since(from).0 / interval).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const START: Timestamp = Timestamp(1_775_000_000_000);

    fn after(ms: i64) -> Timestamp {
        Timestamp(START.0 + ms)
    }

    fn judged(report_ms: i64, sequence: u64, received_ms: i64) -> Freshness {
        let last = Mark { at: START, sequence: 3 };
        Schedule::default().freshness(Mark { at: after(report_ms), sequence }, after(received_ms), last)
    }

    #[test]
    fn a_report_is_fresh_within_skew_and_age() {
        let fresh = Freshness::Fresh { missed: 0 };
        assert_eq!(judged(4 * HOUR, 4, 4 * HOUR), fresh);
        assert_eq!(judged(4 * HOUR + 30_000, 4, 4 * HOUR), fresh);
        assert_eq!(judged(4 * HOUR + 30_001, 4, 4 * HOUR), Freshness::Stale(Why::FromTheFuture));
        assert_eq!(judged(4 * HOUR, 4, 4 * HOUR + 900_000), fresh);
        assert_eq!(judged(4 * HOUR, 4, 4 * HOUR + 900_001), Freshness::Stale(Why::TooOld));
    }

    #[test]
    fn a_report_is_newer_and_of_a_greater_number_than_the_last() {
        assert_eq!(judged(1, 4, 1), Freshness::Fresh { missed: 0 });
        assert_eq!(judged(0, 4, 1), Freshness::Stale(Why::NotNewer));
        assert_eq!(judged(-1, 4, 1), Freshness::Stale(Why::NotNewer));
        assert_eq!(judged(4 * HOUR, 3, 4 * HOUR), Freshness::Stale(Why::NotNext));
        assert_eq!(judged(4 * HOUR, 2, 4 * HOUR), Freshness::Stale(Why::NotNext));
        assert_eq!(judged(4 * HOUR, 9, 4 * HOUR), Freshness::Fresh { missed: 0 });
    }

    #[test]
    fn snapshots_that_never_came_are_counted() {
        let minute = 60_000;
        for (hours, minutes, missed) in
            [(4, 15, 0), (7, 44, 0), (7, 45, 1), (8, 0, 1), (12, 0, 2), (24, 0, 5)]
        {
            let at = hours * HOUR + minutes * minute;
            assert_eq!(judged(at, 4, at), Freshness::Fresh { missed }, "{hours}:{minutes}");
        }
    }

    #[test]
    fn what_is_overdue_is_known_without_a_report() {
        let schedule = Schedule::default();
        let last = Mark::start(START);
        assert_eq!(schedule.overdue(last, after(4 * HOUR + 899_999)), 0);
        assert_eq!(schedule.overdue(last, after(4 * HOUR + 900_000)), 1);
        assert_eq!(schedule.overdue(last, after(-HOUR)), 0);
        assert_eq!(schedule.overdue(last, Timestamp(i64::MAX)), u32::MAX);
    }

    #[test]
    fn instants_at_the_ends_of_time_do_no_harm() {
        let (first, last) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        let mark = |at| Mark { at, sequence: 1 };
        let schedule = Schedule::default();
        assert_eq!(
            schedule.freshness(mark(last), first, Mark::start(first)),
            Freshness::Stale(Why::FromTheFuture)
        );
        assert_eq!(schedule.freshness(mark(first), last, Mark::start(first)), Freshness::Stale(Why::TooOld));
    }
}
