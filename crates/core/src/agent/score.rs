//! An agent's score: where it begins, and what each deed adds or takes.
//!
//! When a deed counts is left to the caller; that of a verdict counts when nobody can dispute it any more.

use super::role::Level;

/// From 0 to 100 points.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Score(u8);

impl Score {
    /// The best.
    pub const MAX: Self = Self(100);
    /// Where an agent begins: just enough to offer. Decision 0019 says why.
    pub const NEW: Self = Self(70);
    /// What it takes to offer.
    pub const TO_OFFER: Self = Self(70);
    /// What it takes to sit in a dispute.
    pub const TO_ARBITRATE: Self = Self(90);

    /// So many points, at most 100.
    pub const fn new(points: u8) -> Self {
        if points < Self::MAX.0 { Self(points) } else { Self::MAX }
    }

    /// The points.
    pub const fn points(self) -> u8 {
        self.0
    }

    /// The score after a deed, never outside of its range.
    #[must_use]
    pub const fn after(self, deed: Deed) -> Self {
        Self::new(self.0.saturating_add_signed(deed.points()))
    }
}

/// What changes a score.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Deed {
    /// The provider's work was accepted; for the provider and for the evaluator.
    Completed(Level),
    /// The provider's work was refused; for the provider.
    Rejected,
    /// The provider let the deadline pass; for the provider.
    Expired,
    /// The one who opened a dispute was right.
    DisputeWon,
    /// The evaluator's verdict was overturned.
    Overturned,
    /// The evaluator's verdict was disputed, and stands.
    Upheld,
    /// The arbitrator voted as most did.
    WithMajority,
    /// The arbitrator voted as most did not.
    AgainstMajority,
    /// The arbitrator did not reveal a vote.
    NoVote,
}

impl Deed {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Completed(Level::L0),
        Self::Completed(Level::L1),
        Self::Completed(Level::L2),
        Self::Completed(Level::L3),
        Self::Rejected,
        Self::Expired,
        Self::DisputeWon,
        Self::Overturned,
        Self::Upheld,
        Self::WithMajority,
        Self::AgainstMajority,
        Self::NoVote,
    ];

    /// What it adds to a score, or takes.
    pub const fn points(self) -> i8 {
        match self {
            Self::Completed(Level::L0) => 1,
            Self::Completed(Level::L1) => 2,
            Self::Completed(Level::L2) => 3,
            Self::Completed(Level::L3) => 4,
            Self::Rejected => -3,
            Self::Expired => -2,
            Self::DisputeWon => 3,
            Self::Overturned => -15,
            Self::Upheld => 2,
            Self::WithMajority => 1,
            Self::AgainstMajority | Self::NoVote => -2,
        }
    }
}
