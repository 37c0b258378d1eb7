//! What each role has at stake in one job. Which pool it comes from is left to the books.

use super::COIN;
use super::role::{Level, Role};
use super::score::Score;
use crate::money::BasisPoints;

/// The shares of a budget that are locked, before the score is looked at, and the sums that are fixed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Locks {
    /// The client's share.
    pub client: BasisPoints,
    /// The provider's share, before its discount.
    pub provider: BasisPoints,
    /// What the provider is spared of its share, for each level in the order of [`Level::ALL`].
    pub discounts: [BasisPoints; 4],
    /// The evaluator's share.
    pub evaluator: BasisPoints,
    /// What an arbitrator locks for a seat, whatever the budget and its score, in minor units.
    pub arbitrator: u128,
    /// What a pool must have free before its agent may offer, in minor units.
    pub least_pool: u128,
}

impl Locks {
    /// As documented: 5, 10 and 10 %, 10 coins for a seat, 100 coins in a pool.
    pub const DOCUMENTED: Self = Self {
        client: BasisPoints(500),
        provider: BasisPoints(1_000),
        discounts: [BasisPoints(0), BasisPoints(1_000), BasisPoints(2_000), BasisPoints(3_000)],
        evaluator: BasisPoints(1_000),
        arbitrator: 10 * COIN,
        least_pool: 100 * COIN,
    };

    /// What somebody of this score locks: the role's share of the budget, divided by the score as a share of 100.
    ///
    /// A score of 0 counts as 1. A lock is a surety, so it is rounded up, once, at the end. What does not fit into 128
    /// bits is [`u128::MAX`], which no pool holds, so the lock is refused there.
    pub const fn lock(&self, role: Role, level: Level, budget: u128, score: Score) -> u128 {
        let (rate, discount) = match role {
            Role::Client => (self.client, BasisPoints(0)),
            Role::Provider => (self.provider, self.discounts[level as usize]),
            Role::Evaluator => (self.evaluator, BasisPoints(0)),
            Role::Arbitrator => return self.arbitrator,
        };
        let score = if score.points() == 0 { 1 } else { score.points() as u128 };
        let part = rate.0 as u128 * 10_000_u16.saturating_sub(discount.0) as u128 * 100;
        let whole = 10_000 * 10_000 * score;
        // Quotient and remainder are scaled apart: the remainder's product is far below 2^128.
        let exact = (budget / whole).saturating_mul(part);
        exact.saturating_add((budget % whole * part).div_ceil(whole))
    }
}
