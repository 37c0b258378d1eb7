//! The terms of a job, fixed when it is created. All that differs between dialects is a value here.

use crate::ledger::NetworkId;
use crate::money::{Amount, BasisPoints, Split};
use crate::time::Millis;

/// Deadlines, defaults and shares of one job.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Policy {
    /// Where the money comes from, and where it goes back to.
    pub source: Source,
    /// How the charge is divided when the work is paid.
    pub split: Split,
    /// How long the job may stay unfunded.
    pub fund_within: Millis,
    /// How long a funded job may wait for a worker, each time it waits.
    pub match_within: Millis,
    /// The same for another worker, after one has failed.
    pub rematch_within: Millis,
    /// How long one attempt may run.
    pub run_within: Millis,
    /// What is promised to the client: after this, counted from the funding, no attempt goes on.
    pub finish_within: Millis,
    /// How many workers may try.
    pub attempts: u32,
    /// What a job becomes when nobody finished it in time.
    pub lapse: Lapse,
    /// Set where somebody judges the work before it is paid, and how long he may take.
    pub evaluation: Option<Evaluation>,
    /// How long the parties may dispute; zero pays at once.
    pub dispute_window: Millis,
    /// How long arbitration may take, and what holds when it ends without a ruling.
    pub arbitration: Arbitration,
    /// Set where the client gets the answer as it is given: once its first text is there, how much longer than
    /// [`Self::finish_within`] it may take. What he has of a broken answer is paid.
    pub stream_within: Option<Millis>,
    /// Set where delivered tokens decide what is paid of the price.
    pub metering: Option<Metering>,
    /// The platform's share where the worker has a stake, in place of the one in [`Self::split`].
    pub staked: Option<BasisPoints>,
    /// Set where the job is for those who are enrolled for a class of hardware.
    pub tier: Option<Tier>,
}

/// What a job asks of those who are enrolled for a class of hardware.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tier {
    /// The least class that will do, at least 1.
    pub least: u8,
    /// Whether what is delivered is a proof of the worker, judged apart from the job: then being paid speaks for nobody.
    pub is_challenge: bool,
}

/// What an answer costs by its length, in minor units of the price's asset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Metering {
    /// For an answer of up to [`Self::covered`] tokens.
    pub base: u128,
    /// How many tokens that covers.
    pub covered: u64,
    /// For each further block that has begun.
    pub per_block: u128,
    /// How many tokens a block has, at least 1.
    pub block: u64,
}

impl Metering {
    /// The price of a whole answer of so many tokens.
    pub const fn whole(&self, tokens: u64) -> u128 {
        let blocks = tokens.saturating_sub(self.covered).div_ceil(self.block);
        self.base.saturating_add((blocks as u128).saturating_mul(self.per_block))
    }

    /// The price of so many tokens of an answer that broke off: below what the base covers, a share of it, rounded
    /// down.
    pub const fn broken(&self, tokens: u64) -> u128 {
        if tokens >= self.covered {
            return self.whole(tokens);
        }
        let (tokens, covered) = (tokens as u128, self.covered as u128);
        // Quotient and remainder are scaled apart, so that nothing overflows.
        self.base / covered * tokens + self.base % covered * tokens / covered
    }
}

impl Policy {
    /// How the charge is divided for a worker that has a stake, or has none.
    pub fn split_of(&self, staked: bool) -> Split {
        let platform = self.staked.filter(|_| staked).unwrap_or(self.split.platform);
        Split { platform, ..self.split }
    }

    /// What an answer of so many tokens costs, at most `hold`; the whole hold where tokens do not count.
    pub fn charge(&self, hold: Amount, tokens: u64, is_whole: bool) -> Amount {
        let Some(metering) = self.metering else { return hold };
        let units = if is_whole { metering.whole(tokens) } else { metering.broken(tokens) };
        hold.with_units(units.min(hold.units))
    }
}

/// Where the money of a job comes from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// The client's own account.
    Client,
    /// Minted by a test network for this hold alone; what is left of it goes back there.
    Minted(NetworkId),
    /// The platform's own account.
    Treasury,
}

/// The final state of a job that ran out of time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lapse {
    /// [`crate::event::Closing::Failed`].
    Failed,
    /// [`crate::event::Closing::Refunded`].
    Refunded,
    /// [`crate::event::Closing::Expired`].
    Expired,
}

/// Judgement before payment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Evaluation {
    /// How long the evaluator may take.
    pub within: Millis,
    /// What his silence means. A silent evaluator never robs the provider.
    pub silence: Verdict,
}

/// What an evaluator says of delivered work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// The worker is to be paid.
    Complete,
    /// The client is to have the money back.
    Reject,
}

/// How a dispute ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Arbitration {
    /// How long it may take.
    pub within: Millis,
    /// What holds when nobody ruled.
    pub default: Ruling,
}

/// The end of a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ruling {
    /// The worker is paid as if nobody had disputed.
    ForWorker,
    /// The client has all of it back.
    ForClient,
    /// The client has this share back, and the rest is paid as usual.
    Divided {
        /// The client's share; rounded down, so that the worker gains by rounding.
        client: crate::money::BasisPoints,
    },
}

/// Who ends a dispute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Judge {
    /// What the coordinator can prove by what it relayed.
    Rules,
    /// A person who looked at the evidence.
    Arbiter,
    /// Those who sit in the dispute, by their votes.
    Arbitrators,
    /// Nobody did in time, so [`Arbitration::default`] holds.
    Default,
}

impl Judge {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rules, Self::Arbiter, Self::Arbitrators, Self::Default];

    /// The name in the journal and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Arbiter => "arbiter",
            Self::Arbitrators => "arbitrators",
            Self::Default => "default",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 8 credits for up to 500 tokens, 4 for each begun thousand beyond.
    const STANDARD: Metering = Metering { base: 80_000, covered: 500, per_block: 40_000, block: 1_000 };

    #[test]
    fn a_longer_answer_never_costs_less() {
        let price = |tokens| STANDARD.whole(tokens) / 10_000;
        assert_eq!([0, 1, 500, 501, 1_500, 1_501].map(price), [8, 8, 8, 12, 12, 16]);
        for tokens in 0..3_000 {
            assert!(STANDARD.whole(tokens) <= STANDARD.whole(tokens + 1));
            assert!(STANDARD.broken(tokens) <= STANDARD.broken(tokens + 1));
            assert!(STANDARD.broken(tokens) <= STANDARD.whole(tokens), "{tokens}");
        }
        assert_eq!(STANDARD.whole(u64::MAX), 80_000 + u128::from(u64::MAX - 500).div_ceil(1_000) * 40_000);
    }

    #[test]
    fn a_broken_answer_costs_the_floor_of_its_share() {
        assert_eq!(
            [0, 1, 125, 499, 500, 501].map(|tokens| STANDARD.broken(tokens)),
            [0, 160, 20_000, 79_840, 80_000, 120_000]
        );
        let odd = Metering { base: 7, covered: 3, per_block: 0, block: 1 };
        assert_eq!([1, 2, 3].map(|tokens| odd.broken(tokens)), [2, 4, 7]);
    }
}
