//! One job's capital: orders, the looks that the enclave takes at prices by itself, and the end.

use crate::decimal::{COIN, COIN_DECIMALS, MONEY_DECIMALS, format_decimal};
use crate::{Account, Action, Market, Params, Placed, Refusal, Symbol};
use docket_attestation::{ClosedReason, Outcome, State, outcome};
use docket_core::time::{Millis, Timestamp};
use serde_json::{Map, Value, json};

/// How often the enclave looks at prices by itself.
pub const LOOK_EVERY: Millis = Millis::seconds(30);

/// How many orders of a job may wait for their price.
pub const MAX_RESTING: usize = 32;

const DAY: i64 = 86_400_000;

/// An order that waits for its price.
#[derive(Clone, Copy, Debug)]
struct Resting {
    buys: bool,
    symbol: Symbol,
    quantity: u128,
    limit: u128,
}

/// One job's capital. What becomes of it depends on orders and their instants alone, and not on who looks when.
#[derive(Clone, Debug)]
pub(crate) struct Trading {
    capital: u128,
    params: Params,
    deadline: Timestamp,
    account: Account,
    resting: Vec<Resting>,
    /// The last instant at which the enclave looked.
    looked: Timestamp,
    /// The day of the last order, and how many were given on it.
    day: (i64, u32),
    closed: Option<(ClosedReason, Timestamp)>,
}

impl Trading {
    pub(crate) fn new(capital: u128, params: Params, deadline: Timestamp, now: Timestamp) -> Self {
        let account = Account::with(capital);
        Self { capital, params, deadline, account, resting: vec![], looked: now, day: (0, 0), closed: None }
    }

    pub(crate) fn state(&self) -> State {
        self.closed.map_or(State::Running, |(reason, _)| State::Closed(reason))
    }

    /// When it was closed, if it was.
    pub(crate) fn closed_at(&self) -> Option<Timestamp> {
        self.closed.map(|(_, at)| at)
    }

    pub(crate) fn value(&self, market: &Market, at: Timestamp) -> u128 {
        self.account.value(|symbol| market.price(symbol, at))
    }

    /// Takes every look that was due until `now`.
    pub(crate) fn advance(&mut self, market: &Market, now: Timestamp) {
        let until = now.min(self.deadline);
        while self.closed.is_none() && self.looked + LOOK_EVERY <= until {
            self.looked = self.looked + LOOK_EVERY;
            self.look(market, self.looked);
            if self.account.held().next().is_none() && self.resting.is_empty() {
                // Nothing can change any more until the next order.
                let looks = until.since(self.looked).0 / LOOK_EVERY.0;
                self.looked = self.looked + Millis(looks * LOOK_EVERY.0);
            }
        }
        if self.closed.is_none() && now >= self.deadline {
            self.close(market, ClosedReason::Deadline, self.deadline);
        }
    }

    fn look(&mut self, market: &Market, at: Timestamp) {
        for order in std::mem::take(&mut self.resting) {
            let price = market.price(order.symbol, at);
            let reached = if order.buys { price <= order.limit } else { price >= order.limit };
            match reached {
                // What cannot be afforded any more by now is dropped.
                true => drop(self.trade(order.buys, order.symbol, order.quantity, price)),
                false => self.resting.push(order),
            }
        }
        let Params { stop_loss_bps, target_return_bps, .. } = self.params;
        match outcome(self.capital, stop_loss_bps, target_return_bps, self.value(market, at)) {
            Outcome::StopLoss => self.close(market, ClosedReason::StopLoss, at),
            Outcome::Target => self.close(market, ClosedReason::Target, at),
            Outcome::Neither => {}
        }
    }

    fn close(&mut self, market: &Market, reason: ClosedReason, at: Timestamp) {
        self.resting.clear();
        // What does not sell within 128 bits stays a coin, and is valued as one.
        let _ = self.sell_all(market, None, at);
        self.closed = Some((reason, at));
    }

