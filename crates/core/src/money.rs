//! Money: whole minor units of a named asset, and the ways to divide them without losing any.

use std::fmt;

/// What money is counted in. Amounts of different assets never meet in one sum.
///
/// The name is short ASCII, fixed when a network is configured, so it is carried by value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Asset {
    name: [u8; Self::MAX_LEN],
    len: u8,
    decimals: u8,
}

impl Asset {
    /// The longest name of an asset, in bytes.
    pub const MAX_LEN: usize = 12;
    /// US dollars on a chain; one credit is 10,000 units, one unit is a millionth of a dollar.
    pub const USDC: Self = Self::known("USDC", 6);
    /// Test money with the shape of USDC. It is minted by test networks and can never become USDC.
    pub const TEST_USDC: Self = Self::known("tUSDC", 6);
    /// Ether; one unit is a wei.
    pub const ETH: Self = Self::known("ETH", 18);
    /// Test money with the shape of ether.
    pub const TEST_ETH: Self = Self::known("tETH", 18);

    const fn known(text: &str, decimals: u8) -> Self {
        let bytes = text.as_bytes();
        let mut name = [0; Self::MAX_LEN];
        let mut at = 0;
        while at < bytes.len() {
            name[at] = bytes[at];
            at += 1;
        }
        Self { name, len: bytes.len() as u8, decimals }
    }

    /// An asset that a network names. `None` if the name is empty, longer than
    /// [`Self::MAX_LEN`], or holds anything but ASCII letters and digits, or the decimals exceed 36.
    pub fn named(name: &str, decimals: u8) -> Option<Self> {
        let fits = !name.is_empty() && name.len() <= Self::MAX_LEN && decimals <= 36;
        (fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| Self::known(name, decimals))
    }

    /// The name, such as `USDC`.
    pub fn name(&self) -> &str {
        std::str::from_utf8(&self.name[..usize::from(self.len)]).unwrap_or_default()
    }

    /// How many decimal digits lie behind the point of one whole coin.
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }
}

impl fmt::Debug for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A sum of money: whole minor units of one asset, never negative.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// Whole minor units.
    pub units: u128,
    /// What the units are of.
    pub asset: Asset,
}

impl Amount {
    /// An amount of `units` minor units.
    pub const fn new(units: u128, asset: Asset) -> Self {
        Self { units, asset }
    }

    /// Nothing, in the given asset.
    pub const fn zero(asset: Asset) -> Self {
        Self::new(0, asset)
    }

    /// Whether nothing is there.
    pub const fn is_zero(self) -> bool {
        self.units == 0
    }

    /// The same asset with other units.
    pub const fn with_units(self, units: u128) -> Self {
        Self { units, asset: self.asset }
    }

    /// The sum; `None` if the assets differ or it leaves 128 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.asset == other.asset).then_some(())?;
        self.units.checked_add(other.units).map(|units| self.with_units(units))
    }

    /// The difference; `None` if the assets differ or it would be negative.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        (self.asset == other.asset).then_some(())?;
        self.units.checked_sub(other.units).map(|units| self.with_units(units))
    }

    /// `floor(self * part / whole)`, never more than `self`; all of it when `part >= whole`.
    ///
    /// Used for the delivered part of a broken stream. Exact for every 128-bit amount.
    pub fn portion(self, part: u64, whole: u64) -> Self {
        if part >= whole {
            return self;
        }
        let (part, whole) = (u128::from(part), u128::from(whole));
        // Quotient and remainder are scaled apart: remainder * part stays below 2^128.
        self.with_units(self.units / whole * part + self.units % whole * part / whole)
    }

    /// The given share, rounded down.
    pub fn share(self, rate: BasisPoints) -> Self {
        self.with_units(rate.of(self.units))
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.units, self.asset)
    }
}

/// Hundredths of a percent, 0 to 10,000.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct BasisPoints(pub u16);

impl BasisPoints {
    /// This share of so many units, rounded down; never more than all of them.
    pub const fn of(self, units: u128) -> u128 {
        if self.0 >= 10_000 {
            return units;
        }
        let rate = self.0 as u128;
        // Quotient and remainder are scaled apart, so that nothing overflows.
        units / 10_000 * rate + units % 10_000 * rate / 10_000
    }

