//! What API keys have spent, and whether they may spend more.

use super::sums::Sums;
use docket_core::key::{ApiKey, KeyNumber, Period, Spending};
use docket_core::refusal::Refusal;

/// The spending of a key over a period is kept under both.
pub(crate) type Spent = (KeyNumber, Period);

/// The sums that a change adds to.
pub(super) fn sums_of(spending: &Spending) -> [Spent; 2] {
    [spending.day, Period::InAll].map(|period| (spending.key.number(), period))
}

/// The sums after a change, if none that grows passes a limit of the key; `None` is for a change that takes nothing.
pub(super) fn judge(
    sums: &Sums<Spent>,
    spending: &Spending,
    key: Option<&ApiKey>,
) -> Result<Vec<(Spent, i128)>, Refusal> {
    let after = sums_of(spending).into_iter().map(|spent| {
        let sum = sums.get(&spent).checked_add(spending.units).ok_or(Refusal::SpendingLimit)?;
        key.map_or(Ok(()), |key| key.check_limit(spent.1, sum))?;
        Ok((spent, sum))
    });
    after.collect()
}
