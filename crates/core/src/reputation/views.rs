//! What one history comes to: three ways to weigh it, each from 0 to 10,000, and the middle of nothing at all.
//!
//! No view asks for the time: each changes with evidence, and not with time alone.

use super::{BEST, IMAGINED_JOBS, IMAGINED_SPAN, ONE, Reputation, bps};
use crate::money::BasisPoints;

/// What a job that was paid counts where jobs alone count, of [`BEST`]; one that was lost; and an imagined one.
pub(super) const PAID: u64 = 8_000;
pub(super) const LOST: u64 = 2_000;
pub(super) const IMAGINED: u64 = BEST / 2;
/// The weights of the four parts in thousandths.
pub(super) const WEIGHTS: [u64; 4] = [350, 300, 250, 100];
/// What a challenge adds that was passed, and what one takes that was not.
pub(super) const PASS: u64 = 100;
pub(super) const REFUTATION: u64 = 2_000;

/// A way to weigh a history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum View {
    /// Jobs paid and jobs lost: [`Reputation::by_jobs`].
    Jobs,
    /// Four weighted parts: [`Reputation::by_parts`].
    Parts,
    /// The parts of the work, and challenges beside them: [`Reputation::tested`].
    Tested,
}

impl View {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jobs, Self::Parts, Self::Tested];

    /// What a history comes to.
    pub fn number(self, history: &Reputation) -> BasisPoints {
        match self {
            Self::Jobs => history.by_jobs(),
            Self::Parts => history.by_parts(),
            Self::Tested => history.tested(),
        }
    }
}

/// How much of something was good, beside what is imagined of it, half of which is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// What was good.
    pub good: u64,
    /// All that was seen.
    pub all: u64,
    /// What is imagined.
    pub imagined: u64,
}

impl Rate {
    /// The share of what was good, rounded down.
    pub fn share(self) -> BasisPoints {
        let [good, all, imagined, best] = [self.good, self.all, self.imagined, BEST].map(u128::from);
        bps((good * best + imagined * best / 2) / (all + imagined))
    }
}

/// The four parts of work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// Jobs paid among those paid or lost.
    pub completion: Rate,
    /// How soon the first text comes, among those of the same models.
    pub latency: Rate,
    /// Deliveries that were what was signed.
    pub proof: Rate,
    /// Time connected.
    pub uptime: Rate,
}

impl Parts {
    /// The score, from 0 to 10,000: completion 35 %, latency 30 %, proof 25 %, uptime 10 %. Each part is rounded down,
    /// and so is the score.
    pub fn score(&self) -> BasisPoints {
        let shares = self.weighed().into_iter().map(|(rate, weight)| u64::from(rate.share().0) * weight);
        bps(u128::from(shares.sum::<u64>() / 1_000))
    }

    /// Each part with its weight in thousandths.
    pub(super) fn weighed(&self) -> [(Rate, u64); 4] {
        let Self { completion, latency, proof, uptime } = *self;
        let [first, second, third, fourth] = WEIGHTS;
        [(completion, first), (latency, second), (proof, third), (uptime, fourth)]
    }
}

impl Reputation {
    /// Weighs jobs alone: each that was paid counts 8,000, each that was lost 2,000, and four imagined ones of 5,000
    /// keep the first few from deciding everything. The mean, rounded down.
    pub fn by_jobs(&self) -> BasisPoints {
        let [paid, lost, imagined] = [self.paid, self.lost, IMAGINED_JOBS].map(u128::from);
        let sum = paid * u128::from(PAID) + lost * u128::from(LOST) + imagined * u128::from(IMAGINED);
        bps(sum / (paid + lost + imagined))
    }

    /// Weighs four parts, the score of [`parts`](Self::parts).
    pub fn by_parts(&self) -> BasisPoints {
        self.parts().score()
    }

    /// Weighs the parts of the work without challenges, and these beside them: each one passed adds 100 and each one
    /// refuted takes 2,000, as long as it has not faded, each of the two sums rounded towards nothing.
    ///
    /// What passes add ends at 10,000 before refutations are taken off, so that no store of passes pays for a
    /// refutation: it takes 2,000 of whatever number, down to 0.
    pub fn tested(&self) -> BasisPoints {
        let work = u128::from(self.work().score().0);
        let passed = whole(self.passed, PASS);
        let best = (work + passed).min(u128::from(BEST));
        bps(best.saturating_sub(whole(self.refuted, REFUTATION)))
    }

    /// The parts of all that was seen: a challenge that was refuted is a lost job and a bad proof, one that was passed
    /// is nothing.
    pub fn parts(&self) -> Parts {
        self.parts_with(self.refuted)
    }

    /// The parts of the work alone, challenges left out.
    pub fn work(&self) -> Parts {
        self.parts_with(0)
    }

    fn parts_with(&self, refuted: u64) -> Parts {
        let jobs = |good, bad: u64| {
            let all = bad.saturating_add(refuted).saturating_add(good);
            Rate { good, all, imagined: IMAGINED_JOBS }
        };
        Parts {
            completion: jobs(self.paid, self.lost),
            latency: Rate { good: self.placed, all: self.compared, imagined: IMAGINED_JOBS },
            proof: jobs(self.paid, self.unproven),
            uptime: Rate { good: self.connected, all: self.watched, imagined: IMAGINED_SPAN },
        }
    }

    /// Jobs that were paid or lost, as far as they have not faded, in [`ONE`]s.
    pub fn jobs(&self) -> u64 {
        self.paid.saturating_add(self.lost)
    }

    /// How much of what is weighed was seen: jobs among them and the imagined ones. 0 of who is new, 2,000 after one
    /// job, more than 7,000 after ten.
    pub fn confidence(&self) -> BasisPoints {
        let [seen, imagined, best] = [self.jobs(), IMAGINED_JOBS, BEST].map(u128::from);
        bps(seen * best / (seen + imagined))
    }
}

/// What a sum of jobs is worth, each so many points, rounded down.
pub(super) fn whole(sum: u64, points: u64) -> u128 {
    u128::from(sum) * u128::from(points) / u128::from(ONE)
}

#[cfg(test)]
mod tests;
