//! Why a view comes to its number: terms that add up to it, exactly, with what each of them is made of.

use super::fading::HOUR_MS;
use super::views::{IMAGINED, LOST, PAID, PASS, Parts, REFUTATION, Rate, View, whole};
use super::{BEST, IMAGINED_JOBS, ONE, Reputation};
use std::fmt;

/// One part of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Term {
    /// What it is, in one word.
    pub name: &'static str,
    /// What it adds or takes, of 10,000. Where a number is rounded, its terms are so that they add up to it: each is
    /// off by less than one.
    pub points: i64,
    /// What it is made of.
    pub because: Because,
}

/// What a term is made of. It is displayed in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// So many jobs of a mean over all, in [`ONE`]s, and what each counts.
    Mean {
        /// Those of this term.
        jobs: u64,
        /// All that the mean is over.
        all: u64,
        /// Points of 10,000.
        each: u64,
    },
    /// A rate and its weight.
    Part {
        /// Of what.
        rate: Rate,
        /// What the rate counts.
        unit: Unit,
        /// In thousandths of the number.
        weight: u64,
    },
    /// So many challenges, in [`ONE`]s, and what each of them adds or takes.
    Challenges {
        /// As far as they have not faded.
        challenges: u64,
        /// Points of 10,000.
        each: i64,
    },
    /// Nothing goes beyond 10,000.
    Best,
    /// Nothing goes below 0.
    Least,
}

/// What a rate counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Jobs, in [`ONE`]s.
    Jobs,
    /// Time, in milliseconds.
    Time,
}

impl View {
    /// The terms of a history's number, in the order in which they count. They add up to it.
    pub fn terms(self, history: &Reputation) -> Vec<Term> {
        match self {
            Self::Jobs => of_jobs(history),
            Self::Parts => of_parts(&history.parts()),
            Self::Tested => of_challenges(history),
        }
    }
}

fn of_jobs(history: &Reputation) -> Vec<Term> {
    let kinds =
        [("imagined", IMAGINED_JOBS, IMAGINED), ("paid", history.paid, PAID), ("lost", history.lost, LOST)];
    let all = history.jobs().saturating_add(IMAGINED_JOBS);
    let points = divided(kinds.map(|(_, jobs, each)| u128::from(jobs) * u128::from(each)), all.into());
    let terms = kinds.into_iter().zip(points);
    let term =
        |((name, jobs, each), points)| Term { name, points, because: Because::Mean { jobs, all, each } };
    terms.map(term).collect()
}

fn of_parts(parts: &Parts) -> Vec<Term> {
    const KINDS: [(&str, Unit); 4] =
        [("completion", Unit::Jobs), ("latency", Unit::Jobs), ("proof", Unit::Jobs), ("uptime", Unit::Time)];
    let weighed = parts.weighed();
    let points =
        divided(weighed.map(|(rate, weight)| u128::from(rate.share().0) * u128::from(weight)), 1_000);
    let terms = KINDS.into_iter().zip(weighed).zip(points);
    let term = |(((name, unit), (rate, weight)), points)| Term {
        name,
        points,
        because: Because::Part { rate, unit, weight },
    };
    terms.map(term).collect()
}

fn of_challenges(history: &Reputation) -> Vec<Term> {
    let mut terms = of_parts(&history.work());
    let mut sum: i64 = terms.iter().map(|term| term.points).sum();
    let mut add = |name, points, because| {
        terms.push(Term { name, points, because });
        sum += points;
        sum
    };
    let (pass, refutation) = (signed(PASS.into()), signed(REFUTATION.into()));
    let passed = Because::Challenges { challenges: history.passed, each: pass };
    let beyond = add("passed", signed(whole(history.passed, PASS)), passed) - signed(BEST.into());
    if beyond > 0 {
        add("best", -beyond, Because::Best);
    }
    let refuted = Because::Challenges { challenges: history.refuted, each: -refutation };
    let left = add("refuted", -signed(whole(history.refuted, REFUTATION)), refuted);
    if left < 0 {
        add("least", -left, Because::Least);
    }
    terms
}

/// Shares of a whole, rounded so that they add up to what all of them come to, rounded down.
fn divided<const N: usize>(shares: [u128; N], whole: u128) -> [i64; N] {
    let mut sum = 0;
    shares.map(|share| {
        let before = sum / whole;
        sum += share;
        signed(sum / whole - before)
    })
}

fn signed(points: u128) -> i64 {
    i64::try_from(points).unwrap_or(i64::MAX)
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Mean { jobs, all, each } => {
                write!(f, "{} of {} jobs, each of which counts {each}", Jobs(jobs), Jobs(all))
            }
            Self::Part { rate, unit, weight } => {
                let Rate { good, all, imagined } = rate;
                write!(f, "{} % of {}: ", weight / 10, rate.share().0)?;
                match unit {
                    Unit::Jobs => {
                        write!(f, "{} of {} jobs, beside {}", Jobs(good), Jobs(all), Jobs(imagined))
                    }
                    Unit::Time => {
                        write!(f, "{} of {} hours, beside {}", Hours(good), Hours(all), Hours(imagined))
                    }
                }?;
                f.write_str(" imagined ones, half of them good")
            }
            Self::Challenges { challenges, each } => {
                write!(f, "{} challenges, each of which counts {each}", Jobs(challenges))
            }
            Self::Best => write!(f, "nothing goes beyond {BEST}"),
            Self::Least => f.write_str("nothing goes below 0"),
        }
    }
}

/// A sum of jobs, displayed in jobs, to a thousandth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jobs(pub u64);

impl fmt::Display for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = (u128::from(self.0) * 1_000 + u128::from(ONE / 2)) / u128::from(ONE);
        write!(f, "{}.{:03}", thousandths / 1_000, thousandths % 1_000)
    }
}

/// Milliseconds, displayed in hours, to a tenth that has passed.
struct Hours(u64);

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 / (HOUR_MS / 10);
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}