    /// Carries out an order of the provider, after all looks until `now`.
    pub(crate) fn place(
        &mut self,
        market: &Market,
        action: Action,
        now: Timestamp,
    ) -> Result<Placed, Refusal> {
        if self.closed.is_some() {
            return Err(Refusal::Closed);
        }
        let today = now.0.div_euclid(DAY);
        let given = if self.day.0 == today { self.day.1 } else { 0 };
        if given >= self.params.max_daily_trades {
            return Err(Refusal::TooManyTrades { most: self.params.max_daily_trades });
        }
        let placed = self.carry_out(market, action, now)?;
        self.day = (today, given + 1);
        Ok(placed)
    }

    fn carry_out(&mut self, market: &Market, action: Action, now: Timestamp) -> Result<Placed, Refusal> {
        let (buys, symbol, quantity, limit) = match action {
            Action::Close(symbol) => {
                let mut after = self.clone();
                after.resting.retain(|order| symbol.is_some_and(|symbol| symbol != order.symbol));
                let fills = after.sell_all(market, symbol, now)?;
                *self = after;
                return Ok(Placed::Filled(fills));
            }
            Action::Trade { buys, symbol, quantity, limit } => (buys, symbol, quantity, limit),
        };
        if !self.params.allowed_symbols.contains(&symbol) {
            return Err(Refusal::SymbolNotAllowed);
        }
        let price = market.price(symbol, now);
        match limit {
            Some(limit) if (buys && price > limit) || (!buys && price < limit) => {
                if self.resting.len() >= MAX_RESTING {
                    return Err(Refusal::TooManyResting { most: MAX_RESTING });
                }
                self.resting.push(Resting { buys, symbol, quantity, limit });
                Ok(Placed::Resting)
            }
            _ => {
                let fill = self.trade(buys, symbol, quantity, price).map_err(|_| Refusal::Unaffordable)?;
                Ok(Placed::Filled(vec![(symbol, fill)]))
            }
        }
    }

    fn trade(
        &mut self,
        buys: bool,
        symbol: Symbol,
        quantity: u128,
        price: u128,
    ) -> Result<crate::Fill, crate::Unaffordable> {
        match buys {
            true => self.account.buy(symbol, quantity, price),
            false => self.account.sell(symbol, quantity, price),
        }
    }

    /// Sells all of one coin, or of every coin.
    fn sell_all(
        &mut self,
        market: &Market,
        only: Option<Symbol>,
        at: Timestamp,
    ) -> Result<Vec<(Symbol, crate::Fill)>, Refusal> {
        let held: Vec<_> =
            self.account.held().filter(|(symbol, _)| only.is_none_or(|only| only == *symbol)).collect();
        let sell = |(symbol, quantity): (Symbol, u128)| {
            let fill = self.account.sell(symbol, quantity, market.price(symbol, at));
            fill.map(|fill| (symbol, fill)).map_err(|_| Refusal::Unaffordable)
        };
        held.into_iter().map(sell).collect()
    }

    /// What the capital consists of: money in minor units and coins as decimals, all as texts.
    pub(crate) fn balance(&self, market: &Market, at: Timestamp) -> Map<String, Value> {
        let position = |(symbol, quantity): (Symbol, u128)| {
            let price = market.price(symbol, at);
            json!({
                "symbol": symbol.name(),
                "quantity": format_decimal(quantity, COIN_DECIMALS),
                "price": format_decimal(price, MONEY_DECIMALS),
                "value": (quantity.saturating_mul(price) / COIN).to_string(),
            })
        };
        let report = json!({
            "simulated": true,
            "exchange": crate::enclave::EXCHANGE,
            "capital": self.capital.to_string(),
            "total": self.value(market, at).to_string(),
            "free": self.account.free().to_string(),
            "fees": self.account.fees().to_string(),
            "positions": self.account.held().map(position).collect::<Vec<_>>(),
            "resting_orders": self.resting.len(),
        });
        match report {
            Value::Object(report) => report,
            _ => Map::new(),
        }
    }
}
