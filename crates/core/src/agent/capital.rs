//! Capital that a client entrusts to a provider: its bounds, what an enclave has said that it is worth, and what that
//! means for the verdict.

use crate::hash::{ContentHash, Sha256};
use crate::money::BasisPoints;
use crate::policy::Verdict;
use crate::refusal::Refusal;
use crate::time::{Millis, Timestamp};

/// How long a provider has at least to deliver once the capital is closed.
pub const TIME_TO_DELIVER: Millis = Millis::hours(1);

/// What is entrusted, and what it may lose or earn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Capital {
    /// How much, in minor units of the job's asset.
    pub entrusted: u128,
    /// At this loss trading ends.
    pub stop_loss: BasisPoints,
    /// This gain is what the client wants.
    pub target_return: BasisPoints,
}

impl Capital {
    /// What a value means for the bounds.
    pub fn outcome(&self, value: u128) -> Outcome {
        outcome(self.entrusted, self.stop_loss.0.into(), Some(self.target_return.0.into()), value)
    }
}

/// What the last attested snapshot says. Only a later one takes its place, and none does once the capital is traded no
/// more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Valuation {
    /// When it was worth that, by the enclave's clock.
    pub at: Timestamp,
    /// The number of the report.
    pub sequence: u64,
    /// The digest of what the enclave has signed.
    pub report: Sha256,
    /// What it is worth, in minor units.
    pub value: u128,
    /// Set where that is final.
    pub closed: Option<Closed>,
}

impl Valuation {
    /// Refuses what is not newer than what is known, or comes when all is known.
    pub fn follows(&self, before: Option<&Self>) -> Result<(), Refusal> {
        match before {
            Some(before) if before.closed.is_some() => Err(Refusal::CapitalClosed),
            Some(before) if self.at <= before.at || self.sequence <= before.sequence => {
                Err(Refusal::NotNewer)
            }
            _ => Ok(()),
        }
    }
}

/// Capital that is traded no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Closed {
    /// Why.
    pub reason: ClosedReason,
    /// Names the closing report: what the provider delivers.
    pub deliverable: ContentHash,
}

/// Why capital is traded no more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ClosedReason {
    /// The job's time is over.
    Deadline,
    /// The capital fell to the stop-loss.
    StopLoss,
    /// The capital rose to the target.
    Target,
}

impl ClosedReason {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::StopLoss => "stop_loss",
            Self::Target => "target",
        }
    }

    /// From what [`Self::name`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Deadline, Self::StopLoss, Self::Target].into_iter().find(|reason| reason.name() == text)
    }
}

/// What a snapshot is worth. Every one that is taken is kept, and only an attested one settles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// Somebody vouches for it, and it was new when it came.
    Attested,
    /// Nobody vouches for it.
    Unattested,
    /// Somebody vouches for it, and it was not new when it came.
    Stale,
}

impl Worth {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::Unattested => "unattested",
            Self::Stale => "stale",
        }
    }

    /// From what [`Self::name`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Attested, Self::Unattested, Self::Stale].into_iter().find(|worth| worth.name() == text)
    }

    /// Whether it may value capital and settle.
    pub const fn may_settle(self) -> bool {
        matches!(self, Self::Attested)
    }
}

/// How capital stands to its bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It fell to the stop-loss or below.
    StopLoss,
    /// It rose to the target or above.
    Target,
    /// It lies between.
    Neither,
}

impl Outcome {
    /// The verdict that it leaves. What lies between the bounds is for the evaluator to judge.
    pub const fn verdict(self) -> Option<Verdict> {
        match self {
            Self::StopLoss => Some(Verdict::Reject),
            Self::Target => Some(Verdict::Complete),
            Self::Neither => None,
        }
    }
}

/// The greatest value at which the stop-loss is hit: the capital less so many hundredths of a percent, rounded down.
///
/// Exact: a value hits if and only if `value * 10_000 <= capital * (10_000 - stop_loss_bps)`.
pub const fn stop_loss_at(capital: u128, stop_loss_bps: u32) -> u128 {
    let kept = 10_000_u32.saturating_sub(stop_loss_bps) as u128;
    // Quotient and remainder are scaled apart, so that nothing overflows.
    capital / 10_000 * kept + capital % 10_000 * kept / 10_000
}

