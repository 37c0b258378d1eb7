//! Halving every thirty days, hour by hour, in whole numbers.
//!
//! A sum that has faded is too small by less than 1,040 units, however often it has: each time it is rounded down by
//! less than one, and what was lost before fades as well, which sums to less than 1 / (1 - 2^(-1/720)). In units of a
//! job that is a thousandth of one.

use crate::time::Millis;

pub(super) const HOUR_MS: u64 = 3_600_000;
/// Thirty days.
const HALF_LIFE: u64 = 720;
/// Where a factor has its point.
const BITS: u32 = 63;
/// 2^(-1/720): what one hour leaves.
const HOUR: u64 = 9_214_496_928_589_582_985;
/// What 1, 2, 4, ... 512 hours leave.
const POWERS: [u64; 10] = powers();
/// All hours there ever were, faded, in milliseconds: 720 hours / ln 2.
const ALL_MS: u64 = 3_739_465_586;

const fn powers() -> [u64; 10] {
    let mut powers = [HOUR; 10];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = product(powers[at - 1], powers[at - 1]);
        at += 1;
    }
    powers
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the product of a sum and a factor below 1 is below the sum"
)]
const fn product(sum: u64, factor: u64) -> u64 {
    ((sum as u128 * factor as u128) >> BITS) as u64
}

/// What so many hours leave of a sum, as a share of 2^63.
pub(super) fn factor(hours: u64) -> u64 {
    let rest = hours % HALF_LIFE;
    let left = POWERS.iter().enumerate().filter(|(bit, _)| rest >> bit & 1 == 1);
    let left = left.fold(1 << BITS, |left, (_, power)| product(left, *power));
    u32::try_from(hours / HALF_LIFE).ok().and_then(|halvings| left.checked_shr(halvings)).unwrap_or(0)
}

/// A sum after a [`factor`], rounded down.
pub(super) fn fade(sum: u64, factor: u64) -> u64 {
    product(sum, factor)
}

/// A span of time that ends now, in milliseconds of which the earlier ones have faded.
pub(super) fn faded_span(span: Millis) -> u64 {
    let span = span.0.max(0).unsigned_abs();
    let (hours, rest) = (span / HOUR_MS, span % HOUR_MS);
    ALL_MS - fade(ALL_MS, factor(hours)) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_leave_a_half_and_nothing_lasts_for_ever() {
        assert_eq!(factor(0), 1 << 63);
        assert_eq!([720, 1_440, 7_200].map(factor), [1 << 62, 1 << 61, 1 << 53]);
        assert_eq!([720 * 64, u64::MAX].map(factor), [0, 0]);
        // 2^(-1/2) and 2^(-719/720), to twelve digits.
        let share = |hours| (u128::from(factor(hours)) * 1_000_000_000_000) >> 63;
        assert_eq!([360, 719].map(share), [707_106_781_186, 500_481_583_983]);
        assert!((0..1_500).all(|hours| factor(hours) > factor(hours + 1)));
    }

    #[test]
    fn fading_in_many_steps_is_off_by_less_than_a_thousandth_of_a_job() {
        for sum in [1, 1 << 20, 1 << 40, i64::MAX.unsigned_abs()] {
            for hours in [1, 10, 720, 5_000] {
                let by_hours = (0..hours).fold(sum, |sum, _| fade(sum, factor(1)));
                let at_once = fade(sum, factor(hours));
                // Beside the rounding of each step, that of the factor itself counts for enormous sums.
                let allowed = 1_040 + (at_once >> 50);
                assert!(by_hours.abs_diff(at_once) <= allowed, "{sum} over {hours} hours");
            }
        }
    }

    #[test]
    fn a_long_span_counts_less_than_its_length() {
        assert_eq!(faded_span(Millis(1_234)), 1_234);
        assert!(faded_span(Millis::hours(720)).abs_diff(ALL_MS / 2) <= 1);
        assert_eq!(faded_span(Millis(i64::MAX)) / HOUR_MS, 1_038);
    }
}
