//! Whole decisions: the published formula, the index against the scan, and the shares of equals.

mod differential;
mod fairness;
mod fleet;
mod golden;
mod table;
mod tiers;
mod turns;
