//! The simulated market: what a coin costs at an instant follows from a seed alone.

use docket_core::time::Timestamp;
use std::fmt;

/// A coin that is traded against the account's currency.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Symbol {
    /// `BTCUSDT`.
    Btc,
    /// `ETHUSDT`.
    Eth,
    /// `BNBUSDT`.
    Bnb,
    /// `SOLUSDT`.
    Sol,
}

impl Symbol {
    /// All that are simulated.
    pub const ALL: [Self; 4] = [Self::Btc, Self::Eth, Self::Bnb, Self::Sol];

    /// As exchanges write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Btc => "BTCUSDT",
            Self::Eth => "ETHUSDT",
            Self::Bnb => "BNBUSDT",
            Self::Sol => "SOLUSDT",
        }
    }

    /// From its name in upper case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|symbol| symbol.name() == text)
    }

    /// The price around which the simulated one moves, in millionths.
    const fn middle(self) -> u128 {
        1_000_000
            * match self {
                Self::Btc => 60_000,
                Self::Eth => 3_000,
                Self::Bnb => 600,
                Self::Sol => 150,
            }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A market whose prices swing around their middles.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Market {
    seed: u64,
    swing_bps: u16,
}

/// One of the waves that a price is the sum of: how long it runs from one turn to the next, and its part in a thousand.
const WAVES: [(i64, i64); 3] = [(24 * 3_600_000, 600), (3_600_000, 300), (60_000, 100)];

/// What a wave's height is counted in.
const HEIGHT: i64 = 1_000_000;

impl Market {
    /// A market with its own course. No price ever leaves its middle by more than `swing_bps`, at most half of it; with
    /// zero every price stands still.
    pub fn new(seed: u64, swing_bps: u16) -> Self {
        Self { seed, swing_bps: swing_bps.min(5_000) }
    }

    /// What a whole coin costs, in millionths of the account's currency. Never zero.
    pub fn price(&self, symbol: Symbol, at: Timestamp) -> u128 {
        let waves = WAVES.into_iter().zip(0..);
        // Of a thousand parts times a height: at most 10^9 either way.
        let offset: i64 =
            waves.map(|((length, part), wave)| part * self.height(symbol, wave, length, at)).sum();
        let scale = 10_000 * 1_000 * i128::from(HEIGHT);
        let moved = scale + i128::from(self.swing_bps) * i128::from(offset);
        symbol.middle() * moved.unsigned_abs() / scale.unsigned_abs()
    }

    /// Where a wave stands: on the line between two turns, each of which is chosen by the seed.
    fn height(&self, symbol: Symbol, wave: u64, length: i64, at: Timestamp) -> i64 {
        let (turn, into) = (at.0.div_euclid(length), at.0.rem_euclid(length));
        let (from, to) = (self.turn(symbol, wave, turn), self.turn(symbol, wave, turn + 1));
        from + (to - from) * into / length
    }

    fn turn(&self, symbol: Symbol, wave: u64, turn: i64) -> i64 {
        let mixed = [symbol as u64, wave, turn.cast_unsigned()]
            .into_iter()
            .fold(self.seed, |state, part| mix(state ^ part.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let span = (2 * HEIGHT + 1).unsigned_abs();
        (mixed % span).cast_signed() - HEIGHT
    }
}

/// SplitMix64's finisher: every bit of the answer depends on every bit of the question.
const fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    const START: i64 = 1_775_016_000_000;

    /// A change of these numbers is a change of the simulated exchange that everybody sees.
    #[test]
    fn the_same_seed_gives_the_same_prices_for_ever() {
        let market = Market::new(7, 1_000);
        let hours: Vec<_> =
            (0..4).map(|hour| market.price(Symbol::Btc, Timestamp(START + hour * 3_600_000))).collect();
        assert_eq!(hours, [61_940_235_000, 60_848_095_200, 60_777_075_000, 60_661_508_400]);
        assert_ne!(Market::new(8, 1_000).price(Symbol::Btc, Timestamp(START)), hours[0]);
    }

    #[test]
    fn without_a_swing_prices_stand_still() {
        let market = Market::new(7, 0);
        for at in [i64::MIN / 2, -1, 0, START, i64::MAX / 2] {
            assert_eq!(market.price(Symbol::Eth, Timestamp(at)), 3_000_000_000);
        }
    }

    #[test]
    fn prices_move_and_symbols_go_their_own_ways() {
        let market = Market::new(7, 1_000);
        let days = |symbol: Symbol| -> Vec<u128> {
            let at = |day: i64| market.price(symbol, Timestamp(START + day * 86_400_000));
            (0..50).map(|day| at(day) * 1_000 / symbol.middle()).collect()
        };
        let (btc, eth) = (days(Symbol::Btc), days(Symbol::Eth));
        assert!(btc.iter().max() > btc.iter().min().map(|least| least + 50).as_ref(), "{btc:?}");
        assert_ne!(btc, eth);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn no_price_leaves_its_swing(
            seed: u64, swing in 0..=6_000_u16, at in -1_000_000_000_000_000..1_000_000_000_000_000_i64, index in 0..4_usize,
        ) {
            let symbol = Symbol::ALL[index];
            let price = Market::new(seed, swing).price(symbol, Timestamp(at));
            let most = symbol.middle() * u128::from(swing.min(5_000)) / 10_000;
            prop_assert!(price.abs_diff(symbol.middle()) <= most + 1, "{}", price);
            let next = Market::new(seed, swing).price(symbol, Timestamp(at + 1_000));
            prop_assert!(price.abs_diff(next) * 100 <= symbol.middle(), "a second moves it by less than 1 %");
        }
    }
}
