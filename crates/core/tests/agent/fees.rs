//! How budgets are divided, and what early work earns on top.

use super::coins;
use crate::golden;
use docket_core::agent::fee::{UNJUDGED, bonus, paid, split};
use docket_core::agent::role::Level;
use docket_core::money::{Amount, Asset, BasisPoints};
use docket_core::time::Millis;
use std::fmt::Write as _;

#[test]
fn every_budget_is_divided_as_the_published_table_says() {
    let mut text = String::new();
    let splits =
        Level::ALL.map(|level| (level.name(), split(level))).into_iter().chain([("unjudged", UNJUDGED)]);
    for units in [1_000_000_000, 25_000_077, 33, 0] {
        writeln!(text, "a budget of {}       platform     evaluator      provider", coins(units))
            .expect("a string takes all");
        for (name, split) in splits.clone() {
            let parts = split.divide(Amount::new(units, Asset::USDC));
            assert_eq!(parts.burned.units, 0);
            writeln!(
                text,
                "  {name:<24}{:>14}{:>14}{:>14}",
                coins(parts.platform.units),
                coins(parts.evaluator.units),
                coins(parts.worker.units)
            )
            .expect("a string takes all");
        }
        text.push('\n');
    }
    text.push_str("the bonus on a budget of 1000.000077, for work that took so much of 1000 ms\n");
    for taken in [-1, 0, 249, 250, 251, 499, 500, 501, 999, 1_000] {
        let rate = bonus(Millis(taken), Millis(1_000));
        writeln!(text, "  {taken:>5}  {:>2} %  {:>10}", rate.0 / 100, coins(rate.of(1_000_000_077)))
            .expect("a string takes all");
    }
    text.push_str("\nof what the treasury owes and holds, it pays\n");
    for (owed, held) in [(50, 70), (50, 50), (50, 49), (50, 0), (0, 70)] {
        writeln!(text, "  {owed:>3} {held:>3} {:>3}", paid(owed, held)).expect("a string takes all");
    }
    golden::check("agent-fees.txt", &text);
}

#[test]
fn no_bonus_is_earned_where_no_time_was_given() {
    for given in [0, -1, i64::MIN] {
        assert_eq!(bonus(Millis(i64::MIN), Millis(given)), BasisPoints(0));
    }
    assert_eq!(bonus(Millis(i64::MIN), Millis(i64::MAX)), BasisPoints(500));
    assert_eq!(bonus(Millis(i64::MAX), Millis(i64::MAX)), BasisPoints(0));
}