    /// The same, rounded up: for what somebody has to put down.
    pub const fn of_rounded_up(self, units: u128) -> u128 {
        units - Self(10_000_u16.saturating_sub(self.0)).of(units)
    }
}

/// How a charge is divided. Every share is rounded down, and the worker has what remains: the
/// platform never gains by rounding, and the parts always sum to the whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Split {
    /// To the one who judged the work.
    pub evaluator: BasisPoints,
    /// To the platform.
    pub platform: BasisPoints,
    /// To nobody, for ever.
    pub burned: BasisPoints,
}

/// A charge after [`Split::divide`]; the four parts sum to the charge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parts {
    /// To the worker.
    pub worker: Amount,
    /// To the evaluator.
    pub evaluator: Amount,
    /// To the treasury.
    pub platform: Amount,
    /// To nobody.
    pub burned: Amount,
}

impl Split {
    /// Whether the shares leave the worker at least nothing.
    pub fn is_valid(&self) -> bool {
        self.evaluator.0.saturating_add(self.platform.0).saturating_add(self.burned.0) <= 10_000
    }

    /// Divides a charge. Shares beyond the whole are cut in the order burned, platform, evaluator.
    pub fn divide(&self, charge: Amount) -> Parts {
        let evaluator = charge.share(self.evaluator);
        let after_evaluator = charge.units - evaluator.units;
        let platform = charge.share(self.platform).units.min(after_evaluator);
        let after_platform = after_evaluator - platform;
        let burned = charge.share(self.burned).units.min(after_platform);
        Parts {
            worker: charge.with_units(after_platform - burned),
            evaluator,
            platform: charge.with_units(platform),
            burned: charge.with_units(burned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rounding_error_favours_the_worker() {
        let split = Split { platform: BasisPoints(500), ..Split::default() };
        let parts = split.divide(Amount::new(1_019, Asset::USDC));
        assert_eq!((parts.worker.units, parts.platform.units), (969, 50));
    }

    #[test]
    fn an_asset_name_is_short_and_plain() {
        assert_eq!(Asset::named("USDC", 6), Some(Asset::USDC));
        assert_eq!(Asset::named("", 6), None);
        assert_eq!(Asset::named("US DC", 6), None);
        assert_eq!(Asset::named("ABCDEFGHIJKLM", 6), None);
    }

    #[test]
    fn assets_do_not_mix() {
        assert_eq!(Amount::new(1, Asset::USDC).checked_add(Amount::new(1, Asset::TEST_USDC)), None);
    }

    #[test]
    fn a_share_is_exact_where_it_can_be_and_rounds_the_way_it_says() {
        for (bps, units, down, up) in [
            (500, 100, 5, 5),
            (500, 101, 5, 6),
            (1, 1, 0, 1),
            (0, 7, 0, 0),
            (10_000, 7, 7, 7),
            (u16::MAX, 7, 7, 7),
            (5_000, u128::MAX, u128::MAX / 2, u128::MAX / 2 + 1),
        ] {
            let share = BasisPoints(bps);
            assert_eq!((share.of(units), share.of_rounded_up(units)), (down, up), "{bps} of {units}");
        }
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(units: u128, evaluator in 0u16..=10_000, platform in 0u16..=10_000, burned in 0u16..=10_000) {
            let split = Split { evaluator: BasisPoints(evaluator), platform: BasisPoints(platform), burned: BasisPoints(burned) };
            let parts = split.divide(Amount::new(units, Asset::ETH));
            let sum = parts.worker.units + parts.evaluator.units + parts.platform.units + parts.burned.units;
            prop_assert_eq!(sum, units);
        }

        #[test]
        fn a_portion_is_the_exact_floor(units in 0u128..1 << 64, part: u64, whole in 1u64..) {
            let portion = Amount::new(units, Asset::USDC).portion(part, whole);
            let exact = units * u128::from(part.min(whole)) / u128::from(whole);
            prop_assert_eq!(portion.units, exact);
        }
    }
}
