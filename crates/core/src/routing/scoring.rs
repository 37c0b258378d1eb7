//! What a fit worker is worth: a published formula as a value of whole numbers.

use super::candidate::WHOLE;
use super::{Candidate, Pace, StakeTier, WorkerClass};
use crate::time::{Millis, Timestamp};
use std::fmt;

/// A worker's score in millionths of a point.
///
/// This unit makes every score exact: a reputation in basis points times a multiplier in percent times whole
/// points is a whole number of millionths. Nothing is ever rounded, and no parameter can make it overflow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Score(pub i64);

impl Score {
    const POINT: i64 = 1_000_000;
}

impl fmt::Display for Score {
    /// Points as a decimal number without needless zeros, such as `22.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (point, size) = (Self::POINT.unsigned_abs(), self.0.unsigned_abs());
        let text = format!("{sign}{}.{:06}", size / point, size % point);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// Which of a worker's reputations counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    /// [`Candidate::reputation`].
    Reputation,
    /// [`Candidate::merit`].
    Merit,
    /// [`Candidate::tested`].
    Tested,
}

/// What decides between workers of the same score.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ties {
    /// Their [`Lot`](super::Lot)s, from where the decision's seed points at: equals get equal shares.
    Lot,
    /// Whoever has given no sign of life for longest, then the lower key. Neither seed nor lot matters.
    LongestUnheard,
}

/// How workers are compared: the points for each quality.
///
/// score = preferred class + freshness + reputation x stake multiplier + stake bonus + pace - load, where freshness
/// is `freshness_points` less one for each whole heartbeat interval without a sign, never below zero, and pace is
/// `pace_points` for a usual worker, twice that for a quick one, and nothing for a slow one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scoring {
    /// The kind of machine that is better suited, if one is.
    pub preferred: Option<WorkerClass>,
    /// Points for being of the preferred kind.
    pub preferred_points: u16,
    /// Points for a sign of life less than one interval ago.
    pub freshness_points: u16,
    /// How often a worker gives a sign of life. Less than a millisecond counts as one.
    pub heartbeat: Millis,
    /// A worker silent for longer than this is [`Unfit::Stale`](super::Unfit::Stale).
    pub lost_after: Millis,
    /// Which reputation counts. Under [`Ties::Lot`], [`Index`](super::Index) is made for [`Measure::Reputation`] where a
    /// job names no model, and for [`Measure::Merit`] where it names one. Under [`Ties::LongestUnheard`] it is made for
    /// [`Measure::Tested`] where a job asks for a class of hardware and freshness has no points. Otherwise it may be
    /// no faster than the scan.
    pub measure: Measure,
    /// Points for the best possible reputation, before the stake multiplies them. With none,
    /// [`Index`](super::Index) is no faster than the scan.
    pub reputation_points: u16,
    /// Whether stake counts: if not, everybody is weighed as with [`StakeTier::NONE`].
    pub stake_counts: bool,
    /// Points for a usual pace.
    pub pace_points: u16,
    /// How many jobs at a time a worker on [probation](Candidate::probation) has of this kind at most, whatever it
    /// is trusted with otherwise.
    pub newcomer_jobs: u16,
    /// Millionths of a point taken off for each running job. A few only decide between equals.
    pub load_micropoints: u32,
    /// What decides between equals.
    pub ties: Ties,
}

impl Scoring {
    /// What a fit worker is worth now.
    pub fn score(&self, worker: &Candidate, now: Timestamp) -> Score {
        let grade = self.grade(worker.class, worker.stake, worker.pace, worker.running);
        Score(grade.at(worker.esteem(self.measure)) + self.freshness(worker.last_seen, now))
    }

    /// The part of the score that does not depend on the time, for all workers that have this in common.
    pub(super) fn grade(&self, class: WorkerClass, stake: StakeTier, pace: Pace, running: u16) -> Grade {
        let stake = if self.stake_counts { stake } else { StakeTier::NONE };
        let preferred = if self.preferred == Some(class) { self.preferred_points } else { 0 };
        let pace = match pace {
            _ if self.pace_points == 0 => 0,
            Pace::Slow => 0,
            Pace::Usual => i64::from(self.pace_points),
            Pace::Quick => 2 * i64::from(self.pace_points),
        };
        let points = i64::from(preferred) + i64::from(stake.bonus_points) + pace;
        Grade {
            base: points * Score::POINT - self.load(running),
            slope: i64::from(self.reputation_points) * i64::from(stake.multiplier_percent),
        }
    }

    /// What so many running jobs take off, in millionths of a point.
    pub(super) fn load(&self, running: u16) -> i64 {
        i64::from(self.load_micropoints) * i64::from(running)
    }

    /// The part of the score that ages, in millionths of a point.
    pub(super) fn freshness(&self, last_seen: Timestamp, now: Timestamp) -> i64 {
        let intervals = now.since(last_seen).0 / self.heartbeat.0.max(1);
        (i64::from(self.freshness_points) - intervals).max(0) * Score::POINT
    }

    /// The most that freshness can be worth.
    pub(super) fn freshest(&self) -> i64 {
        i64::from(self.freshness_points) * Score::POINT
    }
}

/// A score as a function of reputation, in millionths of a point. It never falls where reputation rises.
#[derive(Clone, Copy)]
pub(super) struct Grade {
    base: i64,
    slope: i64,
}

impl Grade {
    /// What everybody has at most, whatever the reputation.
    #[cold] // Nobody publishes such a formula; the others do not pay for it.
    pub(super) fn flat(self) -> Self {
        Self { base: self.at(WHOLE), slope: 0 }
    }

    /// The score at a reputation of so many basis points.
    pub(super) fn at(self, reputation_bps: u16) -> i64 {
        self.base + self.slope * i64::from(reputation_bps)
    }
}
