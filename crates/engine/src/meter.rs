//! Counts what has happened since the start, for who watches over the process.

use docket_core::hook::DeliveryState;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The upper bounds of the buckets of a latency, in microseconds.
const BOUNDS_US: [u64; 12] =
    [250, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// Counts of what has happened.
#[derive(Default)]
pub struct Meter {
    endings: Mutex<BTreeMap<&'static str, u64>>,
    commits: Histogram,
    attempts: Mutex<BTreeMap<&'static str, u64>>,
    challenges: Mutex<BTreeMap<&'static str, u64>>,
}

/// Durations, counted by how long they are.
#[derive(Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len()],
    beyond: AtomicU64,
    sum_us: AtomicU64,
}

/// How long something took, each time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Latencies {
    /// How many took at most so long, and longer than the bound before.
    pub buckets: Vec<(Duration, u64)>,
    /// How many took longer than the last bound.
    pub beyond: u64,
    /// How many there were.
    pub count: u64,
    /// How long all of them took together.
    pub sum: Duration,
}

impl Meter {
    /// Jobs that have become final, by the name of their state.
    pub fn endings(&self) -> Vec<(&'static str, u64)> {
        let endings = self.endings.lock().unwrap_or_else(PoisonError::into_inner);
        endings.iter().map(|(state, jobs)| (*state, *jobs)).collect()
    }

    /// Attempts to tell a hook something: how many were `delivered`, `failed` to be tried again, and were `given_up`.
    pub fn attempts(&self) -> Vec<(&'static str, u64)> {
        let attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.iter().map(|(outcome, count)| (*outcome, *count)).collect()
    }

    /// Challenges that have ended, by the name of their state; and under `unfunded` the questions for which the treasury did not
    /// hold enough.
    pub fn challenges(&self) -> Vec<(&'static str, u64)> {
        let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.iter().map(|(state, count)| (*state, *count)).collect()
    }

    /// A challenge has ended so, or a question was not put.
    pub(crate) fn count_challenge(&self, state: &'static str) {
        *self.challenges.lock().unwrap_or_else(PoisonError::into_inner).entry(state).or_default() += 1;
    }

    /// An attempt to tell a hook something has left its delivery like this.
    pub(crate) fn count_attempt(&self, state: DeliveryState) {
        let outcome = match state {
            DeliveryState::Delivered(_) => "delivered",
            DeliveryState::Waiting(_) | DeliveryState::Forgotten => "failed",
            DeliveryState::Failed(_) => "given_up",
        };
        *self.attempts.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    /// How long changes took to be durable.
    pub fn commits(&self) -> Latencies {
        self.commits.read()
    }

    /// A job has become final.
    pub(crate) fn count_ending(&self, state: &'static str) {
        *self.endings.lock().unwrap_or_else(PoisonError::into_inner).entry(state).or_default() += 1;
    }

    /// A change has become durable.
    pub(crate) fn time_commit(&self, took: Duration) {
        self.commits.add(took);
    }
}

impl Histogram {
    /// Counts one more.
    pub fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.iter().position(|bound| micros <= *bound);
        bucket.map_or(&self.beyond, |at| &self.buckets[at]).fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> Latencies {
        let counts = self.buckets.each_ref().map(|count| count.load(Ordering::Relaxed));
        let beyond = self.beyond.load(Ordering::Relaxed);
        Latencies {
            count: counts.iter().sum::<u64>() + beyond,
            buckets: BOUNDS_US.map(Duration::from_micros).into_iter().zip(counts).collect(),
            beyond,
            sum: Duration::from_micros(self.sum_us.load(Ordering::Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_falls_into_one_bucket() {
        let meter = Meter::default();
        for micros in [0, 250, 251, 10_000_000] {
            meter.time_commit(Duration::from_micros(micros));
        }
        let read = meter.commits();
        assert_eq!((read.buckets[0].1, read.buckets[1].1, read.beyond, read.count), (2, 1, 1, 4));
        assert_eq!(read.sum, Duration::from_micros(10_000_501));
    }

    #[test]
    fn endings_are_counted_by_state() {
        let meter = Meter::default();
        for state in ["settled", "failed", "settled"] {
            meter.count_ending(state);
        }
        assert_eq!(meter.endings(), [("failed", 1), ("settled", 2)]);
    }
}
