//! What jobs say of whoever did them: one history of evidence that loses half of its weight in thirty days.
//!
//! Whole numbers only, and the same evidence gives the same history for ever. What a history comes to is left to
//! [`View`], and which event is evidence to [`crate::change`].

mod explanation;
mod fading;
mod views;

use crate::money::BasisPoints;
use crate::time::{Millis, Timestamp};
pub use explanation::{Because, Jobs, Term, Unit};
use fading::{HOUR_MS, factor, fade, faded_span};
pub use views::{Parts, Rate, View};

/// A job, in the unit of the sums here.
pub const ONE: u64 = 1 << 20;

/// How many imagined jobs of the middle stand beside what was seen.
pub const IMAGINED_JOBS: u64 = 4 * ONE;
/// How much imagined time, half of it connected, stands beside what was watched.
const IMAGINED_SPAN: u64 = 24 * HOUR_MS;
const BEST: u64 = 10_000;

/// One thing that speaks for whoever did the work, or against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// A job was paid, and can be disputed no more.
    Paid {
        /// Where its first text came among those of its model, if it was compared.
        placing: Option<BasisPoints>,
    },
    /// A job was lost by its fault.
    Lost,
    /// What it delivered was not what it had signed, or its receipt proved nothing.
    Unproven,
    /// It was connected for so long, up to now.
    Connected(Millis),
    /// It was given a job whose right answer is known.
    Challenged {
        /// Whether it gave that answer.
        passed: bool,
    },
}

/// What is kept of all evidence: sums that fade, jobs in [`ONE`]s and time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reputation {
    /// Jobs paid.
    pub paid: u64,
    /// Jobs lost, those with a bad proof among them.
    pub lost: u64,
    /// Deliveries whose proof was bad.
    pub unproven: u64,
    /// The placings of those that were compared, the best placing as one job.
    pub placed: u64,
    /// How many were compared.
    pub compared: u64,
    /// Time connected.
    pub connected: u64,
    /// Time since somebody first looked.
    pub watched: u64,
    /// Challenges passed.
    pub passed: u64,
    /// Challenges whose answer was another one, or none.
    pub refuted: u64,
    /// Up to when the two spans above reach; `None` if nobody has looked yet.
    pub watched_until: Option<Timestamp>,
    /// The hour, counted from 1970, up to which everything has faded.
    pub hour: i64,
}

impl Reputation {
    /// What is kept once this has come to light as well.
    ///
    /// All that comes within one hour weighs the same, in whatever order; what comes out of order weighs as if it had
    /// come now.
    #[must_use]
    pub fn after(mut self, evidence: Evidence, now: Timestamp) -> Self {
        self.fade_to(now);
        match evidence {
            Evidence::Paid { placing } => {
                add(&mut self.paid, ONE);
                if let Some(BasisPoints(placing)) = placing {
                    add(&mut self.placed, u64::from(placing).min(BEST) * ONE / BEST);
                    add(&mut self.compared, ONE);
                }
            }
            Evidence::Lost => add(&mut self.lost, ONE),
            Evidence::Unproven => {
                add(&mut self.lost, ONE);
                add(&mut self.unproven, ONE);
            }
            Evidence::Connected(span) => self.watch(span, now),
            Evidence::Challenged { passed: true } => add(&mut self.passed, ONE),
            Evidence::Challenged { passed: false } => add(&mut self.refuted, ONE),
        }
        self
    }

    fn watch(&mut self, connected: Millis, now: Timestamp) {
        let connected = connected.max(Millis(0));
        let watched = self.watched_until.map_or(connected, |until| now.since(until));
        let connected = connected.min(watched);
        add(&mut self.watched, faded_span(watched));
        add(&mut self.connected, faded_span(connected));
        self.connected = self.connected.min(self.watched);
        self.watched_until = self.watched_until.max(Some(now));
    }

    fn fade_to(&mut self, now: Timestamp) {
        let hour = now.0.div_euclid(HOUR_MS as i64);
        if self.hour < hour {
            let factor = factor(hour.abs_diff(self.hour));
            for sum in [
                &mut self.paid,
                &mut self.lost,
                &mut self.unproven,
                &mut self.placed,
                &mut self.compared,
                &mut self.connected,
                &mut self.watched,
                &mut self.passed,
                &mut self.refuted,
            ] {
                *sum = fade(*sum, factor);
            }
            self.hour = hour;
        }
    }
}

fn add(sum: &mut u64, more: u64) {
    // Stored in 63 bits.
    *sum = sum.saturating_add(more).min(i64::MAX as u64);
}

/// Where a span stands among those of others: 10,000 for none at all, 5,000 for the median, 0 from the 95th percentile
/// on, and on straight lines between.
pub fn placing(span: Millis, median: Millis, late: Millis) -> BasisPoints {
    let [span, median, late] = [span, median, late].map(|span| u128::from(span.0.max(0).unsigned_abs()));
    let half = u128::from(BEST / 2);
    let place = if span <= median {
        half + half * (median - span) / median.max(1)
    } else if span < late {
        half * (late - span) / (late - median)
    } else {
        0
    };
    bps(place)
}

fn bps(share: u128) -> BasisPoints {
    let best = u128::from(BEST);
    BasisPoints(u16::try_from(share.min(best)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests;
