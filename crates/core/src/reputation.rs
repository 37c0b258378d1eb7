//! What a worker's jobs say of it: four rates over evidence that loses half of its weight in thirty days.
//!
//! Whole numbers only, and the same evidence gives the same score for ever. Which event is evidence is left to
//! [`crate::change`].

mod fading;

use crate::money::BasisPoints;
use crate::time::{Millis, Timestamp};
use fading::{HOUR_MS, factor, fade, faded_span};

/// A job, in the unit of the sums here.
pub const ONE: u64 = 1 << 20;

/// The four parts of the score and their weights in thousandths.
const WEIGHTS: [u64; 4] = [350, 300, 250, 100];
/// How many imagined jobs of the middle stand beside what was seen.
const IMAGINED_JOBS: u64 = 4 * ONE;
/// How much imagined time, half of it connected, stands beside what was watched.
const IMAGINED_SPAN: u64 = 24 * HOUR_MS;
const BEST: u64 = 10_000;

/// One thing that speaks for a worker or against it.
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
}

/// What is kept of a worker's evidence: sums that fade, jobs in [`ONE`]s and time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
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
    /// Up to when the two spans above reach; `None` if nobody has looked yet.
    pub watched_until: Option<Timestamp>,
    /// The hour, counted from 1970, up to which everything has faded.
    pub hour: i64,
}

/// The parts of a score, each from 0 to 10,000.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// Jobs paid among those paid or lost.
    pub completion: BasisPoints,
    /// How soon the first text comes, among those of the same models.
    pub latency: BasisPoints,
    /// Deliveries that were what was signed.
    pub proof: BasisPoints,
    /// Time connected.
    pub uptime: BasisPoints,
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
            ] {
                *sum = fade(*sum, factor);
            }
            self.hour = hour;
        }
    }

    /// Each part on its own. Of what nobody has seen yet, a part is in the middle.
    pub fn parts(&self) -> Parts {
        Parts {
            completion: rate(self.paid, self.paid.saturating_add(self.lost), IMAGINED_JOBS),
            latency: rate(self.placed, self.compared, IMAGINED_JOBS),
            proof: rate(self.paid, self.paid.saturating_add(self.unproven), IMAGINED_JOBS),
            uptime: rate(self.connected, self.watched, IMAGINED_SPAN),
        }
    }

    /// The score of its parts. It changes with evidence, not with time alone.
    pub fn score(&self) -> BasisPoints {
        self.parts().score()
    }
}

impl Parts {
    /// The score, from 0 to 10,000: completion 35 %, latency 30 %, proof 25 %, uptime 10 %, rounded down.
    pub fn score(&self) -> BasisPoints {
        let Self { completion, latency, proof, uptime } = *self;
        let parts = [completion, latency, proof, uptime].map(|part| u64::from(part.0));
        let sum: u64 = parts.into_iter().zip(WEIGHTS).map(|(part, weight)| part * weight).sum();
        bps(sum / 1_000)
    }
}

/// The share of `good` among `all`, beside so much that is imagined and half of it good.
fn rate(good: u64, all: u64, imagined: u64) -> BasisPoints {
    let [good, all, imagined, best] = [good, all, imagined, BEST].map(u128::from);
    let share = (good * best + imagined * best / 2) / (all + imagined);
    bps(u64::try_from(share).unwrap_or(BEST))
}

fn bps(share: u64) -> BasisPoints {
    BasisPoints(u16::try_from(share.min(BEST)).unwrap_or(u16::MAX))
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
    bps(u64::try_from(place).unwrap_or(BEST))
}

#[cfg(test)]
mod tests;
