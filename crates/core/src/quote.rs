//! What a job costs before it is made: a price for each skill and speed.

use crate::job::{Skill, Speed};
use crate::money::Amount;

/// The price list of a dialect that charges by kind of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PriceList {
    entries: Vec<((Skill, Speed), Amount)>,
}

/// An answer to "what would it cost?".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// The price; all of it is held when the job is made.
    pub price: Amount,
    /// The speed that it buys.
    pub speed: Speed,
}

impl PriceList {
    /// A list with one price for each pair.
    pub fn new(entries: impl IntoIterator<Item = ((Skill, Speed), Amount)>) -> Self {
        Self { entries: entries.into_iter().collect() }
    }

    /// The quote for a kind of work; `None` if it is not for sale.
    pub fn quote(&self, skill: Skill, speed: Speed) -> Option<Quote> {
        let (_, price) = self.entries.iter().find(|(kind, _)| *kind == (skill, speed))?;
        Some(Quote { price: *price, speed })
    }
}