/// The least value at which the target is reached: the capital and so many hundredths of a percent, rounded up.
/// `None` if that is more than can be counted, so never.
///
/// Exact: a value reaches it if and only if `value * 10_000 >= capital * (10_000 + target_return_bps)`.
pub fn target_at(capital: u128, target_return_bps: u32) -> Option<u128> {
    let rate = u128::from(target_return_bps);
    let whole = (capital / 10_000).checked_mul(rate)?;
    let rest = (capital % 10_000 * rate).div_ceil(10_000);
    capital.checked_add(whole)?.checked_add(rest)
}

/// What a value of the capital means. Where both bounds are met, as with bounds of zero, it is the stop-loss.
pub fn outcome(capital: u128, stop_loss_bps: u32, target_return_bps: Option<u32>, value: u128) -> Outcome {
    if value <= stop_loss_at(capital, stop_loss_bps) {
        return Outcome::StopLoss;
    }
    match target_return_bps.and_then(|rate| target_at(capital, rate)) {
        Some(target) if value >= target => Outcome::Target,
        _ => Outcome::Neither,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// The example in the dialect's documents: 10 % and 20 % of 1,000 USDC.
    #[test]
    fn the_bounds_themselves_count() {
        let of = |value| outcome(1_000_000_000, 1_000, Some(2_000), value);
        assert_eq!(of(900_000_001), Outcome::Neither);
        assert_eq!(of(900_000_000), Outcome::StopLoss);
        assert_eq!(of(0), Outcome::StopLoss);
        assert_eq!(of(1_199_999_999), Outcome::Neither);
        assert_eq!(of(1_200_000_000), Outcome::Target);
        assert_eq!(outcome(1_000_000_000, 1_000, None, u128::MAX), Outcome::Neither);
    }

    #[test]
    fn a_bound_between_two_units_is_hit_by_the_one_beyond_it() {
        // 99.9 and 100.1 of 101 units and so on: no unit lies on the bound.
        assert_eq!((stop_loss_at(101, 100), target_at(101, 100)), (99, Some(103)));
        assert_eq!((stop_loss_at(1, 1), target_at(1, 1)), (0, Some(2)));
        assert_eq!((stop_loss_at(0, 500), target_at(0, 500)), (0, Some(0)));
    }

    #[test]
    fn a_stop_loss_of_everything_is_hit_at_nothing() {
        assert_eq!(outcome(1_000, 10_000, None, 1), Outcome::Neither);
        assert_eq!(outcome(1_000, 10_000, None, 0), Outcome::StopLoss);
        assert_eq!(outcome(1_000, u32::MAX, None, 1), Outcome::Neither);
    }

    #[test]
    fn a_target_beyond_all_numbers_is_never_reached() {
        assert_eq!(target_at(u128::MAX, 1), None);
        assert_eq!(outcome(u128::MAX, 0, Some(0), u128::MAX), Outcome::StopLoss);
        assert_eq!(outcome(u128::MAX, 1, Some(1), u128::MAX), Outcome::Neither);
        assert_eq!(outcome(u128::MAX, 1, Some(0), u128::MAX), Outcome::Target);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn the_bounds_agree_with_the_products(
            capital in 0..=u128::from(u64::MAX), stop in 0_u32..=10_000, target in 0_u32..=1_000_000, near in -3_i128..=3,
        ) {
            let at = |bound: u128| u128::try_from(bound as i128 + near).unwrap_or(0);
            let lost = at(stop_loss_at(capital, stop));
            prop_assert_eq!(
                lost <= stop_loss_at(capital, stop),
                lost * 10_000 <= capital * u128::from(10_000 - stop)
            );
            let bound = target_at(capital, target).unwrap();
            let won = at(bound);
            prop_assert_eq!(won >= bound, won * 10_000 >= capital * u128::from(10_000 + target));
        }
    }
}
