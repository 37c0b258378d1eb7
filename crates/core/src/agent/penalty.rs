//! What an offence costs of the lock of its job, and who has it then.

use super::role::Role;
use crate::money::BasisPoints;
use crate::time::Millis;

/// How long after the deadline work is late, and not missing.
pub const GRACE: Millis = Millis::hours(24);
/// How long an evaluator may say nothing.
pub const SILENCE: Millis = Millis::hours(48);
/// So many refused deliveries, one after the other, are an offence of their own.
pub const REJECTIONS: u32 = 3;
/// From which violation on the share of a repetition is due.
pub const REPEATED_FROM: u32 = 3;
/// So many clean jobs, one after the other, and earlier violations are forgotten.
pub const FORGOTTEN_AFTER: u32 = 500;

/// What costs an agent a share of its lock. Each belongs to one role.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Offence {
    /// The provider has delivered nothing, also not within [`GRACE`].
    Missing,
    /// The provider has delivered after the deadline, within [`GRACE`].
    Late,
    /// The provider has delivered what is no attempt at the work.
    Garbage,
    /// The provider's last [`REJECTIONS`] deliveries were refused.
    RejectedInARow,
    /// The evaluator has said nothing for [`SILENCE`].
    Silent,
    /// The evaluator's verdict was overturned.
    Overturned,
    /// The evaluator has called verdicts close that were not.
    Borderline,
    /// The client has posted work in bad faith.
    BadFaith,
}

impl Offence {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Missing,
        Self::Late,
        Self::Garbage,
        Self::RejectedInARow,
        Self::Silent,
        Self::Overturned,
        Self::Borderline,
        Self::BadFaith,
    ];

    /// The name in the store.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Late => "late",
            Self::Garbage => "garbage",
            Self::RejectedInARow => "rejected_in_a_row",
            Self::Silent => "silent",
            Self::Overturned => "overturned",
            Self::Borderline => "borderline",
            Self::BadFaith => "bad_faith",
        }
    }

    /// The reverse of [`Self::name`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|offence| offence.name() == name)
    }

    /// Whose lock pays.
    pub const fn role(self) -> Role {
        match self {
            Self::Missing | Self::Late | Self::Garbage | Self::RejectedInARow => Role::Provider,
            Self::Silent | Self::Overturned | Self::Borderline => Role::Evaluator,
            Self::BadFaith => Role::Client,
        }
    }

    /// The share of the lock for a first violation, and that for a repetition.
    const fn shares(self) -> (BasisPoints, BasisPoints) {
        let (first, repeated) = match self {
            Self::Missing => (5_000, 10_000),
            Self::Late => (1_000, 2_000),
            Self::Garbage => (7_000, 10_000),
            Self::RejectedInARow => (2_000, 4_000),
            Self::Silent => (3_000, 5_000),
            Self::Overturned => (6_000, 10_000),
            Self::Borderline => (8_000, 10_000),
            Self::BadFaith => (6_000, 10_000),
        };
        (BasisPoints(first), BasisPoints(repeated))
    }
}

/// What is remembered of an agent's violations, in all its roles together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Violations {
    /// How many there were.
    pub count: u32,
    /// How many jobs have ended cleanly since the last one; 0 if there was none.
    pub clean: u32,
}

impl Violations {
    /// The share of the job's lock that this offence costs, as the next violation after those remembered.
    pub const fn share(self, offence: Offence) -> BasisPoints {
        let (first, repeated) = offence.shares();
        if self.count >= REPEATED_FROM - 1 { repeated } else { first }
    }

    /// What is remembered after one more violation.
    #[must_use]
    pub const fn after_violation(self) -> Self {
        Self { count: self.count.saturating_add(1), clean: 0 }
    }

    /// What is remembered after a job without one.
    #[must_use]
    pub const fn after_clean_job(self) -> Self {
        let clean = self.clean.saturating_add(1);
        if self.count == 0 || clean >= FORGOTTEN_AFTER {
            return Self { count: 0, clean: 0 };
        }
        Self { count: self.count, clean }
    }
}

/// A slash after [`divide`]: the first two parts, and the last one for each arbitrator, sum to it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slash {
    /// To the other side: the client for a provider's offence, the provider for a client's, and for an evaluator's the
    /// one his verdict went against. Silence is a verdict for the provider.
    pub injured: u128,
    /// To the treasury.
    pub treasury: u128,
    /// To each arbitrator.
    pub each_arbitrator: u128,
}

/// Divides a slash that no dispute has decided: 30 % to the treasury, 10 % to the arbitrators in equal parts, or to
/// the treasury if there are none, and what remains, 60 % and all rounding, to the injured party.
///
/// What a dispute has decided is divided by [`super::court::settle`].
pub const fn divide(slash: u128, arbitrators: u8) -> Slash {
    let (treasury, shared) = (BasisPoints(3_000).of(slash), BasisPoints(1_000).of(slash));
    if arbitrators == 0 {
        let treasury = treasury + shared;
        return Slash { injured: slash - treasury, treasury, each_arbitrator: 0 };
    }
    let arbitrators = arbitrators as u128;
    let each_arbitrator = shared / arbitrators;
    Slash { injured: slash - treasury - each_arbitrator * arbitrators, treasury, each_arbitrator }
}
