//! What a value means for the two bounds that a client has set.

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
