//! An account on the simulated exchange: money, coins, and what trading them costs. Nothing in it is ever negative.

use crate::Symbol;
use crate::decimal::COIN;
use docket_core::money::BasisPoints;
use std::collections::BTreeMap;

/// What the exchange takes of every trade, rounded up.
pub const FEE: BasisPoints = BasisPoints(10);

/// The account has not what a trade would take.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the account has not enough for this")]
pub struct Unaffordable;

/// What a trade came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fill {
    /// How much of the coin, in its smallest units.
    pub quantity: u128,
    /// What a whole coin cost, in millionths.
    pub price: u128,
    /// What was taken of the trade, in millionths.
    pub fee: u128,
}

/// Money and coins of one job.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    free: u128,
    held: BTreeMap<Symbol, u128>,
    fees: u128,
}

impl Account {
    /// An account with so many millionths of its currency.
    pub fn with(free: u128) -> Self {
        Self { free, held: BTreeMap::new(), fees: 0 }
    }

    /// Money that is not in coins.
    pub fn free(&self) -> u128 {
        self.free
    }

    /// All fees so far.
    pub fn fees(&self) -> u128 {
        self.fees
    }

    /// What is held of each coin; never nothing of one.
    pub fn held(&self) -> impl Iterator<Item = (Symbol, u128)> {
        self.held.iter().map(|(symbol, quantity)| (*symbol, *quantity))
    }

    /// What is held of one coin.
    pub fn holding(&self, symbol: Symbol) -> u128 {
        self.held.get(&symbol).copied().unwrap_or(0)
    }

    /// What all of it is worth at these prices; every coin's worth is rounded down. Fees of selling are not taken off.
    pub fn value(&self, price: impl Fn(Symbol) -> u128) -> u128 {
        let coins = self.held().map(|(symbol, quantity)| quantity.saturating_mul(price(symbol)) / COIN);
        coins.fold(self.free, u128::saturating_add)
    }

    /// Buys coins. The cost is rounded up.
    pub fn buy(&mut self, symbol: Symbol, quantity: u128, price: u128) -> Result<Fill, Unaffordable> {
        let cost = quantity.checked_mul(price).ok_or(Unaffordable)?.div_ceil(COIN);
        let fee = FEE.of_rounded_up(cost);
        let whole = cost.checked_add(fee).ok_or(Unaffordable)?;
        let held = self.holding(symbol).checked_add(quantity).ok_or(Unaffordable)?;
        self.free = self.free.checked_sub(whole).ok_or(Unaffordable)?;
        if held > 0 {
            self.held.insert(symbol, held);
        }
        self.fees += fee;
        Ok(Fill { quantity, price, fee })
    }

    /// Sells coins. The proceeds are rounded down.
    pub fn sell(&mut self, symbol: Symbol, quantity: u128, price: u128) -> Result<Fill, Unaffordable> {
        let rest = self.holding(symbol).checked_sub(quantity).ok_or(Unaffordable)?;
        let proceeds = quantity.checked_mul(price).ok_or(Unaffordable)? / COIN;
        let fee = FEE.of_rounded_up(proceeds);
        self.free = self.free.checked_add(proceeds - fee).ok_or(Unaffordable)?;
        match rest {
            0 => self.held.remove(&symbol),
            rest => self.held.insert(symbol, rest),
        };
        self.fees += fee;
        Ok(Fill { quantity, price, fee })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    const MILLION: u128 = 1_000_000;

    #[test]
    fn a_trade_moves_money_coins_and_a_fee_of_a_thousandth() {
        let mut account = Account::with(1_000 * MILLION);
        let bought = account.buy(Symbol::Btc, COIN / 100, 60_000 * MILLION).unwrap();
        assert_eq!(bought, Fill { quantity: COIN / 100, price: 60_000 * MILLION, fee: 600_000 });
        assert_eq!((account.free(), account.holding(Symbol::Btc)), (399_400_000, COIN / 100));
        let sold = account.sell(Symbol::Btc, COIN / 100, 66_000 * MILLION).unwrap();
        assert_eq!((sold.fee, account.free(), account.fees()), (660_000, 1_058_740_000, 1_260_000));
        assert_eq!(account.held().count(), 0);
    }

    #[test]
    fn what_the_account_has_not_is_refused_and_changes_nothing() {
        let mut account = Account::with(60_060 * MILLION);
        let before = account.clone();
        assert_eq!(account.buy(Symbol::Btc, COIN + 1, 60_000 * MILLION), Err(Unaffordable));
        assert_eq!(account.sell(Symbol::Btc, 1, 60_000 * MILLION), Err(Unaffordable));
        assert_eq!(account.buy(Symbol::Btc, u128::MAX, 2), Err(Unaffordable));
        assert_eq!(account, before);
        assert!(account.buy(Symbol::Btc, COIN, 60_000 * MILLION).is_ok(), "the cost and its fee to the unit");
        assert_eq!(account.free(), 0);
    }

    /// Else many purchases of less than a unit's worth would add up to something.
    #[test]
    fn no_coin_is_had_for_nothing() {
        let mut account = Account::with(1_000);
        for _ in 0..100 {
            account.buy(Symbol::Sol, 1, 150 * MILLION).unwrap();
        }
        assert_eq!((account.free(), account.value(|_| 150 * MILLION)), (700, 850));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

        #[test]
        fn at_standing_prices_no_trades_create_value(
            capital in 0..2_000_000_000_u128,
            prices in prop::array::uniform4(1..100_000_000_000_u128),
            trades in prop::collection::vec((0..4_usize, any::<bool>(), 0..300_000_000_u128), 0..40),
        ) {
            let price = |symbol: Symbol| prices[symbol as usize];
            let mut account = Account::with(capital);
            for (index, buys, quantity) in trades {
                let symbol = Symbol::ALL[index];
                let (before, fees) = (account.value(price), account.fees());
                let done = match buys {
                    true => account.buy(symbol, quantity, price(symbol)),
                    false => account.sell(symbol, quantity, price(symbol)),
                };
                let lost = before.checked_sub(account.value(price));
                prop_assert!(lost.is_some(), "value came out of nothing");
                // The fee, and one unit at most for each of two roundings.
                prop_assert!(lost.unwrap() <= account.fees() - fees + 2);
                prop_assert_eq!(done.map_or(0, |fill| fill.fee), account.fees() - fees);
            }
        }
    }
}
