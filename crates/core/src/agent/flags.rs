//! What looks odd about an evaluator's verdicts, as a set of bits. They are shown; no rule asks for them.

/// How many verdicts it takes before their pass rate can look odd. Below this, a single one is more than 5 %.
pub const LEAST_JUDGED: u64 = 20;

/// What has been counted of an evaluator's verdicts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Verdicts {
    /// How many it has given.
    pub judged: u64,
    /// Of those, the ones that accepted the work.
    pub passed: u64,
    /// Of those, the ones that a dispute overturned.
    pub overturned: u64,
    /// Of those, the ones that it called close.
    pub borderline: u64,
    /// Of those, the ones that were compared with the judgement of models.
    pub compared: u64,
    /// By how many points it differed from them, added up.
    pub deviation_sum: u64,
}

/// A set of oddities. Bits are published, so they never change their meaning.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Flags(u8);

impl Flags {
    /// Nothing looks odd.
    pub const NONE: Self = Self(0);
    /// Three verdicts or more were overturned.
    pub const OVERTURNED: Self = Self(1);
    /// Ten verdicts or more were called close.
    pub const BORDERLINE: Self = Self(1 << 1);
    /// The mean deviation from the models is 20 points or more.
    pub const DEVIATING: Self = Self(1 << 2);
    /// Less than 5 % or more than 95 % of at least [`LEAST_JUDGED`] verdicts accepted the work.
    pub const ONE_SIDED: Self = Self(1 << 3);

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// This set, and the other one if it applies.
    const fn with(self, other: Self, applies: bool) -> Self {
        if applies { Self(self.0 | other.0) } else { self }
    }
}

impl Verdicts {
    /// What looks odd about them. Every limit is compared exactly, nothing is rounded.
    pub const fn flags(&self) -> Flags {
        let (judged, passed) = (self.judged as u128, self.passed as u128);
        let one_sided = passed * 100 < judged * 5 || passed * 100 > judged * 95;
        let deviating = self.deviation_sum as u128 >= self.compared as u128 * 20;
        Flags::NONE
            .with(Flags::OVERTURNED, self.overturned >= 3)
            .with(Flags::BORDERLINE, self.borderline >= 10)
            .with(Flags::DEVIATING, self.compared > 0 && deviating)
            .with(Flags::ONE_SIDED, self.judged >= LEAST_JUDGED && one_sided)
    }
}
